"""What is known of a model before its numbers are read: sizes, where each tensor lies, what tokens stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.transformer.config import TransformerConfig

DEFAULT_CONTEXT = 2048
"""Positions that a converted model looks at, unless told otherwise: more take more time and little less space."""


class TensorFile(Protocol):
    """Tensors that are read a few rows at a time; a vector has its numbers for rows."""

    def names(self) -> Collection[str]: ...  # noqa: D102

    def shape(self, name: str) -> tuple[int, ...]: ...  # noqa: D102

    def rows(self, name: str, begin: int, end: int) -> NDArray[np.float32]: ...  # noqa: D102


class Place(NamedTuple):
    """Where a tensor of the engine comes from."""

    name: str
    """In the source; empty: zeros."""
    added: float = 0.0
    """To every number."""
    interleaved_heads: int = 0
    """Heads whose rows stand as 0, H/2, 1, H/2 + 1, ...; 0: rows stand as the engine takes them."""


@dataclass(frozen=True, eq=False)
class Source:
    """A model to convert."""

    config: TransformerConfig
    places: Mapping[str, Place]
    """Of every float tensor of the engine."""
    tensors: TensorFile
    tokens: list[bytes]
    """What each token stands for; nothing for marks of the model's own."""
    tokenizer: Callable[[], str]
    """Description of the tokenizer for the library `tokenizers`, as JSON."""
    about: dict[str, Any]
    """Where it comes from: goes into the description of the converted model."""


def context_for(trained: int, asked: int | None) -> int:
    """Positions that the converted model looks at.

    Raises:
        UsageError: more are asked for than the model was trained with.
    """
    if asked is None:
        return min(trained, DEFAULT_CONTEXT)
    if not 1 <= asked <= trained:
        raise UsageError(f"the model was trained with {trained} positions; a context of {asked} does not fit")
    return asked


def check_places(
    config: TransformerConfig, places: Mapping[str, Place], tensors: TensorFile, unused: Collection[str] = ()
) -> None:
    """See that every tensor is there, has its shape, and that none is left over.

    Raises:
        ModelError: saying which tensor is wrong: the model is not what it was taken for.
    """
    names = set(tensors.names())
    for name, shape in config.float_shapes().items():
        source = places[name].name
        if source and source not in names:
            raise ModelError(f"the model lacks tensor {source}")
        if source and tensors.shape(source) != shape:
            raise ModelError(f"tensor {source} has shape {tensors.shape(source)}, where {shape} was expected")
    left = sorted(names - {place.name for place in places.values()} - set(unused))
    if left:
        raise ModelError(f"the model has a tensor {left[0]}, of which this release does not know what it does")


def read_rows(source: Source, name: str, begin: int, end: int) -> NDArray[np.float32]:
    """Rows of a tensor of the engine, by its name there; heads are not put in order yet (`row_order`)."""
    place = source.places[name]
    if not place.name:
        return np.zeros((end - begin, *source.config.float_shapes()[name][1:]), np.float32)
    return source.tensors.rows(place.name, begin, end) + np.float32(place.added)


def row_order(place: Place, rows: int) -> NDArray[np.int64] | None:
    """Which row of the source is row i of the engine; None where they are the same."""
    if not place.interleaved_heads:
        return None
    order = np.arange(rows).reshape(place.interleaved_heads, -1, 2)  # heads, H / 2, 2
    return np.ascontiguousarray(order.swapaxes(1, 2)).reshape(-1)

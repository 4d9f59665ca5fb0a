"""The model as arrays, made from weights: checked first, so that no file can make a kernel read out of bounds.

Layers are alike, so that each kind of array is one for all layers: a compiled loop runs through them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.neural.arithmetic import turns
from predzip.predictors.neural.transformer.attention import MOST_VISIBLE, query_reach
from predzip.predictors.neural.transformer.config import ACTIVATIONS, GATED, TransformerConfig
from predzip.predictors.neural.transformer.products import Linear, reach_and_parts
from predzip.predictors.neural.transformer.quantize import tensor_shapes
from predzip.predictors.neural.transformer.vectors import pack_rows, packed_shape

_Floats = NDArray[np.float32]
_LARGEST = 1e6
_NOT_OURS = "vocabulary."
"""How the names of tensors begin that belong to the vocabulary in the same file."""


class Norms(NamedTuple):
    """Gains and, for layer norms, biases; no columns where there are none."""

    gain: _Floats  # layers, D
    bias: _Floats  # layers, D


class Matrices(NamedTuple):
    """One `Linear` of each layer."""

    packed: NDArray[np.int8]  # layers, then as `packed_shape` says
    scale: _Floats  # layers, R
    bias: _Floats  # layers, R; or no columns
    width: int  # K
    reach: NDArray[np.int64]  # layers
    parts: NDArray[np.int64]  # layers

    def linear(self, layer: int) -> Linear:
        """The matrix of one layer."""
        reach, parts = int(self.reach[layer]), int(self.parts[layer])
        return Linear(self.packed[layer], self.scale[layer], self.bias[layer], self.width, reach, parts)


class Layers(NamedTuple):
    """All layers. Matrices with the same input are one."""

    windows: NDArray[np.int64]  # positions that a layer's attention reaches; 0: all
    tables: NDArray[np.int64]  # which of the tables below a layer turns by
    cosines: _Floats  # tables, positions, H / 2; or no positions: nothing turns
    sines: _Floats
    norm1: Norms
    qkv: Matrices  # (heads + 2 G) * H rows: queries, keys, values
    head_norms: Norms  # layers, H: gains of queries in `gain`, of keys in `bias`; or no columns
    o: Matrices
    norm1_post: Norms
    norm2: Norms
    up: Matrices  # M rows; 2 M where there is a gate: gate, up
    down: Matrices
    norm2_post: Norms


class Shape(NamedTuple):
    """Numbers of the config as kernels need them."""

    groups: int
    """G, key heads."""
    share: int
    """Query heads of one key head."""
    size: int
    """H."""
    hidden: int
    """M."""
    pre_norm: bool
    activation: int
    epsilon: float
    query_reach: int
    query_scale: np.float32


class Network(NamedTuple):
    """Weights of one model and the tables of its positions."""

    config: TransformerConfig
    positions: int
    """The most that a lane can take, at most the context."""
    shape: Shape
    embedding: NDArray[np.int8]  # packed: V, D
    embedding_scale: _Floats  # V
    layers: Layers
    norm: Norms  # one layer
    output: Linear
    waves: _Floats  # positions, D: sinusoidal positions, else no rows


class _Tensors:
    """The tensors of a model, each checked when it is taken: those of a large model are read at that moment.

    Args:
        config: what the model is.
        tensors: by name.

    Raises:
        ModelError: where one has no place in such a model; by `take`, where one is missing or not what it should be.
    """

    def __init__(self, config: TransformerConfig, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        self._shapes = tensor_shapes(config)
        self._tensors = tensors
        if unknown := sorted(name for name in set(tensors) - self._shapes.keys() if not name.startswith(_NOT_OURS)):
            raise ModelError(f"there is no place for tensor {unknown[0]} in this model")

    def take(self, name: str) -> NDArray[Any]:
        dtype, shape = self._shapes[name]
        tensor = self._tensors.get(name)
        if tensor is None or tensor.dtype != np.dtype(dtype) or tensor.shape != shape:
            raise ModelError(f"tensor {name} must be {dtype} of shape {shape}")
        if dtype == "float32" and not (np.isfinite(tensor).all() and np.abs(tensor).max(initial=0) < _LARGEST):
            raise ModelError(f"tensor {name} holds a number that is not finite or too large")
        if dtype == "int8" and tensor.min() < -127:
            raise ModelError(f"tensor {name} holds -128; weights are -127 to 127")
        return tensor

    def floats(self, names: list[str]) -> _Floats:
        """Rows of equal length, one a name; or rows of nothing, where the model has no such tensor."""
        if names[0] not in self._shapes:
            return np.zeros((len(names), 0), np.float32)
        return np.stack([self.take(name) for name in names])

    def norms(self, names: list[str]) -> Norms:
        return Norms(*(self.floats([f"{name}.{part}" for name in names]) for part in ("weight", "bias")))

    def matrices(self, layers: list[tuple[str, ...]]) -> Matrices:
        """One matrix a layer, of the rows of all tensors that are named for it."""
        shapes = [self._shapes[f"{name}.weight"][1] for name in layers[0]]
        rows, width = sum(shape[0] for shape in shapes), shapes[0][1]
        packed = np.zeros((len(layers), *packed_shape(rows, width)), np.int8)
        reaches = np.empty((2, len(layers)), np.int64)
        for i, names in enumerate(layers):
            weights = [self.take(f"{name}.weight") for name in names]
            joined = weights[0] if len(weights) == 1 else np.concatenate(weights)
            reaches[:, i] = reach_and_parts(joined)
            pack_rows(joined, packed[i])
        scale, bias = (
            np.hstack([self.floats([f"{name}.{part}" for name in column]) for column in zip(*layers, strict=True)])
            for part in ("scale", "bias")
        )
        return Matrices(packed, scale, bias, width, reaches[0], reaches[1])


def new_network(
    config: TransformerConfig, tensors: Mapping[str, NDArray[np.generic]], positions: int | None = None
) -> Network:
    """Check the tensors and arrange them.

    Args:
        config: what the model is.
        tensors: as `tensor_shapes` says. Those of a vocabulary, named "vocabulary.*", may be among them.
        positions: the most that a lane will take, if less than the context.

    Raises:
        ModelError: for a missing tensor, a wrong type or shape, or a number out of bounds.
    """
    positions = min(positions or config.context, config.context)
    if max(min(config.window_of(i) or positions, positions) for i in range(config.layers)) > MOST_VISIBLE:
        raise ModelError(f"attention reaches {MOST_VISIBLE} positions at most")
    source = _Tensors(config, tensors)
    embedding = source.matrices([("embed",)])
    output = embedding._replace(bias=source.floats(["output.bias"])) if config.tied else source.matrices([("output",)])
    waves = np.zeros((0, config.width), np.float32)
    if config.positions == "sinusoid":
        even, odd = turns(positions, config.width // 2, config.rope_base)
        waves = np.concatenate([odd, even], axis=1)
    return Network(
        config,
        positions,
        _shape(config),
        embedding.packed[0],
        embedding.scale[0],
        _layers(config, source, positions),
        source.norms(["norm"]),
        output.linear(0),
        waves,
    )


def _shape(config: TransformerConfig) -> Shape:
    return Shape(
        config.kv_heads,
        config.heads // config.kv_heads,
        config.head_dim,
        config.hidden,
        config.norm_place == "pre",
        ACTIVATIONS.index(config.activation),
        config.norm_epsilon,
        query_reach(config.head_dim),
        np.float32(config.query_scale or 1.0 / math.sqrt(config.head_dim)),
    )


def _layers(config: TransformerConfig, source: _Tensors, positions: int) -> Layers:
    def floats(name: str) -> _Floats:
        return source.floats([f"layers.{i}.{name}" for i in range(config.layers)])

    def norms(name: str) -> Norms:
        return source.norms([f"layers.{i}.{name}" for i in range(config.layers)])

    def matrices(*names: str) -> Matrices:
        return source.matrices([tuple(f"layers.{i}.{name}" for name in names) for i in range(config.layers)])

    cosines, sines = _turns(config, positions)
    return Layers(
        np.array([config.window_of(i) for i in range(config.layers)]),
        np.array([int(config.is_global(i)) for i in range(config.layers)]),
        cosines,
        sines,
        norms("norm1"),
        matrices("q", "k", "v"),
        Norms(floats("q_norm.weight"), floats("k_norm.weight")),
        matrices("o"),
        norms("norm1_post"),
        norms("norm2"),
        matrices("gate", "up") if config.activation in GATED else matrices("up"),
        matrices("down"),
        norms("norm2_post"),
    )


def _turns(config: TransformerConfig, positions: int) -> tuple[_Floats, _Floats]:
    """Tables of the layers with the config's window and, behind them, of those that see all though others do not."""
    pairs, factors = config.head_dim // 2, config.rope_factors
    if config.positions != "rotary":
        nothing = np.zeros((1 + (config.global_every > 0), 0, pairs), np.float32)
        return nothing, nothing
    tables = [turns(positions, pairs, config.rope_base, () if config.global_every else factors)]
    if config.global_every:
        tables.append(turns(positions, pairs, config.global_rope_base, factors))
    return np.stack([cosines for cosines, _ in tables]), np.stack([sines for _, sines in tables])


def network_bytes(config: TransformerConfig, positions: int | None = None) -> int:
    """Memory that the arrays of `new_network` take."""
    positions = min(positions or config.context, config.context)
    tables = {"rotary": config.head_dim * (2 if config.global_every else 1), "sinusoid": config.width, "none": 0}
    sizes = [math.prod(shape) * np.dtype(kind).itemsize for kind, shape in tensor_shapes(config).values()]
    return sum(sizes) + 4 * positions * tables[config.positions]

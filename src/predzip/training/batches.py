"""Batches of symbols: random crops for Transformers, contiguous lanes of bytes for recurrent models. Both resume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.training.sources import Kind

Bytes = NDArray[np.uint8]


def _generator_state(generator: np.random.Generator) -> dict[str, Any]:
    return dict(generator.bit_generator.state)


class Crops:
    """Sequences of any length from random places, kinds drawn by weight.

    Args:
        kinds: the data; kinds shorter than a sequence are drawn with what they have, repeated.
        seed: same seed, same sequences.
    """

    def __init__(self, kinds: Sequence[Kind], seed: int) -> None:
        self._data = [kind.train for kind in kinds]
        self._dtype = np.result_type(*self._data)
        weights = np.array([kind.weight for kind in kinds], np.float64)
        self._weights = weights / weights.sum()
        self._generator = np.random.default_rng(seed)

    def next(self, count: int, length: int) -> NDArray[np.integer]:
        """Return sequences, shape (count, length), of the type of the data."""
        batch: NDArray[np.integer] = np.empty((count, length), self._dtype)
        for row in batch:
            data = self._data[int(self._generator.choice(len(self._data), p=self._weights))]
            if len(data) < length:
                row[:] = np.resize(data, length)
                continue
            start = int(self._generator.integers(0, len(data) - length + 1))
            row[:] = data[start : start + length]
        return batch

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on with the same sequences."""
        return {"generator": _generator_state(self._generator)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generator.bit_generator.state = state["generator"]


class LaneCrops:
    """L lanes; each reads a crop of log-uniform length piece by piece, then begins another one elsewhere.

    So a recurrent model learns both to begin from nothing and to keep what it has seen. The very first crops are
    of random shorter lengths, or the lanes would all begin anew at about the same time.

    Args:
        kinds: the data.
        lanes: how many.
        seed: same seed, same bytes.
        shortest, longest: of a crop, in bytes.
    """

    def __init__(
        self, kinds: Sequence[Kind], lanes: int, seed: int, *, shortest: int = 2048, longest: int = 40_000
    ) -> None:
        self._data = [kind.train for kind in kinds]
        self._longest = min(longest, min(len(data) for data in self._data) - 1)
        self._shortest = min(shortest, self._longest)
        weights = np.array([kind.weight for kind in kinds], np.float64)
        self._weights = weights / weights.sum()
        self._generator = np.random.default_rng(seed)
        self._left = np.zeros(lanes, np.int64)
        self._position = np.zeros(lanes, np.int64)
        self._kind = np.zeros(lanes, np.int64)
        self._first = True

    def next(self, length: int) -> tuple[Bytes, NDArray[np.bool_]]:
        """Return the next bytes (L, length), and which lanes begin anew with them (L,)."""
        if length > self._longest:
            raise UsageError(f"every kind of data must have more than {length} bytes")
        lanes = len(self._left)
        batch = np.empty((lanes, length), np.uint8)
        begins = np.zeros(lanes, np.bool_)
        for lane in range(lanes):
            if self._left[lane] < length:
                self._begin(lane, length)
                begins[lane] = True
            start = self._position[lane]
            batch[lane] = self._data[self._kind[lane]][start : start + length]
            self._position[lane] += length
            self._left[lane] -= length
        self._first = False
        return batch, begins

    def _begin(self, lane: int, length: int) -> None:
        kind = int(self._generator.choice(len(self._data), p=self._weights))
        size = int(math.exp(self._generator.uniform(math.log(self._shortest), math.log(self._longest))))
        size = max(length, size // length * length)
        self._position[lane] = self._generator.integers(0, len(self._data[kind]) - size)
        self._kind[lane] = kind
        self._left[lane] = size
        if self._first:
            self._left[lane] = max(length, int(self._generator.integers(1, size // length + 1)) * length)

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on with the same bytes."""
        return {
            "generator": _generator_state(self._generator),
            "left": self._left.tolist(),
            "position": self._position.tolist(),
            "kind": self._kind.tolist(),
            "first": self._first,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._generator.bit_generator.state = state["generator"]
        self._left[:] = state["left"]
        self._position[:] = state["position"]
        self._kind[:] = state["kind"]
        self._first = state["first"]

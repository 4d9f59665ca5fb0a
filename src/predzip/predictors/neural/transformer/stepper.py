"""A Transformer over tokens as coders use it: lanes in step, one position or a block at a time, the same bits.

Unlike `TransformerPredictor` it gives logits, knows nothing of frequencies, and leaves the start token and the end of
the context to its caller.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.crew import Crew
from predzip.predictors.neural.transformer.forward import (
    LARGEST_BLOCK,
    Lanes,
    lane_bytes,
    logits_of,
    run_hidden,
)
from predzip.predictors.neural.transformer.network import network_bytes, new_network
from predzip.predictors.neural.transformer.predictor import ModelWeights
from predzip.predictors.neural.transformer.products import KernelBackend
from predzip.predictors.neural.transformer.products import backend as choose_backend
from predzip.predictors.neural.transformer.stack import row_bytes

_Floats = NDArray[np.float32]

_ROWS_AT_ONCE = 256
"""Rows that a thread runs together, at most: working memory."""


def stepper_memory_bytes(
    config: TransformerConfig, lanes: int, positions: int, threads: int = 1, rows: int | None = None
) -> int:
    """Memory that a stepper holds while it works: weights, caches, rows on their way, and their logits.

    Args:
        config: of the model.
        lanes: L.
        positions: the most that a lane takes.
        threads: as `TokenStepper` has it.
        rows: whose logits are asked for together; None: one a lane.
    """
    positions = min(positions, config.context)
    rows = lanes if rows is None else rows
    working = min(rows, _ROWS_AT_ONCE * min(threads, lanes)) * row_bytes(config)
    return (
        network_bytes(config, positions)
        + lanes * lane_bytes(config, positions)
        + working
        + 4 * rows * config.vocab_size
    )


class TokenStepper:
    """L lanes of a model that advance together.

    Args:
        weights: as `weights.read_weights` gives them; not kept.
        lanes: L.
        positions: the most that a lane takes before `restart`; at most the model's context.
        threads: how many work, each on some of the lanes, and on its part of the symbols. The results are the same.
        backend: as `TransformerPredictor` has it.

    Raises:
        ModelError: where the weights are not those of a Transformer, or do not fit their description.
        UsageError: for numbers out of range.
    """

    def __init__(
        self, weights: ModelWeights, lanes: int, positions: int, *, threads: int = 1, backend: str = "auto"
    ) -> None:
        kind = weights.config.get("kind")
        if kind != "transformer":
            raise ModelError(f"the model is of kind {kind!r}, not a Transformer")
        self.config = TransformerConfig.from_dict(dict(weights.config))
        if not 1 <= positions <= self.config.context:
            raise UsageError(f"positions must be 1 to {self.config.context}, the context, not {positions}")
        self._network = new_network(self.config, weights.tensors, positions)
        self._backend = choose_backend(backend)
        self._start(lanes, positions, threads)

    def _start(self, lanes: int, positions: int, threads: int) -> None:
        if min(lanes, threads) < 1 or not 1 <= positions <= self._network.positions:
            raise UsageError(f"lanes and threads must be at least 1, positions 1 to {self._network.positions}")
        self.lanes = lanes
        self.positions = positions
        self._crew = Crew(threads)
        groups = min(threads, lanes)
        edges = [lanes * i // groups for i in range(groups + 1)]
        self._groups = [slice(a, b) for a, b in pairwise(edges)]
        self._states = [Lanes(self._network, part.stop - part.start, positions) for part in self._groups]
        self._broken = False

    def beside(self, lanes: int, positions: int, *, threads: int = 1) -> TokenStepper:
        """Return another stepper of the same weights, which takes memory for its lanes alone.

        Steppers that share weights may run in threads of their caller's at the same time.

        Args:
            lanes: L.
            positions: the most that a lane takes; at most those of this stepper's weights, the first one's `positions`.
            threads: how many work.

        Raises:
            UsageError: for numbers out of range.
        """
        other = copy.copy(self)
        other._start(lanes, positions, threads)
        return other

    @property
    def backend(self) -> str:
        """Who multiplies."""
        return self._backend.name

    @property
    def position(self) -> int:
        """Tokens that each lane has taken since the start."""
        return self._states[0].position

    def memory_bytes(self, rows: int | None = None) -> int:
        """Return what `stepper_memory_bytes` says of this one."""
        return stepper_memory_bytes(self.config, self.lanes, self.positions, self._crew.threads, rows)

    def restart(self) -> None:
        """Forget all positions."""
        for state in self._states:
            state.restart()
        self._broken = False

    def advance(self, tokens: NDArray[np.integer]) -> _Floats:
        """Take the next tokens of each lane and return the logits behind each of them.

        Args:
            tokens: (L, B); B may differ from call to call without changing a bit.

        Returns:
            (L * B, V); row l * B + b stands behind token b of lane l.

        Raises:
            UsageError: for another shape, tokens that the model does not have, or more positions than there is room.
        """
        return self.logits(self.hidden(tokens))

    def hidden(self, tokens: NDArray[np.integer]) -> _Floats:
        """Do what `advance` does, but return what `logits` takes, (L * B, D)."""
        self._check(tokens)
        count = tokens.shape[1]
        result = np.empty((self.lanes, count, self.config.width), np.float32)

        def task(part: slice, state: Lanes) -> Callable[[], None]:
            step = max(1, min(LARGEST_BLOCK, _ROWS_AT_ONCE // state.lanes))

            def run() -> None:
                for at in range(0, count, step):
                    block = np.ascontiguousarray(tokens[part, at : at + step], dtype=np.int64)
                    rows = run_hidden(self._network, state, block, self._backend)
                    result[part, at : at + step] = rows.reshape(*block.shape, self.config.width)

            return run

        self._broken = True  # until all have arrived at the same position
        self._crew.run([task(part, state) for part, state in zip(self._groups, self._states, strict=True)])
        self._broken = False
        return result.reshape(-1, self.config.width)

    def logits(self, rows: _Floats) -> _Floats:
        """Logits (N, V) of any rows (N, D) of `hidden`."""
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        result = np.empty((len(rows), self.config.vocab_size), np.float32)
        threads = self._crew.threads if isinstance(self._backend, KernelBackend) else 1
        edges = [len(self._network.output.packed) * i // threads for i in range(threads + 1)]

        def task(first: int, end: int) -> Callable[[], None]:
            def run() -> None:
                logits_of(self._network, rows, self._backend, result, first, end)

            return run

        self._crew.run([task(first, end) for first, end in pairwise(edges)])
        return result

    def _check(self, tokens: NDArray[np.integer]) -> None:
        if self._broken:
            raise UsageError("a step was broken off; restart first")
        if tokens.ndim != 2 or len(tokens) != self.lanes or tokens.dtype.kind not in "ui":
            raise UsageError(f"expected an array of integers of shape ({self.lanes}, B)")
        if tokens.size and not 0 <= int(tokens.min()) <= int(tokens.max()) < self.config.vocab_size:
            raise UsageError(f"tokens must lie in 0..{self.config.vocab_size - 1}")
        if self.position + tokens.shape[1] > self.positions:
            raise UsageError(f"no room for {tokens.shape[1]} positions at {self.position} of {self.positions}")

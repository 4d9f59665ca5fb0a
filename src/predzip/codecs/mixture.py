"""Method 2: the adaptive mixture with a neural prior, which knows what text looks like before it begins.

Adds the prior to method 1, for streams of text alone: a stream is cut into lanes that are coded side by side, byte t
of every lane before byte t + 1 of any, and each byte is predicted by the prior first (`predictors.mixture`).

    lanes := 1, or 2 where the stream is long: then a second thread predicts one lane while the other is coded

Everything else is as in method 1. docs/format.md, section "Method 2", is the specification.
"""

from __future__ import annotations

import multiprocessing
import threading

import numpy as np

from predzip.codecs import mixing
from predzip.codecs.cores import usable_cores
from predzip.codecs.mixing import FAMILY_OF, Bytes, MixingCodec, State, Step, Stream
from predzip.predictors.mixing.kinds import Kind
from predzip.predictors.mixing.model import Model, new_model
from predzip.predictors.mixing.text_warm import text_start
from predzip.predictors.mixture import (
    COUNTERS,
    HEADS,
    SLOTS,
    code_alone,
    code_beside,
    predict_beside,
)
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.recurrent.network import Lanes, new_lanes
from predzip.predictors.neural.recurrent.predictor import network_of
from predzip.predictors.neural.weights import Weights

METHOD_ID = 2
TWO_LANES_FROM_BYTES = 1 << 19
"""Shorter streams keep one history; longer ones gain more speed by two than they lose."""

_START_OF_OTHERS = "small"
"""A model from elsewhere is mixed as this one at first: neither trusted nor mistrusted much."""


def lanes_of(length: int) -> int:
    """Lanes of a stream of text: follows from its length alone, since the decoder must know it."""
    return 2 if length >= TWO_LANES_FROM_BYTES else 1


def has_second_core() -> bool:
    """Say whether a second thread would have a core of its own; workers of a pool leave other cores to each other."""
    return multiprocessing.parent_process() is None and usable_cores() > 1


class MixtureCodec(MixingCodec):
    """The adaptive mixture with a prior as a block codec.

    Args:
        level: strength of the adaptive model.
        number: of the prior, if it is one of the package; 0 where the fingerprint of the frame names it.
        weights: those of the prior.
        side_by_side: run the prior on a thread of its own; None: where there is a core for it. The result is the same.
        most_line_bits: log2 of the lines of the adaptive model of text, where its strength would take more; frames
            are written and read without this bound.

    Raises:
        ModelError: the weights are not those of a recurrent model.
    """

    method_id = METHOD_ID
    priors = HEADS

    def __init__(
        self, level: int, number: int, weights: Weights, side_by_side: bool | None = None, most_line_bits: int = 64
    ) -> None:
        super().__init__(level)
        self.parameters = bytes([level, number])
        self._network = network_of(weights)
        self._start = catalogue.entry(number).name if number else _START_OF_OTHERS
        self._most_line_bits = most_line_bits
        self._side_by_side = has_second_core() if side_by_side is None else side_by_side

    def _family_stepper(self, stream: Stream) -> Step:
        if stream.kind != Kind.TEXT:
            return super()._family_stepper(stream)  # the prior knows nothing of binary data
        count = lanes_of(stream.length)
        model = new_model(
            self.level,
            FAMILY_OF[stream.kind],
            stream.length,
            count,
            HEADS,
            text_start(self._start),
            self._most_line_bits,
        )
        lanes = new_lanes(self._network, count, adapts=True)
        # With one lane nothing would overlap: a prediction needs the byte before it.
        code = self._code_beside if self._side_by_side and count > 1 else self._code_alone

        def step(coder: State, buffer: Bytes, data: Bytes, begin: int, end: int) -> int:
            code(model, lanes, coder, buffer, data, -(-begin // count), -(-end // count))
            return end

        return step

    def _code_alone(
        self, model: Model, lanes: Lanes, coder: State, buffer: Bytes, data: Bytes, begin: int, end: int
    ) -> None:
        frequencies = np.zeros((HEADS, 256), np.uint32)
        code_alone(model, coder, buffer, data, frequencies, self._network, lanes, begin, end)

    def _code_beside(
        self, model: Model, lanes: Lanes, coder: State, buffer: Bytes, data: Bytes, begin: int, end: int
    ) -> None:
        counters = np.zeros(COUNTERS, np.int64)
        slots = np.zeros((SLOTS, HEADS, 256), np.uint32)
        arguments = (model, data, counters, slots, self._network, lanes, begin, end)
        # Both sides end by themselves: each waits only for what the other surely does.
        other = threading.Thread(target=predict_beside, args=arguments)
        other.start()
        try:
            code_beside(model, coder, buffer, data, counters, slots, lanes.history.shape[0], begin, end)
        finally:
            other.join()

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block takes; see codecs.base.BlockCodec."""
        return super().memory_bytes(original_bytes) + 3 * sum(array.nbytes for array in self._network)


def kernels_cached() -> bool:
    """As `mixing.kernels_cached`, for the kernel that short text needs."""
    return mixing.kernels_cached("code_alone")

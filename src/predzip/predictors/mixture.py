"""The adaptive model and a neural prior together, byte by byte: one loop, or two that run side by side.

    for step t, for each lane:  the prior predicts the byte;  the adaptive model mixes that in, codes it, learns it

Side by side, a second thread runs the prior while the first does everything else. Each byte of a lane needs its
prediction, and each prediction the byte before it, so with one lane the threads hardly overlap; with two lanes, one
is predicted while the other is coded. The arithmetic is the same in the same order: only when it happens differs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.interval import Buffer, State
from predzip.jit import kernel
from predzip.predictors.mixing.atomics import store_release, wait_for
from predzip.predictors.mixing.model import LANE_BYTES, PADDING, Model
from predzip.predictors.mixing.step import code_lane, take_prior
from predzip.predictors.neural.recurrent.network import Lanes, Network
from predzip.predictors.neural.recurrent.step import predict_lane

CODED, PREDICTED = 0, 8
"""Places of the counters: bytes that the first thread has coded, predictions that the second has made.

Each has a cache line of its own.
"""
COUNTERS = 16

SLOTS = 4
"""Predictions that may be ready and not yet taken."""

HEADS = 2
"""Distributions that the prior gives: as trained, and as its output layer has learnt on the way."""

Frequencies = NDArray[np.uint32]


@kernel
def _is_there(model: Model, data: NDArray[np.uint8], lane: int, t: int) -> bool:
    """Say whether a lane has a byte t: the last lane may be shorter."""
    lane_bytes = model.settings[LANE_BYTES]
    return bool(t < lane_bytes and lane * lane_bytes + t < data.shape[0] - PADDING)


@kernel
def _take_heads(model: Model, frequencies: Frequencies) -> None:
    """Hand the distributions of the prior, shape (HEADS, 256), to the adaptive model."""
    for head in range(HEADS):
        take_prior(model, head, frequencies[head])


@kernel
def _byte_before(model: Model, data: NDArray[np.uint8], lane: int, t: int) -> int:
    return 0 if t == 0 else int(data[lane * model.settings[LANE_BYTES] + t - 1])


@kernel
def code_alone(
    model: Model,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    frequencies: Frequencies,
    network: Network,
    lanes: Lanes,
    begin: int,
    end: int,
) -> None:
    """Code steps begin..end-1 of all lanes on one thread.

    Args:
        model: made for HEADS priors; its lanes are those of `lanes`.
        coder: state of the binary coder, which holds the direction.
        buffer: the coder's output, with room, or the payload.
        data: the stream and PADDING zero bytes; filled in when decoding.
        frequencies: scratch, shape (HEADS, 256).
        network: the prior.
        lanes: its state.
        begin: first step; a stream may be coded in slices of any size.
        end: behind the last step.
    """
    for t in range(begin, end):
        for lane in range(lanes.history.shape[0]):
            if _is_there(model, data, lane, t):
                predict_lane(network, lanes, lane, _byte_before(model, data, lane, t), frequencies)
                _take_heads(model, frequencies)
                code_lane(model, coder, buffer, data, lane)


@kernel
def predict_beside(
    model: Model,
    data: NDArray[np.uint8],
    counters: NDArray[np.int64],
    slots: Frequencies,
    network: Network,
    lanes: Lanes,
    begin: int,
    end: int,
) -> None:
    """The second thread: predict every byte as soon as the one before it in its lane is coded.

    Args:
        model: only its numbers are read.
        data: as the first thread fills it.
        counters: shared with the first thread, both zero at the start of a slice.
        slots: shape (SLOTS, HEADS, 256); prediction i goes to slot i % SLOTS.
        network: the prior.
        lanes: its state.
        begin: first step, as in the first thread's call.
        end: behind the last step.
    """
    count = lanes.history.shape[0]
    done = 0
    for t in range(begin, end):
        for lane in range(count):
            if not _is_there(model, data, lane, t):
                continue
            # The byte before it in this lane is the one `count` places back in the order of coding, or nearer at the
            # end of a short last lane: to wait for all but the `count - 1` bytes before is always enough.
            needed = done - count + 1 if t > begin else 0
            wait_for(counters, CODED, needed)
            predict_lane(network, lanes, lane, _byte_before(model, data, lane, t), slots[done % SLOTS])
            done += 1
            store_release(counters, PREDICTED, done)


@kernel
def code_beside(
    model: Model,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    counters: NDArray[np.int64],
    slots: Frequencies,
    lanes_count: int,
    begin: int,
    end: int,
) -> None:
    """The first thread where the second runs `predict_beside`: as `code_alone`."""
    coded = 0
    for t in range(begin, end):
        for lane in range(lanes_count):
            if _is_there(model, data, lane, t):
                wait_for(counters, PREDICTED, coded + 1)
                _take_heads(model, slots[coded % SLOTS])
                code_lane(model, coder, buffer, data, lane)
                coded += 1
                store_release(counters, CODED, coded)

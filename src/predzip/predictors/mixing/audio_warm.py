"""What only a warm start has: maps and weight sets with contexts too fine to be learnt from one short sound.

Speech of 8 bits is often a few steps loud: then the values before, where the prediction lies between two values and
how two errors in a row fell say more than a curve does. Learnt on training speech these pay from the first sample.
"""

from __future__ import annotations

import numpy as np

from predzip.jit import kernel
from predzip.predictors.mixing.audio_model import (
    CHANNELS,
    FINAL,
    FINAL_FAST,
    FINAL_SLOW,
    FIRST_WARM,
    NODES,
    QUANTUM,
    SETS,
    STAGES,
    SYSTEMS,
    WARM_MAP_SLOTS,
    WARM_MAPS,
    WARM_ROWS,
    WARM_SETS,
    AudioModel,
)
from predzip.predictors.mixing.audio_scales import log2_16ths
from predzip.predictors.mixing.logistic import STRETCH_MAX, squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.mixer import dot, rated_error, train

_MAP_LIMIT = 255
_EVEN = np.uint32(32768 << 16)


@kernel
def _cut(value: int, low: int, high: int) -> int:
    return int(min(max(value, low), high))


@kernel
def choose_warm(model: AudioModel, channel: int, quantum: int, scale: int, fraction: int) -> None:
    """Find the slots of the maps and the rows of the weights.

    Args:
        model: the model.
        channel: of the sample.
        quantum: distance of two values, 1/256 internal unit.
        scale: 16 log2 of the mean error in quanta.
        fraction: where the prediction lies between two values, in sixteenths.
    """
    errors, guesses, at, cells = model.errors[channel], model.predictions, model.warm_at, model.cells[channel]
    centre = model.centres[FINAL]
    nearest = (centre + (quantum >> 1)) // quantum
    fine = _cut(scale // 8 + 6, 0, 15)

    # The two values before less the predicted one, in mean errors where those are greater than a value.
    unit = model.geometry[QUANTUM] >> 8
    place = model.past_place[0]
    channels = model.geometry[CHANNELS]
    step = 1 + errors[FINAL] // (quantum << 8)
    last = _cut((np.int64(model.past[place + channels - 1]) // unit - nearest) // step, -3, 3) + 3
    last2 = _cut((np.int64(model.past[place + 2 * channels - 1]) // unit - nearest) // step, -3, 3) + 3
    loudness = (1 if scale >= 0 else 0) + (1 if scale >= 12 else 0)
    at[0] = (last * 7 + last2) * 32 + fraction // 2 + 8 * loudness

    base = log2_16ths(quantum << 8, 1)
    fast = _cut((log2_16ths(errors[FINAL_FAST] + 1, 1) - base) // 8 + 8, 0, 31)
    slow = _cut((log2_16ths(errors[FINAL_SLOW] + 1, 1) - base) // 4 + 16, 0, 63)
    at[1] = fast * 64 + slow

    error = max(errors[FINAL] >> 8, 1)
    short = _cut((guesses[0] - centre) * 3 // error, -4, 3) + 4
    middle = _cut((guesses[2] - centre) * 3 // error, -4, 3) + 4
    long = _cut((guesses[SYSTEMS - 1] - centre) * 3 // error, -4, 3) + 4
    at[2] = ((short * 8 + long) * 8 + middle) * 4 + fine // 4

    at[3] = (cells[0] * 16 + cells[1]) * 8 + fine // 2
    expected = _cut(nearest + 32, 0, 63) if fine < 9 else 0
    at[4] = expected * 32 + fraction + (16 if scale >= 4 else 0)
    for i in range(WARM_MAPS):
        at[i] = (i * WARM_MAP_SLOTS + (at[i] & (WARM_MAP_SLOTS - 1))) * NODES
    at[WARM_MAPS] = (fine * 16 + fraction) * STAGES
    at[WARM_MAPS + 1] = (WARM_ROWS + cells[0] * 16 + fine) * STAGES


@kernel
def ask_warm(model: AudioModel, node: int, stage: int) -> None:
    """Add the inputs of the maps and the answers of the weight sets; all other inputs must be there."""
    inputs, at = model.inputs, model.warm_at
    for i in range(WARM_MAPS):
        entry = np.uint64(at[i] + node)
        if model.maps_warm[entry] == np.uint32(0):
            known = model.start_maps[entry]
            model.maps_warm[entry] = known if known != np.uint32(0) else _EVEN
        inputs[FIRST_WARM + i] = stretch(map_p(model.maps_warm, at[i] + node))
    for i in range(WARM_SETS):
        weights = model.weights_warm[at[WARM_MAPS + i] + stage]
        model.answers[SETS + i] = min(max(dot(inputs, weights), -STRETCH_MAX), STRETCH_MAX)


@kernel
def learn_warm(model: AudioModel, node: int, stage: int, bit: int, rate: int) -> None:
    """Learn the decision that `ask_warm` was asked about."""
    at = model.warm_at
    for i in range(WARM_SETS):
        weights = model.weights_warm[at[WARM_MAPS + i] + stage]
        train(model.inputs, weights, rated_error(bit, squash(int(model.answers[SETS + i])), rate))
    for i in range(WARM_MAPS):
        map_update(model.maps_warm, at[i] + node, bit, _MAP_LIMIT)

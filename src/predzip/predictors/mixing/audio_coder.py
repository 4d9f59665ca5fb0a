"""One sample as binary decisions, around its prediction.

Each decision asks whether the value is at least v. First a balanced tree of thresholds at the 16-quantiles of a
logistic curve around the prediction; beyond the outermost ones, thresholds at growing distance; then the cell is
halved until one value is left. So a sample takes about as many decisions as it has bits of information, and the
nodes of the tree mean the same at every loudness.

For each decision every expert (a curve: centre, scale, shape) gives the share of its mass above the threshold within
the interval still open; mixers and adaptive maps then work as in any binary mixing model.
"""

from __future__ import annotations

import numpy as np

from predzip.coding.binary import code_bit
from predzip.coding.interval import Buffer, State
from predzip.jit import kernel
from predzip.predictors.mixing.audio_model import (
    BIAS,
    CONTEXT_FRACTION,
    CONTEXT_LAST,
    CONTEXT_LEVEL,
    CONTEXT_SCALE,
    CONTEXT_TREND,
    ESCAPES,
    EXPERTS,
    FINAL,
    FINAL_FAST,
    FINAL_NORMAL,
    FINAL_SLOW,
    FIRST_SYSTEM,
    JOINED,
    LAST_CELL,
    QUANTUM,
    REFERENCE,
    SAMPLE_BYTES,
    SEEN_BITS,
    SPENT,
    STAGES,
    SYSTEMS,
    TIME,
    TREE_LEVELS,
    WARM,
    AudioModel,
)
from predzip.predictors.mixing.audio_scales import log2_16ths
from predzip.predictors.mixing.audio_shapes import LOGISTIC, MASS_BITS, NORMAL, mass_above, ratio_p1
from predzip.predictors.mixing.audio_warm import ask_warm, choose_warm, learn_warm
from predzip.predictors.mixing.logistic import STRETCH_MAX, squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.mixer import dot, rated_error, train

_RATE = 128
_FINAL_RATE = 16
_MAP_LIMIT = 255
_SHARPNESS = 24388031464243  # 2 ln 2 * 2^44: mean absolute error over the scale of the logistic curve
_DISTANCE_LIMIT = 1 << 25
_SPENT_LIMIT_BITS = 100  # a byte; see `_cost_bits`
_GRID_START = 64  # samples after which a common factor of all values is believed

# Thresholds in 1/1024 of the mean absolute error: ln(k / (16 - k)) / (2 ln 2) for node 16 >> level ..., in tree order.
_UPPER_QUANTILES = (0, 186, 377, 582, 811, 1083, 1437, 2000)  # k = 8..15
_ESCAPE_DISTANCES = np.array([3100 * 31**j // 20**j for j in range(ESCAPES)], np.int64)


def _quantile_table() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    table = np.zeros(1 << TREE_LEVELS, np.int64)
    for node in range(1, len(table)):
        level = node.bit_length() - 1
        k = (2 * (node - (1 << level)) + 1) << (TREE_LEVELS - 1 - level)
        table[node] = _UPPER_QUANTILES[k - 8] if k >= 8 else -_UPPER_QUANTILES[8 - k]
    return table


_QUANTILES = _quantile_table()


@kernel
def _place_experts(model: AudioModel, channel: int) -> None:
    """Centre and scale of every expert's curve."""
    guesses, centres, errors = model.predictions, model.centres, model.errors[channel]
    final = guesses[SYSTEMS + 2]
    for k in range(4):
        centres[k] = final
    centres[JOINED] = guesses[SYSTEMS + 1]
    centres[REFERENCE] = guesses[SYSTEMS]
    for k in range(SYSTEMS):
        centres[FIRST_SYSTEM + k] = guesses[k]
    floor = model.geometry[QUANTUM] << 3  # 1/32 of a quantum
    for k in range(EXPERTS):
        model.sharpness[k] = _SHARPNESS // (errors[k] + floor)
        model.above[0, k] = 1 << MASS_BITS
        model.above[2, k] = 0


@kernel
def _set_contexts(model: AudioModel, channel: int, quantum: int) -> None:
    errors, contexts = model.errors[channel], model.contexts
    warm = model.geometry[WARM]
    scale = log2_16ths(errors[FINAL] + 1, warm) - log2_16ths(quantum << 8, warm)
    trend = (log2_16ths(errors[FINAL_FAST] + 1, warm) - log2_16ths(errors[FINAL_SLOW] + 1, warm)) // 8 + 4
    trend = min(max(trend, 0), 7)
    level = min(max(scale // 8 + 4, 0), 15)
    # Where the prediction lies between two values matters only while errors are small.
    fraction = ((model.centres[FINAL] + (quantum >> 1)) % quantum) * 16 // quantum
    contexts[CONTEXT_SCALE] = trend * 8 + min(level, 7)
    contexts[CONTEXT_LAST] = model.clock[channel, LAST_CELL]
    contexts[CONTEXT_FRACTION] = min(max(scale // 4 + 24, 0), 62) * 16 + fraction if scale < 60 else 1023
    contexts[CONTEXT_TREND] = trend
    contexts[CONTEXT_LEVEL] = level
    if warm != 0:
        choose_warm(model, channel, quantum, scale, fraction)


@kernel
def _cost_bits(p_coded: int) -> int:
    """Upper bound of a decision's cost. It keeps a sample within 8 decisions of 16 bits a byte.

    Callers make room for that much. So when many surprises have cost a sample 100 bits a byte less 20, the rest of
    it is coded flat: at most 33 decisions of 16 bits (flag, 4 levels, 12 escapes, 16 halvings), 25 of 8 bits.
    """
    return 1 if p_coded >= 32768 else 4 if p_coded >= 4096 else 16


@kernel
def _decide(model: AudioModel, state: State, buffer: Buffer, threshold: int, bit: int, node: int, stage: int) -> int:
    """Code whether the sample lies above `threshold` (1/256 internal unit), narrow the experts' masses, learn."""
    inputs, above, contexts = model.inputs, model.above, model.contexts
    unknown = 1024 << 16 if model.geometry[WARM] != 0 else 1024
    for k in range(EXPERTS):
        distance = min(max(threshold - model.centres[k], -_DISTANCE_LIMIT), _DISTANCE_LIMIT)
        mass = mass_above(NORMAL if k == FINAL_NORMAL else LOGISTIC, distance * model.sharpness[k] >> 23)
        mass = min(max(mass, above[2, k]), above[0, k])
        above[1, k] = mass
        inputs[k] = stretch(ratio_p1(above[0, k], mass, above[2, k], unknown))
    at_scale = node * 64 + contexts[CONTEXT_SCALE]
    at_last = node * 16 + contexts[CONTEXT_LAST]
    at_fraction = node * 1024 + contexts[CONTEXT_FRACTION]
    inputs[EXPERTS] = stretch(map_p(model.map_scale, at_scale))
    inputs[EXPERTS + 1] = stretch(map_p(model.map_last, at_last))
    inputs[EXPERTS + 2] = stretch(map_p(model.map_fraction, at_fraction))
    inputs[BIAS] = 256
    if model.geometry[WARM] != 0:
        ask_warm(model, node, stage)

    by_node = model.weights_node[node]
    by_trend = model.weights_trend[contexts[CONTEXT_TREND] * STAGES + stage]
    by_level = model.weights_level[contexts[CONTEXT_LEVEL] * STAGES + stage]
    by_all = model.weights_final[node]
    answers = model.answers
    answers[0] = min(max(dot(inputs, by_node), -STRETCH_MAX), STRETCH_MAX)
    answers[1] = min(max(dot(inputs, by_trend), -STRETCH_MAX), STRETCH_MAX)
    answers[2] = min(max(dot(inputs, by_level), -STRETCH_MAX), STRETCH_MAX)
    p1 = squash(dot(answers, by_all))
    if contexts[SPENT] > _SPENT_LIMIT_BITS * model.geometry[SAMPLE_BYTES] - 20:
        p1 = 32768

    coded = code_bit(state, buffer, p1, bit)

    contexts[SPENT] += _cost_bits(p1 if coded else 65536 - p1)
    if model.geometry[WARM] != 0:
        learn_warm(model, node, stage, coded, _RATE)
    train(inputs, by_node, rated_error(coded, squash(answers[0]), _RATE))
    train(inputs, by_trend, rated_error(coded, squash(answers[1]), _RATE))
    train(inputs, by_level, rated_error(coded, squash(answers[2]), _RATE))
    train(answers, by_all, rated_error(coded, p1, _FINAL_RATE))
    map_update(model.map_scale, at_scale, coded, _MAP_LIMIT)
    map_update(model.map_last, at_last, coded, _MAP_LIMIT)
    map_update(model.map_fraction, at_fraction, coded, _MAP_LIMIT)
    end = 0 if coded else 2
    for k in range(EXPERTS):
        above[end, k] = above[1, k]
    return coded


@kernel
def _code_value(
    model: AudioModel, state: State, buffer: Buffer, channel: int, value: int, quantum: int, bits: int
) -> int:
    """Code a value of `bits` bits with sign whose steps are `quantum` apart; `value` is ignored when decoding."""
    _place_experts(model, channel)
    _set_contexts(model, channel, quantum)
    half = quantum >> 1
    centre = model.centres[FINAL]
    error = (model.errors[channel, FINAL] >> 8) + (quantum >> 5)
    low, high = -(1 << (bits - 1)), 1 << (bits - 1)  # low <= value < high

    node = 1
    for level in range(TREE_LEVELS):
        split = (centre + (error * _QUANTILES[np.uint64(node)] >> 10) + half) // quantum
        if level == 0:
            # The threshold nearest to the prediction, which must be a decision, however far out.
            split += 1 if (centre + half) % quantum >= half else 0
            split = min(max(split, low + 1), high - 1)
        if split <= low:
            bit = 1
        elif split >= high:
            bit = 0
        else:
            bit = _decide(model, state, buffer, split * quantum - half, 1 if value >= split else 0, node, level)
            if bit:
                low = split
            else:
                high = split
        node = 2 * node + bit
    cell = node - (1 << TREE_LEVELS)
    model.clock[channel, LAST_CELL] = cell
    model.cells[channel, 1] = model.cells[channel, 0]
    model.cells[channel, 0] = cell

    if cell == 15 or cell == 0:
        upwards = cell == 15
        for j in range(ESCAPES):
            distance = max(error * _ESCAPE_DISTANCES[j] >> 10, quantum << j)
            split = ((centre + distance if upwards else centre - distance) + half) // quantum
            if (upwards and split <= low) or (not upwards and split >= high):
                continue
            if split >= high or split <= low:
                break
            node = 16 + j if upwards else 16 + ESCAPES + j
            bit = _decide(model, state, buffer, split * quantum - half, 1 if value >= split else 0, node, 4)
            if bit:
                low = split
            else:
                high = split
            if (bit == 1) != upwards:
                break

    log_error = log2_16ths(model.errors[channel, FINAL] + 1, model.geometry[WARM])
    while high - low > 1:
        split = (low + high) >> 1
        width = log2_16ths(high - low, model.geometry[WARM]) + log2_16ths(quantum, model.geometry[WARM])
        width = (width - log_error + 192) // 16
        width = min(max(width, 0), 9)
        bit = _decide(
            model, state, buffer, split * quantum - half, 1 if value >= split else 0, 40 + width, 5 + min(width, 2)
        )
        if bit:
            low = split
        else:
            high = split
    return low


@kernel
def code_sample(model: AudioModel, state: State, buffer: Buffer, channel: int, value: int) -> int:
    """Code one value around `predictions` and return it; `value` is ignored when decoding.

    While all values of a channel have had the low bits zero (8 or 12 bits kept in 16), one decision says that this
    one has too, and the rest is coded on the coarser grid.
    """
    clock = model.clock[channel]
    bits = 8 * model.geometry[SAMPLE_BYTES]
    quantum = model.geometry[QUANTUM]
    grid = 0
    seen = clock[SEEN_BITS]
    if clock[TIME] >= _GRID_START and seen != 0:
        while (seen >> grid) & 1 == 0:
            grid += 1
    model.contexts[SPENT] = 0
    if grid > 0:
        model.contexts[SPENT] = 12
        fits = 1 if value & ((1 << grid) - 1) == 0 else 0
        fits = code_bit(state, buffer, min(max(map_p(model.map_grid, grid), 32), 65503), fits)
        map_update(model.map_grid, grid, fits, 1023)
        if fits == 0:
            grid = 0
    value = _code_value(model, state, buffer, channel, value >> grid, quantum << grid, bits - grid) << grid
    clock[SEEN_BITS] = seen | (value & 0xFFFF)
    return value

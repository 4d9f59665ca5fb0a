"""Before a byte's decisions: gather its neighbours, let every expert predict, blend. After them: learn."""

from __future__ import annotations

import numpy as np

from predzip.jit import kernel
from predzip.predictors.mixing.pixels_contexts import choose_contexts
from predzip.predictors.mixing.pixels_distribution import inverse_scale
from predzip.predictors.mixing.pixels_experts import (
    best_expert,
    blend,
    clip_centre,
    far_predictions,
    learn_errors,
    near_predictions,
    plain_predictions,
    set_scale_by_energy,
    sum_energies,
)
from predzip.predictors.mixing.pixels_integers import wide
from predzip.predictors.mixing.pixels_least_squares import (
    NORMALISERS,
    SAMPLE_LIMIT,
    TILE_PIXELS,
    enter_tile,
    learn_linear,
    leave_tile,
    predict_linear,
)
from predzip.predictors.mixing.pixels_model import (
    BLEND,
    BLENDED,
    CORRECTED,
    CORRECTIONS,
    EXPERTS,
    LINEAR,
    LOCAL,
    NOW_FLOOR,
    NOW_PHASE,
    PHASES,
    PixelModel,
)
from predzip.predictors.mixing.pixels_values import look_up, remember
from predzip.predictors.mixing.pixels_window import (
    FIXED_NEIGHBOURS,
    LINEAR_NEIGHBOURS,
    MARGIN_PIXELS,
    PLACE_CHANNEL,
    PLACE_X,
    PLACE_Y,
    push,
    row_start,
)

_TARGET_LIMIT = 2047
_CORRECTION_LIMIT = 1 << 30  # four scales
_ACTIVITY_NEIGHBOURS = 10
_VISITS_TO_FADE = 7  # a mask: every eighth visit


@kernel
def start_row(model: PixelModel) -> None:
    """Find the places of all neighbours for the row that begins."""
    window = model.window
    y = window.place[PLACE_Y]
    for channel in range(window.stride):
        for i in range(LINEAR_NEIGHBOURS):
            start = row_start(window, y - model.neighbours[channel, i, 0])
            model.offsets[channel, i] = start - model.neighbours[channel, i, 1]


@kernel
def _gather(model: PixelModel, x: int, y: int, channel: int) -> None:
    """Fill `own`, `differences`, `samples` and the floor."""
    window = model.window
    rows = window.rows
    stride = window.stride
    r0 = row_start(window, y) + x
    r1 = row_start(window, y - 1) + x
    r2 = row_start(window, y - 2) + x
    r3 = row_start(window, y - 3) + x
    # Sums of W, N, NW, NE for every channel, by its distance in bytes.
    for i in range(2 * stride - 1):
        back = i - (stride - 1)
        if back < channel - (stride - 1) or back > channel:
            continue
        model.means[i] = (
            rows[r0 - stride - back] + rows[r1 - back] + rows[r1 - stride - back] + rows[r1 + stride - back]
        )
    model.now[NOW_FLOOR] = model.means[stride - 1]
    offsets = model.offsets[channel]
    for i in range(LINEAR_NEIGHBOURS):
        mean = model.means[model.neighbours[channel, i, 2] + stride - 1]
        model.samples[i] = 4 * rows[offsets[i] + x] - mean
    for back in range(2):  # own channel, then the channel before
        if back == 1 and channel == 0:
            break
        v = model.own if back == 0 else model.differences
        v[0] = rows[r0 - stride - back]
        v[1] = rows[r1 - back]
        v[2] = rows[r1 - stride - back]
        v[3] = rows[r1 + stride - back]
        v[4] = rows[r0 - 2 * stride - back]
        v[5] = rows[r2 - back]
        v[6] = rows[r2 + stride - back]
        v[7] = rows[r1 + 2 * stride - back]
        v[8] = rows[r1 - 2 * stride - back]
        v[9] = rows[r2 - stride - back]
        v[10] = rows[r2 - 2 * stride - back]
        v[11] = rows[r2 + 2 * stride - back]
        v[12] = rows[r3 - back]
        v[13] = rows[r0 - 3 * stride - back]
    if channel > 0:
        for i in range(FIXED_NEIGHBOURS):
            model.differences[i] = model.own[i] - model.differences[i]


@kernel
def _predict_linear(model: PixelModel, x: int, y: int, channel: int) -> None:
    """Let the adaptive predictors predict."""
    pixel = x // model.window.stride
    if pixel % TILE_PIXELS == 0:
        tile = pixel // model.tile_pixels
        for i in range(LOCAL):
            enter_tile(model.local[i], channel, tile, pixel == 0, model.local[LOCAL - 1].coefficients[channel])
    state = channel * PHASES + (y & 7) * 8 + (pixel & 7)
    model.now[NOW_PHASE] = state
    model.phase_visits[state] += 1
    if model.phase_visits[state] & _VISITS_TO_FADE == 0:
        enter_tile(model.phase, state, 0, False, model.local[LOCAL - 1].coefficients[channel])
    centres = model.experts.centres
    floor = model.now[NOW_FLOOR] << 4
    for i in range(LOCAL):
        centres[i] = clip_centre(floor + (predict_linear(model.samples, model.local[i].coefficients[channel]) >> 12))
    centres[LOCAL] = clip_centre(floor + (predict_linear(model.samples, model.phase.coefficients[state]) >> 12))


@kernel
def predict(model: PixelModel) -> None:
    """Get everything ready for the decisions of the next byte."""
    window = model.window
    stride = window.stride
    x = window.place[PLACE_X]
    y = window.place[PLACE_Y]
    channel = window.place[PLACE_CHANNEL]
    at = x + MARGIN_PIXELS * stride
    experts = model.experts
    centres = experts.centres
    _gather(model, x, y, channel)
    _predict_linear(model, x, y, channel)
    if channel == 0:
        near_predictions(centres, LINEAR, model.own, 0)
        far_predictions(centres, LINEAR + 12, model.own)
    else:
        before = window.rows[row_start(window, y) + x - 1]
        near_predictions(centres, LINEAR, model.differences, wide(before))
        plain_predictions(centres, LINEAR + 12, model.own)
    sum_energies(experts, y, at, stride)
    best = best_expert(experts, BLENDED)
    centres[BLEND] = blend(experts, BLENDED, best)
    for k in range(CORRECTED + CORRECTIONS):
        set_scale_by_energy(experts, channel, k)
    look_up(model.values, window)
    choose_contexts(model, best)
    for k in range(EXPERTS):
        model.inverses[k] = inverse_scale(experts.scales[k])


@kernel
def learn(model: PixelModel, value: int) -> None:
    """Take in the byte that was just coded."""
    window = model.window
    x = window.place[PLACE_X]
    y = window.place[PLACE_Y]
    channel = window.place[PLACE_CHANNEL]
    at = x + MARGIN_PIXELS * window.stride
    experts = model.experts
    error = (value << 6) - wide(experts.centres[BLEND])
    model.signed[y & 1, at] = error
    learn_errors(experts, channel, y, at, value)
    mean = model.phase_errors[model.now[NOW_PHASE]]
    model.phase_errors[model.now[NOW_PHASE]] = max(mean + (((abs(error) << 8) - mean) >> 5), 256)
    model.relative[y & 1, at] = min((abs(error) << 14) // mean, 1 << 14)
    relative = min(max((error << 6) // experts.scales[BLEND], -400), 400)
    for i in range(CORRECTIONS):
        kept = model.corrections[channel, i, model.correction_at[i]] + (relative << 15)
        model.corrections[channel, i, model.correction_at[i]] = min(max(kept, -_CORRECTION_LIMIT), _CORRECTION_LIMIT)
    remember(model.values, value)

    activity = 0
    for i in range(_ACTIVITY_NEIGHBOURS):
        activity += abs(wide(model.samples[i]))
    scale = NORMALISERS[np.uint64(activity // _ACTIVITY_NEIGHBOURS)]
    for i in range(LINEAR_NEIGHBOURS):
        sample = (wide(model.samples[i]) * scale) >> 16
        model.normal[i] = min(max(sample, -SAMPLE_LIMIT), SAMPLE_LIMIT)
    target = ((4 * value - model.now[NOW_FLOOR]) * scale) >> 16
    target = min(max(target, -_TARGET_LIMIT), _TARGET_LIMIT)
    for i in range(LOCAL):
        learn_linear(model.local[i], channel, model.normal, target)
    learn_linear(model.phase, model.now[NOW_PHASE], model.normal, target)
    pixel = x // window.stride
    if pixel % TILE_PIXELS == TILE_PIXELS - 1 or x + window.stride >= window.width:
        for i in range(LOCAL):
            leave_tile(model.local[i], channel, pixel // model.tile_pixels)
    if push(window, value):
        start_row(model)

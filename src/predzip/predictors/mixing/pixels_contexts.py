"""Contexts of one byte: what chooses the corrections, the scales, the rows of the maps and the mixers' weight sets.

Most are relative: neighbours and predictions less the blend, in units of the blend's scale. Together with a decision
tree that is cut at quantiles this makes them independent of brightness and contrast, so statistics from one corner of a
picture serve all of it.
"""

from __future__ import annotations

from predzip.jit import kernel
from predzip.predictors.mixing.pixels_distribution import inverse_scale
from predzip.predictors.mixing.pixels_experts import clip_centre, quarter_log2, set_scale
from predzip.predictors.mixing.pixels_integers import wide
from predzip.predictors.mixing.pixels_model import (
    BLEND,
    BLENDED,
    CORRECTED,
    DEPTHS,
    LINEAR,
    MAP_SLOTS,
    MAPS,
    NODES,
    NOW_PHASE,
    NOW_SECOND,
    RESCALED,
    RESCALINGS,
    SET_FIRST,
    SETS,
    PixelModel,
)
from predzip.predictors.mixing.pixels_values import confidence
from predzip.predictors.mixing.pixels_window import MARGIN_PIXELS, PLACE_CHANNEL, PLACE_X, PLACE_Y

_SET_ROWS = int(SET_FIRST[-1])


@kernel
def _level(distance: int, inverse: int) -> int:
    """A signed distance in units of the scale as one of nine levels, 4 in the middle."""
    units = (distance * inverse) >> 16
    size = abs(units)
    level = 0
    if size > 1433:  # 0.35 scale units
        level = 1
    if size > 4096:
        level = 2
    if size > 9000:
        level = 3
    if size > 20480:
        level = 4
    return 4 + level if units >= 0 else 4 - level


@kernel
def _size(value: int, most: int) -> int:
    """Half octaves of a value >= 0, at most `most`."""
    return min(quarter_log2(value + 1) // 2, most)


@kernel
def choose_contexts(model: PixelModel, best: int) -> None:
    """Correct the blend, find the remaining scales and all contexts of the byte."""
    window = model.window
    stride = window.stride
    x = window.place[PLACE_X]
    y = window.place[PLACE_Y]
    channel = window.place[PLACE_CHANNEL]
    pixel = x // stride
    at = x + MARGIN_PIXELS * stride
    experts = model.experts
    centres = experts.centres
    v = model.own

    centre = wide(centres[BLEND])
    scale = experts.scales[BLEND]
    inverse = inverse_scale(scale)
    bucket = experts.buckets[BLEND]
    octave = min(bucket // 4, 7)
    # Which neighbours lie above the blend (the texture pattern of CALIC, Wu & Memon 1997).
    pattern = 0
    for i in range(6):
        pattern = pattern * 2 + (1 if (v[i] << 6) > centre else 0)
    pattern = pattern * 2 + (1 if ((2 * v[0] - v[4]) << 6) > centre else 0)
    pattern = pattern * 2 + (1 if ((2 * v[1] - v[5]) << 6) > centre else 0)
    west = _level((v[0] << 6) - centre, inverse)
    north = _level((v[1] << 6) - centre, inverse)
    north_west = _level((v[2] << 6) - centre, inverse)
    north_east = _level((v[3] << 6) - centre, inverse)

    model.correction_at[0] = pattern * 8 + octave
    model.correction_at[1] = (west * 9 + north) * 9 + north_east
    first = model.corrections[channel, 0, model.correction_at[0]] >> 16
    second = model.corrections[channel, 1, model.correction_at[1]] >> 16
    centres[CORRECTED] = clip_centre(centre + ((first * scale) >> 12))
    centres[CORRECTED + 1] = clip_centre(centre + ((second * scale) >> 12))
    centre = (wide(centres[CORRECTED]) + wide(centres[CORRECTED + 1])) >> 1
    centres[BLEND] = centre

    # Scales of the corrected blend by other features than its energy alone.
    here = experts.errors[y & 1]
    above = experts.errors[(y & 1) ^ 1]
    error_w = wide(here[at - stride, BLEND])
    error_ww = wide(here[at - 2 * stride, BLEND])
    error_n = wide(above[at, BLEND])
    error_nw = wide(above[at - stride, BLEND])
    error_ne = wide(above[at + stride, BLEND])
    far = wide(above[at + 2 * stride, BLEND]) + wide(above[at - 2 * stride, BLEND])
    far += wide(here[at - 3 * stride, BLEND]) + wide(above[at + 3 * stride, BLEND])
    gradient = abs(v[0] - v[2]) + abs(v[1] - v[2]) + abs(v[1] - v[3]) + abs(v[0] - v[4]) + abs(v[1] - v[5])
    gradient += abs(v[3] - v[6])
    spread = 0
    for k in range(LINEAR):
        spread += abs(wide(centres[k]) - centre)
    fixed_spread = 0
    for k in range(LINEAR, BLENDED):
        fixed_spread += abs(wide(centres[k]) - centre)
    before = wide(model.signed[y & 1, at - 1])  # the channel before in this pixel
    before2 = wide(model.signed[y & 1, at - 2])
    phase = (y & 7) * 8 + (pixel & 7)
    coarse = min(bucket // 2, 23) * 20
    for k in range(RESCALED, RESCALED + RESCALINGS):
        centres[k] = centre
    row = _size(2 * error_w + error_ww + 7, 19) * 20 + _size(2 * error_n + error_nw + error_ne + 7, 19)
    set_scale(experts, channel, RESCALED, row)
    set_scale(experts, channel, RESCALED + 1, coarse + _size(far + 7, 19))
    set_scale(experts, channel, RESCALED + 2, coarse + _size(gradient, 19))
    set_scale(experts, channel, RESCALED + 3, octave * 64 + phase)
    rel = model.relative[y & 1]
    rel_above = model.relative[(y & 1) ^ 1]
    expected = 2 * (wide(rel[at - stride]) + wide(rel_above[at])) + wide(rel[at - 2 * stride])
    expected += wide(rel_above[at - stride]) + wide(rel_above[at + stride])
    expected = (expected * model.phase_errors[model.now[NOW_PHASE]]) >> 14
    normal = min(quarter_log2(expected + 8), 47)
    set_scale(experts, channel, RESCALED + 5, normal * 10 + min(bucket // 5, 9))
    set_scale(experts, channel, RESCALED + 4, coarse + _size(2 * abs(before) + abs(before2), 19))

    signed_w = wide(model.signed[y & 1, at - stride])
    signed_n = wide(model.signed[(y & 1) ^ 1, at])
    signed_nw = wide(model.signed[(y & 1) ^ 1, at - stride])
    signed_ne = wide(model.signed[(y & 1) ^ 1, at + stride])
    was_w = _level(signed_w, inverse)
    was_n = _level(signed_n, inverse)
    was_ne = _level(signed_ne, inverse)
    was_before = _level(before, inverse) * 9 + _level(before2, inverse)
    linear0 = _level(wide(centres[0]) - centre, inverse * 2)
    linear2 = _level(wide(centres[2]) - centre, inverse * 2)
    linear4 = _level(wide(centres[4]) - centre, inverse * 2)
    median = _level(wide(centres[LINEAR + 3]) - centre, inverse)
    north_north_east = _level((v[6] << 6) - centre, inverse)
    fraction = (centre >> 3) & 7

    c = model.map_at
    c[0] = bucket * 8 + fraction
    c[1] = phase * 8 + octave
    c[2] = pattern * 8 + octave
    c[3] = (was_w * 9 + was_n) * 9 + was_ne
    c[4] = (centre >> 6) * 8 + octave
    c[5] = (west * 9 + north) * 9 + north_east
    c[6] = (north_west * 9 + _level((v[4] << 6) - centre, inverse)) * 9 + _level((v[5] << 6) - centre, inverse)
    c[7] = (linear0 * 9 + linear2) * 9 + linear4
    c[8] = (median * 9 + west) * 9 + north
    c[9] = _size(wide(experts.energies[LINEAR]), 23) * 24 + _size(wide(experts.energies[LINEAR + 1]), 23)
    c[10] = v[0] * 229 + v[1] * 40503
    c[11] = (_size(abs(signed_w), 11) * 12 + _size(abs(signed_n), 11)) * 12
    c[11] += _size(abs(signed_ne) + abs(signed_nw), 11)
    c[12] = pixel
    c[13] = ((v[0] - v[2] + 512) * 1024 + v[1] - v[3] + 512) * 11
    c[14] = (north_north_east * 9 + north_east) * 9 + linear4
    c[15] = v[0] * 8 + octave
    c[16] = v[1] * 8 + octave
    c[17] = (min(best, 24) * 9 + linear0) * 9 + was_w
    c[18] = was_before * 9 + was_w
    c[19] = _level(wide(centres[LINEAR + 4]) - centre, inverse) * 9
    c[19] += _level(wide(centres[LINEAR + 5]) - centre, inverse)
    c[19] = c[19] * 9 + _level(wide(centres[LINEAR + 6]) - centre, inverse)
    for i in range(MAPS):
        c[i] = ((channel * MAPS + i) * MAP_SLOTS + (c[i] & (MAP_SLOTS - 1))) * NODES

    model.now[NOW_SECOND] = stride * NODES + (channel * 48 + min(bucket, 47)) * DEPTHS
    s = model.set_at
    s[0] = 0
    s[1] = min(bucket, 47)
    s[2] = phase
    s[3] = best
    s[4] = west * 9 + north
    s[5] = min(quarter_log2(abs(signed_w) + 1), 47)
    s[6] = fraction * 8 + octave
    s[7] = pattern
    s[8] = centre >> 9
    s[9] = was_w * 9 + was_n
    s[10] = _size(spread, 23)
    s[11] = north_west * 9 + north_east
    s[12] = confidence(model.values)
    s[13] = was_before
    for i in range(SETS):
        s[i] = channel * _SET_ROWS + SET_FIRST[i] + s[i] * DEPTHS

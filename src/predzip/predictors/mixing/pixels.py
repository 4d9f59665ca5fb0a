"""The adaptive model of 8-bit pictures: a byte is coded by decisions, each mixed from experts and contexts.

The interval of grey levels [0, 256) is split until one is left, first where the corrected blend has its quantiles, so
that a decision is near 1 : 1 whatever the brightness and the noise, then in halves. Each expert turns its distribution
into the probability of the upper part; maps, indexed by context and node of the tree, correct for the shape; exact
repetition votes. All of them are inputs of gated logistic mixers. `docs/design/pixels.md` explains and measures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.jit import kernel
from predzip.predictors.mixing.logistic import STRETCH_MAX, squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.mixer import dot, rated_error, train
from predzip.predictors.mixing.pixels_distribution import QUANTILES, TREE_LEVELS, cumulative, log_odds
from predzip.predictors.mixing.pixels_integers import wide
from predzip.predictors.mixing.pixels_model import (
    BLEND,
    DEPTHS,
    EXPERTS,
    MAPS,
    NODES,
    NOW_SECOND,
    SETS,
    WARM_START,
    PixelModel,
    allocate,
)
from predzip.predictors.mixing.pixels_predict import learn, predict, start_row
from predzip.predictors.mixing.pixels_values import MEMORIES, learn_trust, vote
from predzip.predictors.mixing.pixels_window import PLACE_CHANNEL
from predzip.predictors.mixing.warm import read_start

__all__ = ["MAX_DECISIONS", "PixelModel", "code_pixels", "new_pixel_model"]

MAX_DECISIONS = 14
"""Decisions of one byte at most: what a caller multiplies by the bytes to find the room a coder's buffer needs."""

_QUANTILE_NODES = 1 << TREE_LEVELS
_MAP_LIMIT = 255
_RATE = 100
_FINAL_RATE = 30
_LEAST_P = 16
_DIFFERENCE_GAIN = 2


def new_pixel_model(width: int, stride: int, length: int, *, warm: bool = False) -> PixelModel:
    """Return the state for one segment.

    Args:
        width: bytes of a row.
        stride: bytes of a pixel: 1 grey, 3 colour, 4 colour and alpha.
        length: bytes of the segment.
        warm: whether grey pictures start with what other photographs have taught; colour always starts cold.
    """
    model = allocate(width, stride, length, read_start(WARM_START) if warm and stride == 1 else None)
    start_row(model)
    return model


@kernel
def _split(model: PixelModel, node: int, low: int, high: int) -> int:
    """Where the interval [low, high) is divided."""
    if node >= _QUANTILE_NODES:
        return (low + high) >> 1
    experts = model.experts
    quantile = wide(experts.centres[BLEND]) + ((experts.scales[BLEND] * QUANTILES[np.uint64(node)]) >> 6)
    return int(min(max((quantile + 64) >> 6, low + 1), high - 1))


@kernel
def _fill_inputs(model: PixelModel, node: int, low: int, split: int, high: int, depth: int) -> None:
    """Ask everything that has an opinion on this decision."""
    x = model.inputs
    centres = model.experts.centres
    for k in range(EXPERTS):
        middle = cumulative(split, wide(centres[k]), model.inverses[k])
        model.middle[k] = middle
        odds = log_odds(max(model.high[k] - middle, 1), max(middle - model.low[k], 1))
        x[k] = min(max(odds, -STRETCH_MAX), STRETCH_MAX)
    # Experts mostly agree: mixers learn faster from how each differs from the blend.
    common = wide(x[BLEND])
    for k in range(EXPERTS):
        if k != BLEND:
            x[k] = min(max((wide(x[k]) - common) * _DIFFERENCE_GAIN, -STRETCH_MAX), STRETCH_MAX)
    unseen = np.uint32(squash(common) << 16)
    warm = model.start_maps.shape[0] > 0
    for i in range(MAPS):
        at = model.map_at[i] + node
        if model.maps[np.uint64(at)] == np.uint32(0):
            entry = unseen
            if warm and model.start_maps[np.uint64(at)] != np.uint32(0):
                entry = model.start_maps[np.uint64(at)]
            model.maps[np.uint64(at)] = entry
        p = map_p(model.maps, at)
        x[EXPERTS + 2 * i] = stretch(p)
        x[EXPERTS + 2 * i + 1] = (p - 32768) >> 5
    vote(model.values, x, EXPERTS + 2 * MAPS, low, split, high, depth)
    x[EXPERTS + 2 * MAPS + MEMORIES] = 256


@kernel
def _code_byte(model: PixelModel, state: NDArray[np.uint64], buffer: NDArray[np.uint8], value: int) -> int:
    """Code one byte by decisions; return it."""
    centres = model.experts.centres
    low = 0
    high = 256
    for k in range(EXPERTS):
        model.low[k] = cumulative(0, wide(centres[k]), model.inverses[k])
        model.high[k] = cumulative(256, wide(centres[k]), model.inverses[k])
    first_final = model.window.place[PLACE_CHANNEL] * NODES
    node = 1
    depth = 0
    x = model.inputs
    answers = model.final_inputs
    while high - low > 1:
        split = _split(model, node, low, high)
        _fill_inputs(model, node, low, split, high, depth)
        for j in range(SETS):
            chosen = model.set_at[j] + (node if j == 0 else depth)
            model.chosen[j] = chosen
            answers[j] = min(max(dot(x, model.weights[chosen]), -STRETCH_MAX), STRETCH_MAX)
        final = model.final_weights[first_final + node]
        final2 = model.final_weights[model.now[NOW_SECOND] + depth]
        d1 = dot(answers, final)
        d2 = dot(answers, final2)
        p1 = squash((d1 + d2) >> 1)
        p1 = min(max(p1, _LEAST_P), 65536 - _LEAST_P)
        bit = code_bit(state, buffer, p1, 1 if value >= split else 0)

        for j in range(SETS):
            train(x, model.weights[model.chosen[j]], rated_error(bit, squash(wide(answers[j])), _RATE))
        train(answers, final, rated_error(bit, squash(d1), _FINAL_RATE))
        train(answers, final2, rated_error(bit, squash(d2), _FINAL_RATE))
        for i in range(MAPS):
            map_update(model.maps, model.map_at[i] + node, bit, _MAP_LIMIT)
        learn_trust(model.values, split, bit)
        if bit != 0:
            low = split
            for k in range(EXPERTS):
                model.low[k] = model.middle[k]
        else:
            high = split
            for k in range(EXPERTS):
                model.high[k] = model.middle[k]
        if node < _QUANTILE_NODES:
            node = 2 * node + bit
        depth = min(depth + 1, DEPTHS - 1)
    return low


@kernel
def code_pixels(
    model: PixelModel,
    state: NDArray[np.uint64],
    buffer: NDArray[np.uint8],
    pixels: NDArray[np.uint8],
    begin: int,
    end: int,
) -> None:
    """Code pixels[begin:end], the bytes that follow those of the last call.

    Args:
        model: from `new_pixel_model`.
        state: of the binary coder; holds the direction.
        buffer: of the binary coder, with room for MAX_DECISIONS decisions a byte.
        pixels: the whole segment; filled in when decoding.
        begin: first byte of the slice.
        end: byte behind the slice.
    """
    for i in range(begin, end):
        predict(model)
        value = _code_byte(model, state, buffer, wide(pixels[i]))
        pixels[i] = value
        learn(model, value)

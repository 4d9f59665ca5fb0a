"""What the model of 8-bit pictures consists of, and how large each part is."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.mixing.mixer import WEIGHT_ONE, new_weights
from predzip.predictors.mixing.pixels_experts import FIXED, Experts, new_experts
from predzip.predictors.mixing.pixels_least_squares import (
    TILE_PIXELS,
    LeastSquares,
    new_least_squares,
)
from predzip.predictors.mixing.pixels_values import MEMORIES, Values, new_values
from predzip.predictors.mixing.pixels_window import (
    LINEAR_NEIGHBOURS,
    MARGIN_PIXELS,
    Window,
    linear_neighbours,
    new_window,
)
from predzip.predictors.mixing.warm import Start

LOCAL = 5
"""Least-squares predictors that follow the place; one more follows the place within 8 x 8 blocks."""

LINEAR = LOCAL + 1
BLENDED = LINEAR + FIXED
"""Experts that the blend averages; it stands behind them."""

BLEND = BLENDED
CORRECTED = BLEND + 1
"""Two experts: the blend plus the mean error in a context."""

CORRECTIONS = 2
RESCALED = CORRECTED + CORRECTIONS
"""Six experts: the corrected blend, with its scale found by other means."""

RESCALINGS = 6
EXPERTS = RESCALED + RESCALINGS

MAPS = 20
NODES = 64
"""Nodes of the decision tree that maps and mixers tell apart."""

DEPTHS = 8
MAP_SLOTS = 2048
CORRECTION_SLOTS = 2048

INPUTS = (EXPERTS + 2 * MAPS + MEMORIES + 1 + 15) // 16 * 16

SET_CONTEXTS = (8, 48, 64, 32, 81, 48, 64, 256, 32, 81, 24, 81, 64, 81)
"""Contexts that choose a weight set of each mixer, each times DEPTHS (the first: nodes)."""

SETS = len(SET_CONTEXTS)
SET_FIRST = np.cumsum([0, *SET_CONTEXTS]).astype(np.int64) * DEPTHS
FINAL_INPUTS = 16

PHASES = 64

# Least squares: order, weights (of 256) of the sums to the left, above and above right at the start of a tile.
_LOCAL_SHAPES = (
    (6, (77, 58, 57)),
    (10, (87, 65, 65)),
    (18, (94, 71, 70)),
    (LINEAR_NEIGHBOURS, (99, 75, 74)),
    (20, (255, 0, 0)),
)
_RIDGE = 700
_PHASE_ORDER = 20
_PHASE_BLEND = (240, 0, 0)
_PHASE_RIDGE = 1000
_MOST_TILES = 512

_FIRST_DIFFERENCE_WEIGHT = WEIGHT_ONE // 50

WARM_START = "warm-pixels"
_FIRST_GREY = 128

# Slots of `now`: what one byte's prediction leaves for its decisions and for learning.
NOW_PHASE = 0  # state of the phase predictor
NOW_FLOOR = 1  # sum of W, N, NW, NE: what samples are compared with
NOW_SECOND = 2  # second final mixer: its row of depth 0
NOW_SIZE = 3


class PixelModel(NamedTuple):
    """All state of the model; `code_pixels` changes the arrays in place."""

    window: Window
    neighbours: NDArray[np.int64]  # (channels, LINEAR_NEIGHBOURS, 3)
    offsets: NDArray[np.int64]  # (channels, LINEAR_NEIGHBOURS): index in the ring less x
    means: NDArray[np.int64]  # (2 * channels,): sum of W, N, NW, NE of the channel i - (channels - 1) bytes back
    own: NDArray[np.int64]  # (FIXED_NEIGHBOURS,): neighbours in the byte's channel
    differences: NDArray[np.int64]  # the same less those of the channel before
    samples: NDArray[np.int32]  # (LINEAR_NEIGHBOURS,): quarters of a grey level
    normal: NDArray[np.int32]  # the same divided by the activity
    local: tuple[LeastSquares, LeastSquares, LeastSquares, LeastSquares, LeastSquares]
    tile_pixels: int  # pixels of a row that keep one set of sums
    phase: LeastSquares
    phase_visits: NDArray[np.int64]
    experts: Experts
    corrections: NDArray[np.int64]  # (channels, CORRECTIONS, CORRECTION_SLOTS): 2^-28 of the scale
    correction_at: NDArray[np.int64]
    signed: NDArray[np.int32]  # (2, padded width): errors of the blend in 1/64
    relative: NDArray[np.int32]  # (2, padded width): absolute errors over the mean error of their phase, 1/64
    phase_errors: NDArray[np.int64]  # (channels * PHASES,): that mean, 1/64 grey level, 8 fractional bits
    values: Values
    inverses: NDArray[np.int64]  # (EXPERTS,)
    low: NDArray[np.int64]  # (EXPERTS,): cumulative probability at the low end of the interval
    middle: NDArray[np.int64]
    high: NDArray[np.int64]
    maps: NDArray[np.uint32]
    map_at: NDArray[np.int64]  # (MAPS,): first node
    inputs: NDArray[np.int32]
    weights: NDArray[np.int32]  # (sets, INPUTS)
    set_at: NDArray[np.int64]  # (SETS,): row of depth 0
    chosen: NDArray[np.int64]
    final_inputs: NDArray[np.int32]
    final_weights: NDArray[np.int32]  # (channels * NODES, FINAL_INPUTS)
    now: NDArray[np.int64]
    start_maps: NDArray[np.uint32]  # warm start: like `maps`, taken where those hold nothing; empty for a cold start


def _warmed(model: PixelModel, start: Start) -> PixelModel:
    """Fill a new model with the tables of `start`. Maps are shared and only read: copying them would take longer."""
    tables: dict[str, NDArray[np.int64] | NDArray[np.int32] | NDArray[np.uint32]] = {
        "weights": model.weights,
        "final_weights": model.final_weights,
        "corrections": model.corrections,
        "phase_errors": model.phase_errors,
        "learned": model.experts.learned,
        "trust": model.values.trust,
    }
    for name, table in tables.items():
        if name in start:
            table[...] = start[name].reshape(table.shape)
    model.window.rows[:] = _FIRST_GREY
    start_maps = cast(NDArray[np.uint32], start["maps"]) if "maps" in start else model.start_maps
    return model._replace(start_maps=start_maps, window=model.window._replace(repeats=1))


def allocate(width: int, stride: int, length: int, start: Start | None = None) -> PixelModel:
    """Return a model that has seen nothing; sizes follow from the arguments, which both directions know.

    With `start` (for stride 1) it has, and treats the first row with more sense.
    """
    width = max(min(width, length), 1)
    stride = max(min(stride, width), 1)
    pixels = -(-width // stride)
    # Very wide rows: several tiles share their kept sums, so that memory stays bounded.
    tile_pixels = TILE_PIXELS * -(-pixels // (TILE_PIXELS * _MOST_TILES))
    tiles = -(-pixels // tile_pixels)
    slots_bits = min(max(length.bit_length() - 2, 8), 16)
    padded = width + 2 * MARGIN_PIXELS * stride
    local = tuple(new_least_squares(stride, order, tiles, shape, _RIDGE) for order, shape in _LOCAL_SHAPES)
    weights = new_weights(stride * int(SET_FIRST[-1]), INPUTS, 0)
    weights[:, :EXPERTS] = _FIRST_DIFFERENCE_WEIGHT
    weights[:, BLEND] = WEIGHT_ONE
    final_weights = new_weights(stride * (NODES + 48 * DEPTHS), FINAL_INPUTS, WEIGHT_ONE // SETS)
    model = PixelModel(
        window=new_window(width, stride),
        neighbours=np.stack([linear_neighbours(stride, channel) for channel in range(stride)]),
        offsets=np.zeros((stride, LINEAR_NEIGHBOURS), np.int64),
        means=np.zeros(2 * stride, np.int64),
        own=np.zeros(14, np.int64),
        differences=np.zeros(14, np.int64),
        samples=np.zeros(LINEAR_NEIGHBOURS, np.int32),
        normal=np.zeros(LINEAR_NEIGHBOURS, np.int32),
        local=local,  # type: ignore[arg-type]
        tile_pixels=tile_pixels,
        phase=new_least_squares(stride * PHASES, _PHASE_ORDER, 1, _PHASE_BLEND, _PHASE_RIDGE),
        phase_visits=np.zeros(stride * PHASES, np.int64),
        experts=new_experts(EXPERTS, RESCALED, width, stride),
        corrections=np.zeros((stride, CORRECTIONS, CORRECTION_SLOTS), np.int64),
        correction_at=np.zeros(CORRECTIONS, np.int64),
        signed=np.zeros((2, padded), np.int32),
        relative=np.full((2, padded), 64, np.int32),
        phase_errors=np.full(stride * PHASES, 512 << 8, np.int64),
        values=new_values(slots_bits),
        inverses=np.zeros(EXPERTS, np.int64),
        low=np.zeros(EXPERTS, np.int64),
        middle=np.zeros(EXPERTS, np.int64),
        high=np.zeros(EXPERTS, np.int64),
        maps=np.zeros(stride * MAPS * MAP_SLOTS * NODES, np.uint32),
        map_at=np.zeros(MAPS, np.int64),
        inputs=np.zeros(INPUTS, np.int32),
        weights=weights,
        set_at=np.zeros(SETS, np.int64),
        chosen=np.zeros(SETS, np.int64),
        final_inputs=np.zeros(FINAL_INPUTS, np.int32),
        final_weights=final_weights,
        now=np.zeros(NOW_SIZE, np.int64),
        start_maps=np.zeros(0, np.uint32),
    )
    return model if start is None else _warmed(model, start)


def model_bytes(width: int, stride: int, length: int) -> int:
    """Memory that a model for such a segment takes."""

    def count(part: object) -> int:
        if isinstance(part, tuple):
            return sum(count(inner) for inner in part)
        return part.nbytes if isinstance(part, np.ndarray) else 0

    return count(allocate(width, stride, length))

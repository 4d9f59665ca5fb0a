"""State of the audio model: what it remembers between two samples, as arrays that kernels take.

Three units of amplitude. A *value* is the sample as stored (8 or 16 bits with sign). An *internal unit* makes both
alike: 16-bit values as they are, 8-bit values times 64. Predictions and errors count 1/256 internal unit.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.mixing.audio_pitch import LAGS
from predzip.predictors.mixing.audio_squares import GAIN_ONE, factorise, stride, substitute
from predzip.predictors.mixing.maps import new_map
from predzip.predictors.mixing.mixer import new_weights
from predzip.predictors.mixing.warm import Start, read_start

FRACTION_BITS = 8
"""Predictions count 2^-8 of an internal unit."""

ORDERS = np.array([8, 16, 24, 32, 32], np.int64)
"""Regressors of the least-squares systems: the interleaved samples just before."""

_MEMORIES = (39, 79, 166, 399, 1999)  # samples after which the systems have forgotten 1 - 1/e
GROWTHS = np.array([GAIN_ONE // samples for samples in _MEMORIES], np.int64)
"""1 / lambda - 1 of each system, in 2^-24."""

SYSTEMS = len(ORDERS)
LONGEST = 32
STRIDE = stride(LONGEST)
RIDGE_SHIFT = 19

JOIN_TAPS = 3
JOIN_ORDER = SYSTEMS + JOIN_TAPS
JOIN_GROWTH = GAIN_ONE // 249
JOIN_RIDGE_SHIFT = 6
"""The system that joins the predictors: their differences, and errors one pitch period ago."""

FILTER_TAPS = np.array([256, 16], np.int64)
FILTERS = 2

ROOM = 4096
"""Histories run downwards through a buffer of this size, newest first, and are copied to its end when it is full."""

TREE_LEVELS = 4
ESCAPES = 12
NODES = 64
STAGES = 8
"""Nodes: 1-15 the tree, 16-27 escapes upwards, 28-39 downwards, 40-49 bisection. Stages are coarser."""

# Experts: who predicts (all around the final prediction but the last ones), see audio_coder.
FINAL, FINAL_NORMAL, FINAL_FAST, FINAL_SLOW, JOINED, REFERENCE, FIRST_SYSTEM = range(7)
EXPERTS = FIRST_SYSTEM + SYSTEMS
MAPS = 3
INPUTS = 24
BIAS = EXPERTS + MAPS
"""Place of the constant input."""

SETS = 3
ANSWERS = 8
"""Weight sets, and the room of their answers."""

# A warm start brings more maps and weight sets: without much experience they would not pay.
WARM_MAPS = 5
WARM_MAP_SLOTS = 2048
FIRST_WARM = BIAS + 1
WARM_SETS = 2
WARM_ROWS = 256

# Slots of `geometry`.
SAMPLE_BYTES, CHANNELS, BIG_ENDIAN, INTERNAL_SHIFT, QUANTUM, WARM = range(6)
# Slots of a channel's `clock`.
TIME, WARMTH, PLACE, PITCH, LAST_CELL, SEEN_BITS = range(6)
# Slots of `contexts`.
CONTEXT_SCALE, CONTEXT_LAST, CONTEXT_FRACTION, CONTEXT_TREND, CONTEXT_LEVEL, SPENT = range(6)

# Mean autocorrelation of speech at 16 kHz, lags 0-32, each stretch weighted by trust: where the systems start.
_START = (
    66336, 63745, 60084, 55470, 50188, 44467, 38558, 32597, 26661, 20869, 15259, 9901, 4900, 427, -3440, -6664, -9179,
    -11003, -12234, -12954, -13246, -13163, -12728, -11975, -10965, -9789, -8504, -7183, -5904, -4737, -3716, -2885,
    -2269,
)  # fmt: skip
_START_SHIFT = 21
_START_ERROR = {8: 100, 16: 200}  # internal units
_START_WEIGHTS = (16000, 10000, 8000) + (4000,) * (EXPERTS + MAPS - 3)
_START_FINAL_WEIGHT = 22000

WARM_START = "warm-audio"
_WARM_ENTRIES = WARM_MAPS * WARM_MAP_SLOTS * NODES


class AudioModel(NamedTuple):
    """Arrays of the model; C channels, S systems, E experts. Scratch arrays hold nothing between samples."""

    geometry: NDArray[np.int64]
    clock: NDArray[np.int64]  # (C, 6)
    past_place: NDArray[np.int64]  # (1,): where `past` begins
    past: NDArray[np.int32]  # internal units, channels interleaved, newest first
    sums: NDArray[np.int64]  # (C, S, STRIDE, STRIDE)
    gains: NDArray[np.int64]  # (C, S + 1): of the systems and of the joining one
    coefficients: NDArray[np.int32]  # (C, S, STRIDE)
    join_sums: NDArray[np.int64]  # (C, 16, 16)
    join_coefficients: NDArray[np.int32]  # (C, 16)
    error_past: NDArray[np.int32]  # (C, 3, ROOM + LAGS): of the reference, the join, the first filter
    filter_weights: NDArray[np.int32]  # (C, 2, 256)
    filter_energy: NDArray[np.int64]  # (C, 2)
    pitch_sums: NDArray[np.int64]  # (C, LAGS)
    errors: NDArray[np.int64]  # (C, E): mean absolute error of each expert, 2^-16 internal units
    trust_error: NDArray[np.int64]  # (C,): the same, for the weights of samples
    weights_node: NDArray[np.int32]  # (NODES, INPUTS)
    weights_trend: NDArray[np.int32]  # (8 * STAGES, INPUTS)
    weights_level: NDArray[np.int32]  # (16 * STAGES, INPUTS)
    weights_final: NDArray[np.int32]  # (NODES, ANSWERS)
    map_scale: NDArray[np.uint32]  # (NODES * 64,)
    map_last: NDArray[np.uint32]  # (NODES * 16,)
    map_fraction: NDArray[np.uint32]  # (NODES * 1024,)
    map_grid: NDArray[np.uint32]  # (16,)
    # Of a warm start only, else empty
    weights_warm: NDArray[np.int32]  # (WARM_SETS * WARM_ROWS * STAGES, INPUTS)
    maps_warm: NDArray[np.uint32]  # (WARM_MAPS * WARM_MAP_SLOTS * NODES,); an entry never met is 0
    start_maps: NDArray[np.uint32]  # the same at the start, shared and only read
    warm_at: NDArray[np.int64]  # (WARM_MAPS + WARM_SETS,): slots and rows of the sample
    cells: NDArray[np.int64]  # (C, 2): cells of the two samples before, newest first
    # Scratch
    factor: NDArray[np.int32]
    roots: NDArray[np.int64]
    rest: NDArray[np.int64]
    weighted: NDArray[np.int32]
    differences: NDArray[np.int32]
    predictions: NDArray[np.int64]  # (S + 3,): systems, reference, joined, final
    filter_outputs: NDArray[np.int64]
    centres: NDArray[np.int64]  # (E,)
    sharpness: NDArray[np.int64]  # (E,): 1.386 * 2^44 / error
    above: NDArray[np.int64]  # (3, E): mass above the low end, the threshold, the high end
    inputs: NDArray[np.int32]
    answers: NDArray[np.int32]  # (ANSWERS,)
    contexts: NDArray[np.int64]


def _start_sums(channels: int) -> NDArray[np.int64]:
    """Normal equations as if a little average speech had been heard, the same and unrelated in all channels."""
    sums = np.zeros((SYSTEMS, STRIDE, STRIDE), np.int64)
    shape = np.zeros(LONGEST + 1, np.int64)
    shape[::channels] = _START[: LONGEST // channels + 1]
    shape <<= _START_SHIFT
    for system, order in zip(sums, ORDERS, strict=True):
        for i in range(order):
            system[i, : i + 1] = shape[i::-1]
        system[order, :order] = shape[1 : order + 1]
        system[order, order] = shape[0]
    return sums


def _warmed(model: AudioModel, start: Start) -> AudioModel:
    """Fill a new model with the tables of `start`. The big maps are shared and only read."""
    names = ("weights_node", "weights_trend", "weights_level", "weights_final", "weights_warm")
    for name in (*names, "join_sums", "join_coefficients"):
        if name in start:
            table = getattr(model, name)
            table[...] = start[name].reshape((-1, *table.shape[1:]))
    for name in ("map_scale", "map_last", "map_fraction"):
        if name in start:
            table = getattr(model, name)
            table[...] = np.where(start[name] > 0, start[name], table)
    start_maps = cast(NDArray[np.uint32], start["maps_warm"]) if "maps_warm" in start else model.start_maps
    return model._replace(start_maps=start_maps)


def new_audio_model(bits: int, channels: int, big_endian: bool, length: int, *, warm: bool = False) -> AudioModel:
    """Return a model that has heard nothing.

    Args:
        bits: 8 (unsigned) or 16 (signed).
        channels: 1 or 2, interleaved.
        big_endian: order of the two bytes of a 16-bit sample.
        length: bytes of the segment; no state depends on it, as the model has less than 1 MB (warm: 5 MB).
        warm: whether the model starts with what recorded voices have taught.
    """
    return allocate(bits, channels, big_endian, length, read_start(f"{WARM_START}{bits}") if warm else None)


def allocate(bits: int, channels: int, big_endian: bool, length: int, start: Start | None = None) -> AudioModel:
    """`new_audio_model` with the tables given: None is the cold start."""
    warm = 0 if start is None else 1
    if bits not in (8, 16) or channels not in (1, 2) or length < 0:
        raise ValueError(f"{bits} bits, {channels} channels, {length} bytes: no such audio")
    shift = 0 if bits == 16 else 6
    sums = _start_sums(channels)
    coefficients = np.zeros((SYSTEMS, STRIDE), np.int32)
    factor, roots, rest = np.zeros((STRIDE, STRIDE), np.int32), np.zeros(STRIDE, np.int64), np.zeros(STRIDE, np.int64)
    for system, order in enumerate(ORDERS):
        factorise(sums[system], factor, roots, order, RIDGE_SHIFT, 0)
        substitute(factor, roots, rest, coefficients[system], order)
    clock = np.zeros((channels, 6), np.int64)
    clock[:, PLACE] = ROOM
    clock[:, PITCH] = 100
    weights = np.zeros(INPUTS, np.int32)
    weights[: len(_START_WEIGHTS)] = _START_WEIGHTS
    weights_final = new_weights(NODES, ANSWERS, 0)
    sets = SETS + warm * WARM_SETS
    weights_final[:, :sets] = _START_FINAL_WEIGHT * SETS // sets
    error = _START_ERROR[bits] << 16
    join_sums = np.zeros((channels, 16, 16), np.int64)
    join_sums[:, np.arange(JOIN_ORDER), np.arange(JOIN_ORDER)] = 1 << 30
    model = AudioModel(
        geometry=np.array([bits // 8, channels, big_endian, shift, 1 << (FRACTION_BITS + shift), warm], np.int64),
        clock=clock,
        past_place=np.array([ROOM], np.int64),
        past=np.zeros(ROOM + STRIDE, np.int32),
        sums=np.tile(sums, (channels, 1, 1, 1)),
        gains=np.full((channels, SYSTEMS + 1), GAIN_ONE, np.int64),
        coefficients=np.tile(coefficients, (channels, 1, 1)),
        join_sums=join_sums,
        join_coefficients=np.zeros((channels, 16), np.int32),
        error_past=np.zeros((channels, 3, ROOM + LAGS), np.int32),
        filter_weights=np.zeros((channels, FILTERS, 256), np.int32),
        filter_energy=np.zeros((channels, FILTERS), np.int64),
        pitch_sums=np.zeros((channels, LAGS), np.int64),
        errors=np.full((channels, EXPERTS), error, np.int64),
        trust_error=np.full(channels, error, np.int64),
        weights_node=np.tile(weights, (NODES, 1)),
        weights_trend=np.tile(weights, (8 * STAGES, 1)),
        weights_level=np.tile(weights, (16 * STAGES, 1)),
        weights_final=weights_final,
        map_scale=new_map(NODES * 64),
        map_last=new_map(NODES * 16),
        map_fraction=new_map(NODES * 1024),
        map_grid=new_map(16),
        weights_warm=np.tile(weights, (warm * WARM_SETS * WARM_ROWS * STAGES, 1)),
        maps_warm=np.zeros(warm * _WARM_ENTRIES, np.uint32),
        start_maps=np.zeros(warm * _WARM_ENTRIES, np.uint32),
        warm_at=np.zeros(WARM_MAPS + WARM_SETS, np.int64),
        cells=np.full((channels, 2), 8, np.int64),
        factor=factor,
        roots=roots,
        rest=rest,
        weighted=np.zeros(STRIDE, np.int32),
        differences=np.zeros(16, np.int32),
        predictions=np.zeros(SYSTEMS + 3, np.int64),
        filter_outputs=np.zeros(FILTERS, np.int64),
        centres=np.zeros(EXPERTS, np.int64),
        sharpness=np.zeros(EXPERTS, np.int64),
        above=np.zeros((3, EXPERTS), np.int64),
        inputs=np.zeros(INPUTS, np.int32),
        answers=np.zeros(ANSWERS, np.int32),
        contexts=np.zeros(6, np.int64),
    )
    return model if start is None else _warmed(model, start)

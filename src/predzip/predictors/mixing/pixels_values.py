"""Exact repetition: which value followed the same neighbours before.

Photographs hardly use it; drawings, screenshots and palettes live by it. Three hashes of exact neighbours each remember
one value and how often it came in a row. While that value lies in the interval being split it votes for its side,
with the confidence that such counts have earned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.logistic import stretch
from predzip.predictors.mixing.maps import map_p, map_update, new_map
from predzip.predictors.mixing.pixels_integers import wide
from predzip.predictors.mixing.pixels_window import PLACE_CHANNEL, PLACE_X, PLACE_Y, Window, row_start

MEMORIES = 3
_COUNTS = 16
_DEPTHS = 8
_TRUST_LIMIT = 255
_HASH = np.uint64(0x9E3779B97F4A7C15)
_CHECK_SHIFT = np.uint64(16)
_SIXTEEN_BITS = np.uint64(0xFFFF)


class Values(NamedTuple):
    """Hash tables of remembered values; an entry is check (16 bits), count (8), value (8)."""

    tables: NDArray[np.uint32]  # (MEMORIES, entries)
    slots: NDArray[np.int64]  # (MEMORIES,): entries of this pixel
    checks: NDArray[np.int64]  # (MEMORIES,)
    counts: NDArray[np.int64]  # (MEMORIES,): 0 if unknown
    expected: NDArray[np.int64]  # (MEMORIES,)
    trust: NDArray[np.uint32]  # probability that the expected side is right
    trusted: NDArray[np.int64]  # (MEMORIES,): entry of `trust` in this decision, -1 without a vote
    shift: int


def new_values(entries_bits: int) -> Values:
    """Return empty memories of 2^entries_bits entries each."""
    return Values(
        np.zeros((MEMORIES, 1 << entries_bits), np.uint32),
        np.zeros(MEMORIES, np.int64),
        np.zeros(MEMORIES, np.int64),
        np.zeros(MEMORIES, np.int64),
        np.zeros(MEMORIES, np.int64),
        new_map(MEMORIES * _COUNTS * _DEPTHS, 50000),
        np.zeros(MEMORIES, np.int64),
        64 - entries_bits,
    )


@kernel
def _stir(state: np.uint64, value: int) -> np.uint64:
    return (state ^ np.uint64(value)) * _HASH


@kernel
def look_up(values: Values, window: Window) -> None:
    """Find what followed the neighbours of the current byte; they are whole pixels and the channels known here."""
    rows = window.rows
    stride = window.stride
    channel = window.place[PLACE_CHANNEL]
    y = window.place[PLACE_Y]
    x = window.place[PLACE_X]
    here = row_start(window, y) + x
    north = row_start(window, y - 1) + x
    north2 = row_start(window, y - 2) + x
    near = np.uint64(channel + 1) * _HASH
    # Everything known of this pixel and its west, then the pixels above it.
    for i in range(1, stride + channel + 1):
        near = _stir(near, rows[here - i])
    for i in range(stride):
        near = _stir(near, rows[north - channel + i])
    wide = near
    for i in range(stride):
        wide = _stir(wide, rows[north - channel - stride + i])
        wide = _stir(wide, rows[north - channel + stride + i])
    widest = wide
    for i in range(stride):
        widest = _stir(widest, rows[here - channel - 2 * stride + i])
        widest = _stir(widest, rows[north2 - channel + i])
        widest = _stir(widest, rows[north - channel + 2 * stride + i])
    _find(values, 0, near)
    _find(values, 1, wide)
    _find(values, 2, widest)


@kernel
def _find(values: Values, i: int, state: np.uint64) -> None:
    mixed = (state ^ (state >> np.uint64(29))) * _HASH
    slot = wide(mixed >> np.uint64(values.shift))
    check = wide((mixed >> _CHECK_SHIFT) & _SIXTEEN_BITS)
    entry = wide(values.tables[i, slot])
    values.slots[i] = slot
    values.checks[i] = check
    if entry >> 16 == check:
        values.counts[i] = (entry >> 8) & 255
        values.expected[i] = entry & 255
    else:
        values.counts[i] = 0


@kernel
def remember(values: Values, value: int) -> None:
    """Store the value of the current byte under its neighbours."""
    for i in range(MEMORIES):
        count = values.counts[i]
        expected = values.expected[i]
        if count == 0:
            count, expected = 1, value
        elif expected == value:
            count = min(count + 1, 255)
        elif count > 3:
            count >>= 2  # a value that was right for long is not given up at once
        else:
            count, expected = 1, value
        values.tables[i, values.slots[i]] = np.uint32(values.checks[i] << 16 | count << 8 | expected)


@kernel
def vote(values: Values, inputs: NDArray[np.int32], first: int, low: int, split: int, high: int, depth: int) -> None:
    """Write one mixer input a memory: for or against the upper part [split, high) of [low, high)."""
    for i in range(MEMORIES):
        expected = values.expected[i]
        values.trusted[i] = -1
        inputs[first + i] = 0
        if values.counts[i] > 0 and low <= expected < high:
            at = (i * _COUNTS + min(values.counts[i], _COUNTS - 1)) * _DEPTHS + depth
            values.trusted[i] = at
            strength = stretch(map_p(values.trust, at))
            inputs[first + i] = strength if expected >= split else -strength


@kernel
def learn_trust(values: Values, split: int, bit: int) -> None:
    """Tell the memories that voted which side was right."""
    for i in range(MEMORIES):
        if values.trusted[i] >= 0:
            side = 1 if values.expected[i] >= split else 0
            map_update(values.trust, values.trusted[i], 1 if side == bit else 0, _TRUST_LIMIT)


@kernel
def confidence(values: Values) -> int:
    """How sure the memories are, as a number below 64."""
    level = 0
    for i in range(MEMORIES):
        level = level * 4 + min(values.counts[i], 3)
    return level

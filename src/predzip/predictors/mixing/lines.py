"""Hashed context tables: one line of 32 bytes holds the histories of half a byte in one context.

A line is 16 words of 16 bits: a check word, then 15 nodes, the binary tree over four bits. So each context costs
one cache miss per half byte. All contexts share one table. A line is looked for at two neighbouring places; if it is
at neither, the one whose first node has seen less makes room: memory stays fixed and old, rare contexts go first.

Hashes are uint64 throughout, where wrap-around is defined (exactness rule 4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.states import TOTALS

LINE_WORDS = 16
LINE_BYTES = 2 * LINE_WORDS

_Lines = NDArray[np.uint16]

_MULTIPLIER_A = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_B = np.uint64(0xD6E8FEB86659FD93)
_32 = np.uint64(32)
_40 = np.uint64(40)
_16 = np.uint64(16)
_ONE = np.uint64(1)
_EMPTY = np.uint16(0)
_LOW_WORD = np.uint64(0xFFFF)
_LOW_BYTE = np.uint64(0xFF)


@kernel
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """Hash of two 64-bit values; every bit of the result depends on every bit of both."""
    x = (np.uint64(a) + _MULTIPLIER_A) * _MULTIPLIER_B
    x = (x ^ (x >> _32) ^ np.uint64(b)) * _MULTIPLIER_A
    return x ^ (x >> _32)


@kernel
def first_place(mask: np.uint64, context: np.uint64) -> np.uint64:
    """The first of the two places where the line of a context hash may be."""
    return ((np.uint64(context) * _MULTIPLIER_B) >> _32) & mask


@kernel
def find_line(lines: _Lines, mask: np.uint64, context: np.uint64) -> np.uint64:
    """Index of the line of a context hash, emptied and claimed if it was not there. `mask` = lines - 1."""
    h = np.uint64(context) * _MULTIPLIER_B
    check = np.uint16((h >> _16) & _LOW_WORD) | np.uint16(1)
    first = (h >> _32) & mask
    if lines[first, 0] == check:
        return first
    second = first ^ _ONE
    if lines[second, 0] == check:
        return second
    chosen = first
    if TOTALS[np.uint64(lines[first, 1]) & _LOW_BYTE] > TOTALS[np.uint64(lines[second, 1]) & _LOW_BYTE]:
        chosen = second
    for word in range(LINE_WORDS):
        lines[chosen, word] = _EMPTY
    lines[chosen, 0] = check
    return chosen


def new_lines(count: int) -> _Lines:
    """A table of `count` empty lines, shape (count, 16), two lines to each cache line of 64 bytes."""
    raw = np.zeros(count * LINE_WORDS + 32, np.uint16)
    offset = (-raw.ctypes.data // 2) % 32
    return raw[offset : offset + count * LINE_WORDS].reshape(count, LINE_WORDS)

"""Bit histories: what was seen in one context, in 16 bits.

A node of the context tables holds two summaries of the bits that followed its context:

- the *count state* (low byte): a pair (zeros, ones), bounded so that 8 bits are enough. When the other bit comes, a
  large count is cut: recent behaviour counts more than old (nonstationary update, as in PAQ6, Mahoney 2005).
- the *recent bits* (high byte): the last seven bits exactly, behind a leading one.

The first knows how often, the second in which order. Both are indexes of adaptive maps, so what a history *means*
is learned from the data (indirect modelling). 0 is the empty history in both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Bounds on the larger count, by the smaller one: a context with one kind of bit only may count far.
_LARGER_COUNT_BOUNDS = (46, 40, 16, 11, 9, 7, 7)

# What is left of a count when the other bit comes.
_KEPT_COUNT = (0, 1, 2, 3, 3, 4, 5, 5, 6)
_KEPT_COUNT_MAX = 6


def _allowed(zeros: int, ones: int) -> bool:
    smaller, larger = min(zeros, ones), max(zeros, ones)
    return smaller < len(_LARGER_COUNT_BOUNDS) and larger <= _LARGER_COUNT_BOUNDS[smaller]


def _next_pair(zeros: int, ones: int, bit: int) -> tuple[int, int]:
    seen, other = (ones, zeros) if bit else (zeros, ones)
    seen += 1
    other = _KEPT_COUNT[other] if other < len(_KEPT_COUNT) else _KEPT_COUNT_MAX
    while not _allowed(seen, other):
        if seen > other:
            seen -= 1
        else:
            other -= 1
    return (other, seen) if bit else (seen, other)


def _reachable_pairs() -> list[tuple[int, int]]:
    """All pairs from (0, 0) on, in breadth-first order: the order is part of the format."""
    pairs = [(0, 0)]
    for pair in pairs:
        for bit in (0, 1):
            following = _next_pair(*pair, bit)
            if following not in pairs:
                pairs.append(following)
    assert len(pairs) <= 256, len(pairs)  # noqa: S101  (a wrong bound above must not pass unnoticed)
    return pairs


_PAIRS = _reachable_pairs()


def _next_states() -> NDArray[np.uint8]:
    index = {pair: i for i, pair in enumerate(_PAIRS)}
    table = np.zeros((256, 2), np.uint8)
    for pair, i in index.items():
        for bit in (0, 1):
            table[i, bit] = index[_next_pair(*pair, bit)]
    return table


def _next_recents() -> NDArray[np.uint8]:
    table = np.zeros((256, 2), np.uint8)
    for history in range(256):
        for bit in (0, 1):
            longer = (max(history, 1) << 1) | bit
            table[history, bit] = longer if longer < 256 else 128 | (longer & 127)
    return table


def _estimates(pairs: list[tuple[int, int]]) -> NDArray[np.uint32]:
    """Map entries (see `maps`): p(1) of each pair by the estimator (n1 + 0.4) / (n + 0.8), barely trusted."""
    entries = np.full(256, 32768 << 16, np.uint32)
    for i, (zeros, ones) in enumerate(pairs):
        p1 = (65536 * (5 * ones + 2)) // (5 * (zeros + ones) + 4)
        entries[i] = (min(max(p1, 32), 65504) << 16) | min(zeros + ones, 6)
    return entries


def _recent_pairs() -> list[tuple[int, int]]:
    pairs = [(0, 0)]
    for history in range(1, 256):
        bits = bin(history)[3:]
        pairs.append((bits.count("0"), bits.count("1")))
    return pairs


NEXT_STATE = _next_states()
"""Count state after a bit, shape (256, 2)."""

NEXT_RECENT = _next_recents()
"""Recent bits after a bit, shape (256, 2)."""

TOTALS = np.array([sum(pair) for pair in _PAIRS] + [0] * (256 - len(_PAIRS)), np.uint8)
"""Observations that a count state stands for: what is lost when the node is given up."""

STATE_MAP = _estimates(_PAIRS)
"""First guess of p(1) for each count state, as map entries, shape (256,)."""

RECENT_MAP = _estimates(_recent_pairs())
"""First guess of p(1) for each string of recent bits, as map entries, shape (256,)."""

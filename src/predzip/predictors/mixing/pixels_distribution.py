"""The distribution around a prediction: a table of its cumulative probabilities, its quantiles, and logarithms.

Every linear predictor says "about `centre`, give or take `scale`"; this file turns that into the probability of
a decision "is the pixel in the upper part of this interval?". The shape is a logistic distribution with a wide one
mixed in for outliers. Everything is built from exact big integers (exactness rule 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.pixels_integers import bit_length, wide

CENTRE_BITS = 6
"""Predictions and scales count 1/64 grey level."""

_STEP_BITS = 4  # table entries per scale unit: 16
_FRACTION_BITS = 8  # linear interpolation between them
POSITION_BITS = _STEP_BITS + _FRACTION_BITS
_REACH = 24  # scale units on each side
_HALF = _REACH << _STEP_BITS
CUMULATIVE_BITS = 28
_UNIFORM_SHIFT = 10  # 2^10 of 2^28 for each grey level: the floor under every probability
_WIDE = 3  # scale of the wide component
_WIDE_PARTS = 38  # of 256

_LOG_BITS = 10

_PRECISE = 160


def _exponential(numerator: int, denominator: int) -> int:
    """e^(numerator / denominator) with _PRECISE fractional bits, numerator >= 0."""
    one = 1 << _PRECISE
    whole, rest = divmod(numerator, denominator)
    e, term = one, one
    for k in range(1, 60):
        term //= k
        e += term
    result = one
    for _ in range(whole):
        result = result * e >> _PRECISE
    series, term = one, one
    for k in range(1, 60):
        term = term * rest // (denominator * k)
        series += term
    return result * series >> _PRECISE


def _logistic(numerator: int, denominator: int, bits: int) -> int:
    """1 / (1 + e^-x) for x = numerator / denominator, in 2^-bits."""
    one = 1 << _PRECISE
    power = _exponential(abs(numerator), denominator)
    upper = (power << bits) // (one + power)
    return upper if numerator >= 0 else (1 << bits) - upper


def _cumulative_table() -> NDArray[np.int32]:
    table = np.empty(2 * _HALF + 2, np.int32)
    for i in range(2 * _HALF + 2):
        x = i - _HALF
        narrow = _logistic(x, 1 << _STEP_BITS, CUMULATIVE_BITS)
        wide = _logistic(x, _WIDE << _STEP_BITS, CUMULATIVE_BITS)
        table[i] = (narrow * (256 - _WIDE_PARTS) + wide * _WIDE_PARTS) >> 8
    return table


def _quantile_table(levels: int) -> NDArray[np.int64]:
    """For node 2^k + j of a binary tree the (2 j + 1) / 2^(k + 1) quantile, in 1/64 scale unit."""
    table = np.zeros(1 << levels, np.int64)
    for node in range(1, 1 << levels):
        level = node.bit_length() - 1
        target = ((2 * (node - (1 << level)) + 1) << CUMULATIVE_BITS) >> (level + 1)
        i = int(np.searchsorted(CUMULATIVE, target))
        below, above = int(CUMULATIVE[i - 1]), int(CUMULATIVE[i])
        table[node] = (((i - 1 - _HALF) << 6) + ((target - below) << 6) // (above - below)) >> _STEP_BITS
    return table


def _log_table() -> NDArray[np.int32]:
    """ln(1 + i / 2^_LOG_BITS) in 2^-16, by repeated squaring."""
    table = np.empty((1 << _LOG_BITS) + 1, np.int32)
    one = 1 << 64
    ln2 = 0
    for k in range(1, 70):  # ln 2 = sum of 1 / (k 2^k)
        ln2 += one // (k << k)
    for i in range((1 << _LOG_BITS) + 1):
        x = one + (i * one >> _LOG_BITS)
        log2, half = 0, one
        if x >= 2 * one:
            table[i] = ln2 >> 48
            continue
        for _ in range(40):
            x = x * x >> 64
            half >>= 1
            if x >= 2 * one:
                x >>= 1
                log2 += half
        table[i] = (log2 * ln2 >> 64) >> 48
    return table


TREE_LEVELS = 5
"""Decisions that split at quantiles; below them an interval is halved."""

CUMULATIVE = _cumulative_table()
QUANTILES = _quantile_table(TREE_LEVELS)
LOGARITHMS = _log_table()
_LN2 = int(LOGARITHMS[1 << _LOG_BITS])


@kernel
def inverse_scale(scale: int) -> int:
    """Factor that turns a distance in 1/64 grey level into a table position, 16 fractional bits."""
    return (1 << (POSITION_BITS + 16)) // scale


@kernel
def cumulative(edge: int, centre: int, inverse: int) -> int:
    """Probability (2^28, plus the uniform floor) that the pixel lies below grey level `edge`."""
    position = (((edge << CENTRE_BITS) - (1 << (CENTRE_BITS - 1)) - centre) * inverse) >> 16
    position = min(max(position + (_HALF << _FRACTION_BITS), 0), 2 * _HALF << _FRACTION_BITS)
    index = position >> _FRACTION_BITS
    fraction = position & ((1 << _FRACTION_BITS) - 1)
    below = wide(CUMULATIVE[np.uint64(index)])
    above = wide(CUMULATIVE[np.uint64(index + 1)])
    return below + (((above - below) * fraction) >> _FRACTION_BITS) + (edge << _UNIFORM_SHIFT)


@kernel
def log_fixed(value: int) -> int:
    """ln(value) in 2^-16, for 1 <= value < 2^31."""
    bits = bit_length(value) - 1
    mantissa = ((value << 30) >> bits) >> (30 - _LOG_BITS)
    return bits * _LN2 + wide(LOGARITHMS[np.uint64(mantissa - (1 << _LOG_BITS))])


@kernel
def log_odds(upper: int, lower: int) -> int:
    """ln(upper / lower) in 1/256."""
    return (log_fixed(upper) - log_fixed(lower)) >> 8

"""Estimated code lengths: how many bits would a simple model of each kind spend on a stretch of bytes.

Adds the measuring rod of detection. All figures are integers in 1/256 bit, so every machine takes the same decision.
Every model is adaptive and pays for what it learns (Krichevsky-Trofimov counts: symbol s costs
-log2 of (2 count(s) + 1) / (2 total + alphabet)), so models of different size are comparable on 2 KB already.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import allocating_kernel, kernel

Bytes = NDArray[np.uint8]
Samples = NDArray[np.int32]
Costs = NDArray[np.int64]

BIT = 256  # the unit of every cost: one bit
MAX_COST_BYTES = 1 << 15  # the longest stretch that one call may look at
PREDICTION_ORDERS = 4


def _log2_table(size: int) -> Costs:
    """Return log2 of 0..size-1 (0 for 0) in 1/256 bit, by repeated squaring: no math library decides a digit."""
    numbers = np.arange(size, dtype=np.uint64)
    numbers[0] = 1
    whole = np.zeros(size, dtype=np.int64)
    for shift in range(1, size.bit_length()):
        whole += (numbers >> np.uint64(shift)) > 0
    mantissa = numbers << (np.uint64(31) - whole.astype(np.uint64))  # in [2^31, 2^32)
    table = whole
    for _ in range(8):
        mantissa = (mantissa * mantissa) >> np.uint64(31)
        carry = mantissa >> np.uint64(32)
        table = table * 2 + carry.astype(np.int64)
        mantissa >>= carry
    return table


_ALPHABET = 256
_BUCKETS = 20  # bit lengths of residuals: 16-bit samples under a cubic predictor reach 20, cut to 19
_SHORT_BITS = 10
_SHORT = 1 << _SHORT_BITS
_BIT_LENGTHS = np.array([number.bit_length() for number in range(_SHORT)], dtype=np.uint8)
_HASH_SHIFT = 20
_HASH_SIZE = 1 << (32 - _HASH_SHIFT)
_MAX_RUN = 7
_LOG2 = _log2_table(2 * MAX_COST_BYTES + _ALPHABET + 2)
# What c symbols of one sort give back, and what n symbols in all cost: the two halves of the formula, summed.
_NUMERATORS = np.concatenate([np.zeros(1, np.int64), np.cumsum(_LOG2[1 : 2 * MAX_COST_BYTES + 2 : 2])])
_DENOMINATORS = np.concatenate([np.zeros(1, np.int64), np.cumsum(_LOG2[_ALPHABET::2])])


@kernel
def _counts_cost(counts: Costs) -> int:
    total = 0
    cost = 0
    for symbol in range(counts.size):
        total += counts[symbol]
        cost -= _NUMERATORS[counts[symbol]]
    return int(cost + _DENOMINATORS[total])


@allocating_kernel
def order0_cost(data: Bytes, start: int, stop: int, step: int, lag: int) -> int:
    """Cost of every step-th byte by its frequency; with a lag, of its difference to the byte that far before."""
    counts = np.zeros(256, np.int64)
    if lag == 0:
        for position in range(start, stop, step):
            counts[data[position]] += 1
    else:
        for position in range(start, stop, step):
            counts[(np.int64(data[position]) - np.int64(data[position - lag])) & 255] += 1
    return _counts_cost(counts)


@allocating_kernel
def recent_cost(data: Bytes, start: int, stop: int, order: int) -> int:
    """Cost when the byte that last followed the same `order` bytes is tried first: what records and text gain."""
    last = np.zeros(_HASH_SIZE, np.uint8)
    run = np.zeros(_HASH_SIZE, np.int64)  # 0: context not seen; else 1 + how often in a row it was right
    outcomes = np.ones((_MAX_RUN + 1, 2), np.int64)
    missed = np.zeros(256, np.int64)
    cost = 0
    for position in range(start + order, stop):
        context = np.int64(data[position - 1])
        if order > 1:
            context |= np.int64(data[position - 2]) << 8
        if order > 2:
            context |= np.int64(data[position - 3]) << 16
        slot = (context * 0x9E3779B1 & 0xFFFFFFFF) >> _HASH_SHIFT
        symbol = data[position]
        state = run[slot]
        right = np.int64(state > 0 and last[slot] == symbol)
        if state > 0:
            cost += _LOG2[outcomes[state, 0] + outcomes[state, 1]] - _LOG2[outcomes[state, right]]
            outcomes[state, right] += 1
        if right == 1:
            run[slot] = min(state + 1, _MAX_RUN)
        else:
            missed[symbol] += 1
            run[slot] = 1
            last[slot] = symbol
    return cost + _counts_cost(missed)


@kernel
def _bucket_of(residual: np.int64) -> np.int64:
    # In kernels a byte must become np.int64: int() of it stays unsigned and wraps below zero.
    folded = 2 * residual if residual >= 0 else -2 * residual - 1
    if folded < _SHORT:
        return np.int64(_BIT_LENGTHS[folded])
    bucket = np.int64(_BIT_LENGTHS[folded >> _SHORT_BITS]) + _SHORT_BITS
    if bucket >= _BUCKETS:
        bucket = np.int64(_BUCKETS - 1)
    return bucket


@kernel
def _residual_cost(counts: Costs, context: np.int64, bucket: np.int64) -> int:
    """Cost of a residual: its bit length by adaptive counts in this context, the bits below plainly."""
    total = counts[context, _BUCKETS]
    cost = _LOG2[2 * total + _BUCKETS] - _LOG2[2 * counts[context, bucket] + 1]
    if bucket > 1:
        cost += BIT * (bucket - 1)
    counts[context, bucket] += 1
    counts[context, _BUCKETS] = total + 1
    return int(cost)


@allocating_kernel
def signal_costs(samples: Samples, centre: int) -> Costs:
    """Cost of samples predicted as the centre, the last one, a straight line, a parabola (orders 0 to 3)."""
    costs = np.zeros(PREDICTION_ORDERS, np.int64)
    counts = np.zeros((PREDICTION_ORDERS, _BUCKETS, _BUCKETS + 1), np.int64)
    size = np.zeros(PREDICTION_ORDERS, np.int64)  # of the last residuals
    prediction = np.zeros(PREDICTION_ORDERS, np.int64)
    prediction[0] = centre
    for index in range(3, samples.size):
        one, two, three = np.int64(samples[index - 1]), np.int64(samples[index - 2]), np.int64(samples[index - 3])
        prediction[1] = one
        prediction[2] = 2 * one - two
        prediction[3] = 3 * one - 3 * two + three
        for order in range(PREDICTION_ORDERS):
            bucket = _bucket_of(np.int64(samples[index]) - prediction[order])
            costs[order] += _residual_cost(counts[order], size[order], bucket)
            size[order] = (size[order] + bucket + 1) >> 1
    return costs


@allocating_kernel
def rows_cost(data: Bytes, start: int, stop: int, width: int, pixel_bytes: int) -> int:
    """Cost of pixels predicted from left, above and above left (the median predictor of JPEG-LS)."""
    counts = np.zeros((pixel_bytes * _BUCKETS, _BUCKETS + 1), np.int64)
    cost = 0
    for position in range(start, stop):
        left = np.int64(data[position - pixel_bytes])
        above = np.int64(data[position - width])
        corner = np.int64(data[position - width - pixel_bytes])
        low, high = min(left, above), max(left, above)
        prediction = left + above - corner
        if corner >= high:
            prediction = low
        elif corner <= low:
            prediction = high
        activity = _bucket_of(abs(left - corner) + abs(above - corner))
        context = np.int64((position % pixel_bytes) * _BUCKETS) + activity
        cost += _residual_cost(counts, context, _bucket_of(np.int64(data[position]) - prediction))
    return cost


@allocating_kernel
def lag_differences(data: Bytes, start: int, stop: int, max_lag: int) -> NDArray[np.int64]:
    """Sum of absolute differences between each byte and the byte `lag` before, for lags 0 to max_lag."""
    sums = np.zeros(max_lag + 1, np.int64)
    for lag in range(1, max_lag + 1):
        total = np.int64(0)
        for position in range(start, stop):
            total += abs(np.int64(data[position]) - np.int64(data[position - lag]))
        sums[lag] = total
    return sums

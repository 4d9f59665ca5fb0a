"""Least squares in integers: weighted normal equations with exponential forgetting, solved by a Cholesky factor.

The LMS filters of `audio_lms` follow the gradient; this file jumps to the minimum. A system of order n predicts a
target from n regressors; it keeps the lower triangle of the (n + 1) x (n + 1) matrix of weighted products of
(regressors, target), and every few samples factors it. With the target as last row, the last row of the factor is
the right-hand side already solved forwards, so one triangular substitution gives the coefficients.

Everything stays below 2^63 by construction, whatever the samples are:

- regressors |u| <= 2^15 and weighted regressors |u * q| <= 2^30, so a product is <= 2^45, and a memory of up to 2^13
  samples keeps the sums below 2^58 (`weight_limit` bounds q);
- forgetting multiplies the weight of the *new* sample by 1/lambda instead of the old sums by lambda; when the gain
  reaches 2, gain and sums are halved;
- for the factor, the matrix is shifted so that its greatest diagonal element lies in [2^54, 2^55); entries of the
  factor are cut to 28 bits (for a true covariance they cannot be greater), so a dot product of 32 stays below 2^61;
- coefficients are cut to 26 bits (-64 to 64), so substitution and prediction stay below 2^60.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

COEFFICIENT_BITS = 20
GAIN_ONE = 1 << 24
PADDING = 8  # rows are read in groups of 8, so that loops vectorise without a rest

_COEFFICIENT_LIMIT = (1 << 26) - 1
_TOP = 1 << 54
_LEAST_PIVOT = 1 << 34
_FACTOR_LIMIT = (1 << 28) - 1
_PART_LIMIT = (1 << 30) - 1

_Sums = NDArray[np.int64]
_Ints = NDArray[np.int32]


def _root_table() -> NDArray[np.int64]:
    """1 / sqrt(a) with 30 fractional bits for the middle of each of 256 steps of a in [0, 1)."""
    table = np.zeros(256, np.int64)
    for i in range(64, 256):
        # sqrt(2^60 / a) with a = (2 i + 1) / 512, by an integer root.
        table[i] = _integer_root((1 << 69) // (2 * i + 1))
    return table


def _integer_root(value: int) -> int:
    guess = 1 << ((value.bit_length() + 1) // 2)
    while True:
        better = (guess + value // guess) // 2
        if better >= guess:
            return guess
        guess = better


_ROOTS = _root_table()


def stride(order: int) -> int:
    """Row length of the arrays of a system: the order and the target, rounded up to the padding."""
    return (order + 1 + PADDING - 1) // PADDING * PADDING


@kernel
def accumulate(sums: _Sums, regressors: _Ints, weighted: _Ints, target: int, weighted_target: int, order: int) -> None:
    """Add one sample to the normal equations: sums += u * (q u)^T for u = (regressors, target).

    Args:
        sums: shape (stride, stride); only the lower triangle counts.
        regressors: u, at least `order` rounded up to the padding.
        weighted: q u, as long.
        target: the sample, |target| <= 2^15.
        weighted_target: q * target.
        order: number of regressors.
    """
    for i in range(order):
        row = sums[i]
        value = np.int64(regressors[i])
        for j in range((i | (PADDING - 1)) + 1):
            row[j] += value * np.int64(weighted[j])
    row = sums[order]
    for j in range(order):
        row[j] += target * np.int64(weighted[j])
    row[order] += target * weighted_target


@kernel
def halve(sums: _Sums) -> None:
    """Halve all sums (after the gain of new samples has doubled)."""
    for i in range(sums.shape[0]):
        row = sums[i]
        for j in range(row.shape[0]):
            row[j] >>= 1


@kernel
def factorise(sums: _Sums, factor: _Ints, roots: _Sums, order: int, ridge_shift: int, target_ridge_shift: int) -> int:
    """Cholesky factor of the shifted sums plus a ridge; its last row is the target's.

    Args:
        sums: lower triangle of the normal equations.
        factor: receives the factor; shape as `sums`, zero above the diagonal.
        roots: scratch, shape (stride,): receives reciprocals of the diagonal.
        order: number of regressors.
        ridge_shift: the greatest diagonal element >> ridge_shift is added to the diagonal.
        target_ridge_shift: 0, or the target's own energy >> target_ridge_shift is added as well.

    Returns:
        1, or 0 when the sums are all zero and there is no factor.
    """
    greatest = np.int64(0)
    for i in range(order + 1):
        greatest = max(greatest, sums[i, i])
    if greatest <= 0:
        return 0
    up, away = 0, 0
    while (greatest << up) < _TOP:
        up += 1
    while (greatest >> away) >= 2 * _TOP:
        away += 1
    ridge = (greatest >> away << up) >> ridge_shift
    if target_ridge_shift > 0:
        ridge += (max(sums[order, order], 0) >> away << up) >> target_ridge_shift
    for i in range(order + 1):
        row = factor[i]
        for k in range(row.shape[0]):
            row[k] = 0
        source = sums[i]
        for j in range(i):
            other = factor[j]
            total = np.int64(0)
            for k in range((j + PADDING - 1) & -PADDING):
                total += np.int64(row[k]) * np.int64(other[k])
            # The reciprocal of the pivot is (roots >> 5) * 2^(down - 58), with `down` in the low 5 bits.
            rest = (source[j] >> away << up) - total
            part = min(max(rest >> (28 - (roots[j] & 31)), -_PART_LIMIT), _PART_LIMIT)
            scaled = part * (roots[j] >> 5) >> 30
            row[j] = min(max(scaled, -_FACTOR_LIMIT), _FACTOR_LIMIT)
        if i == order:
            break
        total = np.int64(0)
        for k in range((i + PADDING - 1) & -PADDING):
            total += np.int64(row[k]) * np.int64(row[k])
        pivot = max((source[i] >> away << up) + ridge - total, _LEAST_PIVOT)
        down = 0
        while (pivot << (2 * down)) < _TOP:
            down += 1
        # The root of a in [1/4, 1), a = part / 2^32: a table, then two steps of Newton's method.
        part = (pivot << (2 * down)) >> 24
        root = _ROOTS[np.uint64(min(part >> 24, 255))]
        root = root * ((3 << 30) - (part * ((root * root) >> 30) >> 32)) >> 31
        root = root * ((3 << 30) - (part * ((root * root) >> 30) >> 32)) >> 31
        row[i] = min((part * root >> 34) >> down, _FACTOR_LIMIT)
        roots[i] = (root << 5) | down
    return 1


@kernel
def substitute(factor: _Ints, roots: _Sums, rest: _Sums, coefficients: _Ints, order: int) -> None:
    """Coefficients (20 fractional bits) from a factor: solve its transpose against its last row."""
    last = factor[order]
    for i in range(order):
        rest[i] = np.int64(last[i]) << COEFFICIENT_BITS
    for i in range(order - 1, -1, -1):
        part = min(max(rest[i] >> (25 - (roots[i] & 31)), -_PART_LIMIT), _PART_LIMIT)
        value = part * (roots[i] >> 5) >> 33
        value = min(max(value, -_COEFFICIENT_LIMIT), _COEFFICIENT_LIMIT)
        coefficients[i] = value
        row = factor[i]
        for j in range(i):
            rest[j] -= value * np.int64(row[j])


@kernel
def predict(coefficients: _Ints, regressors: _Ints, order: int) -> int:
    """Sum of coefficient * regressor with 20 fractional bits; `order` is rounded up to the padding by the caller."""
    total = np.int64(0)
    for i in range(order):
        total += np.int64(coefficients[i]) * np.int64(regressors[i])
    return int(total)

"""From probabilities to integer frequencies, with the same result on every machine.

Adds to `frequencies` the one place where floats come in. What is done to them is elementwise and exactly rounded
by IEEE 754 (compare, divide, multiply by a power of two, round to nearest); sums run over integers. So the result
does not depend on order, vector width, thread count or library. Both directions must call it on the same floats.

The largest probability becomes a weight of 2^31, the others in proportion. Each symbol gets 1, and the spare
rest of the total is dealt out in proportion to the weights, the remainder of each division being handed to the
next symbol: the sum comes out exact, without sorting, so there are no ties to break. Each frequency is less than
1 away from 1 + its exact share. With n symbols, the guaranteed 1 costs log2(total / (total - n)) bits a symbol:
nothing at totals of 2^32, 0.006 bits with 256 symbols at 2^16.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.frequencies import MAXIMUM_TOTAL, Frequencies
from predzip.errors import UsageError
from predzip.jit import kernel

# Below the least, a machine that flushes subnormal numbers to zero could come to other weights.
LEAST_MAXIMUM = 2.0**-64
GREATEST_MAXIMUM = 2.0**64

_GREATEST_WEIGHT = float(1 << 31)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


@kernel
def _quantize_rows(probabilities: NDArray[np.float64], total: int, frequencies: Frequencies) -> int:
    """Fill `frequencies` row by row; return -1, or the index of the first row that is no distribution."""
    rows, size = probabilities.shape
    spare = np.uint64(total - size)
    for row in range(rows):
        largest = 0.0
        for symbol in range(size):
            probability = probabilities[row, symbol]
            if not probability >= 0.0:  # negative, or not a number
                return row
            if probability > largest:
                largest = probability
        if largest < LEAST_MAXIMUM or largest > GREATEST_MAXIMUM:
            return row
        weights = _ZERO
        for symbol in range(size):
            weights += np.uint64(np.rint(probabilities[row, symbol] / largest * _GREATEST_WEIGHT))
        remainder = _ZERO
        for symbol in range(size):
            weight = np.uint64(np.rint(probabilities[row, symbol] / largest * _GREATEST_WEIGHT))
            share = weight * spare + remainder  # < 2^31 * 2^32 + weights, no overflow
            quotient = share // weights
            remainder = share - quotient * weights
            frequencies[row, symbol] = np.uint32(quotient + _ONE)
    return -1


def quantize(probabilities: NDArray[np.floating], total: int = MAXIMUM_TOTAL) -> Frequencies:
    """Turn probabilities, or any weights in proportion to them, into frequencies that sum to `total`.

    Args:
        probabilities: float32 or float64, shape (..., n); finite, not negative, the largest of each row between
            2^-64 and 2^64. They need not sum to 1.
        total: n to 2^32; rANS needs a power of two.

    Returns:
        uint32 frequencies of the same shape, each 1 or more, each row summing to `total`.

    Raises:
        UsageError: where a row is no distribution, or the total cannot be dealt out.
    """
    array = np.asarray(probabilities)
    if array.dtype not in (np.float32, np.float64):
        raise UsageError(f"probabilities must be float32 or float64, not {array.dtype}")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise UsageError("a distribution needs at least one symbol")
    size = array.shape[-1]
    # A single symbol owns the whole total, which must then fit 32 bits itself.
    if not size <= total <= MAXIMUM_TOTAL - (size == 1):
        raise UsageError(f"{size} symbols cannot share a total of {total}")
    rows = np.ascontiguousarray(array, dtype=np.float64).reshape(-1, size)
    frequencies = np.empty(rows.shape, dtype=np.uint32)
    bad_row = _quantize_rows(rows, total, frequencies)
    if bad_row >= 0:
        raise UsageError(
            f"row {bad_row} is no distribution: probabilities must be finite, not negative and not all zero"
        )
    return frequencies.reshape(array.shape)

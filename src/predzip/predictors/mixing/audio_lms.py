"""Long adaptive filters in integers: normalised LMS on the errors of the least-squares stage.

They see further back than a least-squares system can afford, at a cost that grows only with their length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

WEIGHT_BITS = 24
_WEIGHT_LIMIT = (1 << 28) - 1
_STEP_LIMIT = (1 << 30) - 1

_Ints = NDArray[np.int32]


@kernel
def filter_predict(weights: _Ints, past: _Ints) -> int:
    """Sum of weight * past value, in units of the past values. Both shape (taps,)."""
    total = np.int64(0)
    for i in range(weights.shape[0]):
        total += np.int64(weights[i]) * np.int64(past[i])
    return int(total >> WEIGHT_BITS)


@kernel
def filter_train(weights: _Ints, past: _Ints, error: int, energy: int, rate_shift: int) -> None:
    """Move the weights along the gradient: w += 2^-rate_shift * error * past / energy.

    Args:
        weights: 24 fractional bits, kept within (-16, 16).
        past: values below 2^15 in size.
        error: what the filter missed, below 2^17 in size.
        energy: sum of the squares of `past`, with a floor so that it is not 0.
        rate_shift: 0 is the full step of the normalised filter.
    """
    step = (error << (WEIGHT_BITS + 16 - rate_shift)) // energy
    step = min(max(step, -_STEP_LIMIT), _STEP_LIMIT)
    for i in range(weights.shape[0]):
        moved = np.int64(weights[i]) + ((step * np.int64(past[i]) + 32768) >> 16)
        weights[i] = int(min(max(int(moved), -_WEIGHT_LIMIT), _WEIGHT_LIMIT))

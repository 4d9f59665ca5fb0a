"""Secondary estimation: correct a probability by what really happened at that probability in a context.

A row holds 33 probabilities over the stretched axis, half a nat apart; an estimate is interpolated between two of
them and both learn. (The APM of PAQ, Mahoney.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.logistic import SQUASH, SQUASH_MAX

BUCKETS = 33
_CENTRE = 16 * 128

_Rows = NDArray[np.uint16]
_U = np.uint64


@kernel
def refine(rows: _Rows, row: int | np.uint64, stretched: int) -> int:
    """16-bit probability of row `row` at `stretched` (1/256 nat, cut to 8 nats); rows have shape (contexts, 33)."""
    x = min(max(stretched, -2047), 2047) + _CENTRE
    low = x >> 7
    weight = x & 127
    left = int(rows[_U(row), _U(low)])
    right = int(rows[_U(row), _U(low + 1)])
    return (left * (128 - weight) + right * weight) >> 7


@kernel
def refine_update(rows: _Rows, row: int | np.uint64, stretched: int, bit: int, rate: int) -> None:
    """Move the two probabilities around `stretched` towards the bit by 2^-rate."""
    x = min(max(stretched, -2047), 2047) + _CENTRE
    low = x >> 7
    target = 65535 if bit else 0
    for bucket in range(low, low + 2):
        p = int(rows[_U(row), _U(bucket)])
        rows[_U(row), _U(bucket)] = np.uint16(p + ((target - p) >> rate))


def new_rows(contexts: int) -> _Rows:
    """Rows that leave every probability as it is, shape (contexts, 33)."""
    axis = SQUASH[(np.arange(BUCKETS) - 16) * 128 + SQUASH_MAX]
    return np.tile(axis.astype(np.uint16), (contexts, 1))

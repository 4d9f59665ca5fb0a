"""Tables of e^-x and 1 / (1 + e^-x) from exact big integers: the exp of a math library differs between machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRACTION_BITS = 96
_ONE = 1 << _FRACTION_BITS

STEPS_OF_ONE = 256
"""Table entries for an interval of length 1."""
SIGMOID_REACH = 16
"""The sigmoid is tabulated from -16 to 16."""
EXP_REACH = 24
"""e^-x is tabulated for x from 0 to 24; beyond, it counts as e^-24."""
EXP_ONE = 1 << 30


def _powers(count: int) -> list[int]:
    """e^(-i / STEPS_OF_ONE), i = 0..count, with 96 fractional bits."""
    step = term = _ONE
    for k in range(1, 20):
        term = term // (STEPS_OF_ONE * k)
        step += term
    powers = [_ONE]
    for _ in range(count):
        powers.append((powers[-1] << _FRACTION_BITS) // step)
    return powers


def _tables() -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    powers = _powers(EXP_REACH * STEPS_OF_ONE)
    exponentials = np.array([power * EXP_ONE >> _FRACTION_BITS for power in powers], np.uint32)
    middle = SIGMOID_REACH * STEPS_OF_ONE
    sigmoid = np.empty(2 * middle + 1, np.float32)
    for i in range(middle + 1):
        # 30 bits of it: what float32 keeps of an integer divided by a power of two is the same everywhere.
        sigmoid[middle + i] = np.float32((_ONE << 30) // (_ONE + powers[i])) / np.float32(1 << 30)
        sigmoid[middle - i] = np.float32((powers[i] << 30) // (_ONE + powers[i])) / np.float32(1 << 30)
    return exponentials, sigmoid


EXP_MINUS, SIGMOID = _tables()
"""EXP_MINUS[i] = 2^30 e^(-i/256); SIGMOID[4096 + i] = 1 / (1 + e^(-i/256))."""

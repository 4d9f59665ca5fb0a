"""Small integer tools of the pixel kernels: widening and logarithms to base 2."""

from __future__ import annotations

from typing import SupportsInt

import numpy as np

from predzip.jit import inlined


@inlined
def wide(value: SupportsInt) -> int:
    """A signed 64-bit integer of the same value: what is read from a narrow or unsigned array must not stay so."""
    return int(np.int64(value))


@inlined
def bit_length(value: int) -> int:
    """Bits of a value in 1..2^32 - 1; 1 for anything below."""
    bits = 1
    if value >= 1 << 16:
        bits += 16
        value >>= 16
    if value >= 1 << 8:
        bits += 8
        value >>= 8
    if value >= 1 << 4:
        bits += 4
        value >>= 4
    if value >= 1 << 2:
        bits += 2
        value >>= 2
    if value >= 1 << 1:
        bits += 1
    return bits

"""The logistic scale: stretch(p) = ln(p / (1 - p)) and its inverse squash, as integer tables.

Probabilities have 16 bits (1..65535 of 65536). Stretched values count 1/256 nat. Both tables come from exact big
integers, not from a math library, whose exp and log differ between machines (exactness rule 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

STRETCH_MAX = 2047
"""Inputs of a mixer lie in [-2047, 2047]: 8 nats, a probability of 1/2981."""

SQUASH_MAX = 3071
"""Sums of a mixer are cut to [-3071, 3071]: 12 nats, beyond the last 16-bit probability."""

_FRACTION_BITS = 96


def _exponentials() -> list[int]:
    """e^(i/256) for i = 0..SQUASH_MAX with 96 fractional bits, by the series of e^(1/256) and exact products."""
    one = 1 << _FRACTION_BITS
    step, term = one, one
    for k in range(1, 20):
        term //= 256 * k
        step += term
    powers = [one]
    for _ in range(SQUASH_MAX):
        powers.append(powers[-1] * step >> _FRACTION_BITS)
    return powers


def _squash_table() -> NDArray[np.uint16]:
    one = 1 << _FRACTION_BITS
    table = np.empty(2 * SQUASH_MAX + 1, np.uint16)
    for i, power in enumerate(_exponentials()):
        p = 65536 * power // (one + power)  # 1 / (1 + e^-x)
        p = min(max(p, 1), 65535)
        table[SQUASH_MAX + i] = p
        table[SQUASH_MAX - i] = 65536 - p
    return table


def _stretch_table(squash_table: NDArray[np.uint16]) -> NDArray[np.int16]:
    """For each 12-bit p, the x whose squash is nearest to the middle of its bin."""
    middles = np.arange(4096, dtype=np.int64) * 16 + 8
    x = np.searchsorted(squash_table.astype(np.int64), middles) - SQUASH_MAX
    return np.clip(x, -STRETCH_MAX, STRETCH_MAX).astype(np.int16)


SQUASH = _squash_table()
STRETCH = _stretch_table(SQUASH)


@kernel
def squash(x: int) -> int:
    """Probability (16 bits, 1..65535) of a stretched value; anything beyond 12 nats is cut."""
    return int(SQUASH[np.uint64(min(max(x, -SQUASH_MAX), SQUASH_MAX) + SQUASH_MAX)])


@kernel
def stretch(p: int) -> int:
    """Stretched value, -2047..2047 in 1/256 nat, of a 16-bit probability (0..65535)."""
    return int(STRETCH[np.uint64(p >> 4)])

"""Logarithms of errors in integers, and how much a sample should count given the error around it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

_OCTAVES = 17
_TRUST_ONE = 26  # bits of the trust in a sample among errors of one internal unit


def _log_table() -> NDArray[np.int64]:
    """16 log2(i), rounded down: the bits of i^16."""
    return np.array([0] + [(i**16).bit_length() - 1 for i in range(1, 256)], np.int64)


def _trust_table() -> NDArray[np.int64]:
    """2^26 * 2^(-1.5 i / 16): the 32nd root of a power of two, by five integer roots."""
    table = np.empty(16 * _OCTAVES, np.int64)
    for i in range(len(table)):
        value = 1 << (32 * _TRUST_ONE - 3 * i)
        for _ in range(5):
            value = math.isqrt(value)
        table[i] = value
    return table


_LOGS = _log_table()
_TRUST = _trust_table()


@kernel
def log2_16ths(value: int, precise: int = 0) -> int:
    """16 log2(value), rounded down, for 1 <= value < 2^40; exact for values below 256.

    Else from the top 8 bits if `precise`; without it, as in the first strengths of the format, whole bytes are cut off,
    which can be up to an octave too low just above 2^8, 2^16 and 2^32.
    """
    above = 0
    if precise != 0:
        while value >= 256:
            value >>= 1
            above += 16
        return int(_LOGS[np.uint64(value)]) + above
    if value >= 1 << 32:
        value >>= 32
        above += 512
    if value >= 1 << 16:
        value >>= 16
        above += 256
    if value >= 256:
        value >>= 8
        above += 128
    return int(_LOGS[np.uint64(value)]) + above


@kernel
def trust(error: int, precise: int = 0) -> int:
    """Weight of a sample in least squares: the mean error around it (1/256 internal unit) to the power -1.5.

    Equal weights would let the loud half of a second decide alone; 1 / error^2 (maximum likelihood) trusts silence
    too much. Measured on speech: equal 0 %, power -1.5 saves 1.5 %.
    """
    return int(_TRUST[np.uint64(min(max(log2_16ths(error + 1, precise) - 128, 0), 16 * _OCTAVES - 1))])

"""Two bell curves as integer tables: how likely is it that a sample lies above a threshold.

A predictor of `audio_squares` or `audio_lms` says where the next sample should be, its recent errors say how far off
it may be; these tables turn both into the probability of one binary decision. Scale: z counts units of the logistic
curve's scale s; the normal curve has the same mean absolute deviation, within half a percent. Built from exact big
integers (exactness rule 3).
"""

from __future__ import annotations

import numpy as np

from predzip.jit import kernel

Z_BITS = 13
"""Fractional bits of z."""

MASS_BITS = 40
"""Probabilities above a threshold count 2^-40."""

LOGISTIC = 0
NORMAL = 1

_STEPS = 32  # table entries in one unit of z
_SPAN = 30  # the tables end at z = 30: e^-30 is less than 2^-40
_STEP_BITS = Z_BITS - 5
_Z_LIMIT = (_SPAN << Z_BITS) - 1
_FRACTION_BITS = 128


def exponential(numerator: int, denominator: int) -> int:
    """e^(numerator / denominator), for an argument in [-1, 1], with 128 fractional bits by its series."""
    term = total = 1 << _FRACTION_BITS
    for k in range(1, 60):
        term = term * numerator // (denominator * k)
        total += term
    return total


def _logistic_mass() -> list[int]:
    one = 1 << _FRACTION_BITS
    step = exponential(-1, _STEPS)
    power, masses = one, []
    for _ in range(_STEPS * _SPAN + 1):
        masses.append((power << MASS_BITS) // (one + power))
        power = power * step >> _FRACTION_BITS
    return masses


def _normal_mass() -> list[int]:
    """Mass above z of the normal curve with variance 3, by Simpson's rule on steps of 1/64."""
    fine = 2 * _STEPS
    # e^(-(k/64)^2 / 6): each value is the one before times a factor that itself shrinks geometrically.
    factor, shrink = exponential(-1, 6 * fine * fine), exponential(-2, 6 * fine * fine)
    density = [1 << _FRACTION_BITS]
    for _ in range(fine * _SPAN):
        density.append(density[-1] * factor >> _FRACTION_BITS)
        factor = factor * shrink >> _FRACTION_BITS
    above = [0]
    for k in range(len(density) - 1, 0, -2):
        above.append(above[-1] + density[k] + 4 * density[k - 1] + density[k - 2])
    above.reverse()
    return [(part << (MASS_BITS - 1)) // above[0] for part in above]


MASS = np.array([_logistic_mass(), _normal_mass()], np.int64)
"""Mass above z = i / 32 for the two curves, in 2^-40."""


@kernel
def mass_above(shape: int, z: int) -> int:
    """Probability (2^-40) that a value of the curve exceeds z (13 fractional bits, cut at 30 units)."""
    size = min(abs(z), _Z_LIMIT)
    row = MASS[shape]
    index = np.uint64(size >> _STEP_BITS)
    here = row[index]
    part = size & ((1 << _STEP_BITS) - 1)
    mass = here - ((here - row[index + np.uint64(1)]) * part >> _STEP_BITS)
    return int((1 << MASS_BITS) - mass if z < 0 else mass)


@kernel
def ratio_p1(above_low: int, above_middle: int, above_high: int, unknown: int = 1024) -> int:
    """Probability (16 bits) of lying above the middle threshold, given that it lies between low and high.

    Where the curve has no mass left it is about `unknown` / 2,048.
    """
    whole = above_low - above_high
    part = above_middle - above_high
    return int(min(((part << 16) + unknown) // (whole + 2048), 65535))

"""Exponentials, sigmoids, angles and the last softmax by + - * / alone: the functions of a math library differ.

Everything here follows the exactness rules: a float is computed from its own operands, in one order, without a fused
multiply-add; what is summed over symbols is an integer. Polynomials instead of tables where a loop has to vectorise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.mixing.int32 import sar32

_Floats = NDArray[np.float32]

_LOG2_E = np.float32(1.4426950408889634)
_LAST_EXPONENT = np.float32(125.0)  # 2^-125 and half of it are normal numbers: nothing may depend on denormal ones
# 2^-f = 1 + f (C1 + f (C2 + ...)) for 0 <= f <= 1, to 1e-7: Chebyshev interpolation of (2^-f - 1) / f, rounded.
_C1 = np.float32(-0.6931471824645996)
_C2 = np.float32(0.24022610485553741)
_C3 = np.float32(-0.055499278008937836)
_C4 = np.float32(0.009597169235348701)
_C5 = np.float32(-0.0012917895801365376)
_C6 = np.float32(0.00011498091771500185)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_EXPONENT_BIAS = 127
_MANTISSA_BITS = 23
_GELU_SLOPE = np.float32(1.5957691216057308)
_GELU_CUBE = np.float32(0.044715)
_NO_SIGN = np.int32(0x7FFFFFFF)
_SIGN_SHIFT = np.int32(31)
_EXP_ONE = 1 << 30


@inlined
def exp_minus(x: np.float32) -> np.float32:
    """e^-x for x >= 0, within 2e-6 of itself; below e^-86 it stays there."""
    scaled = min(x * _LOG2_E, _LAST_EXPONENT)
    whole = np.int32(scaled)
    f = scaled - np.float32(whole)
    power = (((((_C6 * f + _C5) * f + _C4) * f + _C3) * f + _C2) * f + _C1) * f + _ONE
    return power * np.int32((_EXPONENT_BIAS - whole) << _MANTISSA_BITS).view(np.float32)


@inlined
def sigmoid(x: np.float32) -> np.float32:
    """1 / (1 + e^-x)."""
    power = exp_minus(abs(x))
    numerator = _ONE if x >= _ZERO else power
    return numerator / (_ONE + power)


@inlined
def silu(x: np.float32) -> np.float32:
    """The number times its sigmoid."""
    return x * sigmoid(x)


@inlined
def gelu(x: np.float32) -> np.float32:
    """The tanh form of GELU, by the sigmoid that it equals."""
    return x * sigmoid(_GELU_SLOPE * (x + _GELU_CUBE * x * x * x))


@inlined
def magnitude_bits(x: np.float32) -> np.int32:
    """|x| as an integer of the same order: a maximum of integers vectorises, one of floats does not."""
    return np.int32(np.float32(x).view(np.int32) & _NO_SIGN)


@inlined
def ordered_bits(x: np.float32) -> np.int32:
    """Integer of the same order as x; its own inverse through `from_ordered_bits`."""
    bits = np.int32(np.float32(x).view(np.int32))
    return np.int32(bits ^ np.int32(sar32(bits, _SIGN_SHIFT) & _NO_SIGN))


@inlined
def from_ordered_bits(bits: np.int32) -> np.float32:
    """The float that `ordered_bits` took."""
    return np.int32(bits ^ np.int32(sar32(bits, _SIGN_SHIFT) & _NO_SIGN)).view(np.float32)


@kernel
def softmax_frequencies(
    logits: _Floats, scratch: NDArray[np.int32], total: int, frequencies: NDArray[np.unsignedinteger]
) -> None:
    """Turn rows of finite logits into integer frequencies: none is zero, each row sums to `total` at most.

    Args:
        logits: (N, V).
        scratch: (V,).
        total: of a row; more than V, at most 2^32, and for uint16 at most 2^16.
        frequencies: (N, V), filled.
    """
    size = logits.shape[1]
    for row in range(logits.shape[0]):
        values = logits[row]
        greatest = ordered_bits(values[0])
        for i in range(size):
            greatest = max(greatest, ordered_bits(values[i]))
        top = from_ordered_bits(greatest)
        weights = np.int64(0)
        for i in range(size):
            scratch[i] = np.int32(exp_minus(top - values[i]) * np.float32(_EXP_ONE))
            weights += np.int64(scratch[i])
        # Each product is cut to an integer, so all together stay within the spare part in spite of rounding.
        factor = float(total - size) / float(weights)
        for i in range(size):
            frequencies[row, i] = np.int64(float(scratch[i]) * factor) + 1


def _sine_and_cosine(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Taylor series, for 0 <= angle <= 1."""
    sine, cosine, term = Decimal(0), Decimal(0), Decimal(1)
    for k in range(40):
        part = -term if k % 4 > 1 else term
        if k % 2:
            sine += part
        else:
            cosine += part
        term = term * angle / (k + 1)
    return sine, cosine


def turns(count: int, pairs: int, base: float, factors: Sequence[float] = ()) -> tuple[_Floats, _Floats]:
    """Cosine and sine of  p * base^(-i / pairs) / factors[i],  p < count, i < pairs: two tables (count, pairs).

    The first turn of each frequency comes from decimal arithmetic, whose logarithm and exponential are correctly
    rounded everywhere; the others by turning on, in float64, one rounded operation at a time. Factors are 1 at least;
    without any, nothing is divided.
    """
    first = np.empty((2, pairs))
    with localcontext(Context(prec=40)):
        logarithm = Decimal(base).ln()
        for i in range(pairs):
            frequency = (-logarithm * i / pairs).exp()
            exact_sine, exact_cosine = _sine_and_cosine(frequency / Decimal(factors[i]) if factors else frequency)
            first[:, i] = float(exact_cosine), float(exact_sine)
    cosines, sines = np.empty((count, pairs), np.float32), np.empty((count, pairs), np.float32)
    cosine, sine = np.ones(pairs), np.zeros(pairs)
    for position in range(count):
        cosines[position], sines[position] = cosine, sine
        # Separate calls: within one, a library may fuse a multiplication with the addition behind it.
        left, right = np.multiply(cosine, first[0]), np.multiply(sine, first[1])
        up, across = np.multiply(sine, first[0]), np.multiply(cosine, first[1])
        cosine, sine = np.subtract(left, right), np.add(up, across)
    return cosines, sines

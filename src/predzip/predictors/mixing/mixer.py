"""Gated logistic mixing: a weighted sum of stretched predictions, trained online by the coding error.

One *weight set* is a row of a matrix; a context chooses the row (the gate). Several sets look at the same inputs,
each chosen by another context, and a small final mixer weighs their answers (the two-layer network of PAQ8,
Mahoney 2005; gated linear networks, Veness et al. 2017, are the general theory).

Fixed point: inputs 1/256 nat in [-2047, 2047]; weights 1/65536 in (-16, 16); probabilities 16 bits.
No product or sum can pass 31 bits, so plain 32-bit instructions are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.int32 import add32, mul32, sar32

WEIGHT_ONE = 65536
_WEIGHT_LIMIT = np.int32((1 << 20) - 1)

_Ints = NDArray[np.int32]

_PRODUCT_SHIFT = np.int32(8)
_TRAIN_SHIFT = np.int32(14)
_TRAIN_HALF = np.int32(1 << 13)


@kernel
def dot(inputs: _Ints, weights: _Ints) -> int:
    """Weighted sum of stretched inputs, in 1/256 nat (not yet cut to the range of squash). Both shape (n,)."""
    total = np.int32(0)
    for i in range(inputs.shape[0]):
        total = add32(total, sar32(mul32(inputs[i], weights[i]), _PRODUCT_SHIFT))
    return int(total) >> 8


@kernel
def train(inputs: _Ints, weights: _Ints, error: int) -> None:
    """Move the weights along the gradient: w += input * error. Both shape (n,).

    `error` = ((bit << 16) - p) * rate >> 10, at most 18 bits with sign: rate 16 (slow) to 512 (fast).
    """
    step = np.int32(error)
    for i in range(inputs.shape[0]):
        delta = sar32(add32(mul32(inputs[i], step), _TRAIN_HALF), _TRAIN_SHIFT)
        weights[i] = min(max(add32(weights[i], delta), -_WEIGHT_LIMIT), _WEIGHT_LIMIT)


@kernel
def rated_error(bit: int, p1: int, rate: int) -> int:
    """The error that `train` takes: (bit - p1) scaled by the learning rate, cut to 19 bits and a sign."""
    error = (((bit << 16) - p1) * rate) >> 10
    return min(max(error, -524287), 524287)


def new_weights(sets: int, inputs: int, weight: int) -> _Ints:
    """`sets` rows of `inputs` equal weights (1/65536 each), shape (sets, inputs)."""
    return np.full((sets, inputs), weight, np.int32)

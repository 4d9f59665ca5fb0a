"""The output layer learns the text at hand: one step of gradient descent a byte, on integers.

    logit[i] += sum over k of learnt[i, k] * u[k] + learnt_bias[i]          (u: what the output layer looks at)
    when byte x has come:  learnt[i, k] -= rate * (p[i] - [i = x]) * u[k]   for all i whose error is worth the time

Krause et al., "Dynamic evaluation of neural sequence models", 2018, do this with all layers; the last one alone costs
next to nothing, as nearly all errors of one step are too small to matter. Lanes learn together, in the order of coding.

Units: u in 1/2048, as in `step`; learnt in 2^-13, learnt_fine in 2^-21, learnt_bias in 2^-20; errors in 2^-15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined
from predzip.predictors.mixing.int32 import mul32, sar32, sub32
from predzip.predictors.neural.recurrent.network import Lanes
from predzip.predictors.neural.recurrent.vectors import SHORT_ROWS, short_sums

RATE_SHIFT = 19
"""The rate is 2^(5 - RATE_SHIFT) for weights."""
BIAS_SHIFT = 4
_ERROR_SHIFT = np.uint32(7)  # from 22 bits of frequency to 15
_LEAST_ERROR = 64
_LEARNT_MAX = np.int32(2047)
_FINE_MAX = np.int32(2047 * 256)
_ACTIVATION_SHIFT = np.int32(4)
_ACTIVATION_MAX = np.int32(2047)
_UNIT = np.float32(2.0**-13 * 16.0 / 2048.0)
_BIAS_UNIT = np.float32(2.0**-20)


@inlined
def add_learnt(lanes: Lanes, lane: int, activation: NDArray[np.int16], logits: NDArray[np.float32]) -> None:
    """Add what was learnt to the logits; keep the activations (D,) for `learn`."""
    before = lanes.before[lane]
    width = before.shape[0]
    for k in range(width):
        small = sar32(np.int32(activation[k]), _ACTIVATION_SHIFT)
        before[k] = np.int16(min(max(small, -_ACTIVATION_MAX), _ACTIVATION_MAX))
    for first in range(0, 256, SHORT_ROWS):
        short_sums(lanes.learnt, first, before, lanes.learnt_sums[first : first + SHORT_ROWS])
    for i in range(256):
        logits[i] += np.float32(lanes.learnt_sums[i]) * _UNIT + np.float32(lanes.learnt_bias[i]) * _BIAS_UNIT


@inlined
def learn(lanes: Lanes, lane: int, byte: int) -> None:
    """Take the byte that came where `guesses` was the prediction."""
    before, guesses = lanes.before[lane], lanes.guesses[lane]
    width = before.shape[0]
    for i in range(256):
        error = np.int32(guesses[i] >> _ERROR_SHIFT)
        if i == byte:
            error -= np.int32(32768)
        elif error < _LEAST_ERROR:
            continue
        fine, row = lanes.learnt_fine[i], lanes.learnt[i]
        lanes.learnt_bias[i] = min(max(lanes.learnt_bias[i] - (error >> BIAS_SHIFT), -(1 << 22)), 1 << 22)
        for k in range(width):
            step = sar32(mul32(error, np.int32(before[k])), np.int32(RATE_SHIFT - 8))
            value = min(max(sub32(fine[k], step), -_FINE_MAX), _FINE_MAX)
            fine[k] = value
            row[k] = np.int16(sar32(value, np.int32(8)))

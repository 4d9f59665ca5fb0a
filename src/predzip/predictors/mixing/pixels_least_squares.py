"""Linear prediction whose coefficients follow the picture: least squares around the pixel, in integers.

What the literature calls LS-based or OLS prediction (Li & Orchard 2001; Ye & Hou; the OLS of paq8px), made exact:

- The normal equations `R w = b` are sums over the pixels already coded. Each sample is divided by the activity around
  it (weighted least squares), so that an edge does not outvote ten smooth pixels; what is summed are integers.
- Old samples fade in two dimensions: a row is cut into tiles, each tile keeps the sums at the end of its turn, and a
  tile starts from a blend of the running sums (left), its own of the row above and its right neighbour's (above right).
- The solution is not computed but followed: one sweep of Gauss-Seidel after each sample, starting from the last
  coefficients. `residual = b * 2^16 - R w` is kept up to date exactly, so nothing drifts.
"""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.int32 import add32, mul32
from predzip.predictors.mixing.pixels_integers import bit_length, wide

TILE_PIXELS = 8
SAMPLE_LIMIT = 511
"""Samples are cut to 9 bits and a sign, so a sum of 1,600 products stays below 2^29."""

_WEIGHT_LIMIT = 8 << 16
_BLEND_BITS = 8


class LeastSquares(NamedTuple):
    """One adaptive linear predictor; the first axis of each array is the channel of the pixel."""

    covariance: NDArray[np.int32]  # (channels, n, n): running R with the ridge on its diagonal
    cross: NDArray[np.int64]  # (channels, n): running b
    coefficients: NDArray[np.int32]  # (channels, n): w in 1/65536
    residual: NDArray[np.int64]  # (channels, n): b * 2^16 - R w
    tile_covariance: NDArray[np.int32]  # (channels, tiles, n, n)
    tile_cross: NDArray[np.int64]  # (channels, tiles, n)
    blend: NDArray[np.int64]  # weights of left, above, above right in 1/256, and the ridge


def new_least_squares(channels: int, order: int, tiles: int, blend: tuple[int, int, int], ridge: int) -> LeastSquares:
    """A predictor over `order` neighbours that starts as the mean of the first two (left and above)."""
    model = LeastSquares(
        np.zeros((channels, order, order), np.int32),
        np.zeros((channels, order), np.int64),
        np.zeros((channels, order), np.int32),
        np.zeros((channels, order), np.int64),
        np.zeros((channels, tiles, order, order), np.int32),
        np.zeros((channels, tiles, order), np.int64),
        np.array([*blend, ridge], np.int64),
    )
    model.coefficients[:, :2] = 1 << 15
    for i in range(order):
        model.covariance[:, i, i] = ridge
        model.tile_covariance[:, :, i, i] = ridge
    return model


def _normalisers() -> NDArray[np.int64]:
    """2^16 * 40 / activity^(3/4), so weights fall as activity^1.5; activity in quarters of a grey level, plus 8."""
    table = np.zeros(1024 + 16, np.int64)
    for activity in range(table.shape[0]):
        a = activity + 8
        table[activity] = (40 << 24) // isqrt(isqrt(a**3 << 32))
    return table


NORMALISERS = _normalisers()

_RECIPROCALS = np.array([0] * 512 + [(1 << 19) // i for i in range(512, 1024)], np.int64)


@kernel
def predict_linear(samples: NDArray[np.int32], coefficients: NDArray[np.int32]) -> int:
    """Sum of coefficient * sample in 1/65536 of the sample's unit."""
    total = 0
    for i in range(coefficients.shape[0]):
        total += wide(samples[i]) * wide(coefficients[i])
    return total


@kernel
def enter_tile(model: LeastSquares, channel: int, tile: int, first: bool, prior: NDArray[np.int32]) -> None:
    """Blend the running sums with those of the row above; called at the first pixel of every tile.

    The ridge draws the first coefficients towards `prior` (those of the slowest predictor) and the others to 0.
    """
    n = model.coefficients.shape[1]
    right = min(tile + 1, model.tile_cross.shape[1] - 1)
    left = model.blend[0]
    above = model.blend[1]
    above_right = model.blend[2]
    if first:  # the running sums are from the other end of the row above
        above += left
        left = wide(0)
    covariance = model.covariance[channel]
    for i in range(n):
        row = covariance[i]
        row_above = model.tile_covariance[channel, tile, i]
        row_right = model.tile_covariance[channel, right, i]
        for j in range(n):
            row[j] = np.int32(
                (left * wide(row[j]) + above * wide(row_above[j]) + above_right * wide(row_right[j])) >> _BLEND_BITS
            )
        row[i] += np.int32(model.blend[3])
    cross = model.cross[channel]
    cross_above = model.tile_cross[channel, tile]
    cross_right = model.tile_cross[channel, right]
    for i in range(n):
        cross[i] = (left * cross[i] + above * cross_above[i] + above_right * cross_right[i]) >> _BLEND_BITS
        if i < prior.shape[0]:
            cross[i] += (model.blend[3] * wide(prior[i])) >> 16
        model.residual[channel, i] = (cross[i] << 16) - predict_linear(covariance[i], model.coefficients[channel])


@kernel
def leave_tile(model: LeastSquares, channel: int, tile: int) -> None:
    """Keep the running sums for the row below."""
    n = model.coefficients.shape[1]
    for i in range(n):
        row = model.covariance[channel, i]
        kept = model.tile_covariance[channel, tile, i]
        for j in range(n):
            kept[j] = row[j]
        model.tile_cross[channel, tile, i] = model.cross[channel, i]


@kernel
def learn_linear(model: LeastSquares, channel: int, samples: NDArray[np.int32], target: int) -> None:
    """Add one (normalised) sample with its target and move every coefficient once."""
    n = model.coefficients.shape[1]
    covariance = model.covariance[channel]
    cross = model.cross[channel]
    coefficients = model.coefficients[channel]
    residual = model.residual[channel]
    error = (wide(target) << 16) - predict_linear(samples, coefficients)
    for i in range(n):
        row = covariance[i]
        sample = samples[i]
        for j in range(n):
            row[j] = add32(row[j], mul32(sample, samples[j]))
        cross[i] += wide(sample) * wide(target)
        residual[i] += wide(sample) * error
    for i in range(n):
        row = covariance[i]
        pivot = wide(row[i])
        shift = max(bit_length(pivot) - 10, 0)
        delta = ((residual[i] >> shift) * _RECIPROCALS[np.uint64(pivot >> shift)]) >> 19
        old = wide(coefficients[i])
        new = min(max(old + delta, -_WEIGHT_LIMIT), _WEIGHT_LIMIT)
        coefficients[i] = np.int32(new)
        step = np.int32(new - old)
        for j in range(n):
            residual[j] -= wide(step) * wide(row[j])

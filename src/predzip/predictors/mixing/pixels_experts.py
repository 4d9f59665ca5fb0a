"""Experts: linear predictions of one byte, how far off each was nearby, and what scale that has meant.

An expert is a centre (1/64 grey level) and a scale. Errors of the last two rows are kept for every expert; their sum
over the neighbours is its energy here. A small learned table turns the energy, or another bucket, into the scale of its
distribution. The blend is the mean of all experts, weighted by energy^-3.
"""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.pixels_distribution import CENTRE_BITS, log_fixed
from predzip.predictors.mixing.pixels_integers import wide
from predzip.predictors.mixing.pixels_window import MARGIN_PIXELS

FIXED = 20
"""Experts that do not learn."""

ENERGY_BUCKETS = 48
SCALE_BUCKETS = 512
_TOP = 255 << CENTRE_BITS
_LEAST_SCALE = 5
_FIRST_ERROR = 512
_LN2 = 45426  # ln 2 in 1/65536

_LEAST_ENERGY = 64
_POWER = 3


def _halvings() -> NDArray[np.int64]:
    """2^16 * 2^(-i / 16), by exact roots."""
    one = 1 << 256
    root = one >> 1
    for _ in range(4):
        root = isqrt(root << 256)  # four square roots of 1/2
    values = [one]
    for _ in range(511):
        values.append(values[-1] * root >> 256)
    return np.array([value >> 240 for value in values], np.int64)


_HALVINGS = _halvings()


class Experts(NamedTuple):
    """Predictions of the current byte and the memory of their errors."""

    centres: NDArray[np.int32]  # (experts,)
    energies: NDArray[np.int32]  # (experts,): weighted sum of absolute errors nearby
    buckets: NDArray[np.int64]  # (experts,): row of `learned` in use
    scales: NDArray[np.int64]  # (experts,): 1/64 grey level
    errors: NDArray[np.uint16]  # (2, padded width, experts): absolute errors, 1/64 grey level
    learned: NDArray[np.int64]  # (channels, experts, SCALE_BUCKETS): mean absolute error, 2^-10 of 1/64


def new_experts(count: int, energetic: int, width: int, stride: int) -> Experts:
    """`count` experts, the first `energetic` of which find their scale by their energy; no errors so far."""
    learned = np.full((stride, count, SCALE_BUCKETS), 256 << 10, np.int64)
    for bucket in range(ENERGY_BUCKETS):
        # An energy is seven errors; a bucket is a quarter of an octave.
        learned[:, :energetic, bucket] = max((1 << bucket // 4) * (4 + bucket % 4) * 32, 4 << 10)
    return Experts(
        np.zeros(count, np.int32),
        np.zeros(count, np.int32),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.full((2, width + 2 * MARGIN_PIXELS * stride, count), _FIRST_ERROR, np.uint16),
        learned,
    )


@kernel
def quarter_log2(value: int) -> int:
    """4 * log2(value) for value >= 1, rounded down."""
    return (log_fixed(value) * 4) // _LN2


@kernel
def sum_energies(experts: Experts, y: int, at: int, stride: int) -> None:
    """Sum each expert's absolute errors at the neighbours of the byte at index `at` (x with margin) of row y."""
    here = experts.errors[y & 1]
    above = experts.errors[(y & 1) ^ 1]
    west = here[at - stride]
    west2 = here[at - 2 * stride]
    north = above[at]
    north_west = above[at - stride]
    north_east = above[at + stride]
    energies = experts.energies
    for k in range(energies.shape[0]):
        near = 2 * (np.int32(west[k]) + np.int32(north[k]))
        energies[k] = near + np.int32(north_west[k]) + np.int32(north_east[k]) + np.int32(west2[k])


@kernel
def set_scale(experts: Experts, channel: int, k: int, bucket: int) -> None:
    """Give expert k the scale that this bucket has meant so far."""
    experts.buckets[k] = bucket
    # The mean absolute deviation of a logistic distribution is 1.386 of its scale.
    experts.scales[k] = max((experts.learned[channel, k, bucket] * 739) >> 20, _LEAST_SCALE)


@kernel
def set_scale_by_energy(experts: Experts, channel: int, k: int) -> None:
    """Give expert k the scale that its energy has meant so far."""
    set_scale(experts, channel, k, min(quarter_log2(wide(experts.energies[k]) + 8), ENERGY_BUCKETS - 1))


@kernel
def learn_errors(experts: Experts, channel: int, y: int, at: int, value: int) -> None:
    """Record every expert's error at this byte, whose value is now known."""
    store = experts.errors[y & 1, at]
    for k in range(store.shape[0]):
        error = abs(wide(experts.centres[k]) - (value << CENTRE_BITS))
        store[k] = np.uint16(error)
        bucket = experts.buckets[k]
        learned = experts.learned[channel, k, bucket]
        experts.learned[channel, k, bucket] = learned + (((error << 10) - learned) >> 6)


@kernel
def clip_centre(value: int) -> int:
    """Cut a prediction to the grey levels there are."""
    return min(max(value, 0), _TOP)


@kernel
def _median(a: int, b: int, c: int) -> int:
    return max(min(a, b), min(max(a, b), c))


@kernel
def near_predictions(centres: NDArray[np.int32], k: int, v: NDArray[np.int64], add: int) -> None:
    """Write twelve fixed predictions from slot k on; `v` are OWN_NEIGHBOURS, or differences to which `add` is added."""
    w, n, nw, ne, ww, nn, nne = v[0], v[1], v[2], v[3], v[4], v[5], v[6]
    centres[k] = clip_centre((w + add) << 6)
    centres[k + 1] = clip_centre((n + add) << 6)
    centres[k + 2] = clip_centre(((w + add) << 6) + ((ne - nw) << 5))
    centres[k + 3] = clip_centre((_median(w, n, w + n - nw) + add) << 6)
    centres[k + 4] = clip_centre((n + ne - nne + add) << 6)
    centres[k + 5] = clip_centre((2 * w - ww + add) << 6)
    centres[k + 6] = clip_centre((2 * n - nn + add) << 6)
    centres[k + 7] = clip_centre((w + n - nw + add) << 6)
    centres[k + 8] = clip_centre((w + n + 2 * add) << 5)
    centres[k + 9] = clip_centre((ne + add) << 6)
    centres[k + 10] = clip_centre((nw + add) << 6)
    centres[k + 11] = clip_centre((w + ne + n - nne + 2 * add) << 5)


@kernel
def far_predictions(centres: NDArray[np.int32], k: int, v: NDArray[np.int64]) -> None:
    """Write eight more, for pictures of one channel."""
    w, n, nw, ne, ww, nn = v[0], v[1], v[2], v[3], v[4], v[5]
    nee, nww, nnw, nnn, www = v[7], v[8], v[9], v[12], v[13]
    centres[k] = clip_centre((w + ne - n) << 6)
    centres[k + 1] = clip_centre((n + nw - nnw) << 6)
    centres[k + 2] = clip_centre((w + nw - nww) << 6)
    centres[k + 3] = clip_centre((3 * (n - nn) + nnn) << 6)
    centres[k + 4] = clip_centre((3 * (w - ww) + www) << 6)
    centres[k + 5] = (w + nee) << 5
    centres[k + 6] = clip_centre((nw + ne - nn) << 6)
    centres[k + 7] = clip_centre((w - nw + ne) * 64 + ((n - ne) << 5))


@kernel
def plain_predictions(centres: NDArray[np.int32], k: int, v: NDArray[np.int64]) -> None:
    """Write eight that ignore the other channels, beside the twelve on differences."""
    w, n, nw, ne, ww, nne = v[0], v[1], v[2], v[3], v[4], v[6]
    centres[k] = w << 6
    centres[k + 1] = n << 6
    centres[k + 2] = _median(w, n, w + n - nw) << 6
    centres[k + 3] = clip_centre((w + n - nw) << 6)
    centres[k + 4] = (w + n) << 5
    centres[k + 5] = clip_centre((w << 6) + ((ne - nw) << 5))
    centres[k + 6] = clip_centre((n + ne - nne) << 6)
    centres[k + 7] = clip_centre((2 * w - ww) << 6)


@kernel
def best_expert(experts: Experts, count: int) -> int:
    """Return the one of the first `count` experts that was least wrong nearby."""
    best = 0
    for k in range(1, count):
        if experts.energies[k] < experts.energies[best]:
            best = k
    return best


@kernel
def _sixteenth_log2(energy: int) -> int:
    return (log_fixed(energy + _LEAST_ENERGY) * 16) // _LN2


@kernel
def blend(experts: Experts, count: int, best: int) -> int:
    """Return the mean centre of the first `count` experts, weighted by energy^-3 relative to the best one."""
    least = _sixteenth_log2(wide(experts.energies[best]))
    total = 0
    weights = 0
    for k in range(count):
        above = _sixteenth_log2(wide(experts.energies[k])) - least
        weight = _HALVINGS[np.uint64(min(above * _POWER, 511))]
        weights += weight
        total += weight * wide(experts.centres[k])
    return total // weights

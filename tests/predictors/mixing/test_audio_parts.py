"""The kernels of the audio model against slow, plain definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from predzip.predictors.mixing import audio_lms, audio_pitch, audio_scales, audio_shapes, audio_squares


def _signals(count: int, order: int, seed: int) -> tuple[list[list[int]], list[int]]:
    """Regressors and targets that a fixed combination with noise explains."""
    rng = np.random.default_rng(seed)
    regressors = rng.integers(-3000, 3000, (count, order))
    mix = np.linspace(1.2, -0.8, order)
    targets = np.rint(np.clip(regressors @ mix + rng.normal(0, 30, count), -32768, 32767)).astype(int)
    return regressors.tolist(), targets.tolist()


def _accumulated(regressors: list[list[int]], targets: list[int], order: int, weight: int) -> np.ndarray:
    size = audio_squares.stride(order)
    sums, u, qu = np.zeros((size, size), np.int64), np.zeros(size, np.int32), np.zeros(size, np.int32)
    for row, target in zip(regressors, targets, strict=True):
        u[:order] = row
        qu[:order] = [weight * value for value in row]
        audio_squares.accumulate(sums, u, qu, target, weight * target, order)
    return sums


@pytest.mark.parametrize("order", [1, 7, 8, 16, 32])
def test_sums_are_the_weighted_products(order: int) -> None:
    regressors, targets = _signals(40, order, order)
    sums = _accumulated(regressors, targets, order, 5)
    rows = [[*row, target] for row, target in zip(regressors, targets, strict=True)]
    for i in range(order + 1):
        for j in range(i + 1):
            assert sums[i, j] == sum(5 * row[i] * row[j] for row in rows)


@pytest.mark.parametrize("order", [1, 7, 8, 16, 32])
@pytest.mark.parametrize("weight", [1, 50_000])
def test_solution_is_that_of_least_squares(order: int, weight: int) -> None:
    regressors, targets = _signals(300, order, order)
    sums = _accumulated(regressors, targets, order, weight)
    size = audio_squares.stride(order)
    factor, roots, rest = np.zeros((size, size), np.int32), np.zeros(size, np.int64), np.zeros(size, np.int64)
    coefficients = np.zeros(size, np.int32)
    assert audio_squares.factorise(sums, factor, roots, order, 30, 0) == 1
    audio_squares.substitute(factor, roots, rest, coefficients, order)
    expected = np.linalg.lstsq(np.array(regressors, float), np.array(targets, float), rcond=None)[0]
    found = coefficients[:order] / 2**audio_squares.COEFFICIENT_BITS
    assert np.abs(found - expected).max() < 1e-5


def test_no_signal_has_no_factor() -> None:
    sums, factor, roots = np.zeros((8, 8), np.int64), np.zeros((8, 8), np.int32), np.zeros(8, np.int64)
    assert audio_squares.factorise(sums, factor, roots, 4, 19, 0) == 0


def test_impossible_sums_stay_in_range() -> None:
    """Sums that no signal can have (not even positive) must end in bounded coefficients."""
    rng = np.random.default_rng(1)
    factor, roots, rest = np.zeros((40, 40), np.int32), np.zeros(40, np.int64), np.zeros(40, np.int64)
    coefficients = np.zeros(40, np.int32)
    for bits in (2, 20, 40, 58):
        sums = rng.integers(-(1 << bits), 1 << bits, (40, 40))
        sums[0, 0] = (1 << bits) - 1
        assert audio_squares.factorise(sums, factor, roots, 32, 19, 0) == 1
        audio_squares.substitute(factor, roots, rest, coefficients, 32)
        assert np.abs(factor).max() < 1 << 28
        assert np.abs(coefficients).max() < 1 << 26


def test_halving_rounds_down() -> None:
    sums = np.array([[5, -5], [1, -1]], np.int64)
    audio_squares.halve(sums)
    assert sums.tolist() == [[2, -3], [0, -1]]


def test_filter_follows_its_definition() -> None:
    rng = np.random.default_rng(2)
    past = rng.integers(-32767, 32768, 16).astype(np.int32)
    weights = rng.integers(-(1 << 28) + 1, 1 << 28, 16).astype(np.int32)
    plain = [int(w) for w in weights]
    for error in (-32767, -1, 0, 77, 32767):
        energy = sum(int(v) ** 2 for v in past) + 1024
        assert (
            audio_lms.filter_predict(weights, past) == sum(w * int(v) for w, v in zip(plain, past, strict=True)) >> 24
        )
        audio_lms.filter_train(weights, past, error, energy, 6)
        step = (error << 34) // energy
        moved = [w + ((step * int(v) + 32768) >> 16) for w, v in zip(plain, past, strict=True)]
        plain = [min(max(w, 1 - (1 << 28)), (1 << 28) - 1) for w in moved]
        assert weights.tolist() == plain


@pytest.mark.parametrize("z", [-29.0, -7.3, -1.0, -0.01, 0.0, 0.5, 2.75, 11.1, 25.0])
def test_masses_are_those_of_the_curves(z: float) -> None:
    fixed = round(z * (1 << audio_shapes.Z_BITS))
    z = fixed / (1 << audio_shapes.Z_BITS)
    scale = 1 << audio_shapes.MASS_BITS
    logistic = 1 / (1 + math.exp(z))
    normal = math.erfc(z / math.sqrt(6)) / 2  # variance 3
    assert audio_shapes.mass_above(audio_shapes.LOGISTIC, fixed) / scale == pytest.approx(logistic, rel=2e-4, abs=1e-11)
    assert audio_shapes.mass_above(audio_shapes.NORMAL, fixed) / scale == pytest.approx(normal, abs=1e-4)


@pytest.mark.parametrize("shape", [audio_shapes.LOGISTIC, audio_shapes.NORMAL])
def test_mass_falls_and_is_symmetric(shape: int) -> None:
    masses = [audio_shapes.mass_above(shape, z) for z in range(-300_000, 300_001, 997)]
    assert masses == sorted(masses, reverse=True)
    for z in (0, 1, 255, 256, 8192, 240_000, 10**9):
        both = audio_shapes.mass_above(shape, z) + audio_shapes.mass_above(shape, -z)
        assert both == 1 << audio_shapes.MASS_BITS


def test_ratio_is_the_share_of_the_upper_part() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        high, middle, low = sorted(int(v) for v in rng.integers(0, (1 << 40) + 1, 3))
        exact = ((middle - high) * 65536 + 1024) // (low - high + 2048)
        assert audio_shapes.ratio_p1(low, middle, high) == exact
    assert audio_shapes.ratio_p1(1 << 40, 1 << 40, 0) == 65535


def test_logarithms() -> None:
    for value in range(1, 256):
        assert audio_scales.log2_16ths(value) == math.floor(16 * math.log2(value))
    for value in [256, 300, 511, 512, 1000, 65535, 65536, 10**6, 1 << 32, (1 << 40) - 1]:
        # The bytes below the leading one do not count, so the result may be up to an octave too small.
        assert 0 <= 16 * math.log2(value) - audio_scales.log2_16ths(value) < 17
    assert audio_scales.log2_16ths(1 << 24) == 16 * 24


def test_trust_falls_with_the_error() -> None:
    values = [audio_scales.trust(error) for error in range(0, 1 << 23, 4099)]
    assert values == sorted(values, reverse=True)
    assert audio_scales.trust(0) == 1 << 26
    assert audio_scales.trust((256 << 8) - 1) == pytest.approx((1 << 26) * 256**-1.5, rel=0.2)


def test_pitch_is_found() -> None:
    rng = np.random.default_rng(4)
    errors = np.tile(rng.integers(-1000, 1000, 123), 30).tolist()
    sums, past = np.zeros(audio_pitch.LAGS, np.int64), np.zeros(audio_pitch.LAGS, np.int32)
    plain = [0] * audio_pitch.LAGS
    assert audio_pitch.best_lag(sums, 77) == 77
    for error in errors:
        plain = [s + (error * 50 * int(p) >> 8) - (s >> 8) for s, p in zip(plain, past, strict=True)]
        audio_pitch.track(sums, past, error * 50)
        past[1:] = past[:-1].copy()
        past[0] = error
    assert sums.tolist() == plain
    assert audio_pitch.best_lag(sums, 77) in (123, 246, 369)

"""Functions made of + - * /: near the true ones, in order, and the same where a compiler is left out."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.neural import arithmetic
from predzip.predictors.neural.arithmetic import softmax_frequencies, turns

POINTS = np.concatenate([np.linspace(-30, 30, 4001), [-1e9, -87.5, -0.0, 0.0, 1e-30, 1e9]]).astype(np.float32)


@kernel
def _all(points: NDArray[np.float32], found: NDArray[np.float32]) -> None:
    for i in range(points.shape[0]):
        found[0, i] = arithmetic.exp_minus(abs(points[i]))
        found[1, i] = arithmetic.sigmoid(points[i])
        found[2, i] = arithmetic.silu(points[i])
        found[3, i] = arithmetic.gelu(points[i])


@kernel
def _orders(points: NDArray[np.float32], found: NDArray[np.int32], back: NDArray[np.float32]) -> None:
    for i in range(points.shape[0]):
        found[0, i] = arithmetic.ordered_bits(points[i])
        found[1, i] = arithmetic.magnitude_bits(points[i])
        back[i] = arithmetic.from_ordered_bits(found[0, i])


@pytest.fixture(scope="module")
def found() -> NDArray[np.float32]:
    values = np.zeros((4, len(POINTS)), np.float32)
    _all(POINTS, values)
    return values


def test_values(found: NDArray[np.float32]) -> None:
    x = POINTS.astype(np.float64)
    near = np.abs(x) < 80
    true = np.exp(-np.abs(x[near]))
    assert np.abs(found[0][near] / true - 1.0).max() < 4e-6
    logistic = np.where(x >= 0, 1.0, np.exp(-np.abs(x))) / (1.0 + np.exp(-np.abs(x)))
    assert np.abs(found[1] - logistic).max() < 3e-7
    assert np.abs(found[2] - x * logistic)[near].max() < 2e-5
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    assert np.abs(found[3] - 0.5 * x * (1.0 + np.tanh(inner)))[near].max() < 2e-6
    assert np.isfinite(found).all()


def test_exact_points(found: NDArray[np.float32]) -> None:
    zero = int(np.flatnonzero(POINTS == 0)[0])
    assert found[:, zero].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert found[1, -1] == 1.0
    assert found[0].min() > 0.0


def test_bits_are_fixed(found: NDArray[np.float32]) -> None:
    """A change here changes what files mean: it takes a new method or a new kind of model."""
    assert hashlib.sha256(found.tobytes()).hexdigest()[:16] == "a6446a5848e83cbb"
    tables = turns(100, 8, 10000.0)
    assert hashlib.sha256(tables[0].tobytes() + tables[1].tobytes()).hexdigest()[:16] == "f27bcfbb079ea139"


def test_integers_of_the_same_order() -> None:
    bits, back = np.zeros((2, len(POINTS)), np.int32), np.zeros(len(POINTS), np.float32)
    _orders(POINTS, bits, back)
    assert back.tobytes() == POINTS.tobytes()
    order = np.argsort(POINTS, kind="stable")
    assert (np.diff(bits[0][order].astype(np.int64)) >= 0)[POINTS[order][1:] != 0].all()
    assert bits[1].max() == bits[1][-1] == np.float32(1e9).view(np.int32)


@pytest.mark.parametrize(("count", "pairs", "base"), [(3000, 16, 10000.0), (50, 1, 2.0), (300, 32, 1e6)])
def test_turns(count: int, pairs: int, base: float) -> None:
    cosines, sines = turns(count, pairs, base)
    angles = np.arange(count)[:, None] * base ** (-np.arange(pairs) / pairs)
    assert np.abs(cosines - np.cos(angles)).max() < 1e-7
    assert np.abs(sines - np.sin(angles)).max() < 1e-7
    assert cosines.dtype == sines.dtype == np.float32


def _frequencies(logits: NDArray[np.float32], total: int, dtype: type) -> NDArray[np.integer]:
    result = np.zeros(logits.shape, dtype)
    softmax_frequencies(logits, np.zeros(logits.shape[1], np.int32), total, result)
    return result


@pytest.mark.parametrize(
    ("size", "total", "dtype"),
    [(256, 1 << 16, np.uint16), (256, 1 << 24, np.uint32), (2, 257, np.uint16), (5000, 1 << 32, np.uint32)],
)
def test_softmax_keeps_its_promises(size: int, total: int, dtype: type) -> None:
    generator = np.random.Generator(np.random.PCG64(4))
    for spread in (0.0, 1e-3, 1.0, 10.0, 1e8):
        logits = generator.normal(0, 1, (40, size)).astype(np.float32) * np.float32(spread)
        found = _frequencies(logits, total, dtype)
        assert found.min() >= 1
        sums = found.astype(np.int64).sum(axis=1)
        assert sums.max() <= total
        assert sums.min() > total - size - 1
        order = np.argsort(logits, axis=1)
        assert (np.diff(np.take_along_axis(found.astype(np.int64), order, 1), axis=1) >= 0).all()


def test_softmax_is_near_the_true_one() -> None:
    logits = np.random.Generator(np.random.PCG64(5)).normal(0, 3, (20, 256)).astype(np.float32)
    true = np.exp(logits - logits.max(axis=1, keepdims=True))
    true /= true.sum(axis=1, keepdims=True)
    assert np.abs(_frequencies(logits, 1 << 32, np.uint32) / 2.0**32 - true).max() < 1e-6

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.int32 import add32, mul32, sar32
from predzip.predictors.mixing.mixer import dot, new_weights, rated_error, train
from predzip.predictors.mixing.settings import LEVELS

WEIGHT_LIMIT = (1 << 20) - 1
ERROR_LIMIT = 524287
INT32 = 1 << 31

inputs_and_weights = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-2047, 2047), min_size=n, max_size=n),
        st.lists(st.integers(-WEIGHT_LIMIT, WEIGHT_LIMIT), min_size=n, max_size=n),
    )
)


def exact_dot(inputs: list[int], weights: list[int]) -> int:
    total = sum((x * w) >> 8 for x, w in zip(inputs, weights, strict=True))
    assert -INT32 <= total < INT32
    assert all(-INT32 <= x * w < INT32 for x, w in zip(inputs, weights, strict=True))
    return total >> 8


def exact_train(inputs: list[int], weights: list[int], error: int) -> list[int]:
    assert all(-INT32 <= x * error + 8192 < INT32 for x in inputs)
    moved = [w + ((x * error + 8192) >> 14) for x, w in zip(inputs, weights, strict=True)]
    assert all(-INT32 <= w < INT32 for w in moved)
    return [min(max(w, -WEIGHT_LIMIT), WEIGHT_LIMIT) for w in moved]


def int32(values: list[int]) -> NDArray[np.int32]:
    return np.array(values, np.int32)


@settings(deadline=None, max_examples=200)
@given(vectors=inputs_and_weights)
def test_dot_is_that_of_unbounded_integers(vectors: tuple[list[int], list[int]]) -> None:
    inputs, weights = vectors
    assert dot(int32(inputs), int32(weights)) == exact_dot(inputs, weights)


@settings(deadline=None, max_examples=200)
@given(vectors=inputs_and_weights, error=st.integers(-ERROR_LIMIT, ERROR_LIMIT))
def test_training_is_that_of_unbounded_integers(vectors: tuple[list[int], list[int]], error: int) -> None:
    inputs, weights = vectors
    trained = int32(weights)
    train(int32(inputs), trained, error)
    assert trained.tolist() == exact_train(inputs, weights, error)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("count", [16, 112, 240])
def test_the_greatest_inputs_weights_and_errors_do_not_overflow(count: int, sign: int) -> None:
    # More inputs than any level has; the loop over them is unrolled and vectorised, so lengths matter.
    inputs, weights = [2047] * count, [sign * WEIGHT_LIMIT] * count
    assert dot(int32(inputs), int32(weights)) == exact_dot(inputs, weights)
    for error in (ERROR_LIMIT, -ERROR_LIMIT):
        trained = int32(weights)
        train(int32(inputs), trained, error)
        assert trained.tolist() == exact_train(inputs, weights, error)


def test_weights_stay_within_their_limit() -> None:
    weights = new_weights(1, 16, 0)[0]
    for _ in range(100):
        train(int32([2047] * 8 + [-2047] * 8), weights, ERROR_LIMIT)
    assert weights.tolist() == [WEIGHT_LIMIT] * 8 + [-WEIGHT_LIMIT] * 8


@settings(deadline=None, max_examples=100)
@given(bit=st.integers(0, 1), p1=st.integers(1, 65535), rate=st.integers(0, 1 << 16))
def test_errors_are_scaled_and_cut(bit: int, p1: int, rate: int) -> None:
    expected = ((bit * 65536 - p1) * rate) >> 10
    assert rated_error(bit, p1, rate) == min(max(expected, -ERROR_LIMIT), ERROR_LIMIT)


@pytest.mark.parametrize("level", LEVELS)
def test_no_level_learns_faster_than_the_cut(level: int) -> None:
    fastest = LEVELS[level].rate + LEVELS[level].extra_rate
    assert 65535 * max(fastest, LEVELS[level].final_rate) >> 10 < ERROR_LIMIT


def test_training_lowers_the_error() -> None:
    inputs, weights = int32([300, -200, 0, 100]), new_weights(1, 4, 0)[0]
    before = dot(inputs, weights)
    for _ in range(50):
        train(inputs, weights, rated_error(1, 32768, 100))
    assert dot(inputs, weights) > before
    assert weights[2] == 0


def test_new_weights_are_equal() -> None:
    weights = new_weights(3, 4, 77)
    assert weights.shape == (3, 4)
    assert weights.dtype == np.int32
    assert (weights == 77).all()


@kernel
def _instructions(a: NDArray[np.int32], b: NDArray[np.int32], results: NDArray[np.int32]) -> None:
    for i in range(a.shape[0]):
        results[0, i] = mul32(a[i], b[i])
        results[1, i] = add32(a[i], b[i])
        results[2, i] = sar32(a[i], b[i] & np.int32(31))


def test_instructions_wrap_around() -> None:
    edges = [0, 1, -1, 2, 46341, -46341, INT32 - 1, -INT32, 1 << 30, -(1 << 30)]
    pairs = [(a, b) for a in edges for b in edges]
    results = np.zeros((3, len(pairs)), np.int32)
    _instructions(int32([a for a, _ in pairs]), int32([b for _, b in pairs]), results)

    def wrapped(value: int) -> int:
        return (value + INT32) % (2 * INT32) - INT32

    assert results[0].tolist() == [wrapped(a * b) for a, b in pairs]
    assert results[1].tolist() == [wrapped(a + b) for a, b in pairs]
    assert results[2].tolist() == [a >> (b & 31) for a, b in pairs]

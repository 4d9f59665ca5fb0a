"""The vector products against NumPy's, in integers that cannot overflow."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.neural.recurrent.step import multiply
from predzip.predictors.neural.recurrent.vectors import BLOCK_ROWS, SHORT_ROWS, pack_weights, short_sums

LARGEST = 32767


@kernel
def products(
    weights: NDArray[np.int16],
    activation: NDArray[np.int16],
    scale: NDArray[np.float32],
    sums: NDArray[np.int32],
    result: NDArray[np.float32],
) -> None:
    multiply(weights, activation, scale, np.float32(0.5), sums, result)


@kernel
def short_products(weights: NDArray[np.int16], activation: NDArray[np.int16], sums: NDArray[np.int32]) -> None:
    for first in range(0, weights.shape[0], SHORT_ROWS):
        short_sums(weights, first, activation, sums[first : first + SHORT_ROWS])


def multiplied(weights: NDArray[np.int8], activation: NDArray[np.int16]) -> NDArray[np.float32]:
    rows = weights.shape[0]
    result = np.full(rows + 3, -7, np.float32)  # the last three are nobody's
    scale = np.linspace(0.5, 2, rows, dtype=np.float32)
    products(pack_weights(weights), activation, scale, np.zeros(BLOCK_ROWS, np.int32), result[:rows])
    assert (result[rows:] == -7).all()
    return result[:rows]


def expected(weights: NDArray[np.int8], activation: NDArray[np.int16]) -> NDArray[np.float32]:
    totals = weights.astype(np.int64) @ activation.astype(np.int64)
    assert np.abs(totals).max(initial=0) < 2**31
    scale = np.linspace(0.5, 2, weights.shape[0], dtype=np.float32)
    return totals.astype(np.float32) * (scale * np.float32(0.5))


@pytest.mark.parametrize("rows", [16, 48, 64, 80, 256, 768])
@pytest.mark.parametrize("width", [16, 96, 256])
def test_a_product_is_that_of_numpy(rows: int, width: int) -> None:
    rng = np.random.default_rng(rows * width)
    weights = rng.integers(-128, 128, (rows, width)).astype(np.int8)
    activation = rng.integers(-LARGEST, LARGEST + 1, width).astype(np.int16)
    assert np.array_equal(multiplied(weights, activation), expected(weights, activation))


@pytest.mark.parametrize("weight", [-128, -1, 0, 1, 127])
@pytest.mark.parametrize("value", [-LARGEST, -1, 1, LARGEST])
def test_extremes_do_not_overflow(weight: int, value: int) -> None:
    weights = np.full((64, 512), weight, np.int8)
    activation = np.full(512, value, np.int16)
    assert np.array_equal(multiplied(weights, activation), expected(weights, activation))


def test_every_weight_meets_its_own_activation() -> None:
    for row in (0, 15, 63, 64, 79):
        for k in range(32):
            weights = np.zeros((80, 32), np.int8)
            weights[row, k] = -3
            activation = np.arange(1, 33, dtype=np.int16)
            assert np.array_equal(multiplied(weights, activation), expected(weights, activation)), (row, k)


def test_weights_of_many_layers_are_packed_layer_by_layer() -> None:
    weights = np.random.default_rng(3).integers(-128, 128, (3, 80, 32)).astype(np.int8)
    packed = pack_weights(weights)
    assert packed.shape == (3, 2, 8, 2 * BLOCK_ROWS)
    for layer in range(3):
        assert np.array_equal(packed[layer], pack_weights(weights[layer]))


@pytest.mark.parametrize("width", [16, 256])
def test_short_sums_are_those_of_numpy(width: int) -> None:
    rng = np.random.default_rng(width)
    weights = rng.integers(-2047, 2048, (256, width)).astype(np.int16)
    activation = rng.integers(-2047, 2048, width).astype(np.int16)
    sums = np.zeros(256, np.int32)
    short_products(weights, activation, sums)
    assert np.array_equal(sums, weights.astype(np.int64) @ activation.astype(np.int64))

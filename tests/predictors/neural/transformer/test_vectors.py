"""Packed sums of products against NumPy's, for every shape of tile and for both ways of multiplying."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.neural.transformer import vectors
from predzip.predictors.neural.transformer.vectors import (
    BLOCK,
    MOST_ROWS,
    MOST_STRIPS,
    STRIP,
    SUMS_SHAPE,
    address_of,
    pack_rows,
    packed_shape,
    sum_products,
    unpack_rows,
)

LARGEST = 32767


@kernel
def sums_of(
    packed: NDArray[np.int8],
    strips: int,
    codes: NDArray[np.int16],
    sums: NDArray[np.int32],
) -> None:
    pairs = packed.shape[1]
    far = pairs * 2 * BLOCK
    sum_products(
        address_of(packed), 2 * BLOCK, far, strips, pairs, address_of(codes), 4 * pairs, codes.shape[0], 2 * far, sums
    )


def found(weights: NDArray[np.int8], codes: NDArray[np.int16], strips: int) -> NDArray[np.int32]:
    packed = np.zeros(packed_shape(*weights.shape), np.int8)
    pack_rows(weights, packed)
    sums = np.full(SUMS_SHAPE, -7, np.int32)
    sums_of(packed, strips, codes, sums)
    assert (sums[len(codes) :] == -7).all()
    assert (sums[:, strips * STRIP :] == -7).all()  # nothing else is written
    return sums[: len(codes), : strips * STRIP]


def expected(weights: NDArray[np.int8], codes: NDArray[np.int16], strips: int) -> NDArray[np.int64]:
    totals = codes.astype(np.int64) @ weights[: strips * STRIP].astype(np.int64).T
    assert np.abs(totals).max() < 2**31
    return totals


@pytest.mark.parametrize("strips", range(1, MOST_STRIPS + 1))
@pytest.mark.parametrize("rows", range(1, MOST_ROWS + 1))
def test_every_tile_is_numpys_product(rows: int, strips: int) -> None:
    rng = np.random.default_rng(rows * strips)
    for width in (2, 34, 576):
        weights = rng.integers(-128, 128, (MOST_STRIPS * STRIP, width)).astype(np.int8)
        codes = rng.integers(-LARGEST, LARGEST + 1, (rows, width)).astype(np.int16)
        assert np.array_equal(found(weights, codes, strips), expected(weights, codes, strips)), width


@pytest.mark.parametrize("weight", [-128, -1, 1, 127])
@pytest.mark.parametrize("value", [-LARGEST, -1, 1, LARGEST])
def test_extremes_do_not_saturate(weight: int, value: int) -> None:
    weights = np.full((64, 500), weight, np.int8)
    for rows in (1, 3, 8):
        codes = np.full((rows, 500), value, np.int16)
        assert np.array_equal(found(weights, codes, 4), expected(weights, codes, 4))


def test_every_weight_meets_its_own_activation() -> None:
    codes = np.arange(1, 33, dtype=np.int16)[None] + np.array([[0], [100], [1000]], np.int16)
    for row in (0, 15, 16, 31, 32, 63):
        for k in range(32):
            weights = np.zeros((64, 32), np.int8)
            weights[row, k] = -3
            assert np.array_equal(found(weights, codes, 4), expected(weights, codes, 4)), (row, k)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (31, 2), (33, 77), (64, 10), (100, 5)])
def test_packing_and_back(rows: int, width: int) -> None:
    weights = np.random.default_rng(rows).integers(-127, 128, (rows, width)).astype(np.int8)
    packed = np.zeros(packed_shape(rows, width), np.int8)
    pack_rows(weights, packed)
    assert np.array_equal(unpack_rows(packed, rows, width), weights)
    assert np.array_equal(unpack_rows(packed, min(rows, 7), width), weights[:7])
    assert np.abs(packed.astype(int)).sum() == np.abs(weights.astype(int)).sum()  # all else is zero


def test_processors_that_do_not_add_pairs_get_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instructions for ARM, run here."""
    monkeypatch.setattr(vectors, "_ADDS_PAIRS", not vectors._ADDS_PAIRS)
    tile = vectors._tile(4, 4)

    @kernel
    def run(packed: NDArray[np.int8], codes: NDArray[np.int16], sums: NDArray[np.int32]) -> None:
        pairs = packed.shape[1]
        far = pairs * 2 * BLOCK
        tile(address_of(packed), 2 * BLOCK, far, pairs, address_of(codes), 4 * pairs, 0, sums, 0, 0)

    rng = np.random.default_rng(5)
    weights = rng.integers(-128, 128, (64, 96)).astype(np.int8)
    codes = rng.integers(-LARGEST, LARGEST + 1, (4, 96)).astype(np.int16)
    packed = np.zeros(packed_shape(64, 96), np.int8)
    pack_rows(weights, packed)
    sums = np.zeros(SUMS_SHAPE, np.int32)
    run(packed, codes, sums)
    assert np.array_equal(sums[:4], expected(weights, codes, 4))

"""Distributions around a prediction against the formulas they stand for, in floating point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.pixels_distribution import (
    CUMULATIVE,
    CUMULATIVE_BITS,
    QUANTILES,
    cumulative,
    inverse_scale,
    log_fixed,
    log_odds,
)
from predzip.predictors.mixing.pixels_integers import bit_length


def _true_cumulative(edge: int, centre: int, scale: int) -> float:
    x = (edge - 0.5 - centre / 64) / (scale / 64)
    x = min(max(x, -24), 24)
    wide = 38 / 256
    return (1 - wide) / (1 + math.exp(-x)) + wide / (1 + math.exp(-x / 3)) + edge * 2.0**-18


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 256), st.integers(0, 255 * 64), st.integers(5, 8000))
def test_cumulative(edge: int, centre: int, scale: int) -> None:
    got = cumulative(edge, centre, inverse_scale(scale)) / (1 << CUMULATIVE_BITS)
    # Linear interpolation over 1/16 of a scale: 0.1 x 1/16^2 / 8.
    assert got == pytest.approx(_true_cumulative(edge, centre, scale), abs=1e-4)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 255 * 64), st.integers(5, 8000), st.data())
def test_probability_of_a_decision(centre: int, scale: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(0, 254))
    high = data.draw(st.integers(low + 2, 256))
    split = data.draw(st.integers(low + 1, high - 1))
    inverse = inverse_scale(scale)
    below, middle, above = (cumulative(edge, centre, inverse) for edge in (low, split, high))
    assert below < middle < above  # the uniform floor: no part is impossible
    got = log_odds(above - middle, middle - below) / 256
    assert got == pytest.approx(math.log((above - middle) / (middle - below)), abs=0.01)


def test_centre_in_the_middle_is_one_to_one() -> None:
    inverse = inverse_scale(200)
    centre = (100 << 6) - 32  # just between the grey levels 99 and 100
    below, middle, above = (cumulative(edge, centre, inverse) for edge in (0, 100, 200))
    assert abs(log_odds(above - middle, middle - below)) <= 1


def test_table_is_a_distribution() -> None:
    assert (np.diff(CUMULATIVE.astype(np.int64)) >= 0).all()
    assert CUMULATIVE[0] < 1 << (CUMULATIVE_BITS - 10)
    assert CUMULATIVE[-1] > (1 << CUMULATIVE_BITS) - (1 << (CUMULATIVE_BITS - 10))


@pytest.mark.parametrize("node", range(1, 32))
def test_quantiles(node: int) -> None:
    level = node.bit_length() - 1
    target = (2 * (node - (1 << level)) + 1) / (1 << (level + 1))
    x = int(QUANTILES[node]) / 64
    wide = 38 / 256
    value = (1 - wide) / (1 + math.exp(-x)) + wide / (1 + math.exp(-x / 3))
    assert value == pytest.approx(target, abs=0.005)


@given(st.integers(1, (1 << 31) - 1))
def test_logarithm(value: int) -> None:
    assert log_fixed(value) / 65536 == pytest.approx(math.log(value), abs=0.0011)


@given(st.integers(1, (1 << 32) - 1))
def test_bit_length(value: int) -> None:
    assert bit_length(value) == value.bit_length()

"""Rates, intervals, sizes that pay."""

from __future__ import annotations

import random

import pytest

from predzip.experiments.paper import rates


def test_the_interval_is_that_of_the_normal_law_where_that_holds() -> None:
    generator = random.Random(3)
    units = [(2048, generator.gauss(1000, 100)) for _ in range(400)]
    units = [(length, float(round(size))) for length, size in units]
    low, high = rates.interval(units) or (0.0, 0.0)
    mean = sum(size for _, size in units) / (400 * 2048)
    half = 1.96 * 100 / 20 / 2048
    assert low < mean < high
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)


def test_it_depends_on_the_units_alone() -> None:
    units = [(2048, float(size)) for size in range(100, 200)]
    assert rates.interval(units) == rates.interval(reversed(units))
    assert rates.interval(units, seed=2) != rates.interval(units)
    assert rates.interval(units[:1]) is None
    assert rates.interval([(2048, 7.0)] * 5) == (7 / 2048, 7 / 2048)


def test_units_of_different_length_count_by_their_length() -> None:
    low, high = rates.interval([(10_000, 5000.0)] * 50 + [(1, 10.0)] * 50) or (0.0, 0.0)
    assert 0.5 < low < high < 0.502


def test_when_a_model_pays() -> None:
    needed = rates.pays_from_bytes(1_000_000, 0.3, 0.5)
    assert needed == pytest.approx(5_000_000)
    assert (1_000_000 + 0.3 * needed) / needed == pytest.approx(0.5)
    assert rates.pays_from_bytes(1, 0.5, 0.5) is None

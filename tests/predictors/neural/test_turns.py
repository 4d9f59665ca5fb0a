"""Angles with factors against NumPy's, and against those without."""

from __future__ import annotations

import numpy as np

from predzip.predictors.neural.arithmetic import turns


def test_angles_are_right() -> None:
    factors = (1.0, 1.25, 8.0, 32.0)
    cosines, sines = turns(3000, 4, 5e5, factors)
    angles = np.arange(3000)[:, None] * 5e5 ** (-np.arange(4) / 4) / np.array(factors)
    assert cosines.shape == sines.shape == (3000, 4)
    assert np.abs(cosines - np.cos(angles)).max() < 1e-6
    assert np.abs(sines - np.sin(angles)).max() < 1e-6


def test_factors_of_one_change_nothing() -> None:
    expected = turns(50, 6, 10000.0)
    for factors in ((), (1.0,) * 6):
        found = turns(50, 6, 10000.0, factors)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])


def test_fewer_positions_are_the_beginning_of_more() -> None:
    factors = (1.0, 2.0, 3.0)
    assert np.array_equal(turns(7, 3, 1e4, factors)[1], turns(90, 3, 1e4, factors)[1][:7])

"""Memories of exact values: they learn what repeats and doubt what does not."""

from __future__ import annotations

import numpy as np

from predzip.predictors.mixing.pixels_values import (
    MEMORIES,
    confidence,
    learn_trust,
    look_up,
    new_values,
    remember,
    vote,
)
from predzip.predictors.mixing.pixels_window import new_window, push


def test_a_repeating_row_is_expected() -> None:
    pattern = [3, 200, 7, 9, 120, 5, 44, 61]
    window = new_window(len(pattern), 1)
    values = new_values(10)
    for y in range(8):
        for value in pattern:
            look_up(values, window)
            if y >= 5:
                assert values.expected.tolist() == [value] * MEMORIES
                assert (values.counts > 0).all()
            remember(values, value)
            push(window, value)
    assert confidence(values) > 32


def test_votes_go_to_the_side_of_the_value() -> None:
    values = new_values(8)
    values.counts[:] = 5
    values.expected[:] = [10, 20, 200]
    inputs = np.zeros(MEMORIES, np.int32)
    vote(values, inputs, 0, 0, 20, 100, 0)
    assert inputs[0] < 0 < inputs[1]
    assert inputs[2] == 0  # outside the interval
    assert values.trusted[2] == -1
    before = values.trust.copy()
    learn_trust(values, 20, 1)
    assert values.trust[values.trusted[0]] < before[values.trusted[0]]  # was wrong
    assert values.trust[values.trusted[1]] > before[values.trusted[1]]  # was right


def test_long_right_values_survive_one_exception() -> None:
    values = new_values(8)
    window = new_window(4, 1)
    for _ in range(40):
        look_up(values, window)
        remember(values, 50)
    look_up(values, window)
    remember(values, 51)
    look_up(values, window)
    assert values.expected.tolist() == [50] * MEMORIES
    for _ in range(6):
        remember(values, 51)
        look_up(values, window)
    assert values.expected.tolist() == [51] * MEMORIES

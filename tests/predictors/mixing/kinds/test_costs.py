"""Estimated code lengths against their formulas, written plainly."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.kinds import costs
from predzip.predictors.mixing.kinds.costs import (
    BIT,
    lag_differences,
    order0_cost,
    recent_cost,
    rows_cost,
    signal_costs,
)

from . import samples


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


def test_log_table_is_the_floor_of_log2() -> None:
    table = costs._log2_table(5000)
    assert all(table[n] == math.floor(math.log2(n) * BIT + 1e-9) for n in range(1, 5000))


def _adaptive_bits(symbols: list[int]) -> float:
    counts: Counter[int] = Counter()
    bits = 0.0
    for total, symbol in enumerate(symbols):
        bits += math.log2((2 * total + 256) / (2 * counts[symbol] + 1))
        counts[symbol] += 1
    return bits


@settings(deadline=None, max_examples=40)
@given(data=st.binary(min_size=4, max_size=300), step=st.integers(1, 3), lag=st.integers(0, 3))
def test_order0_is_the_adaptive_code_length(data: bytes, step: int, lag: int) -> None:
    symbols = [(data[i] - data[i - lag]) % 256 if lag else data[i] for i in range(lag, len(data), step)]
    cost = order0_cost(_array(data), lag, len(data), step, lag)
    # The table cuts up to 1/256 bit off each of the two logarithms.
    assert abs(cost / BIT - _adaptive_bits(symbols)) <= len(symbols) / BIT


def test_noise_costs_more_than_itself_and_repetition_nearly_nothing() -> None:
    noise = _array(samples.noise(8192))
    assert order0_cost(noise, 0, 8192, 1, 0) > 8 * 8192 * BIT
    assert all(recent_cost(noise, 0, 8192, order) > 8 * 8192 * BIT for order in (1, 2, 3))
    repeated = _array(bytes(range(0, 256, 8)) * 256)
    assert all(recent_cost(repeated, 0, 8192, order) < 8192 * BIT // 8 for order in (1, 2, 3))


def test_recent_successors_help_text() -> None:
    text = _array(samples.text(8192))
    plain = order0_cost(text, 0, 8192, 1, 0)
    assert recent_cost(text, 0, 8192, 3) < recent_cost(text, 0, 8192, 2) < plain


@pytest.mark.parametrize("order", [1, 2, 3])
def test_signals_of_each_order_are_free_of_charge(order: int) -> None:
    index = np.arange(400)
    signal = (3 * index ** (order - 1)).astype(np.int32)  # constant, line, parabola
    found = signal_costs(signal, 0)
    assert found[order] < found[order - 1]
    assert found[order] < 400 * BIT // 4


def test_large_residuals_do_not_leave_the_table() -> None:
    signal = np.where(np.arange(300) % 2 == 0, -32768, 32767).astype(np.int32)
    found = signal_costs(signal, 0)
    assert found[3] > found[1] > found[0] > 14 * 290 * BIT


def test_rows_know_their_width() -> None:
    image = _array(samples.picture(100, 80))
    found = {width: rows_cost(image, 2000, 8000, width, 1) for width in (50, 99, 100, 101, 150)}
    assert min(found, key=lambda width: found[width]) == 100


def test_bytes_below_zero_do_not_wrap() -> None:
    # The left neighbour is the larger one everywhere: an unsigned difference would be a huge number.
    image = _array(bytes(range(255, 0, -5)) * 40)
    assert rows_cost(image, 200, 2000, 51, 1) < 1800 * BIT


def test_lag_differences() -> None:
    data = _array(samples.noise(300))
    found = lag_differences(data, 100, 200, 60)
    signed = data.astype(int)
    assert [int(f) for f in found[1:]] == [
        int(np.abs(signed[100:200] - signed[100 - lag : 200 - lag]).sum()) for lag in range(1, 61)
    ]

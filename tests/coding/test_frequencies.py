from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.frequencies import (
    MAXIMUM_TOTAL,
    FrequencyTable,
    accumulate,
    as_rows,
    as_symbols,
    check_guarantees,
)
from predzip.errors import UsageError


def test_a_table_of_three():
    table = FrequencyTable([2, 1, 5])
    assert table.cumulative.tolist() == [0, 2, 3, 8]
    assert table.cumulative.dtype == np.uint64
    assert (table.alphabet_size, table.total) == (3, 8)
    assert table.frequencies.tolist() == [2, 1, 5]
    assert [table.interval(symbol) for symbol in range(3)] == [(0, 2), (2, 1), (3, 5)]
    assert [table.find(point) for point in range(8)] == [0, 0, 1, 2, 2, 2, 2, 2]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 1 << 24), min_size=1, max_size=200))
def test_every_point_of_an_interval_finds_its_symbol(frequencies):
    table = FrequencyTable(frequencies)
    for symbol in range(len(frequencies)):
        start, freq = table.interval(symbol)
        assert freq == frequencies[symbol]
        assert table.find(start) == table.find(start + freq - 1) == symbol
    assert table.total == sum(frequencies)


def test_the_greatest_total_is_allowed_and_one_more_is_not():
    assert FrequencyTable([1, MAXIMUM_TOTAL - 1]).total == 1 << 32
    with pytest.raises(UsageError, match="sum to"):
        FrequencyTable([2, MAXIMUM_TOTAL - 1])


@pytest.mark.parametrize("frequencies", [[], [0], [1, 0, 1], [-1, 2], [1.5], [[1, 2]], [MAXIMUM_TOTAL + 1], ["1"]])
def test_broken_frequencies_are_refused(frequencies):
    with pytest.raises(UsageError):
        FrequencyTable(frequencies)


@pytest.mark.parametrize("symbol", [-1, 3])
def test_unknown_symbols_and_points(symbol):
    table = FrequencyTable([1, 1, 1])
    with pytest.raises(UsageError):
        table.interval(symbol)
    with pytest.raises(UsageError):
        table.find(symbol)


def test_rows_accumulate_along_the_last_axis_without_overflow():
    frequencies = np.full((2, 3, 4), (1 << 32) - 1, dtype=np.uint32)
    cumulative = accumulate(frequencies)
    assert cumulative.shape == (2, 3, 5)
    assert cumulative[1, 2].tolist() == [i * ((1 << 32) - 1) for i in range(5)]


@pytest.mark.parametrize(
    ("cumulative", "message"),
    [
        (np.array([0, 1, 2]), "uint64"),
        (np.array([0], dtype=np.uint64), "at least one symbol"),
        (np.array([1, 2], dtype=np.uint64), "start at 0"),
        (np.array([0, 1, 1], dtype=np.uint64), "at least 1"),
        (np.array([[0, 1], [0, 1 << 33]], dtype=np.uint64), "at most"),
    ],
)
def test_each_broken_guarantee_is_named(cumulative, message):
    with pytest.raises(UsageError, match=message):
        check_guarantees(cumulative)


def test_symbols_are_converted_or_refused():
    assert as_symbols(b"ab"[:0] or []).dtype == np.uint32
    assert as_symbols(np.array([1, 255], dtype=np.uint8)).tolist() == [1, 255]
    assert as_symbols([(1 << 32) - 1]).tolist() == [(1 << 32) - 1]
    for wrong in ([1 << 32], [-1], [0.0], [[1]], ["a"]):
        with pytest.raises(UsageError):
            as_symbols(wrong)


def test_rows_must_fit_the_count():
    table = accumulate(np.array([1, 2], dtype=np.uint32))
    assert as_rows(table, 7).shape == (1, 3)
    assert as_rows(np.stack([table] * 4), 4).shape == (4, 3)
    for wrong in (np.stack([table] * 3), table.reshape(1, 1, 3), np.stack([table * np.uint64(0)] * 4)):
        with pytest.raises(UsageError):
            as_rows(wrong, 4)

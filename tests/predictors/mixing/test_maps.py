from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.maps import map_p, map_update, move_entries, new_map


def next_entry(entry: int, bit: int, limit: int) -> int:
    """`map_update` in unbounded integers."""
    p, count = entry >> 10, entry & 1023
    p += (((4194303 if bit else 0) - p) * (131072 // (2 * count + 3))) >> 16
    p = min(max(p, 64), 4194303 - 64)
    return p << 10 | min(count + 1, max(limit, count))


@settings(deadline=None, max_examples=200)
@given(entry=st.integers(0, 2**32 - 1), bits=st.lists(st.integers(0, 1), max_size=40), limit=st.integers(0, 1023))
def test_updates_are_those_of_unbounded_integers(entry: int, bits: list[int], limit: int) -> None:
    table = np.array([7, entry, 9], np.uint32)
    for bit in bits:
        expected = next_entry(int(table[1]), bit, limit)
        map_update(table, 1, bit, limit)
        assert table[1] == expected
        assert 1 <= map_p(table, 1) <= 65534
    assert table[0] == 7
    assert table[2] == 9


@kernel
def move_all(entries: NDArray[np.uint32], bit: int, limit: int) -> None:
    move_entries(entries, bit, limit)


@settings(deadline=None, max_examples=200)
@given(
    entries=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40),
    bit=st.integers(0, 1),
    limit=st.integers(0, 1023),
)
def test_many_entries_move_as_each_would_alone(entries: list[int], bit: int, limit: int) -> None:
    table = np.array(entries, np.uint32)
    move_all(table, bit, limit)
    assert table.tolist() == [next_entry(entry, bit, limit) for entry in entries]


def test_every_count_and_both_ends_move_as_they_would_alone() -> None:
    for bit in (0, 1):
        entries = [p << 10 | count for count in range(1024) for p in (0, 1, 64, 2097151, 2097152, 4194303)]
        table = np.array(entries, np.uint32)
        move_all(table, bit, 1023)
        assert table.tolist() == [next_entry(entry, bit, 1023) for entry in entries]


def test_before_the_limit_an_entry_is_the_mean_of_what_it_saw() -> None:
    bits = np.random.default_rng(1).random(600) < 0.3
    table = new_map(1)
    for bit in bits:
        map_update(table, 0, int(bit), 1023)
    assert abs(map_p(table, 0) / 65536 - (bits.sum() + 0.25) / (len(bits) + 0.5)) < 0.002
    assert table[0] & 1023 == 600


def test_at_the_limit_it_forgets() -> None:
    table = new_map(1)
    for bit in [0] * 2000 + [1] * 200:
        map_update(table, 0, bit, 30)
    assert map_p(table, 0) > 65000


def test_certainty_has_a_bound_on_both_sides() -> None:
    table = new_map(2)
    for _ in range(5000):
        map_update(table, 0, 0, 255)
        map_update(table, 1, 1, 255)
    assert map_p(table, 0) in range(1, 200)
    assert map_p(table, 1) in range(65336, 65535)


def test_a_new_map_says_what_it_is_told() -> None:
    table = new_map(5, 60000, 16)
    assert table.shape == (5,)
    assert table.dtype == np.uint32
    assert [map_p(table, i) for i in range(5)] == [60000] * 5
    assert (table & 1023 == 16).all()

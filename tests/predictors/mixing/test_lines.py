from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.predictors.mixing.lines import LINE_BYTES, LINE_WORDS, find_line, mix, new_lines
from predzip.predictors.mixing.states import TOTALS

MASK_64 = (1 << 64) - 1
A, B = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
U = np.uint64


def exact_mix(a: int, b: int) -> int:
    x = ((a + A) * B) & MASK_64
    x = ((x ^ (x >> 32) ^ b) * A) & MASK_64
    return x ^ (x >> 32)


def exact_find(lines: NDArray[np.uint16], mask: int, context: int) -> int:
    """The rule of `lines`, in Python: the first place, its neighbour, or the poorer of the two, emptied."""
    h = (context * B) & MASK_64
    check = (h >> 16 & 0xFFFF) | 1
    places = [(h >> 32) & mask, ((h >> 32) & mask) ^ 1]
    for place in places:
        if lines[place, 0] == check:
            return place
    poorer = min(places, key=lambda place: TOTALS[lines[place, 1] & 255])  # the first, if equal
    lines[poorer] = [check] + [0] * (LINE_WORDS - 1)
    return poorer


@settings(deadline=None, max_examples=100)
@given(a=st.integers(0, MASK_64), b=st.integers(0, MASK_64))
def test_the_hash_is_that_of_unbounded_integers(a: int, b: int) -> None:
    assert int(mix(U(a), U(b))) == exact_mix(a, b)


def test_the_hash_depends_on_every_bit() -> None:
    base = int(mix(U(12345), U(678)))
    changed = [int(mix(U(12345 ^ 1 << bit), U(678))) for bit in range(64)]
    changed += [int(mix(U(12345), U(678 ^ 1 << bit))) for bit in range(64)]
    assert len({base, *changed}) == 129


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, len(TOTALS) - 1)), max_size=120),
    mask=st.sampled_from([1, 3, 7]),
)
def test_lines_are_found_claimed_and_replaced_as_the_reference_says(steps: list[tuple[int, int]], mask: int) -> None:
    lines, expected = new_lines(mask + 1), new_lines(mask + 1)
    for number, history in steps:
        context = exact_mix(number, 99)
        place = int(find_line(lines, U(mask), U(context)))
        assert place == exact_find(expected, mask, context)
        for table in (lines, expected):
            table[place, 1] = history
            table[place, 2 + history % 14] += 1
        assert (lines == expected).all()


def test_a_line_is_found_again_until_another_needs_its_place() -> None:
    lines = new_lines(2)
    first = int(find_line(lines, U(1), U(10)))
    lines[first, 1:] = 5
    assert int(find_line(lines, U(1), U(10))) == first
    assert (lines[first, 1:] == 5).all()
    second = int(find_line(lines, U(1), U(11)))
    assert second != first  # there is an empty neighbour
    lines[second, 1] = 1
    poorer = min((first, second), key=lambda place: TOTALS[lines[place, 1]])
    assert int(find_line(lines, U(1), U(12))) == poorer
    assert (lines[poorer, 1:] == 0).all()


def test_two_lines_share_a_cache_line() -> None:
    for count in (1, 2, 1024):
        lines = new_lines(count)
        assert lines.shape == (count, LINE_WORDS)
        assert lines.dtype == np.uint16
        assert lines.flags.c_contiguous
        assert lines.ctypes.data % 64 == 0
        assert not lines.any()
    assert lines.strides[0] == LINE_BYTES

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.logistic import squash
from predzip.predictors.mixing.sse import BUCKETS, new_rows, refine, refine_update

stretched = st.integers(-3071, 3071)


def place(x: int) -> tuple[int, int]:
    return divmod(min(max(x, -2047), 2047) + 2048, 128)


def exact_refine(row: list[int], x: int) -> int:
    low, weight = place(x)
    return (row[low] * (128 - weight) + row[low + 1] * weight) >> 7


@settings(deadline=None, max_examples=100)
@given(
    row=st.lists(st.integers(0, 65535), min_size=BUCKETS, max_size=BUCKETS),
    steps=st.lists(st.tuples(stretched, st.integers(0, 1)), max_size=30),
    rate=st.integers(1, 8),
)
def test_rows_follow_the_reference(row: list[int], steps: list[tuple[int, int]], rate: int) -> None:
    rows = np.array([[1] * BUCKETS, row, [2] * BUCKETS], np.uint16)
    for x, bit in steps:
        assert refine(rows, 1, x) == exact_refine(row, x)
        refine_update(rows, 1, x, bit, rate)
        low, _ = place(x)
        for bucket in (low, low + 1):
            row[bucket] += ((65535 if bit else 0) - row[bucket]) >> rate
        assert rows[1].tolist() == row
    assert (rows[0] == 1).all()
    assert (rows[2] == 2).all()


def test_a_new_row_changes_little() -> None:
    rows = new_rows(2)
    assert rows.shape == (2, BUCKETS)
    refined = [refine(rows, 1, x) for x in range(-2047, 2048)]
    # The chord of a curve: at most an eighth of the step squared times the greatest second derivative of squash.
    assert max(abs(p - squash(x)) for x, p in zip(range(-2047, 2048), refined, strict=True)) <= 200
    assert refined == sorted(refined)


@pytest.mark.parametrize("bit", [0, 1])
def test_a_row_learns_what_happens_at_its_place_only(bit: int) -> None:
    rows = new_rows(1)
    far = [refine(rows, 0, x) for x in (-2047, 1000, 2047)]
    for _ in range(500):
        refine_update(rows, 0, 0, bit, 5)
    assert (refine(rows, 0, 0) > 65000) if bit else (refine(rows, 0, 0) < 100)
    assert [refine(rows, 0, x) for x in (-2047, 1000, 2047)] == far

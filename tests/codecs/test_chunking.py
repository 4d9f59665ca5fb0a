"""Cutting an input: nothing lost, nothing counted twice, and as much history as was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predzip.codecs.chunking import Window, split, windows
from predzip.errors import UsageError


@given(st.binary(max_size=100), st.integers(1, 40))
def test_chunks_join_to_the_input(data: bytes, chunk_bytes: int) -> None:
    chunks = list(split(data, chunk_bytes))
    assert b"".join(chunks) == data
    assert all(len(chunk) == chunk_bytes for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= chunk_bytes for chunk in chunks)


def test_the_paper_s_chunks() -> None:
    assert [len(chunk) for chunk in split(bytes(5000))] == [2048, 2048, 904]


@given(st.integers(0, 80), st.integers(0, 30), st.integers(1, 30))
def test_windows_count_each_byte_once_behind_enough_history(length: int, context: int, stride: int) -> None:
    counted: list[int] = []
    for window in windows(length, context, stride):
        counted.extend(range(window.start, window.end))
        assert window.context_start == max(0, window.start - context)
        assert window.end - window.start <= stride
    assert counted == list(range(length))


def test_windows_by_example() -> None:
    assert list(windows(10, 3, 4)) == [Window(0, 0, 4), Window(1, 4, 8), Window(5, 8, 10)]


def test_sizes_without_sense_are_refused() -> None:
    with pytest.raises(UsageError):
        list(split(b"abc", 0))
    with pytest.raises(UsageError):
        list(windows(3, -1, 1))
    with pytest.raises(UsageError):
        list(windows(3, 1, 0))

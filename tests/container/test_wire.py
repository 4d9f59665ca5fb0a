"""Varints: one spelling for each value, bounds seen at the first byte that breaks them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.container.constants import MAX_VARINT
from predzip.container.wire import Cursor, Starved, pack_varint
from predzip.errors import CorruptError, UsageError


@settings(deadline=None, max_examples=200)
@given(st.integers(0, MAX_VARINT), st.binary(max_size=3))
def test_round_trip(value: int, rest: bytes) -> None:
    packed = pack_varint(value)
    cursor = Cursor(packed + rest)
    assert cursor.varint("x") == value
    assert cursor.position == len(packed) == max(1, -(-value.bit_length() // 7))


@pytest.mark.parametrize(
    ("value", "spelling"),
    [(0, "00"), (127, "7F"), (128, "80 01"), (2048, "80 10"), (2**26, "80 80 80 20"), (MAX_VARINT, "FF" * 8 + "7F")],
)
def test_spelling(value: int, spelling: str) -> None:
    assert pack_varint(value) == bytes.fromhex(spelling)


@pytest.mark.parametrize("spelling", ["80 00", "FF 00", "80 80 00", "80" * 8 + "00", "80" * 9 + "01", "FF" * 20])
def test_overlong_is_refused(spelling: str) -> None:
    with pytest.raises(CorruptError):
        Cursor(bytes.fromhex(spelling)).varint("x")


def test_bound_is_seen_before_the_last_byte() -> None:
    assert Cursor(b"\xe4\x00"[:1] + b"\x01").varint("x", 228) == 228
    with pytest.raises(CorruptError, match="at most 99"):
        Cursor(b"\xe4").varint("x", 99)  # 100 or more, whatever follows


def test_missing_bytes() -> None:
    for buffer in (b"", b"\x80", b"\xff" * 8):
        with pytest.raises(Starved) as info:
            Cursor(buffer).varint("x")
        assert info.value.missing_bytes == 1
    with pytest.raises(Starved) as info:
        Cursor(b"abc").take(10)
    assert info.value.missing_bytes == 7


@pytest.mark.parametrize("value", [-1, MAX_VARINT + 1])
def test_what_does_not_fit_is_refused(value: int) -> None:
    with pytest.raises(UsageError):
        pack_varint(value)


def test_a_cursor_does_not_hold_the_buffer() -> None:
    buffer = bytearray(b"abcdef")
    assert Cursor(buffer).take(3) == b"abc"
    del buffer[:3]  # raises BufferError while a view of it lives
    assert buffer == b"def"

"""Varints: seven bits a byte, the lowest first, and whatever was written is read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from predzip.codecs.varint import pack_varint, read_varint


@given(st.lists(st.integers(0, 2**80)))
def test_what_was_written_is_read(values: list[int]) -> None:
    data, position = b"".join(map(pack_varint, values)), 0
    for value in values:
        found, position = read_varint(data, position)
        assert found == value
    assert position == len(data)


def test_known_bytes() -> None:
    assert [pack_varint(value) for value in (0, 127, 128, 300)] == [b"\x00", b"\x7f", b"\x80\x01", b"\xac\x02"]

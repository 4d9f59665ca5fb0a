"""Headers: every field survives, every bound is kept, whatever is reserved is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.container import FRAME_MAGIC, FrameHeader
from predzip.container.constants import MAX_BLOCK_BYTES, MAX_METHOD_ID, MAX_VARINT
from predzip.container.header import pack_header, parse_header
from predzip.container.wire import Cursor
from predzip.errors import CorruptError, FormatError, UnsupportedError, UsageError

headers = st.builds(
    FrameHeader,
    st.integers(0, MAX_METHOD_ID),
    st.binary(max_size=255),
    st.one_of(st.just(b""), st.binary(min_size=8, max_size=8)),
    st.one_of(st.none(), st.integers(0, MAX_VARINT)),
)


@settings(deadline=None, max_examples=150)
@given(headers)
def test_round_trip(header: FrameHeader) -> None:
    packed = pack_header(header, single_block=False)
    assert packed.startswith(FRAME_MAGIC)
    assert len(packed) <= 280
    cursor = Cursor(packed[len(FRAME_MAGIC) :])
    assert parse_header(cursor) == (header, False)
    assert cursor.position == len(packed) - len(FRAME_MAGIC)


def test_single_block_needs_the_length() -> None:
    header = FrameHeader(1, original_length=5)
    assert parse_header(Cursor(pack_header(header, single_block=True)[4:])) == (header, True)
    with pytest.raises(UsageError):
        pack_header(FrameHeader(1), single_block=True)


@pytest.mark.parametrize("descriptor", [d for d in range(256) if d not in (0x01, 0x21, 0x31, 0x41, 0x61, 0x71)])
def test_unknown_descriptors_are_unsupported(descriptor: int) -> None:
    with pytest.raises(UnsupportedError):
        parse_header(Cursor(bytes((descriptor,)) + bytes(300)))


@pytest.mark.parametrize(
    "tail",
    [
        "01 80 80 01 00",  # method id 2^14
        "01 80 00 00",  # method id spelt too long
        "31 00 00 81 80 80 20",  # a single block of 2^26 + 1
        "21 00 00 80 00",  # original length spelt too long
        "21 00 00" + "FF" * 9 + "01",  # original length above 2^63 - 1
    ],
)
def test_broken_bounds_are_corrupt(tail: str) -> None:
    with pytest.raises(CorruptError):
        parse_header(Cursor(bytes.fromhex(tail)))


def test_largest_single_block() -> None:
    header, single = parse_header(Cursor(bytes.fromhex("31 00 00 80 80 80 20")))
    assert (header.original_length, single) == (MAX_BLOCK_BYTES, True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"method_id": -1}, "method id"),
        ({"method_id": MAX_METHOD_ID + 1}, "method id"),
        ({"method_id": 1, "parameters": bytes(256)}, "parameter bytes"),
        ({"method_id": 1, "fingerprint": b"seven b"}, "fingerprint"),
        ({"method_id": 1, "original_length": -1}, "original length"),
        ({"method_id": 1, "original_length": MAX_VARINT + 1}, "original length"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as info:
        FrameHeader(**fields)  # type: ignore[arg-type]
    assert not isinstance(info.value, FormatError)

"""Writing: layouts, withheld first block, sizes that the documentation states."""

from __future__ import annotations

import random
import zlib

import pytest

from predzip.container import MAX_BLOCK_BYTES, FrameHeader, FrameStarted, FrameWriter, pack_skippable
from predzip.errors import UsageError

from .samples import ZLIB, ZLIB_ID, events, read, write_frame


def layout(data: bytes) -> bool:
    started = events([data])[0]
    assert isinstance(started, FrameStarted)
    return started.single_block


def test_one_block_becomes_a_single_block_frame() -> None:
    writer = FrameWriter(ZLIB)
    assert writer.block(b"abc", None) == b""
    data = writer.finish()
    assert layout(data)
    assert read([data]) == b"abc"


def test_a_second_block_releases_the_first() -> None:
    writer = FrameWriter(ZLIB)
    assert writer.block(b"abc", None) == b""
    second = writer.block(b"def", None)
    assert b"abc" in second
    assert b"def" in second
    data = second + writer.finish()
    assert not layout(data)
    assert read([data]) == b"abcdef"


def test_flush_releases_the_first_block_and_decides_the_layout() -> None:
    writer = FrameWriter(ZLIB)
    assert writer.flush() == b""
    writer.block(b"abc", None)
    flushed = writer.flush()
    assert b"abc" in flushed
    assert writer.flush() == b""
    data = flushed + writer.finish()
    assert not layout(data)
    assert read([data]) == b"abc"


def test_an_announced_length_needs_no_waiting() -> None:
    header = FrameHeader(0, original_length=6)
    single, double = FrameWriter(header), FrameWriter(header)
    whole = single.block(b"abcdef", None)
    assert single.finish() == b""
    assert layout(whole)
    first = double.block(b"abc", None)
    assert b"abc" in first
    data = first + double.block(b"def", None) + double.finish()
    assert not layout(data)
    assert read([whole]) == read([data]) == b"abcdef"


def test_announced_and_unknown_length_give_the_same_single_block() -> None:
    assert write_frame(FrameHeader(0, original_length=3), [b"abc"]) == write_frame(FrameHeader(0), [b"abc"])
    assert write_frame(FrameHeader(0, original_length=0), []) == write_frame(FrameHeader(0), [b"", b""])


def test_a_payload_that_does_not_shrink_is_stored() -> None:
    for payload in (None, b"12345678", b"123456789"):
        writer = FrameWriter(FrameHeader(0))
        data = writer.block(b"original", payload) + writer.finish()
        assert b"original" in data
        assert read([data]) == b"original"


def test_a_payload_may_be_empty() -> None:
    writer = FrameWriter(FrameHeader(0))
    data = writer.block(b"a codec that knows this by heart", b"") + writer.finish()
    assert len(data) == 13


@pytest.mark.parametrize("view", [bytes, bytearray, memoryview])
def test_any_buffer_will_do_and_may_change_afterwards(view: type) -> None:
    original = bytearray(b"abcabcabcabc")
    payload = bytearray(zlib.compress(original)[:5])
    writer, expected = FrameWriter(ZLIB), FrameWriter(ZLIB)
    writer.block(view(original), view(payload))
    expected.block(bytes(original), bytes(payload))
    original[:] = bytes(12)
    payload[:] = bytes(5)
    assert writer.finish() == expected.finish()


def test_misuse() -> None:
    announced = FrameWriter(FrameHeader(0, original_length=4))
    with pytest.raises(UsageError, match="more content"):
        announced.block(b"12345", None)
    announced.block(b"123", None)
    with pytest.raises(UsageError, match="3 bytes of content"):
        announced.finish()
    with pytest.raises(UsageError, match="at most"):
        FrameWriter(ZLIB).block(bytes(MAX_BLOCK_BYTES + 1), None)
    finished = FrameWriter(ZLIB)
    finished.finish()
    for call in (lambda: finished.block(b"x", None), finished.flush, finished.finish):
        with pytest.raises(UsageError, match="finished"):
            call()
    with pytest.raises(UsageError, match="skippable"):
        pack_skippable(bytes(2**20 + 1))


@pytest.mark.parametrize(
    ("original_bytes", "payload_bytes", "overhead_bytes"),
    [
        *((0, 0, 13), (1, 1, 13), (127, 127, 13), (128, 100, 14), (2048, 880, 15), (16383, 16383, 15)),
        *((65536, 65536, 21), (2**21 - 1, 2**20, 21)),
    ],
)
def test_overhead_of_a_single_block(original_bytes: int, payload_bytes: int, overhead_bytes: int) -> None:
    writer = FrameWriter(FrameHeader(1))
    data = writer.block(bytes(original_bytes), bytes(payload_bytes)) + writer.finish()
    assert len(data) == payload_bytes + overhead_bytes


def test_overhead_of_a_stream() -> None:
    assert len(write_frame(ZLIB, [b"abc", b"def"])) == 6 + 17 + 2 * 6  # the private method id takes two bytes
    for length in (2**16, 2**20, MAX_BLOCK_BYTES):
        writer = FrameWriter(FrameHeader(1))
        begin = writer.block(b"a", None) + writer.flush()
        block = writer.block(bytes(length), None)
        assert len(begin) + len(writer.finish()) == 16 + 7
        assert 12 <= len(block) - length <= 16


@pytest.mark.parametrize("block_bytes", [2**18, 2**20])
@pytest.mark.parametrize("total_bytes", [1, 1000, 2**18, 3 * 2**20 + 5])
def test_random_data_hardly_grows(block_bytes: int, total_bytes: int) -> None:
    noise = random.Random(total_bytes).randbytes(total_bytes)
    blocks = [noise[at : at + block_bytes] for at in range(0, total_bytes, block_bytes)]
    data = write_frame(FrameHeader(ZLIB_ID, b"four", b"8 bytes!"), blocks)
    assert len(data) <= total_bytes * 1.0001 + 64

"""Reading: events, pieces of any size, listing, limits, order of verification, what `close` says."""

from __future__ import annotations

import itertools
import pickle
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.container import (
    BlockReady,
    EndOfInput,
    FrameEnded,
    FrameHeader,
    FrameReader,
    FrameStarted,
    FrameWriter,
    Limits,
    NeedData,
    SkippableFrame,
    pack_skippable,
)
from predzip.errors import CorruptError, FormatError, LimitError, TruncatedError, UsageError

from .educational import decode
from .samples import ZLIB, ZLIB_ID, events, read, valid_inputs, write_frame

VALID = valid_inputs()


@pytest.mark.parametrize("name", VALID)
def test_valid_inputs(name: str) -> None:
    data, content = VALID[name]
    assert read([data]) == content
    assert decode(data) == content


@pytest.mark.parametrize("name", VALID)
def test_any_split_tells_the_same(name: str) -> None:
    data, _ = VALID[name]
    whole = events([data])
    assert events(data[i : i + 1] for i in range(len(data))) == whole
    for cut in range(len(data) + 1):
        assert events([data[:cut], b"", data[cut:]]) == whole
    rng = random.Random(name)
    for _ in range(50):
        cuts = [0, *sorted(rng.choices(range(len(data) + 1), k=rng.randrange(6))), len(data)]
        assert events(data[a:b] for a, b in itertools.pairwise(cuts)) == whole


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.builds(FrameHeader, st.just(ZLIB_ID), st.binary(max_size=9), st.sampled_from([b"", b"8 bytes!"])),
            st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=9).map(lambda b: b * 30)), max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_concatenation_is_concatenation_of_contents(frames: list[tuple[FrameHeader, list[bytes]]]) -> None:
    data = b"".join(write_frame(header, blocks) for header, blocks in frames)
    content = b"".join(b"".join(blocks) for _, blocks in frames)
    assert read([data]) == content
    assert decode(data) == content


def test_events_of_a_stream() -> None:
    note = pack_skippable(b"note")
    blocks = [b"abc" * 50, b"stored"]
    frame = write_frame(FrameHeader(ZLIB_ID, b"p", b"8 bytes!"), blocks)
    skip, started, coded, stored, ended, end = events([note + frame])
    assert skip == SkippableFrame(b"note", 0)
    header = FrameHeader(ZLIB_ID, b"p", b"8 bytes!")
    assert started == FrameStarted(header, len(note), single_block=False)
    payload = zlib.compress(blocks[0], 9)
    assert isinstance(coded, BlockReady)
    assert isinstance(stored, BlockReady)
    assert (coded.index, coded.stored, coded.payload, coded.original_length) == (0, False, payload, 150)
    assert (stored.index, stored.stored, stored.payload, stored.original_length) == (1, True, b"stored", 6)
    for block in (coded, stored):
        at = block.payload_offset
        assert (note + frame)[at : at + block.payload_length] == block.payload
        assert block.header == header
    assert ended == FrameEnded(header, block_count=2, original_length=156, frame_length=len(frame))
    assert end == EndOfInput()


def test_a_single_block_frame_tells_its_length_at_once() -> None:
    reader = FrameReader()
    reader.feed(write_frame(ZLIB, [b"abc" * 50])[:10])
    event = reader.next_event()
    assert isinstance(event, FrameStarted)
    assert event.header.original_length == 150


@pytest.mark.parametrize("name", VALID)
def test_listing_tells_the_same_without_payloads(name: str) -> None:
    data, _ = VALID[name]

    def lengths(keep_payloads: bool) -> list[object]:
        told = events((data[i : i + 7] for i in range(0, len(data), 7)), keep_payloads=keep_payloads)
        return [
            (e.index, e.stored, e.payload_length, e.original_length, e.payload_offset, e.checksum)
            if isinstance(e, BlockReady)
            else e
            for e in told
        ]

    assert lengths(False) == lengths(True)


def test_listing_checks_the_lengths_of_a_stream() -> None:
    data = bytearray(write_frame(FrameHeader(0), [b"abcd", b"efgh"]))
    data[7], data[8] = 5, 5  # the first block claims the first byte of its checksum
    with pytest.raises(FormatError):
        events([bytes(data)], keep_payloads=False)


def test_blocks_are_verified_alone_in_any_order_in_other_processes() -> None:
    blocks = [b"a" * 100, b"b" * 100, b"c" * 100]
    ready = [e for e in events([write_frame(ZLIB, blocks)]) if isinstance(e, BlockReady)]
    for block, original in reversed(list(zip(ready, blocks, strict=True))):
        travelled = pickle.loads(pickle.dumps(block))
        travelled.verify(original)
        travelled.verify(bytearray(original))
        travelled.verify(memoryview(original))
        with pytest.raises(CorruptError, match="checksum"):
            block.verify(original[:-1] + b"!")
        with pytest.raises(CorruptError, match="decodes to 99 bytes"):
            block.verify(original[:-1])
    with pytest.raises(CorruptError):
        ready[0].verify(blocks[1])


def test_equal_blocks_cannot_be_exchanged_between_frames_or_places() -> None:
    """Index and header enter the checksum: blocks pasted elsewhere do not verify, even where they would decode."""
    one = write_frame(FrameHeader(0), [b"1234", b"5678"])
    body = one[7:-9]
    swapped = one[:7] + body[10:] + body[:10] + one[-9:]
    told = FrameReader()
    told.feed(swapped)
    told.next_event()
    first = told.next_event()
    assert isinstance(first, BlockReady)
    assert first.payload == b"5678"
    with pytest.raises(CorruptError):
        first.verify(first.payload)
    other_parameters = [e for e in events([write_frame(FrameHeader(0, b"p"), [b"1234", b"5678"])])][1]
    assert isinstance(other_parameters, BlockReady)
    assert other_parameters.checksum not in one


def test_flipped_header_bits_never_pass() -> None:
    for name in ("single coded", "single with fingerprint", "stream", "all fields", "no blocks, with end"):
        data, _ = VALID[name]
        started = events([data])[0]
        assert isinstance(started, FrameStarted)
        header_bytes = 7 + len(started.header.parameters) + len(started.header.fingerprint)
        for bit in range(8 * header_bytes):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(FormatError):
                read([bytes(flipped)])


@pytest.mark.parametrize("garbage", [b"\0", b"\n", b"garbage", b"\xab\x70\x7a\xf4", b"PK\3\4", b"\0" * 1000])
def test_garbage_after_a_frame_is_refused(garbage: bytes) -> None:
    for data, _ in VALID.values():
        with pytest.raises(FormatError, match=f"ends at byte {len(data)} is no frame"):
            read([data + garbage])


@pytest.mark.parametrize(
    "foreign", [b"\0", b"hello", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\xabqz\xf5", b"\xab\xab"]
)
def test_foreign_input(foreign: bytes) -> None:
    with pytest.raises(FormatError, match="not a predzip file"):
        read([foreign])


def test_empty_input() -> None:
    with pytest.raises(TruncatedError, match="empty"):
        read([])
    with pytest.raises(TruncatedError, match="empty"):
        FrameReader().close()


def test_close_speaks_up_at_once_or_after_what_is_waiting() -> None:
    data, _ = VALID["stream"]
    at_once = FrameReader()
    at_once.feed(data[:8])
    assert isinstance(at_once.next_event(), FrameStarted)
    with pytest.raises(TruncatedError, match="after 8 bytes"):
        at_once.close()
    with pytest.raises(TruncatedError):
        at_once.next_event()
    later = FrameReader()
    later.feed(data[:-1])
    later.close()
    told = [later.next_event() for _ in range(4)]
    assert [type(e) for e in told] == [FrameStarted, BlockReady, BlockReady, BlockReady]
    with pytest.raises(TruncatedError, match=f"after {len(data) - 1} bytes"):
        later.next_event()


def test_close_before_the_last_event_of_a_frame() -> None:
    reader = FrameReader()
    reader.feed(VALID["single coded"][0])
    assert isinstance(reader.next_event(), FrameStarted)
    assert isinstance(reader.next_event(), BlockReady)
    reader.close()
    assert isinstance(reader.next_event(), FrameEnded)
    assert isinstance(reader.next_event(), EndOfInput)


def test_a_block_beyond_the_announced_length_is_refused_before_its_payload() -> None:
    writer = FrameWriter(FrameHeader(0, original_length=2000))
    data = bytearray(writer.block(bytes(1000), None))
    data[7:9] = b"\x80\x01"  # announce 128 bytes, in as many
    reader = FrameReader()
    reader.feed(data[:13])
    assert isinstance(reader.next_event(), FrameStarted)
    with pytest.raises(CorruptError, match="block 0"):
        reader.next_event()


def test_nothing_after_close() -> None:
    reader = FrameReader()
    reader.feed(VALID["stream"][0])
    reader.close()
    reader.close()
    reader.feed(b"")
    with pytest.raises(UsageError, match="closed"):
        reader.feed(b"x")


def test_an_error_stays() -> None:
    reader = FrameReader()
    reader.feed(b"foreign")
    for _ in range(2):
        with pytest.raises(FormatError, match="not a predzip file"):
            reader.next_event()
    reader.feed(VALID["stream"][0])
    reader.close()  # says nothing of its own
    with pytest.raises(FormatError, match="not a predzip file"):
        reader.next_event()


def test_limits() -> None:
    note, frame = pack_skippable(bytes(100)), write_frame(ZLIB, [bytes(100), bytes(50)])
    single = write_frame(ZLIB, [bytes(100)])
    assert read([note + frame + single], Limits(100, 100)) == bytes(250)
    for data, limits in ((note, Limits(100, 99)), (frame, Limits(99, 100)), (single, Limits(99, 100))):
        with pytest.raises(LimitError, match="100 bytes; 99 are allowed"):
            read([data], limits)


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("keep_payloads", [True, False])
def test_who_feeds_what_is_asked_for_stops_at_the_frame_end(name: str, keep_payloads: bool) -> None:
    data, _ = VALID[name]
    reader, fed, told = FrameReader(keep_payloads=keep_payloads), 0, 0
    while fed < len(data):
        event = reader.next_event()
        if isinstance(event, NeedData):
            reader.feed((data + b"what follows")[fed : fed + event.missing_bytes])
            fed += event.missing_bytes
        told += isinstance(event, FrameEnded)
        assert fed <= len(data)
    reader.close()
    while not isinstance(reader.next_event(), EndOfInput):
        told += 1
    assert told >= 1 or name == "metadata alone"


def test_the_size_asked_for_is_exact_for_a_payload() -> None:
    writer = FrameWriter(FrameHeader(0))
    data = writer.block(bytes(1000), None) + writer.finish()
    reader = FrameReader()
    reader.feed(data[:100])
    assert isinstance(reader.next_event(), FrameStarted)
    event = reader.next_event()
    assert event == NeedData(len(data) - 100)
    reader.feed(data[100:])
    assert isinstance(reader.next_event(), BlockReady)

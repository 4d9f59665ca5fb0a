"""Hostile input: always the right bytes or a `PredzipError`, in bounded memory, in as many steps as there are bytes.

What is right is said by the second decoder (educational.py): both must accept the same inputs, with the same content.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

import pytest

from predzip.container import (
    BlockReady,
    EndOfInput,
    FrameHeader,
    FrameReader,
    FrameWriter,
    NeedData,
    SkippableFrame,
    pack_skippable,
)
from predzip.container.constants import MAX_BLOCK_BYTES, MAX_SKIPPABLE_BYTES, MAX_VARINT
from predzip.container.wire import pack_varint
from predzip.errors import CorruptError, FormatError, PredzipError, TruncatedError, UnsupportedError

from .educational import BadInput, decode
from .samples import events, read, valid_inputs

VALID = valid_inputs()
MAGIC = bytes.fromhex("AB 70 7A F5")
SKIPPABLE = bytes.fromhex("AB 70 7A 8A")
KIB, MIB = 2**10, 2**20


def pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def oracle(data: bytes) -> bytes | None:
    try:
        return decode(data)
    except BadInput:
        return None


@pytest.mark.parametrize("name", VALID)
def test_every_truncation(name: str) -> None:
    data, content = VALID[name]
    borders = 0
    for end in range(len(data)):
        expected = oracle(data[:end])
        for size in (1, 5, len(data)):
            if expected is None:
                with pytest.raises(TruncatedError):
                    read(pieces(data[:end], size))
            else:
                assert read(pieces(data[:end], size)) == expected
        borders += expected is not None
    # Only between frames does a shorter input look whole; no format without an index sees that (section 7.3).
    assert borders == (3 if name == "concatenation" else 0)
    assert read([data]) == content


def flip_bit(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def set_byte(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 9)]


def insert(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.randrange(1, 9))


def repeat(data: bytearray, rng: random.Random) -> None:
    begin, at = rng.randrange(len(data)), rng.randrange(len(data) + 1)
    data[at:at] = data[begin : begin + rng.randrange(1, 60)]


def huge_varint(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + rng.randrange(2)] = b"\xff" * rng.randrange(1, 12) + bytes((rng.randrange(128),))


def splice(data: bytearray, rng: random.Random) -> None:
    other = rng.choice(list(VALID.values()))[0]
    data[rng.randrange(len(data)) :] = other[rng.randrange(len(other)) :]


MUTATORS: tuple[Callable[[bytearray, random.Random], None], ...]
MUTATORS = (flip_bit, set_byte, drop, insert, repeat, huge_varint, splice)


def only_whole_contents(content: bytes) -> bool:
    """Mutations may remove, repeat or exchange whole frames, or touch bits that the codec does not use (the padding
    of a zlib payload); what comes out is made of whole contents of valid frames."""
    for known in sorted({c for name, (_, c) in VALID.items() if name != "concatenation"}, key=len, reverse=True):
        content = content.replace(known, b"") if known else content
    return content == b""


@pytest.mark.parametrize("name", VALID)
def test_mutations(name: str) -> None:
    """With nine inputs, more than 10,000 mutations, each the same in every run."""
    data, _ = VALID[name]
    rng = random.Random(f"mutations of {name}")
    refused = 0
    for _ in range(1200):
        mutated = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            if mutated:
                rng.choice(MUTATORS)(mutated, rng)
        hostile = bytes(mutated)
        expected = oracle(hostile)
        size = rng.choice((1, 3, 50, 10_000))
        try:
            content = read(pieces(hostile, size))
            assert content == expected
            assert only_whole_contents(content)
        except PredzipError:
            assert expected is None
            refused += 1
    assert refused > 1000


def test_noise_behind_a_valid_beginning() -> None:
    rng = random.Random(5)
    for _ in range(3000):
        begin = rng.choice((MAGIC, MAGIC + b"\x01\0\0", MAGIC + b"\x31\0\0", SKIPPABLE, MAGIC + b"\x21\0\0"))
        hostile = begin + rng.randbytes(rng.randrange(60))
        assert oracle(hostile) is None
        with pytest.raises(FormatError):
            read([hostile])


# What follows is forged with right checksums, so that only the rule itself can refuse it.


def forge(header: bytes, blocks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A frame of the given heads and stored payloads, with an end, whatever they say."""
    body = ended = b""
    for index, (head, original) in enumerate(blocks):
        checksum = blake2b(header + index.to_bytes(8, "little") + head + original).digest()[:4]
        body += head + original + checksum
        ended += head + checksum
    return header + body + b"\0" + blake2b(header + b"\xff" * 8 + ended + b"\0").digest()[:8]


BLOCK = (b"\x03\x03", b"abc")


def test_the_forger_forges() -> None:
    assert read([forge(MAGIC + b"\x01\0\0", [BLOCK, BLOCK])]) == b"abcabc"


@pytest.mark.parametrize(
    ("hostile", "error"),
    [
        (forge(MAGIC + b"\x21\0\0\x05", [BLOCK, BLOCK]), CorruptError),  # more content than announced
        (forge(MAGIC + b"\x21\0\0\x07", [BLOCK, BLOCK]), CorruptError),  # less
        (forge(MAGIC + b"\x21\0\0\x00", [BLOCK]), CorruptError),
        (forge(MAGIC + b"\x21\0\0" + pack_varint(MAX_VARINT), [BLOCK]), CorruptError),
        (forge(MAGIC + b"\x01\0\0", [(b"\x03\x04", b"abcd")]), CorruptError),  # payload longer than the original
        (forge(MAGIC + b"\x01\0\0", [(b"\x03\x83\x00", b"abc")]), CorruptError),  # a length spelt too long
        (forge(MAGIC + b"\x01\0\0", [(b"\x83\x00\x03", b"abc")]), CorruptError),
        (forge(MAGIC + b"\x01\0\0", [(b"\x80\x00", b"")]), CorruptError),  # an end marker spelt too long
        (forge(MAGIC + b"\x01\0\0", [(b"\x81\x80\x80\x20\x00", b"")]), CorruptError),  # 64 MiB and one
        (forge(MAGIC + b"\x01\x80\0\0", [BLOCK]), CorruptError),  # method id spelt too long
        (forge(MAGIC + b"\x01\xff\xff\x01\0", [BLOCK]), CorruptError),  # method id too large
        (forge(MAGIC + b"\x00\0\0", [BLOCK]), UnsupportedError),  # version 0
        (forge(MAGIC + b"\x02\0\0", [BLOCK]), UnsupportedError),  # version 2
        (forge(MAGIC + b"\x81\0\0", [BLOCK]), UnsupportedError),  # reserved bit
        (forge(MAGIC + b"\x11\0\0", [BLOCK]), UnsupportedError),  # single block of no length
        (SKIPPABLE + pack_varint(MAX_SKIPPABLE_BYTES + 1), CorruptError),
        (SKIPPABLE + b"\x80\x00" + blake2b(SKIPPABLE + b"\x80\x00").digest()[:8], CorruptError),
    ],
)
def test_forged(hostile: bytes, error: type[FormatError]) -> None:
    assert oracle(hostile) is None
    for size in (1, len(hostile)):
        with pytest.raises(error):
            read(pieces(hostile, size))


def test_steps_are_bounded_by_bytes() -> None:
    for hostile in (forge(MAGIC + b"\x01\0\0", [(b"\1\1", b"a")] * 500), pack_skippable(b"") * 500):
        assert len(events(pieces(hostile, 64))) <= len(hostile)


class Peak:
    bytes = 0


@contextmanager
def memory() -> Iterator[Peak]:
    peak = Peak()
    tracemalloc.start()
    try:
        yield peak
        peak.bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def drain(reader: FrameReader, source: Iterable[bytes]) -> int:
    """Read to the end, dropping every event; return the content's length."""
    length = 0
    for piece in source:
        reader.feed(piece)
        while not isinstance(event := reader.next_event(), NeedData):
            length += event.original_length if isinstance(event, BlockReady) else 0
            del event
    reader.close()
    assert isinstance(reader.next_event(), EndOfInput)
    return length


@pytest.mark.parametrize(
    "begin",
    [
        MAGIC + b"\x01\0\0" + pack_varint(MAX_BLOCK_BYTES) * 2,
        MAGIC + b"\x01\0\0" + pack_varint(MAX_BLOCK_BYTES) + b"\x00",
        MAGIC + b"\x31\0\0" + pack_varint(MAX_BLOCK_BYTES) * 2,
        MAGIC + b"\x61\x01\xff",
        MAGIC + b"\x21\0\0" + pack_varint(MAX_VARINT) + pack_varint(MAX_BLOCK_BYTES) * 2,
        SKIPPABLE + pack_varint(MAX_SKIPPABLE_BYTES),
    ],
)
def test_declared_lengths_cost_nothing(begin: bytes) -> None:
    with memory() as peak, pytest.raises(FormatError):
        drain(FrameReader(), [begin, b"\xff" * 100])
    assert peak.bytes < 64 * KIB


def test_memory_of_reading_is_what_the_document_states() -> None:
    payload, piece = bytes(8 * MIB), 64 * KIB
    writer = FrameWriter(FrameHeader(0))
    data = writer.block(payload, None) + writer.block(payload, None) + writer.finish()
    source = pieces(data, piece)
    with memory() as peak:
        assert drain(FrameReader(), source) == 2 * len(payload)
    assert len(payload) < peak.bytes <= len(payload) * 17 // 8 + piece + 64 * KIB


@pytest.mark.parametrize("block_bytes", [1, 4 * MIB])
def test_memory_of_listing_is_what_the_document_states(block_bytes: int) -> None:
    writer = FrameWriter(FrameHeader(0))
    data = b"".join(writer.block(bytes(block_bytes), None) for _ in range(max(2, 20_000 // block_bytes)))
    source, piece = pieces(data + writer.finish(), 64 * KIB), 64 * KIB
    with memory() as peak:
        drain(FrameReader(keep_payloads=False), source)
    assert peak.bytes <= 2 * piece + 64 * KIB


def test_metadata_is_bounded_too() -> None:
    note = pack_skippable(bytes(MAX_SKIPPABLE_BYTES))
    assert events(pieces(note, 1000))[0] == SkippableFrame(bytes(MAX_SKIPPABLE_BYTES), 0)


def test_nothing_is_kept_after_an_error() -> None:
    reader = FrameReader()
    with memory() as peak:
        for _ in range(10):
            reader.feed(bytes(MIB))
            with pytest.raises(FormatError):
                reader.next_event()
        kept = tracemalloc.get_traced_memory()[0]
    assert peak.bytes >= MIB
    assert kept < 64 * KIB

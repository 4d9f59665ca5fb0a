"""What the container's tests share: a codec (zlib under a private method id), writing, reading, small valid inputs."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable

from predzip.container import (
    BlockReady,
    EndOfInput,
    Event,
    FrameHeader,
    FrameReader,
    FrameWriter,
    Limits,
    NeedData,
    pack_skippable,
)
from predzip.errors import CorruptError, UnsupportedError

ZLIB_ID = 0x3F00
ZLIB = FrameHeader(ZLIB_ID)


def write_frame(header: FrameHeader, blocks: Iterable[bytes]) -> bytes:
    writer = FrameWriter(header)
    return b"".join(writer.block(block, zlib.compress(block, 9)) for block in blocks) + writer.finish()


def decode_block(block: BlockReady) -> bytes:
    if block.stored:
        return block.payload
    if block.header.method_id != ZLIB_ID:
        raise UnsupportedError("unknown method")
    try:
        return zlib.decompressobj().decompress(block.payload, block.original_length + 1)
    except zlib.error as error:
        raise CorruptError("codec") from error


def events(pieces: Iterable[bytes], limits: Limits | None = None, keep_payloads: bool = True) -> list[Event]:
    """All events but NeedData, feeding one piece whenever the reader asks."""
    reader = FrameReader(limits, keep_payloads=keep_payloads)
    source = iter(pieces)
    told: list[Event] = []
    while True:
        event = reader.next_event()
        if isinstance(event, NeedData):
            assert event.missing_bytes > 0
            piece = next(source, None)
            if piece is None:
                reader.close()
            else:
                reader.feed(piece)
            continue
        told.append(event)
        if isinstance(event, EndOfInput):
            assert isinstance(reader.next_event(), EndOfInput)
            return told


def read(pieces: Iterable[bytes], limits: Limits | None = None) -> bytes:
    """Decode and verify everything."""
    content = b""
    for event in events(pieces, limits):
        if isinstance(event, BlockReady):
            original = decode_block(event)
            event.verify(original)
            content += original
    return content


def valid_inputs() -> dict[str, tuple[bytes, bytes]]:
    """Small inputs of every layout: name -> (file, content)."""
    text = b"predict, predict, predict, " * 6
    noise = random.Random(1).randbytes(40)
    full = FrameHeader(ZLIB_ID, b"\x03\x80\x00", b"8 bytes!", len(text + noise))
    cases: dict[str, tuple[FrameHeader, list[bytes]]] = {
        "empty": (ZLIB, []),
        "single stored": (FrameHeader(0), [noise]),
        "single coded": (FrameHeader(ZLIB_ID, b"\x09"), [text]),
        "single with fingerprint": (FrameHeader(ZLIB_ID, b"", b"8 bytes!"), [text]),
        "stream": (ZLIB, [text, noise, b"end"]),
        "all fields": (full, [text, noise]),
    }
    files = {name: (write_frame(header, blocks), b"".join(blocks)) for name, (header, blocks) in cases.items()}
    files["no blocks, with end"] = (bytes.fromhex("AB707AF5 01 00 00 00 A1FCCB6DA8B78E02"), b"")
    joined = pack_skippable(b"note") + files["stream"][0] + pack_skippable(b"") + files["single coded"][0]
    files["concatenation"] = (joined, files["stream"][1] + files["single coded"][1])
    files["metadata alone"] = (pack_skippable(b"only a note"), b"")
    return files

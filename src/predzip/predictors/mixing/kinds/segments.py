"""Kinds of data, typed segments, and the compact table of segments that stands at the head of a block.

The encoder finds the kinds (`detection`); the decoder only reads this table, so everything here is exact and strict.

    table := entry*                        as many entries as it takes to cover the block
    entry := tag [parameter] [length]      varints: 7 bits a byte, low group first, shortest form only
    tag   := kind + 128 if another entry follows

Kinds with a parameter (bytes of a row, channels) carry it; the last entry has no length: it takes the rest. So a
block of text costs one byte, a picture two to four, and an empty block none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from predzip.errors import CorruptError

MAX_SEGMENTS = 4096
MAX_WIDTH_BYTES = 1 << 18
MAX_CHANNELS = 2
_MORE_FLAG = 0x80
_MAX_VARINT_BYTES = 5


class Kind(IntEnum):
    """What a segment holds; the values stand in files and never change."""

    TEXT = 0
    BINARY = 1  # records, tables, whatever has no model of its own
    EXECUTABLE = 2  # x86 and x86-64 machine code
    IMAGE8 = 3  # one byte a pixel; parameter: bytes of a row
    IMAGE24 = 4  # three interleaved bytes a pixel; parameter: bytes of a row
    IMAGE32 = 5  # four interleaved bytes a pixel; parameter: bytes of a row
    AUDIO8 = 6  # unsigned 8-bit PCM; parameter: channels
    AUDIO16 = 7  # signed 16-bit little-endian PCM; parameter: channels
    AUDIO16BE = 8  # signed 16-bit big-endian PCM; parameter: channels
    RANDOM = 9  # incompressible: worth storing


IMAGE_PIXEL_BYTES = {Kind.IMAGE8: 1, Kind.IMAGE24: 3, Kind.IMAGE32: 4}
AUDIO_SAMPLE_BYTES = {Kind.AUDIO8: 1, Kind.AUDIO16: 2, Kind.AUDIO16BE: 2}


@dataclass(frozen=True)
class Segment:
    """A run of bytes of one kind; `parameter` is the bytes of a row (images), the channels (audio) or 0."""

    kind: Kind
    length: int
    parameter: int = 0


def parameter_is_valid(kind: Kind, parameter: int) -> bool:
    """Say whether a kind may carry this parameter."""
    if kind in IMAGE_PIXEL_BYTES:
        return IMAGE_PIXEL_BYTES[kind] <= parameter <= MAX_WIDTH_BYTES
    if kind in AUDIO_SAMPLE_BYTES:
        return 1 <= parameter <= MAX_CHANNELS
    return parameter == 0


def pack_segments(segments: Iterable[Segment]) -> bytes:
    """Write the table of a block's segments.

    Raises:
        ValueError: a segment that no table can hold (length below 1, parameter out of range, too many segments).
    """
    listed = list(segments)
    if len(listed) > MAX_SEGMENTS:
        raise ValueError(f"{len(listed)} segments: a table holds {MAX_SEGMENTS}")
    table = bytearray()
    for index, segment in enumerate(listed):
        if segment.length < 1 or not parameter_is_valid(segment.kind, segment.parameter):
            raise ValueError(f"no table can hold {segment}")
        more = index + 1 < len(listed)
        table.append(segment.kind | (_MORE_FLAG if more else 0))
        if _has_parameter(segment.kind):
            _append_varint(table, segment.parameter)
        if more:
            _append_varint(table, segment.length)
    return bytes(table)


def unpack_segments(buffer: bytes, offset: int, total_length: int) -> tuple[list[Segment], int]:
    """Read the table at `offset` for a block of `total_length` bytes; return it and the offset behind it.

    Raises:
        CorruptError: the table is not one that `pack_segments` writes for a block of that length.
    """
    segments: list[Segment] = []
    left_bytes = total_length
    more = total_length > 0
    while more:
        if len(segments) == MAX_SEGMENTS:
            raise CorruptError("segment table: too many segments")
        if offset >= len(buffer):
            raise CorruptError("segment table: ends too early")
        tag = buffer[offset]
        offset += 1
        more = bool(tag & _MORE_FLAG)
        try:
            kind = Kind(tag & ~_MORE_FLAG)
        except ValueError:
            raise CorruptError(f"segment table: unknown kind {tag & ~_MORE_FLAG}") from None
        parameter = 0
        if _has_parameter(kind):
            parameter, offset = _read_varint(buffer, offset)
        if not parameter_is_valid(kind, parameter):
            raise CorruptError(f"segment table: {kind.name} cannot have parameter {parameter}")
        length = left_bytes
        if more:
            length, offset = _read_varint(buffer, offset)
            if not 0 < length < left_bytes:
                raise CorruptError("segment table: lengths do not fit the block")
        left_bytes -= length
        segments.append(Segment(kind, length, parameter))
    return segments, offset


def _has_parameter(kind: Kind) -> bool:
    return kind in IMAGE_PIXEL_BYTES or kind in AUDIO_SAMPLE_BYTES


def _append_varint(table: bytearray, value: int) -> None:
    while value >= 0x80:
        table.append(value & 0x7F | 0x80)
        value >>= 7
    table.append(value)


def _read_varint(buffer: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if offset + index >= len(buffer):
            raise CorruptError("segment table: ends too early")
        byte = buffer[offset + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if byte == 0 and index > 0:  # one value, one spelling
                raise CorruptError("segment table: a number is longer than it needs to be")
            return value, offset + index + 1
    raise CorruptError("segment table: a number is too long")

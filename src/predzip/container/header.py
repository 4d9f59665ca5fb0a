"""The frame header: what a decoder must know before the first block (docs/format.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from predzip.container.constants import (
    FINGERPRINT_BYTES,
    FLAG_FINGERPRINT,
    FLAG_ORIGINAL_LENGTH,
    FLAG_SINGLE_BLOCK,
    FORMAT_VERSION,
    FRAME_MAGIC,
    MAX_BLOCK_BYTES,
    MAX_METHOD_ID,
    MAX_PARAMETERS_BYTES,
    MAX_VARINT,
    RESERVED_FLAGS,
    VERSION_MASK,
)
from predzip.container.wire import Cursor, pack_varint
from predzip.errors import CorruptError, UnsupportedError, UsageError


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What a frame says about itself.

    Raises:
        UsageError: where a field does not fit the format.
    """

    method_id: int
    """Permanent id of the codec that made the coded blocks; 0 where all blocks are stored."""

    parameters: bytes = b""
    """For the codec, opaque here; at most 255 bytes."""

    fingerprint: bytes = b""
    """Hash of the model that decoding needs, 8 bytes; empty where the codec needs none."""

    original_length: int | None = None
    """Bytes of content in this frame; None where the writer did not know (streams)."""

    def __post_init__(self) -> None:
        if not 0 <= self.method_id <= MAX_METHOD_ID:
            raise UsageError(f"method id {self.method_id} is not in 0..{MAX_METHOD_ID}")
        if len(self.parameters) > MAX_PARAMETERS_BYTES:
            raise UsageError(f"{len(self.parameters)} parameter bytes; at most {MAX_PARAMETERS_BYTES} fit")
        if len(self.fingerprint) not in (0, FINGERPRINT_BYTES):
            raise UsageError(f"a fingerprint has {FINGERPRINT_BYTES} bytes, not {len(self.fingerprint)}")
        if self.original_length is not None and not 0 <= self.original_length <= MAX_VARINT:
            raise UsageError(f"original length {self.original_length} is not in 0..2^63 - 1")


def pack_header(header: FrameHeader, single_block: bool) -> bytes:
    """Write a header (section 3); a single-block frame must know its original length."""
    if single_block and header.original_length is None:
        raise UsageError("a single-block frame carries its original length")
    flags = FLAG_SINGLE_BLOCK if single_block else 0
    length = b""
    if header.original_length is not None:
        flags |= FLAG_ORIGINAL_LENGTH
        length = pack_varint(header.original_length)
    if header.fingerprint:
        flags |= FLAG_FINGERPRINT
    return b"".join(
        (
            FRAME_MAGIC,
            bytes((FORMAT_VERSION | flags,)),
            pack_varint(header.method_id),
            bytes((len(header.parameters),)),
            header.parameters,
            header.fingerprint,
            length,
        )
    )


def parse_header(cursor: Cursor) -> tuple[FrameHeader, bool]:
    """Read what follows the magic; return the header and whether the frame is a single block.

    Raises:
        UnsupportedError: another version, or a reserved flag is set (section 3.1).
        CorruptError: a field breaks its bounds.
    """
    descriptor = cursor.byte()
    version = descriptor & VERSION_MASK
    if version != FORMAT_VERSION:
        raise UnsupportedError(f"frame format version {version}; this release reads version {FORMAT_VERSION}")
    if descriptor & RESERVED_FLAGS:
        raise UnsupportedError("a reserved flag is set in the frame header")
    single_block = bool(descriptor & FLAG_SINGLE_BLOCK)
    has_length = bool(descriptor & FLAG_ORIGINAL_LENGTH)
    if single_block and not has_length:
        raise UnsupportedError("a single-block frame without its original length")
    method_id = cursor.varint("method id", MAX_METHOD_ID)
    parameters = cursor.take(cursor.byte())
    fingerprint = cursor.take(FINGERPRINT_BYTES) if descriptor & FLAG_FINGERPRINT else b""
    original_length = None
    if has_length:
        original_length = cursor.varint("original length", MAX_BLOCK_BYTES if single_block else MAX_VARINT)
    try:
        return FrameHeader(method_id, parameters, fingerprint, original_length), single_block
    except UsageError as error:  # bounds above make this impossible; if it happens the input is to blame
        raise CorruptError(str(error)) from error

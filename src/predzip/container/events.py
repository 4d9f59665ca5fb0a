"""What a `FrameReader` tells: plain frozen values, picklable, so that blocks can travel to other processes."""

from __future__ import annotations

from dataclasses import dataclass, field

from predzip.container.checksum import Buffer, block_checksum
from predzip.container.constants import MAX_BLOCK_BYTES, MAX_SKIPPABLE_BYTES
from predzip.container.header import FrameHeader
from predzip.errors import CorruptError


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caller allows one declared length to demand; more raises `LimitError`."""

    block_bytes: int = MAX_BLOCK_BYTES
    """Largest original length of a block."""

    skippable_bytes: int = MAX_SKIPPABLE_BYTES
    """Largest content of a skippable frame."""


@dataclass(frozen=True, slots=True)
class NeedData:
    """Nothing to tell before more bytes are fed, or the input is closed."""

    missing_bytes: int
    """So many bytes at least are needed for the next event: a good size for the next read.

    Never more than the frame still has, so whoever feeds no more than this stops exactly at a frame's end.
    """


@dataclass(frozen=True, slots=True)
class FrameStarted:
    """A frame header was read."""

    header: FrameHeader
    """Its `original_length` is always known in a single-block frame."""

    offset: int
    """Where the frame begins in the input."""

    single_block: bool


@dataclass(frozen=True, slots=True)
class BlockReady:
    """A block has arrived whole. Decode it (a stored payload is the original), then `verify` the result."""

    header: FrameHeader
    index: int
    """0 for the first block of its frame."""

    stored: bool
    payload: bytes = field(repr=False)
    """Empty where the reader was told not to keep payloads."""

    payload_length: int
    original_length: int
    payload_offset: int
    """Where the payload begins in the input."""

    checksum: bytes
    header_bytes: bytes = field(repr=False)
    """The frame's header as it stands in the input; part of what the checksum covers."""

    head: bytes = field(repr=False)
    """The block's own length fields as they stand in the input; likewise."""

    def verify(self, original: Buffer) -> None:
        """Compare decoded bytes with the block's length and checksum (docs/format.md section 7.1).

        Raises:
            CorruptError: they are not the bytes that were compressed, or the frame's header was changed.
        """
        length = len(original)
        if length != self.original_length:
            raise CorruptError(f"block {self.index} decodes to {length} bytes, not {self.original_length}")
        if block_checksum(self.header_bytes, self.index, self.head, original) != self.checksum:
            raise CorruptError(f"block {self.index} is damaged: its checksum does not match")


@dataclass(frozen=True, slots=True)
class FrameEnded:
    """A frame is complete: its lengths agree and its end checksum matches.

    Its content is right if, besides, every block of it was verified.
    """

    header: FrameHeader
    block_count: int
    original_length: int
    frame_length: int
    """Bytes of the whole frame in the input."""


@dataclass(frozen=True, slots=True)
class SkippableFrame:
    """User metadata between frames; its checksum matches."""

    content: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """The input was closed after a whole number of frames."""


Event = NeedData | FrameStarted | BlockReady | FrameEnded | SkippableFrame | EndOfInput

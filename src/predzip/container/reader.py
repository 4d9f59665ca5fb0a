"""The reading side: bytes in, in pieces of any size; events out (docs/format.md sections 2 to 7).

Sans I/O, as h11 does it: the reader never reads, waits or decodes. It keeps no more than the bytes fed and not yet
told about; since every declared length is only waited for, never allocated, a small hostile input stays small.
"""

from __future__ import annotations

from enum import Enum, auto

from predzip.container.checksum import Buffer, EndChecksum, block_checksum_bytes, skippable_checksum
from predzip.container.constants import (
    FRAME_MAGIC,
    LONG_CHECKSUM_BYTES,
    MAX_BLOCK_BYTES,
    MAX_SKIPPABLE_BYTES,
    MAX_VARINT,
    SKIPPABLE_MAGIC,
)
from predzip.container.events import (
    BlockReady,
    EndOfInput,
    Event,
    FrameEnded,
    FrameStarted,
    Limits,
    NeedData,
    SkippableFrame,
)
from predzip.container.header import FrameHeader, parse_header
from predzip.container.wire import Cursor, Starved
from predzip.errors import CorruptError, FormatError, LimitError, PredzipError, TruncatedError, UsageError


class _State(Enum):
    BETWEEN_FRAMES = auto()
    BLOCK_HEAD = auto()
    PAYLOAD = auto()
    FRAME_END = auto()  # all read, only the event is left to tell


class _OpenFrame:
    """What the reader remembers of the frame it is in; constant size, however many blocks there are."""

    def __init__(self, header: FrameHeader, single_block: bool, header_bytes: bytes, offset: int) -> None:
        self.header = header
        self.single_block = single_block
        self.header_bytes = header_bytes
        self.offset = offset
        self.end = EndChecksum(header_bytes)
        self.block_count = 0
        self.original_length = 0


class FrameReader:
    """Parses a sequence of frames.

    Call `feed` with what was read, `next_event` until it returns `NeedData`, and `close` when the input ends; after
    that `next_event` returns what is left and finally `EndOfInput`. After an error every call raises that error again.

    Args:
        limits: what a declared length may demand.
        keep_payloads: False drops payloads as they arrive, to list any file in constant memory.
    """

    def __init__(self, limits: Limits | None = None, *, keep_payloads: bool = True) -> None:
        self._limits = limits or Limits()
        self._keep_payloads = keep_payloads
        self._buffer = bytearray()
        self._offset = 0  # of the buffer's first byte in the input
        self._state = _State.BETWEEN_FRAMES
        self._frame: _OpenFrame | None = None
        self._seen_any = False  # a whole frame of either sort
        self._closed = False
        self._error: PredzipError | None = None
        # The block whose payload is awaited: its head, its lengths, and what is still to come of a dropped payload.
        self._head = b""
        self._original_length = 0
        self._payload_length = 0
        self._to_drop = 0
        self._payload_offset = 0

    def feed(self, data: Buffer) -> None:
        """Take in the next bytes of the input; any number, also none."""
        if self._closed and len(data):
            raise UsageError("the input was closed")
        if self._error is None:
            self._buffer += data

    def close(self) -> None:
        """Say that the input has ended.

        Raises:
            TruncatedError: it ended inside a frame, or before the first. Where events are still waiting, they come
                first and `next_event` raises this error after them. Nothing is raised twice: after another error this
                call does nothing.
        """
        self._closed = True
        if self._error is None and not self._buffer and self._state is not _State.FRAME_END:
            self._attempt_end()

    def next_event(self) -> Event:
        """Return what comes next.

        Raises:
            FormatError: the input is no predzip file, damaged, truncated, or of an unknown version.
            LimitError: a declared length exceeds the caller's limits.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._advance()
        except Starved as starved:
            missing_bytes = starved.missing_bytes
        except PredzipError as error:
            self._error = error
            self._buffer.clear()
            raise
        return self._attempt_end() if self._closed else NeedData(missing_bytes)

    def _attempt_end(self) -> EndOfInput:
        if self._state is _State.BETWEEN_FRAMES and not self._buffer and self._seen_any:
            return EndOfInput()
        if self._seen_any or self._frame or self._buffer:
            self._error = TruncatedError(
                f"the input ends inside a frame, after {self._offset + len(self._buffer)} bytes"
            )
        else:
            self._error = TruncatedError("the input is empty, not a predzip file")
        raise self._error

    def _advance(self) -> Event:
        if self._state is _State.BETWEEN_FRAMES:
            return self._start_frame()
        assert self._frame is not None  # noqa: S101 - all other states are inside a frame
        if self._state is _State.BLOCK_HEAD and not self._read_head(self._frame):
            self._state = _State.FRAME_END
        if self._state is _State.PAYLOAD:
            return self._read_payload(self._frame)
        return self._end_frame(self._frame)

    def _consume(self, count: int) -> None:
        del self._buffer[:count]  # moves the start of the bytearray, not its bytes
        self._offset += count

    def _start_frame(self) -> Event:
        """Sections 2, 3 and 6."""
        magic = bytes(self._buffer[: len(FRAME_MAGIC)])
        if not (FRAME_MAGIC.startswith(magic) or SKIPPABLE_MAGIC.startswith(magic)):
            if self._seen_any:
                raise FormatError(f"what follows the frame that ends at byte {self._offset} is no frame")
            raise FormatError("not a predzip file")
        cursor = Cursor(self._buffer)
        if cursor.take(len(FRAME_MAGIC)) == SKIPPABLE_MAGIC:
            return self._skippable(cursor)
        header, single_block = parse_header(cursor)
        if single_block:
            self._check_block_limit(header.original_length or 0)
        offset = self._offset
        header_bytes = bytes(self._buffer[: cursor.position])
        self._frame = _OpenFrame(header, single_block, header_bytes, offset)
        self._consume(cursor.position)
        self._state = _State.BLOCK_HEAD
        return FrameStarted(header, offset, single_block)

    def _skippable(self, cursor: Cursor) -> SkippableFrame:
        """Section 6."""
        length = cursor.varint("skippable length", MAX_SKIPPABLE_BYTES)
        if length > self._limits.skippable_bytes:
            raise LimitError(f"a skippable frame of {length} bytes; {self._limits.skippable_bytes} are allowed")
        head = bytes(self._buffer[: cursor.position])
        body = cursor.take(length + LONG_CHECKSUM_BYTES)
        content, checksum = body[:length], body[length:]
        if skippable_checksum(head, content) != checksum:
            raise CorruptError("a skippable frame is damaged: its checksum does not match")
        event = SkippableFrame(content, self._offset)
        self._consume(cursor.position)
        self._seen_any = True
        return event

    def _read_head(self, frame: _OpenFrame) -> bool:
        """Read a block's lengths (section 4), or the end marker (section 5): then return False."""
        cursor = Cursor(self._buffer)
        if frame.single_block:
            original_length = frame.header.original_length or 0
        else:
            original_length = cursor.varint("block length", MAX_BLOCK_BYTES)
            if original_length == 0:
                self._read_end(frame, cursor)
                return False
            self._check_block_limit(original_length)
            declared = frame.header.original_length
            if frame.original_length + original_length > (MAX_VARINT if declared is None else declared):
                raise CorruptError(f"block {frame.block_count} makes the frame longer than it can be")
        # A payload is never longer than its original, and of the same length where it is stored (section 4.1).
        self._payload_length = cursor.varint("payload length", original_length)
        self._original_length = original_length
        self._head = bytes(self._buffer[: cursor.position])
        self._consume(cursor.position)
        self._payload_offset = self._offset
        self._to_drop = 0 if self._keep_payloads else self._payload_length
        self._state = _State.PAYLOAD
        return True

    def _check_block_limit(self, original_length: int) -> None:
        if original_length > self._limits.block_bytes:
            raise LimitError(f"a block of {original_length} bytes; {self._limits.block_bytes} are allowed")

    def _read_payload(self, frame: _OpenFrame) -> BlockReady:
        """Payload and checksum (section 4)."""
        dropped = min(self._to_drop, len(self._buffer))
        self._consume(dropped)
        self._to_drop -= dropped
        checksum_bytes = block_checksum_bytes(self._original_length)
        kept = self._payload_length if self._keep_payloads else self._to_drop
        missing = kept + checksum_bytes - len(self._buffer)
        if missing > 0:
            raise Starved(missing)
        cursor = Cursor(self._buffer)
        payload, checksum = cursor.take(kept), cursor.take(checksum_bytes)
        self._consume(cursor.position)
        event = BlockReady(
            header=frame.header,
            index=frame.block_count,
            stored=self._payload_length == self._original_length,
            payload=payload,
            payload_length=self._payload_length,
            original_length=self._original_length,
            payload_offset=self._payload_offset,
            checksum=checksum,
            header_bytes=frame.header_bytes,
            head=self._head,
        )
        frame.end.add_block(self._head, checksum)
        frame.block_count += 1
        frame.original_length += self._original_length
        self._state = _State.FRAME_END if frame.single_block else _State.BLOCK_HEAD
        return event

    def _read_end(self, frame: _OpenFrame, cursor: Cursor) -> None:
        """End marker and end checksum (section 5)."""
        checksum = cursor.take(LONG_CHECKSUM_BYTES)
        if checksum != frame.end.value():
            raise CorruptError("the frame is damaged: its end checksum does not match")
        declared = frame.header.original_length
        if declared is not None and declared != frame.original_length:
            raise CorruptError(f"the frame announces {declared} bytes and holds {frame.original_length}")
        self._consume(cursor.position)

    def _end_frame(self, frame: _OpenFrame) -> FrameEnded:
        self._frame = None
        self._seen_any = True
        self._state = _State.BETWEEN_FRAMES
        return FrameEnded(frame.header, frame.block_count, frame.original_length, self._offset - frame.offset)

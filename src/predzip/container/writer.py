"""The writing side: originals and payloads in, the bytes of one frame out (docs/format.md sections 3 to 6)."""

from __future__ import annotations

from dataclasses import replace

from predzip.container.checksum import Buffer, EndChecksum, block_checksum, skippable_checksum
from predzip.container.constants import END_MARKER, MAX_BLOCK_BYTES, MAX_SKIPPABLE_BYTES, SKIPPABLE_MAGIC
from predzip.container.header import FrameHeader, pack_header
from predzip.container.wire import pack_varint
from predzip.errors import UsageError


class FrameWriter:
    """Writes one frame.

    The first block is withheld until it is known whether it is the only one, because a single-block frame is laid out
    more tightly: until the second block, `flush` or `finish`, or at once where the header tells the original length.

    Invariant: `_frame` is None until the header has been written; from then on the layout is decided.
    """

    def __init__(self, header: FrameHeader) -> None:
        self._header = header
        self._withheld: tuple[bytes, bytes | None] | None = None
        self._header_bytes: bytes | None = None
        self._end: EndChecksum | None = None  # None also in a single-block frame, which needs no end
        self._block_count = 0
        self._original_length = 0
        self._finished = False

    def block(self, original: Buffer, payload: Buffer | None) -> bytes:
        """Add the next block and return the bytes to write now, perhaps none.

        Args:
            original: up to 64 MiB of content; nothing is written for an empty one.
            payload: what the codec made of it. None, or one that is not smaller, stores the original instead.

        Raises:
            UsageError: the block is too large, or more content than the header announced.
        """
        self._refuse_after_finish()
        length = len(original)
        if length > MAX_BLOCK_BYTES:
            raise UsageError(f"a block holds at most {MAX_BLOCK_BYTES} bytes, not {length}")
        announced = self._header.original_length
        if announced is not None and self._original_length + length > announced:
            raise UsageError(f"more content than the {announced} bytes that the header announces")
        if not length:
            return b""
        self._original_length += length
        if payload is not None and len(payload) >= length:
            payload = None
        if self._header_bytes is None and self._withheld is None:
            if announced is None:
                self._withheld = (bytes(original), None if payload is None else bytes(payload))
                return b""
            if announced == length:
                return self._single_block(original, payload)
        return self.flush() + self._start() + self._pack_block(original, payload)

    def flush(self) -> bytes:
        """Return what is withheld. The frame then cannot be a single block any more."""
        self._refuse_after_finish()
        if self._withheld is None:
            return b""
        original, payload = self._withheld
        self._withheld = None
        return self._start() + self._pack_block(original, payload)

    def finish(self) -> bytes:
        """End the frame and return its last bytes.

        Raises:
            UsageError: less content than the header announced.
        """
        self._refuse_after_finish()
        announced = self._header.original_length
        if announced is not None and self._original_length != announced:
            raise UsageError(f"{self._original_length} bytes of content; the header announces {announced}")
        if self._header_bytes is None:
            last = self._single_block(*(self._withheld or (b"", None)))
        elif self._end is None:
            last = b""
        else:
            last = END_MARKER + self._end.value()
        self._withheld = None
        self._finished = True
        return last

    def _refuse_after_finish(self) -> None:
        if self._finished:
            raise UsageError("the frame is finished")

    def _start(self) -> bytes:
        if self._header_bytes is not None:
            return b""
        self._header_bytes = pack_header(self._header, single_block=False)
        self._end = EndChecksum(self._header_bytes)
        return self._header_bytes

    def _pack_block(self, original: Buffer, payload: Buffer | None) -> bytes:
        """Section 4: original length, payload length, payload, checksum."""
        assert self._header_bytes is not None  # noqa: S101 - _start was called
        assert self._end is not None  # noqa: S101
        body = original if payload is None else payload
        head = pack_varint(len(original)) + pack_varint(len(body))
        checksum = block_checksum(self._header_bytes, self._block_count, head, original)
        self._end.add_block(head, checksum)
        self._block_count += 1
        return b"".join((head, body, checksum))

    def _single_block(self, original: Buffer, payload: Buffer | None) -> bytes:
        """Section 4.3: the header knows the original length, one checksum serves block and frame."""
        header = replace(self._header, original_length=len(original))
        self._header_bytes = pack_header(header, single_block=True)
        body = original if payload is None else payload
        head = pack_varint(len(body))
        checksum = block_checksum(self._header_bytes, 0, head, original)
        return b"".join((self._header_bytes, head, body, checksum))


def pack_skippable(content: bytes) -> bytes:
    """Write a skippable frame: metadata that decoders pass over (section 6)."""
    if len(content) > MAX_SKIPPABLE_BYTES:
        raise UsageError(f"a skippable frame holds at most {MAX_SKIPPABLE_BYTES} bytes, not {len(content)}")
    head = SKIPPABLE_MAGIC + pack_varint(len(content))
    return head + content + skippable_checksum(head, content)

"""The three checksums of the format: of a block, of a frame's end, of a skippable frame (docs/format.md section 7).

All are the first bytes of a BLAKE2b-512 digest. A block's checksum needs nothing but the frame's header and the block,
so blocks can be verified alone, in any order, in other processes.
"""

from __future__ import annotations

from hashlib import blake2b

from predzip.container.constants import (
    END_INDEX,
    END_MARKER,
    LONG_CHECKSUM_BYTES,
    SHORT_CHECKSUM_BYTES,
    SMALL_BLOCK_BYTES,
)

Buffer = bytes | bytearray | memoryview


def block_checksum_bytes(original_length: int) -> int:
    """Length of a block's checksum (section 4.2): 4 bytes for small blocks, where each byte counts, else 8."""
    return SHORT_CHECKSUM_BYTES if original_length < SMALL_BLOCK_BYTES else LONG_CHECKSUM_BYTES


def block_checksum(header_bytes: bytes, index: int, head: bytes, original: Buffer) -> bytes:
    """Checksum of a block (section 7.1): what it is part of, where it stands, how long it is, what it holds."""
    digest = blake2b(header_bytes)
    digest.update(index.to_bytes(8, "little"))
    digest.update(head)
    digest.update(original)
    return digest.digest()[: block_checksum_bytes(len(original))]


class EndChecksum:
    """Checksum at the end of a frame (section 7.2): over the header and every block's head and checksum.

    It sees no content, so it is checked also where nothing is decoded; content enters through the block checksums.
    """

    def __init__(self, header_bytes: bytes) -> None:
        self._digest = blake2b(header_bytes)
        self._digest.update(END_INDEX.to_bytes(8, "little"))

    def add_block(self, head: bytes, checksum: bytes) -> None:
        """Take in the next block, in order."""
        self._digest.update(head)
        self._digest.update(checksum)

    def value(self) -> bytes:
        """Return the checksum after the last block."""
        digest = self._digest.copy()
        digest.update(END_MARKER)
        return digest.digest()[:LONG_CHECKSUM_BYTES]


def skippable_checksum(head: bytes, content: Buffer) -> bytes:
    """Checksum of a skippable frame (section 6): over everything before it."""
    digest = blake2b(head)
    digest.update(content)
    return digest.digest()[:LONG_CHECKSUM_BYTES]

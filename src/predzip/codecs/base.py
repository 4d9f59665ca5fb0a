"""What a block codec is: bytes of one block to payload bytes and back.

Blocks are independent of each other, so they can be coded in several processes and decoded alone.
The container knows a codec only by its permanent method id and its parameter bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Progress = Callable[[int], None]
"""Called with the number of original bytes finished since the last call; may raise to stop the work."""


@runtime_checkable
class BlockCodec(Protocol):
    """Turns one block of bytes into a payload and back."""

    method_id: int
    """Permanent literal, written in the frame header (docs/format.md)."""

    parameters: bytes
    """What the decoder needs besides the payload; written once in the frame header."""

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block."""

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back exactly `original_bytes` bytes.

        Raises:
            CorruptError: where the payload contradicts itself. A damaged payload may also decode to other bytes:
                the caller compares the checksum.
        """

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block of that size takes, for the container's limit."""

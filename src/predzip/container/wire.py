"""Varints, and a cursor over bytes that may not all have arrived (docs/format.md section 1).

The cursor never blocks and never guesses: where bytes are missing it raises `Starved`, which the reader turns into
"feed me more". Nothing is consumed until a whole field group has been parsed, so the parse simply starts again.
"""

from __future__ import annotations

from predzip.container.constants import MAX_VARINT, MAX_VARINT_BYTES
from predzip.errors import CorruptError, UsageError


class Starved(Exception):
    """At least `missing_bytes` more are needed to go on. Never leaves the container."""

    def __init__(self, missing_bytes: int) -> None:
        super().__init__(missing_bytes)
        self.missing_bytes = missing_bytes


def pack_varint(value: int) -> bytes:
    """Write an unsigned integer in LEB128, lowest seven bits first, in the fewest bytes."""
    if not 0 <= value <= MAX_VARINT:
        raise UsageError(f"{value} does not fit a varint (0 to 2^63 - 1)")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Cursor:
    """Reads fields one after the other from the front of a buffer, without changing the buffer."""

    def __init__(self, buffer: bytes | bytearray) -> None:
        self._buffer = buffer
        self.position = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self.position + count
        if end > len(self._buffer):
            raise Starved(end - len(self._buffer))
        with memoryview(self._buffer) as view, view[self.position : end] as part:  # one copy, not two
            self.position = end
            return bytes(part)

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def varint(self, name: str, max_value: int = MAX_VARINT) -> int:
        """Return the next varint; refuse one that is over-long, or larger than `max_value`.

        Raises:
            CorruptError: as soon as the bytes at hand cannot become a valid value, however many are still missing.
        """
        value = 0
        for group in range(MAX_VARINT_BYTES):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * group)
            if value > max_value:
                raise CorruptError(f"{name} is {value} or more; at most {max_value} is allowed")
            if byte < 0x80:
                if byte == 0 and group > 0:  # a shorter spelling exists, and one value has one spelling
                    raise CorruptError(f"{name} is not written in the fewest bytes")
                return value
        raise CorruptError(f"{name} is longer than {MAX_VARINT_BYTES} bytes")

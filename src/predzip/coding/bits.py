"""Single bits to bytes and back, most significant bit first; for the coders that a reader should open first.

The production coders move whole bytes and do not use this.
"""

from __future__ import annotations


class BitWriter:
    """Collects bits into bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._pending = 0  # bits of the byte begun, as a number
        self._pending_count = 0

    def write_bit(self, bit: int) -> None:
        """Append one bit."""
        self._pending = self._pending << 1 | bit
        self._pending_count += 1
        if self._pending_count == 8:
            self._bytes.append(self._pending)
            self._pending = self._pending_count = 0

    def write(self, value: int, count: int) -> None:
        """Append the lowest `count` bits of `value`, the highest of them first."""
        for position in reversed(range(count)):
            self.write_bit(value >> position & 1)

    @property
    def length_bits(self) -> int:
        """Number of bits written."""
        return 8 * len(self._bytes) + self._pending_count

    def to_bytes(self) -> bytes:
        """Return all bits so far; the last byte is filled up with zeros."""
        if self._pending_count == 0:
            return bytes(self._bytes)
        return bytes(self._bytes) + bytes([self._pending << (8 - self._pending_count)])


class BitReader:
    """Reads bits from bytes; zeros stand behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position_bits = 0

    def read_bit(self) -> int:
        """Return the next bit, 0 behind the end."""
        index, offset = divmod(self.position_bits, 8)
        self.position_bits += 1
        return self._data[index] >> (7 - offset) & 1 if index < len(self._data) else 0

    def read(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        value = 0
        for _ in range(count):
            value = value << 1 | self.read_bit()
        return value

    @property
    def exhausted(self) -> bool:
        """Whether bits behind the end have been read."""
        return self.position_bits > 8 * len(self._data)

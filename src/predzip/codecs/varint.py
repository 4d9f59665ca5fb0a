"""Unsigned integers in as few bytes as they need, seven bits a byte, the lowest first (LEB128).

For what travels beside the streams of other codecs. Frames have their own, stricter reader (`container.wire`).
"""

from __future__ import annotations


def pack_varint(value: int) -> bytes:
    """Write one."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Read one; return it and where the next thing stands."""
    value = shift = 0
    while data[position] & 0x80:
        value |= (data[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
    return value | data[position] << shift, position + 1

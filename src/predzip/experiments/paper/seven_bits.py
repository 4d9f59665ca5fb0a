"""The paper's data of 7 bits a byte (its appendix B.1), and what makes it decodable again: the bits that it loses.

Its models knew 128 symbols. Text keeps a byte below 128 and loses the top bit of the others; everything else is shifted
right by one, so that each byte loses its lowest bit. The paper's code then multiplied lengths by 8/7, as if a lost bit
cost what a kept one costs. Here the lost bits are written down:

    text     varint(number of bytes that lost a bit), then for each the gap to the one before, as a varint
    others   one bit a byte, eight to a byte, first bit highest
"""

from __future__ import annotations

import numpy as np

from predzip.codecs.varint import pack_varint, read_varint

_TOP_BIT = 0x80


def split(data: bytes, kind: str) -> tuple[bytes, bytes]:
    """Return the bytes of 7 bits, and what brings the others back."""
    values = np.frombuffer(data, np.uint8)
    if kind != "text":
        return (values >> 1).tobytes(), np.packbits(values & 1).tobytes()
    places = np.flatnonzero(values & _TOP_BIT)
    gaps = np.diff(places, prepend=-1) - 1
    lost = b"".join(pack_varint(int(number)) for number in (len(places), *gaps))
    return (values & (_TOP_BIT - 1)).tobytes(), lost


def lost_bytes(stream: bytes, original_bytes: int, kind: str) -> int:
    """How long the lost part at the start of a stream is."""
    if kind != "text":
        return (original_bytes + 7) // 8
    count, position = read_varint(stream, 0)
    for _ in range(count):
        _, position = read_varint(stream, position)
    return position


def join(kept: bytes, lost: bytes, kind: str) -> bytes:
    """Undo `split`."""
    values = np.frombuffer(kept, np.uint8)
    if kind != "text":
        return (values << 1 | np.unpackbits(np.frombuffer(lost, np.uint8), count=len(values))).tobytes()
    restored = values.copy()
    count, position = read_varint(lost, 0)
    place = -1
    for _ in range(count):
        gap, position = read_varint(lost, position)
        place += gap + 1
        restored[place] |= _TOP_BIT
    return restored.tobytes()

"""x86 call and jump targets: relative in machine code, absolute in what is compressed.

A call of the same function has other relative bytes at every place, but always the same absolute address, which
contexts and matches can learn. Adds to `segments`: what EXECUTABLE means for the bytes.

The rule: an operand is the four bytes behind E8, E9 (call, jump) or 0F 80..8F (conditional jumps), read as a
little-endian number whose high byte is 00 or FF, that is a distance within 16 MB. Its low 25 bits become
(distance + position of the operand) mod 2^25, written again as a signed number, so the high byte stays 00 or FF.

Why every byte string comes back, even where operands overlap: the encoder goes from right to left, the decoder from
left to right. At each position both see the same: in front of it the original bytes, behind it the encoded ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

_OPERAND_BYTES = 4
_BITS = 25
_MODULUS = 1 << _BITS
_SIGN = 1 << (_BITS - 1)


def encode_x86(array: NDArray[np.uint8]) -> None:
    """Turn relative targets into absolute ones, in place; positions count from the start of the array."""
    _encode(array)


def decode_x86(array: NDArray[np.uint8]) -> None:
    """Undo `encode_x86`, in place."""
    _decode(array)


@kernel
def _encode(array: NDArray[np.uint8]) -> None:
    for position in range(array.size - _OPERAND_BYTES, 0, -1):
        if _is_operand(array, position):
            _move(array, position, position)


@kernel
def _decode(array: NDArray[np.uint8]) -> None:
    for position in range(1, array.size - _OPERAND_BYTES + 1):
        if _is_operand(array, position):
            _move(array, position, -position)


@kernel
def _is_operand(array: NDArray[np.uint8], position: int) -> bool:
    high = array[position + 3]
    if high != 0x00 and high != 0xFF:
        return False
    opcode = array[position - 1]
    if opcode == 0xE8 or opcode == 0xE9:
        return True
    return opcode >> 4 == 8 and position >= 2 and array[position - 2] == 0x0F


@kernel
def _move(array: NDArray[np.uint8], position: int, distance: int) -> None:
    value = np.int64(array[position])
    value |= np.int64(array[position + 1]) << 8
    value |= np.int64(array[position + 2]) << 16
    value |= np.int64(array[position + 3] & 1) << 24
    value = (value + distance) & (_MODULUS - 1)
    array[position] = value & 0xFF
    array[position + 1] = value >> 8 & 0xFF
    array[position + 2] = value >> 16 & 0xFF
    array[position + 3] = 0xFF if value & _SIGN else 0x00

"""x86 addresses: relative in machine code, absolute in what is compressed.

A call of the same function has other relative bytes at every place, but always the same absolute address, which
contexts and matches can learn. Adds to `segments`: what EXECUTABLE means for the bytes.

An operand is four bytes, a little-endian number whose high byte is 00 or FF (a distance within 16 MB), behind
- E8 (call), or
- a ModRM byte that says "relative to the instruction pointer" of a common 64-bit, SSE or AVX instruction.
Its low 25 bits become (distance + position of the operand) mod 2^25, written again as a signed number, so the high byte
stays 00 or FF. Jumps (E9, 0F 8x) stay as they are: they lead somewhere near, and moving them costs more than it gains.

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
# Opcodes that read or write memory behind a REX prefix: mov, lea, movsxd, test, not/neg/mul/div, and the ALU ones.
_MEMORY_OPCODES = np.zeros(256, dtype=np.bool_)
_MEMORY_OPCODES[[0x63, 0x85, 0x89, 0x8B, 0x8D, 0xF7]] = True
_MEMORY_OPCODES[[group + form for group in range(0x00, 0x40, 8) for form in range(4)]] = True


def encode_x86(array: NDArray[np.uint8], origin: int = 0) -> None:
    """Turn relative addresses into absolute ones, in place.

    Args:
        array: the machine code.
        origin: position of its first byte, if several arrays share one space of addresses.
    """
    _encode(array, origin)


def decode_x86(array: NDArray[np.uint8], origin: int = 0) -> None:
    """Undo `encode_x86` with the same origin, in place."""
    _decode(array, origin)


@kernel
def _encode(array: NDArray[np.uint8], origin: int) -> None:
    for position in range(array.size - _OPERAND_BYTES, 0, -1):
        if _is_operand(array, position):
            _move(array, position, origin + position)


@kernel
def _decode(array: NDArray[np.uint8], origin: int) -> None:
    for position in range(1, array.size - _OPERAND_BYTES + 1):
        if _is_operand(array, position):
            _move(array, position, -(origin + position))


@kernel
def _is_operand(array: NDArray[np.uint8], position: int) -> bool:
    high = array[position + 3]
    if high != 0x00 and high != 0xFF:
        return False
    last = array[position - 1]
    if last == 0xE8:
        return True
    if position < 4 or last & 0xC7 != 0x05:  # ModRM: no base register, 32-bit displacement
        return False
    opcode, escape, prefix = array[position - 2], array[position - 3], array[position - 4]
    if escape & 0xF8 == 0x48:  # REX.W
        return bool(_MEMORY_OPCODES[opcode])
    if prefix == 0xC5:  # AVX
        return True
    return bool(escape == 0x0F and (prefix == 0x66 or prefix == 0xF2 or prefix == 0xF3))  # SSE


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

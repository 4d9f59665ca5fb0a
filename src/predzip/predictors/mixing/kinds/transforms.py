"""x86 call and jump targets: relative in machine code, absolute in what is compressed.

A call of the same function has other relative bytes at every place, but always the same absolute address, which contexts
and matches can learn. Adds to `segments`: what EXECUTABLE means for the bytes.

The rule, in both directions and left to right. An operand is the four bytes behind E8, E9 (call, jump) or 0F 80..8F
(conditional jumps), read as a little-endian number whose high byte is 00 or FF, that is a distance within 16 MB.
Only its low 25 bits count: they become (distance + position of the operand) mod 2^25, again as a signed 25-bit number, so
the high byte stays 00 or FF, the decoder recognises the operand as well, and every byte string comes back.
Bytes of a changed operand are not looked at again.
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
    _translate(array, 1)


def decode_x86(array: NDArray[np.uint8]) -> None:
    """Undo `encode_x86`, in place."""
    _translate(array, -1)


@kernel
def _translate(array: NDArray[np.uint8], direction: int) -> None:
    free = 0  # nothing below may serve as opcode: it belongs to an operand that was changed
    position = 1
    while position + _OPERAND_BYTES <= array.size:
        opcode = array[position - 1]
        found = position - 1 >= free and (opcode == 0xE8 or opcode == 0xE9)
        if position - 2 >= free and opcode >> 4 == 8 and array[position - 2] == 0x0F:
            found = True
        high = array[position + 3]
        if not found or (high != 0x00 and high != 0xFF):
            position += 1
            continue
        value = np.int64(array[position])
        value |= np.int64(array[position + 1]) << 8
        value |= np.int64(array[position + 2]) << 16
        value |= np.int64(high & 1) << 24
        value = (value + direction * position) & (_MODULUS - 1)
        array[position] = value & 0xFF
        array[position + 1] = value >> 8 & 0xFF
        array[position + 2] = value >> 16 & 0xFF
        array[position + 3] = 0xFF if value & _SIGN else 0x00
        position += _OPERAND_BYTES + 1
        free = position - 1

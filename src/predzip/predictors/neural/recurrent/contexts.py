"""Hashed contexts of the recurrent prior: which row of each table speaks at a position.

A table of the last n bytes is addressed by a hash of them; the two word tables by the letters of the word so far, in
lower case, and by these with the word before. Bytes before the start count as zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined

_U = np.uint64
_GOLDEN = _U(0x9E3779B97F4A7C15)
_MIX_1 = _U(0xBF58476D1CE4E5B9)
_MIX_2 = _U(0x94D049BB133111EB)
_BYTE_FACTOR = _U(0x2545F4914F6CDD1D)
_WORD_FACTOR = _U(0xD6E8FEB86659FD93)
_WORD_START = _U(77)

LAST_8, WORD, WORD_BEFORE = range(3)
"""Indexes of a lane's history (uint64): the last eight bytes, hashes of the word so far and of the one before."""
HISTORY_SIZE = 3


def _lower() -> NDArray[np.uint8]:
    """Letter or digit in lower case; 0 for what does not belong to a word."""
    table = np.zeros(256, np.uint8)
    for byte in range(256):
        if 48 <= byte < 58 or 97 <= byte < 123 or byte >= 128:
            table[byte] = byte
        elif 65 <= byte < 91:
            table[byte] = byte + 32
    return table


_LOWER = _lower()


@inlined
def take_byte(history: NDArray[np.uint64], byte: int) -> None:
    """Bring a lane's history up to date; a new sequence begins with all zero and one call with byte 0."""
    value = _U(byte)
    history[LAST_8] = history[LAST_8] << _U(8) | value
    letter = _U(_LOWER[value])
    word = history[WORD]
    if letter != _U(0):
        word = (word + letter + _U(1)) * _GOLDEN
        history[WORD] = word ^ word >> _U(31)
    else:
        if word != _U(0):
            history[WORD_BEFORE] = word
        history[WORD] = _U(0)


@inlined
def find_rows(
    rows: NDArray[np.int64],
    history: NDArray[np.uint64],
    orders: NDArray[np.int64],
    row_bits: NDArray[np.int64],
) -> None:
    """Set `rows`, one for each table: orders (T_bytes,), row_bits (T,), rows (T,)."""
    last_8 = history[LAST_8]
    for i in range(orders.shape[0]):
        order = _U(orders[i])
        value = last_8
        if order < _U(8):
            value = last_8 & ((_U(1) << (_U(8) * order)) - _U(1))
        value = (value + order) * _GOLDEN
        value = (value ^ value >> _U(29)) * _MIX_1
        rows[i] = np.int64(value >> (_U(64) - _U(row_bits[i])))
    if row_bits.shape[0] > orders.shape[0]:
        word_row = orders.shape[0]
        shift = _U(64) - _U(row_bits[word_row])
        one = (history[WORD] + (last_8 & _U(255)) * _BYTE_FACTOR + _WORD_START) * _MIX_1
        one = (one ^ one >> _U(32)) * _MIX_2
        rows[word_row] = np.int64(one >> shift)
        two = (one ^ history[WORD_BEFORE] * _WORD_FACTOR) * _GOLDEN
        two = (two ^ two >> _U(32)) * _MIX_1
        rows[word_row + 1] = np.int64(two >> shift)

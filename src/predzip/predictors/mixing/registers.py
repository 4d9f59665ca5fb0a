"""Registers of a lane: what the contexts need to know about its past, kept up to date byte by byte.

One row of words of 64 bits per lane. Nothing here looks at the input: a lane knows only its own bytes, so many
lanes can step side by side and the decoder can follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

REGISTERS = 216

LAST_8 = 0  # the last eight bytes, the newest in the low byte
LAST_16 = 1  # the eight before them
WORD = 2  # hash of the current word (letters in lower case, digits, bytes above 127); 0 between words
WORD_1, WORD_2, WORD_3 = 3, 4, 5  # the words before it
LINE_START = 6  # column: bytes since the line began
ABOVE = 7  # three bytes of the line above: before, at and behind the column
FIELD = 8  # number of the field in the line
FIELD_HASH = 9  # hash of the bytes of the field so far
LINE_HEAD = 10  # hash of the first word of the line
SKELETON = 11  # classes of the last bytes, 4 bits each, runs folded
NUMBER = 12  # shape of the number or word being written
BRACKET = 13  # hash of what opened the innermost bracket or tag
POSITION = 14  # index of the next byte in the block
LINE_AT = 15  # index of the first byte of this line
PREVIOUS_LINE_AT = 16  # index of the first byte of the line above
DEPTH = 17  # brackets open
STACK = 18  # 8 words: what opened them
MATCH = 26  # match models: 4 words each
RECORD = 36  # length of a record, found while coding
RECORD_ABOVE = 37  # the byte one record before the next one
RECORD_COLUMN = 38  # index of the next byte in its record
FIELD_AT = 39  # index of the first byte of the field
ALIGNED = 40  # three bytes of the same field in the line above: before, at and behind the place in the field
INDENT = 41  # blanks at the start of the line
TOKEN_1, TOKEN_2, TOKEN_3 = 60, 61, 62  # the last tokens: words and single marks, blanks left out
FIELDS = 64  # 64 words: where the fields of this line start, behind them those of the line above
_FIELDS_MAX = 63

_U = np.uint64
_BYTE = _U(8)
_FACTOR = _U(0x2F0B4C47A3D15B91)

# Classes of bytes: 0 other control, 1 newline, 2 blank, 3 lower, 4 upper, 5 digit, 6 above 127, 7.. punctuation.
_PUNCTUATION = {**dict.fromkeys(b".!?", 7), **dict.fromkeys(b",;:", 8), **dict.fromkeys(b"([{<", 9)}
_PUNCTUATION |= {**dict.fromkeys(b")]}>", 10), **dict.fromkeys(b"\"'`", 11), **dict.fromkeys(b"=+-*/%&|", 12)}


def _class_of(byte: int) -> int:
    if byte == 10:
        return 1
    if byte in b" \t\r":
        return 2
    if byte < 32:
        return 0
    if chr(byte).isascii() and chr(byte).islower():
        return 3
    if chr(byte).isascii() and chr(byte).isupper():
        return 4
    if byte in b"0123456789":
        return 5
    if byte > 127:
        return 6
    return _PUNCTUATION.get(byte, 13)


CLASS = np.array([_class_of(byte) for byte in range(256)], np.uint8)
DELIMITER = np.isin(np.arange(256), np.frombuffer(b',\t;|:=" ', np.uint8))
_NEWLINE, _BLANK, _LOWER, _UPPER, _DIGIT, _HIGH, _OPENING, _CLOSING = 1, 2, 3, 4, 5, 6, 9, 10


@kernel
def update_registers(r: NDArray[np.uint64], data: NDArray[np.uint8], byte: int) -> None:
    """Take `byte`, just coded at data[r[POSITION]], into the registers; leaves them ready for the next byte."""
    c = _U(byte)
    kind = int(CLASS[c])
    r[LAST_16] = r[LAST_16] << _BYTE | r[LAST_8] >> _U(56)
    r[LAST_8] = r[LAST_8] << _BYTE | c
    r[POSITION] += _U(1)
    # Words.
    if kind in (_LOWER, _HIGH, _DIGIT):
        r[WORD] = (r[WORD] + c + _U(1)) * _FACTOR
    elif kind == _UPPER:
        r[WORD] = (r[WORD] + c + _U(33)) * _FACTOR
    elif r[WORD] != _U(0):
        if r[LINE_HEAD] == _U(0):
            r[LINE_HEAD] = r[WORD]
        r[WORD_3] = r[WORD_2]
        r[WORD_2] = r[WORD_1]
        r[WORD_1] = r[WORD]
        push_token(r, r[WORD])
        r[WORD] = _U(0)
    if kind >= 7:
        push_token(r, c)
    # The shape: runs of one class count once.
    if int(r[SKELETON] & _U(15)) != kind or kind >= 7:
        r[SKELETON] = r[SKELETON] << _U(4) | _U(kind)
    if kind == _DIGIT:
        r[NUMBER] += _U(1)
    else:
        r[NUMBER] = (c + _U(1)) << _BYTE
    # Lines and fields.
    position = r[POSITION]
    if kind == _NEWLINE:
        r[PREVIOUS_LINE_AT] = r[LINE_AT]
        r[LINE_AT] = position
        r[LINE_START] = _U(0)
        for field in range(_FIELDS_MAX + 1):
            r[FIELDS + 64 + field] = r[FIELDS + field] if _U(field) <= r[FIELD] else _U(0)
        r[FIELD] = _U(0)
        r[FIELD_HASH] = _U(0)
        r[FIELD_AT] = position
        r[FIELDS] = position
        r[LINE_HEAD] = _U(0)
        r[INDENT] = _U(0)
    else:
        if kind == _BLANK and r[LINE_START] == r[INDENT]:
            r[INDENT] += _U(1)
        r[LINE_START] += _U(1)
        if DELIMITER[c]:
            if r[FIELD_HASH] != _U(0):
                r[FIELD] = min(r[FIELD] + _U(1), _U(_FIELDS_MAX))
                r[FIELD_HASH] = _U(0)
            r[FIELD_AT] = position
            r[_U(FIELDS) + r[FIELD]] = position
        else:
            r[FIELD_HASH] = (r[FIELD_HASH] + c + _U(1)) * _FACTOR
    r[ALIGNED] = _U(0)
    start = r[_U(FIELDS + 64) + r[FIELD]]
    if start > _U(0):
        place = start + (position - r[FIELD_AT])
        if place + _U(1) < r[LINE_AT]:
            r[ALIGNED] = _U(data[place]) | _U(data[place - _U(1)]) << _BYTE | _U(data[place + _U(1)]) << _U(16)
    above = r[PREVIOUS_LINE_AT] + (position - r[LINE_AT])
    r[ABOVE] = _U(0)
    if above + _U(1) < r[LINE_AT]:
        # In front of a lane's first line lies another lane, which the decoder does not know yet: say newline.
        before = _U(data[above - _U(1)]) if above > r[PREVIOUS_LINE_AT] else _U(10)
        r[ABOVE] = _U(data[above]) | before << _BYTE | _U(data[above + _U(1)]) << _U(16)
    # Brackets.
    if kind == _OPENING:
        depth = r[DEPTH] & _U(7)
        r[_U(STACK) + depth] = r[BRACKET]
        r[DEPTH] += _U(1)
        r[BRACKET] = mix_bracket(r[WORD_1], c)
    elif kind == _CLOSING and r[DEPTH] > _U(0):
        r[DEPTH] -= _U(1)
        r[BRACKET] = r[_U(STACK) + (r[DEPTH] & _U(7))]


@kernel
def push_token(r: NDArray[np.uint64], token: np.uint64) -> None:
    """Take a token that has ended into the registers."""
    r[TOKEN_3] = r[TOKEN_2]
    r[TOKEN_2] = r[TOKEN_1]
    r[TOKEN_1] = token


@kernel
def mix_bracket(word: np.uint64, opening: np.uint64) -> np.uint64:
    """Hash of an opening bracket and the word before it."""
    return (_U(word) * _FACTOR + _U(opening)) * _FACTOR


def new_registers(lanes: int, lane_bytes: int) -> NDArray[np.uint64]:
    """Registers at the start of each lane, shape (L, REGISTERS)."""
    registers = np.zeros((lanes, REGISTERS), np.uint64)
    starts = np.arange(lanes, dtype=np.uint64) * np.uint64(lane_bytes)
    for register in (POSITION, LINE_AT, PREVIOUS_LINE_AT):
        registers[:, register] = starts
    registers[:, RECORD] = 4
    return registers

"""Further contexts of text, for the strongest level: keys and their last values, two lines above, matches, sparse.

Adds to the text contexts what tables, logs, JSON and code have beside words: the value that stood last under the same
key or in the same column, the byte that a match expects, fields before this one. A lane keeps the registers for them
beside the others; they are brought up to date *before* `update_registers`, so the old state is still there to read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.registers import (
    ABOVE,
    ALIGNED,
    BRACKET,
    CLASS,
    DELIMITER,
    FIELD,
    FIELD_HASH,
    INDENT,
    LAST_8,
    LAST_16,
    LINE_HEAD,
    LINE_START,
    POSITION,
    PREVIOUS_LINE_AT,
    SKELETON,
    TOKEN_1,
    TOKEN_2,
    TOKEN_3,
    WORD,
    WORD_1,
    WORD_2,
    WORD_3,
)

FIRST = 42
"""Contexts of `text_contexts` that come before these."""
COUNT = 78

# Registers, in the gap behind those of `registers`.
EXPECTED_0 = 42  # what the first match expects: its byte, behind it the bucket of its length plus one; 0 for none
EXPECTED_1 = 43  # the same of the second match
KEY = 44  # hash of the key whose value is being written, or of the column
KEY_POINTER = 45  # where the value of this key stood last, as far as it has been followed; 0 for none
KEY_TRUST = 46  # bytes of the value that agreed, misses behind
KEY_BYTE = 47  # the byte at the pointer and 256, or 0
HEAD_ABOVE = 48  # first word of the line above
LINE_AT_2 = 49  # index of the first byte two lines above
LAST_FIELD, LAST_FIELD_2 = 50, 51  # hashes of the fields before this one
TOKEN_4 = 52  # the token before TOKEN_3
INITIALS = 53  # first letters of the last words
SENTENCE = 54  # first word of the sentence
KEY_SLOTS = 1 << 16

_U = np.uint64
_M1, _M2, _M3, _M4 = _U(0xFF), _U(0xFFFF), _U(0xFFFFFF), _U(0xFFFFFFFF)
_8, _16, _24, _32 = _U(8), _U(16), _U(24), _U(32)
_NEWLINE, _LOWER, _HIGH = 1, 3, 6
_TRUST_MAX = _U(15)
_MISS = _U(16)
_MISSES_MAX = _U(16 * 8)
_STOP, _GREATER, _COLON, _EQUALS, _COMMA, _BAR, _TAB = 7, 62, 58, 61, 44, 124, 9


@kernel
def _follow_key(r: NDArray[np.uint64], data: NDArray[np.uint8], keys: NDArray[np.uint32], byte: int, kind: int) -> None:
    """Begin the value of another key after a mark that ends a key or a column, else go on in this one."""
    key = _U(0)
    if byte in (_COLON, _EQUALS, _GREATER):
        key = (r[FIELD_HASH] if r[FIELD_HASH] != _U(0) else r[LAST_FIELD]) | _U(1)
    elif byte in (_COMMA, _BAR, _TAB):
        key = mix(r[FIELD], _U(0x771))
    elif kind == _NEWLINE:
        key = mix(_U(64), _U(0x771))
    if key != _U(0):
        slot = mix(key, r[BRACKET]) >> _U(48)
        r[KEY] = key
        r[KEY_POINTER] = _U(keys[slot])
        r[KEY_TRUST] = _U(0)
        keys[slot] = np.uint32(r[POSITION] + _U(1))
    elif r[KEY_POINTER] != _U(0):
        if int(data[r[KEY_POINTER]]) == byte:
            if r[KEY_TRUST] & _TRUST_MAX < _TRUST_MAX:
                r[KEY_TRUST] += _U(1)
        else:
            r[KEY_TRUST] = (r[KEY_TRUST] & ~_TRUST_MAX) + _MISS
        r[KEY_POINTER] += _U(1)
        if r[KEY_TRUST] >= _MISSES_MAX or r[KEY_POINTER] >= _U(data.shape[0]):
            r[KEY_POINTER] = _U(0)


@kernel
def update_more(r: NDArray[np.uint64], data: NDArray[np.uint8], keys: NDArray[np.uint32], byte: int) -> None:
    """Take `byte`, just coded at data[r[POSITION]]; to be called before `update_registers`."""
    c = _U(byte)
    kind = int(CLASS[c])
    letter = _LOWER <= kind <= _HIGH
    if letter:
        if r[WORD] == _U(0):
            r[INITIALS] = r[INITIALS] << _8 | c
    elif r[WORD] != _U(0):
        r[TOKEN_4] = r[TOKEN_2] if kind >= _STOP else r[TOKEN_3]
        if r[SENTENCE] == _U(0):
            r[SENTENCE] = r[WORD]
    elif kind >= _STOP:
        r[TOKEN_4] = r[TOKEN_3]
    if kind == _STOP:
        r[SENTENCE] = _U(0)
    if kind == _NEWLINE:
        r[HEAD_ABOVE] = r[LINE_HEAD]
        r[LINE_AT_2] = r[PREVIOUS_LINE_AT]
        if r[LINE_START] == _U(0):
            r[SENTENCE] = _U(0)
    _follow_key(r, data, keys, byte, kind)
    if (DELIMITER[c] or kind == _NEWLINE) and r[FIELD_HASH] != _U(0):
        r[LAST_FIELD_2] = r[LAST_FIELD]
        r[LAST_FIELD] = r[FIELD_HASH]


@kernel
def more_contexts(contexts: NDArray[np.uint64], r: NDArray[np.uint64], data: NDArray[np.uint8]) -> None:
    """Fill contexts[FIRST:] for the next byte, and mend two of the others, whose hashes lack a number."""
    c8 = r[LAST_8]
    c1 = c8 & _M1
    word = r[WORD]
    own = word if word != _U(0) else c1
    field = r[FIELD]
    contexts[12] = mix(c8, (r[LAST_16] & _M4) + (_U(0x40D) << _32))
    contexts[15] = mix(mix(word, r[WORD_1]), r[WORD_2] + _U(0x410))
    key_byte = _U(0)
    if r[KEY_POINTER] != _U(0):
        key_byte = _U(data[r[KEY_POINTER]]) | _U(256)
    r[KEY_BYTE] = key_byte
    key_trust = r[KEY_TRUST]
    above = r[ABOVE] >> _U(0) & _M1
    above_2 = _U(0)
    place = r[LINE_AT_2] + r[LINE_START]
    if place < r[PREVIOUS_LINE_AT]:
        above_2 = _U(data[place])
    aligned = r[ALIGNED]
    e0, e1 = r[EXPECTED_0], r[EXPECTED_1]
    b0 = e0 & _M1
    contexts[42] = mix(c8, (r[LAST_16] & _M2) + (_U(0x42B) << _32))
    contexts[43] = mix(c8, r[LAST_16] + _U(0x42C))
    contexts[44] = mix(mix(word, r[WORD_1]) + r[WORD_2], r[WORD_3] + _U(0x42D))
    contexts[45] = mix(e0, c1 | _U(0x42E00))
    contexts[46] = mix(b0 | (e1 & _M1) << _8 | c1 << _16, _U(0x42F))
    contexts[47] = mix(r[KEY], r[FIELD_HASH] + _U(0x430))
    contexts[48] = mix(r[KEY], (c8 & _M2) + (_U(0x431) << _32))
    contexts[49] = mix(key_byte | key_trust << _16, r[KEY] + _U(0x432))
    contexts[50] = mix(key_byte | key_trust << _16 | c1 << _32, _U(0x433))
    contexts[51] = mix(r[BRACKET] + r[KEY], own + _U(0x434))
    contexts[52] = mix(above | above_2 << _8 | c1 << _16, _U(0x435))
    contexts[53] = mix(above | above_2 << _8, r[LINE_START] + (_U(0x436) << _32))
    contexts[54] = mix(aligned, field + (_U(0x437) << _32))
    contexts[55] = mix(r[LINE_HEAD], r[FIELD_HASH] + field * _U(0x43800001))
    contexts[56] = mix(r[HEAD_ABOVE], r[LINE_HEAD] + own + _U(0x439))
    contexts[57] = mix(r[WORD_1], own + ((r[SKELETON] & _M1) << _U(20)) + _U(0x43A))
    contexts[58] = mix(c8 & _U(0xFFFFFF00), _U(0x43B))
    contexts[59] = mix(c8 & _U(0xFF00FFFF), _U(0x43C))
    contexts[60] = mix(c8 & _U(0xFFFFFF0000), _U(0x43D))
    contexts[61] = mix(r[LAST_FIELD], r[FIELD_HASH] + field * _U(0x43E00001))
    contexts[62] = mix(r[LAST_FIELD_2], r[FIELD_HASH] + field * _U(0x43F00001))
    contexts[63] = mix(r[LAST_FIELD] + r[LAST_FIELD_2] * _U(3), r[FIELD_HASH] + _U(0x440))
    contexts[64] = mix(mix(mix(r[TOKEN_1], r[TOKEN_2]), r[TOKEN_3]), r[TOKEN_4] + own * _U(0x44100001))
    contexts[65] = mix(r[TOKEN_2], own + _U(0x442))
    contexts[66] = mix(mix(r[TOKEN_2], r[TOKEN_3]), own + _U(0x443))
    contexts[67] = mix(r[SENTENCE], own + _U(0x444))
    contexts[68] = mix(r[SKELETON], c1 + _U(0x44500))
    contexts[69] = mix(r[INITIALS] & _M4, own + _U(0x446))
    contexts[70] = mix(c8 & _M2, r[LINE_START] + (_U(0x447) << _32))
    contexts[71] = mix(c8 & _M3, field + (_U(0x448) << _32))
    contexts[72] = mix(r[INDENT] | r[HEAD_ABOVE] << _16, own + _U(0x449))
    contexts[73] = mix(key_byte | b0 << _16 | above << _24, _U(0x44A))
    contexts[74] = mix(aligned & _M1 | key_byte << _8 | key_trust << _32, c1 | _U(0x44B00))
    contexts[75] = mix(e0, c8 & _M2 | _U(0x44C) << _32)
    contexts[76] = mix(word, r[WORD_1] + (c8 >> _8 & _M1) * _U(0x44D00001) + b0)
    contexts[77] = mix(word, b0 | _U(0x44E00))

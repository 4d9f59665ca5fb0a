"""Contexts of characters: text whose letters take two or three bytes each, in UTF-8.

Orders of bytes see a third of a Chinese character less than they seem to, and a word of Japanese has no blanks around
it. So a lane also keeps its last whole characters, the bytes of the one being written, and the run of one script
(hiragana, katakana, Chinese, Latin, ...): where the script changes, a Japanese word mostly ends.

In text of one byte a character these are contexts that skip bytes, and runs of letters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.registers import CLASS

CHARACTER_CONTEXTS = 6

# Registers, in the gaps of the others.
PART = 55  # bytes of the character being written
LEFT = 56  # bytes that it still takes
CHAR_1, CHAR_2, CHAR_3 = 57, 58, 59  # the characters before it
RUN, RUN_1 = 34, 35  # hash of the run of one script, and of the run before it
SCRIPTS = 63  # the last scripts, a byte each
LENGTHS = 203  # whether the last characters were longer than a byte, a bit each

_U = np.uint64
_8 = _U(8)
_FACTOR = _U(0x9E3779B97F4A7C15)
_TWO, _THREE, _FOUR, _NONE = 0xC0, 0xE0, 0xF0, 0xF8
_KANA, HAN, _HANGUL = 0xE3, 0xE4, 0xEA
HIRAGANA, KATAKANA, MARKS = 16, 17, 18


@kernel
def _script(char: np.uint64, length: int) -> int:
    """A small number for the script of a character of so many bytes; classes of bytes for those of one."""
    if length <= 1:
        return int(CLASS[char & _U(0xFF)])
    if length == 2:
        return 32 + int(char >> _U(10) & _U(15))
    lead = int(char >> _U(16) & _U(0xFF))
    if length == 3 and lead == _KANA:
        rest = int(char & _U(0xFFFF))
        if rest < 0x8180:
            return MARKS
        return HIRAGANA if rest < 0x82A0 else KATAKANA
    if length == 3 and HAN <= lead < _HANGUL:
        return HAN
    return lead & 0xFF


@kernel
def update_characters(r: NDArray[np.uint64], byte: int) -> None:
    """Take a byte."""
    c = _U(byte)
    if byte < 0x80 or byte >= _TWO or r[LEFT] == _U(0):
        r[PART] = c
        length = 1
        if _TWO <= byte < _NONE:
            length = 2 if byte < _THREE else 3 if byte < _FOUR else 4
        r[LEFT] = _U(length - 1)
    else:
        r[PART] = r[PART] << _8 | c
        r[LEFT] -= _U(1)
    if r[LEFT] > _U(0):
        return
    char = r[PART]
    length = 1 + (char > _U(0xFF)) + (char > _U(0xFFFF)) + (char > _U(0xFFFFFF))
    r[LENGTHS] = r[LENGTHS] << _U(1) | _U(length > 1)
    script = _U(_script(char, length))
    if script != r[SCRIPTS] & _U(0xFF):
        r[RUN_1] = r[RUN]
        r[RUN] = _U(0)
    r[SCRIPTS] = r[SCRIPTS] << _8 | script
    r[RUN] = (r[RUN] + char + _U(1)) * _FACTOR
    r[CHAR_3] = r[CHAR_2]
    r[CHAR_2] = r[CHAR_1]
    r[CHAR_1] = char
    r[PART] = _U(0)


@kernel
def character_contexts(contexts: NDArray[np.uint64], first: int, r: NDArray[np.uint64]) -> None:
    """Fill contexts[first : first + CHARACTER_CONTEXTS] for the next byte."""
    part = r[PART]
    contexts[first] = mix(part, r[CHAR_2] + _U(0x45000000000))
    contexts[first + 1] = mix(mix(part, r[CHAR_1]), r[CHAR_3] + _U(0x45100000000))
    contexts[first + 2] = mix(part, r[RUN] + _U(0x452))
    contexts[first + 3] = mix(mix(part, r[RUN]), r[RUN_1] + _U(0x453))
    contexts[first + 4] = mix(mix(part, r[SCRIPTS]), _U(0x454))
    contexts[first + 5] = mix(mix(part, r[CHAR_1]), (r[SCRIPTS] & _U(0xFFFFFFFF)) + _U(0x45500000000))

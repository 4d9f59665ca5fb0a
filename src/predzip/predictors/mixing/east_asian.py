"""Contexts of Japanese and Chinese, in the place of those that speak of words, fields and columns.

Adds to `characters` what a text without blanks has instead of words: characters further back, the last Chinese
characters whatever kana stand between, the last kana whatever stands between them, and the place in the sentence. As
long as one of the last two characters is Chinese, kana or one of their marks, these take the slots of contexts, gates
and refinements that say nothing there; all other text is coded as if this file did not exist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.characters import (
    CHAR_1,
    CHAR_2,
    CHAR_3,
    HAN,
    HIRAGANA,
    KATAKANA,
    LEFT,
    MARKS,
    PART,
    RUN,
    RUN_1,
    SCRIPTS,
)
from predzip.predictors.mixing.gates import ROWS_OF_A_GATE
from predzip.predictors.mixing.lines import mix

# Registers, where the model of executables has others.
CHAR_4, CHAR_5 = 192, 193  # the characters before CHAR_3
RUN_2 = 194  # hash of the run of one script before RUN_1
HAN_1, HAN_2 = 195, 196  # the last Chinese characters
KANA = 197  # the last four hiragana, 16 bits each
SENTENCE_LENGTH = 198  # characters since the last mark
SENTENCE_HEAD = 199  # hash of the first two of them
LAST_MARK = 200  # the mark (or newline) before them
RUN_LENGTH = 201  # characters of the run of one script
RECENT = 202  # whether the last two characters were of these scripts, a bit each

_U = np.uint64
_8, _16 = _U(8), _U(16)
_M1, _M2, _M3, _M4, _M6 = _U(0xFF), _U(0xFFFF), _U(0xFFFFFF), _U(0xFFFFFFFF), _U(0xFFFFFFFFFFFF)
_LEAD_AND_MIDDLE = _U(0xFFFF00)
_NEWLINE = _U(10)


@kernel
def is_east_asian(r: NDArray[np.uint64]) -> bool:
    """Whether one of the last two characters is Chinese, kana or a mark that goes with them."""
    return bool(r[RECENT] != _U(0))


@kernel
def update_east_asian(r: NDArray[np.uint64], before: np.uint64, run_before: np.uint64) -> None:
    """Take a byte, after `update_characters`; CHAR_3 was `before` and RUN_1 `run_before` until then."""
    if r[LEFT] > _U(0):
        return
    char = r[CHAR_1]
    script = int(r[SCRIPTS] & _M1)
    r[CHAR_5] = r[CHAR_4]
    r[CHAR_4] = before
    if script != int(r[SCRIPTS] >> _8 & _M1):
        r[RUN_2] = run_before
        r[RUN_LENGTH] = _U(0)
    r[RUN_LENGTH] += _U(1)
    if script == HAN:
        r[HAN_2] = r[HAN_1]
        r[HAN_1] = char
    elif script == HIRAGANA:
        r[KANA] = r[KANA] << _16 | (char & _M2)
    if script == MARKS or char == _NEWLINE:
        r[SENTENCE_LENGTH] = _U(0)
        r[SENTENCE_HEAD] = _U(0)
        r[LAST_MARK] = char
    else:
        r[SENTENCE_LENGTH] += _U(1)
        if r[SENTENCE_LENGTH] < _U(3):
            r[SENTENCE_HEAD] = mix(r[SENTENCE_HEAD], char)
    r[RECENT] = (r[RECENT] << _U(1) | _U(script in (HAN, HIRAGANA, KATAKANA, MARKS))) & _U(3)


@kernel
def east_asian_contexts(contexts: NDArray[np.uint64], r: NDArray[np.uint64]) -> None:
    """Fill some of `contexts` anew; to be called where `is_east_asian`."""
    c1, c2, c3 = r[CHAR_1], r[CHAR_2], r[CHAR_3]
    kana, han, scripts = r[KANA], r[HAN_1], r[SCRIPTS]
    part = mix(r[PART], _U(0x9999))
    three = mix(part + c1, c2)
    contexts[9] = mix(part + c1, c2 + _U(0x50000000000))
    contexts[10] = mix(three, c3 + _U(0x50100000000))
    contexts[19] = mix(three, mix(c3, r[CHAR_4]) + _U(0x502))
    contexts[20] = mix(three, mix(c3, r[CHAR_4]) + r[CHAR_5] + _U(0x503))
    contexts[21] = mix(part + (kana & _M4), _U(0x504))
    contexts[22] = mix(part + (kana & _M6), _U(0x505))
    contexts[25] = mix(part + kana, _U(0x506))
    contexts[26] = mix(part + han, _U(0x507))
    contexts[27] = mix(mix(part + han, c1), _U(0x508))
    contexts[28] = mix(mix(part + han, r[HAN_2]), _U(0x509))
    contexts[32] = mix(mix(part + han, r[RUN]), _U(0x50A))
    contexts[37] = mix(part + r[SENTENCE_HEAD], r[SENTENCE_LENGTH] + _U(0x50B))
    contexts[38] = mix(mix(part + r[LAST_MARK], r[SENTENCE_LENGTH]), c1 + _U(0x50C00000000))
    contexts[39] = mix(mix(part + r[RUN], r[RUN_1]), r[RUN_2] + _U(0x50D))
    contexts[40] = mix(mix(part + c2, c3), _U(0x50E))
    contexts[41] = mix(part + (scripts & _M3), mix(c2, _U(0x50F)))
    contexts[47] = mix(part + c3, c1 + _U(0x51000000000))
    contexts[48] = mix(part + (c1 & _LEAD_AND_MIDDLE), mix(c2, _U(0x511)))
    contexts[49] = mix(part + (c1 & _LEAD_AND_MIDDLE), mix(c2, c3) + _U(0x512))
    contexts[51] = mix(part + (scripts & _M2), mix(r[RUN_LENGTH], _U(0x513)))


@kernel
def east_asian_gates(rows: NDArray[np.int64], r: NDArray[np.uint64]) -> None:
    """Choose other rows of the gates that speak of columns and keys; to be called where `is_east_asian`."""
    left = int(r[LEFT])
    place = 0 if left == 0 or left > 2 else 3 - left  # bytes of the character that are known
    scripts = r[SCRIPTS]
    one, two, three = _script_group(scripts), _script_group(scripts >> _8), _script_group(scripts >> _16)
    rows[5] = 5 * ROWS_OF_A_GATE + (one * 6 + two) * 3 + place
    rows[6] = 6 * ROWS_OF_A_GATE + min(int(r[RUN_LENGTH]), 7) * 18 + one * 3 + place
    rows[9] = 9 * ROWS_OF_A_GATE + int(r[CHAR_1] & _M1)
    rows[10] = 10 * ROWS_OF_A_GATE + min(int(r[SENTENCE_LENGTH]), 31) * 3 + place
    rows[11] = 11 * ROWS_OF_A_GATE + (one * 6 + two) * 6 + three


@kernel
def east_asian_refinements(r: NDArray[np.uint64]) -> tuple[np.uint64, np.uint64]:
    """Contexts of two refinements, 16 bits each: the last character, and the last two."""
    known = r[PART] + r[CHAR_1]
    return mix(known, _U(0x53)) >> _U(48), mix(mix(known, r[CHAR_2]), _U(0x54)) >> _U(48)


@kernel
def _script_group(scripts: np.uint64) -> int:
    """0..4 for the script in the low byte."""
    script = int(scripts & _M1)
    if script == HIRAGANA:
        return 0
    if script == KATAKANA:
        return 1
    if script == HAN:
        return 2
    return 3 if script == MARKS else 4

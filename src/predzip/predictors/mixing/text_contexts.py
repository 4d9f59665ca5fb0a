"""Contexts of text: orders, words, columns, fields, brackets and what followed before.

The most valuable come first, because a level takes a prefix of the list. Everything is computed once a byte, from the
registers of the lane, and hashed to 64 bits; the number of the context is part of its hash, as all share one table.
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
    FIELD,
    FIELD_HASH,
    INDENT,
    LAST_8,
    LAST_16,
    LINE_HEAD,
    LINE_START,
    NUMBER,
    SKELETON,
    TOKEN_1,
    TOKEN_2,
    TOKEN_3,
    WORD,
    WORD_1,
    WORD_2,
    WORD_3,
)

CUTS = (6, 12, 42)
"""How many contexts a level may take."""

_U = np.uint64
_M1, _M2, _M3, _M4 = _U(0xFF), _U(0xFFFF), _U(0xFFFFFF), _U(0xFFFFFFFF)
_M5, _M6, _M7 = _U(0xFFFFFFFFFF), _U(0xFFFFFFFFFFFF), _U(0xFFFFFFFFFFFFFF)


@kernel
def text_contexts(
    contexts: NDArray[np.uint64], count: int, r: NDArray[np.uint64], followers: NDArray[np.uint32]
) -> None:
    """Fill contexts[:count] for the next byte of the lane whose registers are `r`."""
    c8 = r[LAST_8]
    word = r[WORD]
    c1 = c8 & _M1
    contexts[0] = mix(c8 & _M1, _U(1))
    contexts[1] = mix(c8 & _M2, _U(2))
    contexts[2] = mix(c8 & _M3, _U(3))
    contexts[3] = mix(c8 & _M4, _U(4))
    contexts[4] = mix(c8 & _M6, _U(5))
    contexts[5] = mix(word, c1 + _U(0x600))
    if count <= 6:
        return
    contexts[6] = mix(c8 & _M5, _U(7))
    contexts[7] = mix(word + r[WORD_1] * _U(0x2545F4914F6CDD1D), _U(8))
    contexts[8] = mix(c8, _U(9))
    contexts[9] = mix(r[ABOVE] << _U(8) | c1, _U(10))
    contexts[10] = mix(r[FIELD_HASH], r[FIELD] + _U(0xB00))
    contexts[11] = mix(word + r[WORD_2] * _U(0x2545F4914F6CDD1D), _U(12))
    if count <= 12:
        return
    contexts[12] = mix(c8, r[LAST_16] & _M4)
    contexts[13] = mix(c8 & _U(0xFFFF00), _U(14))
    contexts[14] = mix(c8 & _U(0xFFFF0000), _U(15))
    contexts[15] = mix(mix(word, r[WORD_1]), r[WORD_2])
    f1 = _U(followers[c1])
    f2 = _U(followers[_U(256) + (c8 & _M2)])
    contexts[16] = mix(f1 & _M2 | c1 << _U(16), _U(17))
    contexts[17] = mix(f2 & _M2, _U(18) + (c1 << _U(8)))
    contexts[18] = mix(r[SKELETON] & _M4, _U(19))
    contexts[19] = mix(r[LINE_HEAD], word + _U(20))
    contexts[20] = mix(r[BRACKET], word * _U(31) + _U(21))
    contexts[21] = mix(r[ABOVE] | (c8 & _M2) << _U(32), _U(22))
    contexts[22] = mix(r[NUMBER], r[FIELD] + _U(0x1700))
    contexts[23] = mix(mix(word, r[WORD_1]) + r[WORD_3], _U(24))
    contexts[24] = mix(f2 & _M3, _U(25))
    contexts[25] = mix(r[LINE_START], r[ABOVE] & _M2 | c1 << _U(32))
    aligned = r[ALIGNED]
    contexts[26] = mix(aligned & _M1 | aligned >> _U(16) << _U(8), _U(27) + (c1 << _U(8)))
    contexts[27] = mix(aligned & _M2, _U(28) + (r[FIELD] << _U(8)))
    contexts[28] = mix(aligned & _M1, r[FIELD_HASH] + _U(29))
    contexts[29] = mix(c8 & _M7, _U(30))
    contexts[30] = mix(r[SKELETON] & _M3, _U(31) + (c8 & _M2) * _U(512))
    contexts[31] = mix(f1 & _M3, _U(32))
    contexts[32] = mix(r[LINE_HEAD] + r[INDENT], _U(33) + (c8 & _M2) * _U(512))
    contexts[33] = mix(word, r[WORD_3] + _U(34))
    tokens = mix(r[TOKEN_1], r[TOKEN_2])
    own = word if word != _U(0) else c1
    contexts[34] = mix(r[TOKEN_1], own + _U(35))
    contexts[35] = mix(tokens, own + _U(36))
    contexts[36] = mix(tokens + r[TOKEN_3], own + _U(37))
    contexts[37] = mix(r[BRACKET] + r[INDENT], r[TOKEN_1] + own)
    contexts[38] = mix(r[LINE_HEAD], r[TOKEN_1] + own + _U(39))
    contexts[39] = mix(r[FIELD] | r[INDENT] << _U(16), own + _U(40))
    contexts[40] = mix(aligned & _M1, own + _U(41))
    contexts[41] = mix(r[BRACKET], r[TOKEN_1] * _U(3) + own + _U(42))

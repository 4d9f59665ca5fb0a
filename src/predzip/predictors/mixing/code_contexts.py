"""Contexts of x86 machine code: the parts of the instruction being read, the instructions before it.

Adds to the binary contexts what the format of instructions knows: a displacement depends on the base register, not on
the byte before; what an instruction is depends on those before it, however long their operands were. The most valuable
come first, because a level takes a prefix of the list.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.registers import LAST_8, POSITION, RECORD, RECORD_ABOVE, RECORD_COLUMN
from predzip.predictors.mixing.x86 import (
    FORMS,
    HASH,
    KEY,
    LAST_HASH,
    LAST_OPERAND,
    LEFT,
    MODRM,
    OLDER_HASHES,
    OLDER_OPERATIONS,
    OPCODE,
    OPCODE_BYTE,
    OPERAND,
    OPERATIONS,
    PHASE,
    PREFIXES,
    SHORT_KEY,
    SIB,
    SIB_BYTE,
)

COUNT = 40

_U = np.uint64
_M1, _M2, _M3, _M4 = _U(0xFF), _U(0xFFFF), _U(0xFFFFFF), _U(0xFFFFFFFF)
_M6 = _U(0xFFFFFFFFFFFF)
_4, _8, _16, _20, _40 = _U(4), _U(8), _U(16), _U(20), _U(40)
_PREFIXES_THAT_TELL = _U(0xBD)  # not REX without W, not the size of addresses
_MOD_RM = _U(0xC7)
_REG = _U(0x38)


@kernel
def _set_keys(r: NDArray[np.uint64], place: np.uint64, operation: np.uint64) -> None:
    """Under what the next byte is remembered: its whole instruction so far, or the address of its operand."""
    opcode_next = r[PHASE] == _U(OPCODE_BYTE)
    key = mix(place | operation << _16, r[MODRM] | r[OPERAND] << _20)
    if opcode_next:
        key = mix(r[FORMS] & _M2, _U(0x77))
    r[KEY] = key >> _U(48)
    last = r[OPERATIONS] & _M2 if opcode_next else operation
    r[SHORT_KEY] = mix(place, r[MODRM] & _MOD_RM if r[PHASE] >= _U(SIB_BYTE) else last) >> _U(56)


@kernel
def code_contexts(
    contexts: NDArray[np.uint64],
    count: int,
    r: NDArray[np.uint64],
    data: NDArray[np.uint8],
    lane_start: int,
    followers: NDArray[np.uint32],
) -> None:
    """Fill contexts[:count] for the next byte of the lane whose registers are `r`."""
    c8 = r[LAST_8]
    c1 = c8 & _M1
    position = int(r[POSITION])
    record = int(r[RECORD])
    column = _U((position - lane_start) % record)
    above = _U(0)
    above_before = _U(0)
    above_2 = _U(0)
    if position - lane_start > record:
        above = _U(data[_U(position - record)])
        above_before = _U(data[_U(position - record - 1)])
        if position - lane_start >= 2 * record:
            above_2 = _U(data[_U(position - 2 * record)])
    r[RECORD_ABOVE] = above
    r[RECORD_COLUMN] = column
    place = r[PHASE] << _4 | r[LEFT]
    operation = r[OPCODE] | (r[PREFIXES] & _PREFIXES_THAT_TELL) << _U(10)
    here = place | operation << _16
    modrm, operand, so_far = r[MODRM], r[OPERAND], r[HASH]
    operations, forms = r[OPERATIONS], r[FORMS]
    _set_keys(r, place, operation)
    followed = _U(followers[_U(256) + r[KEY]])
    followed_short = _U(followers[r[SHORT_KEY]])
    contexts[0] = mix(c8 & _M2, _U(0x301))
    contexts[1] = mix(followed & _M2, mix(place, _U(0x302) + (c1 << _20)))
    contexts[2] = mix(here, mix(modrm, _U(0x303)))
    contexts[3] = mix(place | (modrm & _MOD_RM) << _16, mix(operand | r[SIB] << _40, _U(0x304)))
    contexts[4] = mix(followed & _M1, place + (_U(0x305) << _20))
    contexts[5] = mix(so_far, _U(0x306) + ((operations & _M2) << _16))
    if count <= 6:
        return
    contexts[6] = mix(c8 & _M4, _U(0x307))
    contexts[7] = mix(place | (modrm & _REG) << _16, mix(operand, _U(0x308) + (r[OPCODE] << _16)))
    contexts[8] = mix(so_far, _U(0x309) + r[LAST_HASH])
    contexts[9] = mix(place | _U(position & 15) << _16, _U(0x30A) + (c1 << _20))
    contexts[10] = mix(place | (modrm & _MOD_RM) << _16, _U(0x30B))
    contexts[11] = mix(so_far, mix(forms & _M4, _U(0x30C)))
    if count <= 12:
        return
    contexts[12] = mix(so_far, _U(0x30D))
    contexts[13] = mix(place | operand << _16, _U(0x30E))
    contexts[14] = mix(here, mix(operand, _U(0x30F)))
    contexts[15] = mix(so_far, _U(0x310) + r[OLDER_HASHES])
    contexts[16] = mix(so_far, mix(forms & _M6, _U(0x311)))
    contexts[17] = mix(here, c1 | _U(0x31200))
    contexts[18] = mix(here, mix(operand, _U(0x313) + ((operations & _M2) << _16)))
    contexts[19] = mix(here, mix(operations & _M6, _U(0x314)))
    contexts[20] = mix(here, mix(operations, _U(0x315) + (r[OLDER_OPERATIONS] << _U(32))))
    contexts[21] = mix(place | modrm << _16, mix(forms & _U(0xFF00FF00), _U(0x316) + (operand << _20)))
    contexts[22] = mix(place | r[LAST_OPERAND] << _16, mix(operand, _U(0x317)))
    contexts[23] = mix(place | r[LAST_OPERAND] << _16, mix(so_far, _U(0x318)))
    contexts[24] = mix(place | (modrm & _U(0xF8)) << _16, mix(operations & _M4, _U(0x319)))
    contexts[25] = mix(here, _U(0x31A))
    contexts[26] = mix(here, _U(0x31B) + ((forms & _M2) << _20))
    contexts[27] = mix(followed, mix(here, _U(0x31C)))
    contexts[28] = mix(followed_short & _M2, place + (_U(0x31D) << _20))
    contexts[29] = mix(followed_short & _M1, mix(place, _U(0x31E) + ((followed & _M2) << _20)))
    # What is no code: orders, words of four bytes, records.
    contexts[30] = mix(c1, _U(0x31F))
    contexts[31] = mix(c8 & _U(0xFFFF00), _U(0x320))
    contexts[32] = mix(c8 & _M6, _U(0x321))
    contexts[33] = mix(column << _8 | above, _U(0x322))
    contexts[34] = mix(c8 >> _16 & _M2, _U(position & 3) | _U(0x32300))
    contexts[35] = mix(above << _8 | above_2, _U(0x324) + (column << _16))
    contexts[36] = mix(above + c1 - above_before & _M1, _U(0x325) + (column << _16))
    contexts[37] = mix(column, _U(0x326) + (_U(record) << _16))
    contexts[38] = mix(c8 & _U(0xFF00FF00), _U(0x327))
    contexts[39] = mix(_U(position & 3) << _16 | (c8 >> _U(24) & _M1) << _8 | c8 >> _U(56), _U(0x328))

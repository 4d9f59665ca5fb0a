"""Where in its instruction the next byte of x86 machine code stands: opcode, ModRM, SIB, displacement or immediate.

Adds what `code_contexts` needs to line up code that differs only in the length of its operands. A small state machine
reads the instruction format byte by byte (prefixes, opcode maps, ModRM, SIB, displacement, immediate), for 32 and 64
bits; which of the two is guessed from the bytes. Data between the code is read as if it were code: nothing here can
fail, and within a few instructions the machine is in step again.

Its registers follow the common ones in the row of a lane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.registers import LAST_8

PHASE = 192  # what the next byte is, see below
LEFT = 193  # bytes left of the displacement, immediate or prefix that is being read
DISPLACEMENT, IMMEDIATE = 194, 195  # bytes of them that are still to come behind ModRM and SIB
PREFIXES = 196  # bits, see below
OPCODE = 197  # opcode map << 8 | opcode
MODRM = 198  # 256 | ModRM byte, 0 if there was none yet
SIB = 199  # 256 | SIB byte, 0 if there was none yet
READ = 200  # bytes of the instruction so far
HASH = 201  # hash of the bytes of the instruction so far
OPERAND = 202  # bytes of the displacement or immediate so far, below a leading one; 0 elsewhere
OPERATIONS = 203  # the last four instructions: 16 bits of prefixes, map and opcode each, the newest in the low bits
OLDER_OPERATIONS = 204  # the four before them
FORMS = 205  # the last four instructions: ModRM << 8 | opcode each
LAST_HASH, OLDER_HASHES = 206, 207  # hash of the last instruction, of the three before it
LAST_OPERAND = 208  # the last displacement or immediate of four bytes
MODE = 209  # how much speaks for 64 bits
GATE_PART, GATE_OPCODE, GATE_FORM = 210, 211, 212  # eight bits each, for the mixer
KEY, SHORT_KEY = 213, 214  # of 16 and 8 bits, kept by `code_contexts`: what the next byte is remembered under

OPCODE_BYTE, OPCODE_0F, OPCODE_38, OPCODE_3A, MODRM_BYTE, SIB_BYTE = range(6)
DISPLACEMENT_BYTE, IMMEDIATE_BYTE, VEX_BYTE = 6, 7, 8
"""Phases."""

OPERAND_SIZE, ADDRESS_SIZE, REPNE, REP, REX_W, REX, OTHER_PREFIX, VEX = (1 << bit for bit in range(8))
"""Bits of PREFIXES."""

LONGEST = 15
"""Bytes of the longest instruction that a processor takes."""

_FROM_64 = 64  # value of MODE from which on the code is taken to be of 64 bits
_MODE_MAX = 255
_MODE_GAIN = 6

# What follows an opcode: low bits the kind of immediate, then flags.
_NONE, _BYTE, _WORD, _BYTES_3, _FULL, _WIDE, _ADDRESS, _FAR, _TEST_BYTE, _TEST_FULL = range(10)
_KIND, _HAS_MODRM, _IS_PREFIX = 15, 16, 32

_U = np.uint64
_FACTOR = _U(0x2F0B4C47A3D15B91)
_0, _1, _4, _8, _16 = _U(0), _U(1), _U(4), _U(8), _U(16)


def _one_byte_table() -> NDArray[np.uint8]:
    """What follows each opcode of one byte, shape (256,)."""
    table = np.zeros(256, np.uint8)
    for group in range(0x00, 0x40, 8):
        table[group : group + 6] = [_HAS_MODRM] * 4 + [_BYTE, _FULL]
    table[[0x62, 0x63, *range(0x84, 0x90), *range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xFE, 0xFF, 0xC4, 0xC5]] = _HAS_MODRM
    table[[0x6B, 0x80, 0x82, 0x83, 0xC0, 0xC1, 0xC6]] = _HAS_MODRM | _BYTE
    table[[0x69, 0x81, 0xC7]] = _HAS_MODRM | _FULL
    table[[0xF6, 0xF7]] = [_HAS_MODRM | _TEST_BYTE, _HAS_MODRM | _TEST_FULL]
    table[[0x6A, *range(0x70, 0x80), 0xA8, *range(0xB0, 0xB8), 0xCD, 0xD4, 0xD5, *range(0xE0, 0xE8), 0xEB]] = _BYTE
    table[[0x68, 0xA9, 0xE8, 0xE9]] = _FULL
    table[0xB8:0xC0] = _WIDE
    table[0xA0:0xA4] = _ADDRESS
    table[[0xC2, 0xCA]] = _WORD
    table[0xC8] = _BYTES_3
    table[[0x9A, 0xEA]] = _FAR
    table[[0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3]] = _IS_PREFIX
    return table


def _two_byte_table() -> NDArray[np.uint8]:
    """What follows each opcode behind 0F, shape (256,)."""
    table = np.full(256, _HAS_MODRM, np.uint8)
    table[[*range(0x04, 0x0D), 0x0E, *range(0x24, 0x28), *range(0x30, 0x40), 0x77, 0xA0, 0xA1, 0xA2]] = _NONE
    table[[0xA8, 0xA9, 0xAA, *range(0xC8, 0xD0)]] = _NONE
    table[[0x0F, *range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6]] = _HAS_MODRM | _BYTE
    table[0x80:0x90] = _FULL
    return table


def _prefix_bits() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    table[[0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0xF0]] = OTHER_PREFIX
    table[[0x66, 0x67, 0xF2, 0xF3]] = [OPERAND_SIZE, ADDRESS_SIZE, REPNE, REP]
    return table


ONE_BYTE = _one_byte_table()
TWO_BYTE = _two_byte_table()
_PREFIX_BITS = _prefix_bits()
_COMMON = np.isin(np.arange(256), [0x83, 0x85, 0x89, 0x8B, 0x8D])  # opcodes that often have REX.W before them


@kernel
def _guess_mode(r: NDArray[np.uint64], c: np.uint64) -> None:
    if _COMMON[c]:
        if r[LAST_8] >> _8 & _U(0xFB) == _U(0x48):
            r[MODE] = min(r[MODE] + _U(_MODE_GAIN), _U(_MODE_MAX))
        elif r[MODE] > _0:
            r[MODE] -= _1


@kernel
def _full_bytes(prefixes: np.uint64) -> np.uint64:
    """Bytes of an operand of the usual size: 4, or 2 behind 66."""
    return _U(2) if prefixes & _U(OPERAND_SIZE | REX_W) == _U(OPERAND_SIZE) else _4


@kernel
def _immediate_bytes(r: NDArray[np.uint64], kind: int) -> np.uint64:
    prefixes = r[PREFIXES]
    if kind in (_BYTE, _TEST_BYTE):
        return _1
    if kind in (_FULL, _TEST_FULL):
        return _full_bytes(prefixes)
    if kind == _WIDE:
        return _8 if prefixes & _U(REX_W) != _0 else _full_bytes(prefixes)
    if kind == _WORD:
        return _U(2)
    if kind == _BYTES_3:
        return _U(3)
    if kind == _ADDRESS:
        wide = r[MODE] >= _U(_FROM_64)
        if prefixes & _U(ADDRESS_SIZE) != _0:
            return _4 if wide else _U(2)
        return _8 if wide else _4
    if kind == _FAR:
        return _full_bytes(prefixes) + _U(2)
    return _0


@kernel
def _finish(r: NDArray[np.uint64]) -> None:
    """The instruction is complete: remember it, expect the next."""
    opcode = r[OPCODE]
    modrm = r[MODRM] & _U(0xFF)
    prefixes = r[PREFIXES]
    operation = opcode & _U(0x3FF) | (prefixes & _U(OPERAND_SIZE | REPNE | REP | REX_W)) << _U(10)
    r[OLDER_OPERATIONS] = r[OLDER_OPERATIONS] << _16 | r[OPERATIONS] >> _U(48)
    r[OPERATIONS] = r[OPERATIONS] << _16 | operation & _U(0xFFFF)
    r[FORMS] = r[FORMS] << _16 | modrm << _8 | opcode & _U(0xFF)
    r[OLDER_HASHES] = ((r[OLDER_HASHES] + r[LAST_HASH]) * _FACTOR) << _U(20)
    r[LAST_HASH] = r[HASH]
    _restart(r)


@kernel
def _restart(r: NDArray[np.uint64]) -> None:
    for register in (PHASE, LEFT, DISPLACEMENT, IMMEDIATE, PREFIXES, OPCODE, MODRM, SIB, READ, HASH, OPERAND):
        r[register] = _0


@kernel
def _begin_operand(r: NDArray[np.uint64]) -> None:
    """Go on with the displacement, then with the immediate, then with the next instruction."""
    r[OPERAND] = _1
    if r[DISPLACEMENT] != _0:
        r[PHASE] = _U(DISPLACEMENT_BYTE)
        r[LEFT] = r[DISPLACEMENT]
        r[DISPLACEMENT] = _0
    elif r[IMMEDIATE] != _0:
        r[PHASE] = _U(IMMEDIATE_BYTE)
        r[LEFT] = r[IMMEDIATE]
        r[IMMEDIATE] = _0
    else:
        _finish(r)


@kernel
def _take_opcode(r: NDArray[np.uint64], opcode_map: int, c: np.uint64, follows: int) -> None:
    """The opcode is known, and with it what follows (an entry of the tables)."""
    r[OPCODE] = _U(opcode_map << 8) | c
    kind = follows & _KIND
    r[IMMEDIATE] = _immediate_bytes(r, kind)
    if follows & _HAS_MODRM:
        r[PHASE] = _U(MODRM_BYTE)
    else:
        _begin_operand(r)


@kernel
def _take_first(r: NDArray[np.uint64], c: np.uint64) -> None:
    """A byte where a prefix or an opcode is expected."""
    follows = int(ONE_BYTE[c])
    wide = r[MODE] >= _U(_FROM_64)
    if follows & _IS_PREFIX:
        r[PREFIXES] |= _U(_PREFIX_BITS[c])
    elif wide and c & _U(0xF0) == _U(0x40):
        r[PREFIXES] |= _U(REX)
        if c & _8 != _0:
            r[PREFIXES] |= _U(REX_W)
    elif c == _U(0x0F):
        r[PHASE] = _U(OPCODE_0F)
    elif c == _U(0xC4) or c == _U(0xC5) or c == _U(0x62):
        r[PHASE] = _U(VEX_BYTE)
        r[OPCODE] = c
        r[LEFT] = _0
    else:
        _take_opcode(r, 0, c, follows)


@kernel
def _take_vex(r: NDArray[np.uint64], c: np.uint64) -> None:
    """A byte behind C4, C5 or 62, which begin a VEX or EVEX prefix unless ModRM follows (32 bits, mod < 3)."""
    first = r[OPCODE]
    if r[LEFT] == _0:
        if r[MODE] < _U(_FROM_64) and c < _U(0xC0):
            _take_opcode(r, 0, first, _HAS_MODRM)
            _take_modrm(r, c)
            return
        r[PREFIXES] |= _U(VEX)
        if first == _U(0xC5):
            r[PHASE] = _U(OPCODE_0F)
            return
        r[DISPLACEMENT] = c & _U(3)  # the opcode map, kept here until the opcode comes
        r[LEFT] = _1 if first == _U(0xC4) else _U(2)
        return
    r[LEFT] -= _1
    if r[LEFT] == _0:
        opcode_map = r[DISPLACEMENT]
        r[DISPLACEMENT] = _0
        r[PHASE] = _U(OPCODE_0F)
        if opcode_map == _U(2):
            r[PHASE] = _U(OPCODE_38)
        elif opcode_map == _U(3):
            r[PHASE] = _U(OPCODE_3A)


@kernel
def _take_modrm(r: NDArray[np.uint64], c: np.uint64) -> None:
    r[MODRM] = _U(256) | c
    mod, reg, rm = c >> _U(6), c >> _U(3) & _U(7), c & _U(7)
    if r[OPCODE] & _U(0x3FE) == _U(0xF6) and reg > _1:  # only TEST of this group has an immediate
        r[IMMEDIATE] = _0
    displacement = _0
    if r[PREFIXES] & _U(ADDRESS_SIZE) != _0 and r[MODE] < _U(_FROM_64):  # addresses of 16 bits
        if mod == _1:
            displacement = _1
        elif mod == _U(2) or (mod == _0 and rm == _U(6)):
            displacement = _U(2)
    elif mod < _U(3):
        if mod == _1:
            displacement = _1
        elif mod == _U(2) or rm == _U(5):
            displacement = _4
        if rm == _4:
            r[DISPLACEMENT] = displacement
            r[PHASE] = _U(SIB_BYTE)
            return
    r[DISPLACEMENT] = displacement
    _begin_operand(r)


@kernel
def _set_gates(r: NDArray[np.uint64]) -> None:
    """What the next byte is, by part of the instruction, by opcode (of the last one, if none is known) and by form."""
    phase, left = r[PHASE], min(r[LEFT], _4)
    if r[OPERAND] == _1 and left == _1:
        left = _0  # the only byte, not the last of several
    opcode = r[OPCODE]
    part = phase
    if phase == _U(DISPLACEMENT_BYTE):
        part = _U(5) + left
    elif phase == _U(IMMEDIATE_BYTE):
        part = _U(10) + left
    elif phase == _U(VEX_BYTE):
        part = _U(15)
    elif phase >= _U(OPCODE_38):
        part = phase - _1
    if phase < _U(MODRM_BYTE) or phase == _U(VEX_BYTE):
        opcode = r[OPERATIONS]
    opcode &= _U(0xFF)
    r[GATE_PART] = part << _4 | opcode >> _4
    r[GATE_OPCODE] = opcode
    r[GATE_FORM] = r[MODRM] & _U(0xFF) if r[MODRM] != _0 else part


@kernel
def update_x86(r: NDArray[np.uint64], byte: int) -> None:
    """Take `byte`, the newest of r[LAST_8], into the state of the instruction."""
    c = _U(byte)
    _guess_mode(r, c)
    if r[READ] >= _U(LONGEST) and r[PHASE] < _U(MODRM_BYTE):
        _restart(r)  # nothing but prefixes: no code
    r[READ] += _1
    r[HASH] = (r[HASH] + c + _1) * _FACTOR
    phase = int(r[PHASE])
    if phase == OPCODE_BYTE:
        _take_first(r, c)
    elif phase == MODRM_BYTE:
        _take_modrm(r, c)
    elif phase in (DISPLACEMENT_BYTE, IMMEDIATE_BYTE):
        r[OPERAND] = r[OPERAND] << _8 | c
        r[LEFT] -= _1
        if r[LEFT] == _0:
            if r[OPERAND] >> _U(32) == _1:
                r[LAST_OPERAND] = r[OPERAND] & _U(0xFFFFFFFF)
            _begin_operand(r)
    elif phase == OPCODE_0F:
        if c == _U(0x38) and r[PREFIXES] & _U(VEX) == _0:
            r[PHASE] = _U(OPCODE_38)
        elif c == _U(0x3A) and r[PREFIXES] & _U(VEX) == _0:
            r[PHASE] = _U(OPCODE_3A)
        else:
            _take_opcode(r, 1, c, int(TWO_BYTE[c]))
    elif phase == SIB_BYTE:
        r[SIB] = _U(256) | c
        if c & _U(7) == _U(5) and r[MODRM] & _U(0xC0) == _0:
            r[DISPLACEMENT] = _4
        _begin_operand(r)
    elif phase == VEX_BYTE:
        _take_vex(r, c)
    elif phase == OPCODE_38:
        _take_opcode(r, 2, c, _HAS_MODRM)
    else:
        _take_opcode(r, 3, c, _HAS_MODRM | _BYTE)
    _set_gates(r)

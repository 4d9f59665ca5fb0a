"""Gates of the mixer: which weight set looks at the inputs, by context.

Each gate owns a range of rows of the weight matrix. The first gates are those that a low level keeps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.more_contexts import EXPECTED_0, EXPECTED_1, KEY_BYTE
from predzip.predictors.mixing.registers import (
    ABOVE,
    ALIGNED,
    CLASS,
    FIELD,
    LAST_8,
    LINE_START,
    RECORD_ABOVE,
    RECORD_COLUMN,
    SKELETON,
)
from predzip.predictors.mixing.settings import EXECUTABLE, TEXT
from predzip.predictors.mixing.x86 import GATE_FORM, GATE_OPCODE, GATE_PART

ROWS_OF_A_GATE = 256
GATES_MAX = 12

_U = np.uint64
_M1 = _U(0xFF)


@kernel
def byte_gates(rows: NDArray[np.int64], gates: int, r: NDArray[np.uint64], family: int) -> None:
    """Set the rows that stay the same for all eight decisions of a byte."""
    if gates < 4:
        return
    c1 = r[LAST_8] & _M1
    c2 = r[LAST_8] >> _U(8) & _M1
    rows[2] = 2 * ROWS_OF_A_GATE + int(c1)
    rows[3] = 3 * ROWS_OF_A_GATE + (int(CLASS[c1]) << 4 | int(CLASS[c2]))
    if family == EXECUTABLE:
        rows[3] = 3 * ROWS_OF_A_GATE + int(r[GATE_PART])
    if gates < 7:
        return
    if family == TEXT:
        rows[5] = 5 * ROWS_OF_A_GATE + int(r[ABOVE] & _M1)
        rows[6] = 6 * ROWS_OF_A_GATE + min(int(r[FIELD]), 15) * 16 + min(int(r[LINE_START]), 15)
    elif family == EXECUTABLE:
        rows[5] = 5 * ROWS_OF_A_GATE + int(r[GATE_OPCODE])
        rows[6] = 6 * ROWS_OF_A_GATE + int(r[GATE_FORM])
    else:
        rows[5] = 5 * ROWS_OF_A_GATE + int(r[RECORD_ABOVE])
        rows[6] = 6 * ROWS_OF_A_GATE + min(int(r[RECORD_COLUMN]), 255)
    if gates < 12:
        return
    rows[7] = 7 * ROWS_OF_A_GATE + int(r[EXPECTED_0] & _M1)
    rows[8] = 8 * ROWS_OF_A_GATE + int(c2)
    rows[9] = 9 * ROWS_OF_A_GATE + int(r[ALIGNED if family == TEXT else EXPECTED_1] & _M1)
    rows[10] = 10 * ROWS_OF_A_GATE + int(r[KEY_BYTE] & _M1)
    rows[11] = 11 * ROWS_OF_A_GATE + int(r[SKELETON] >> _U(4) & _M1)


@kernel
def bit_gates(rows: NDArray[np.int64], gates: int, prefix: int, bit_index: int, match_bucket: int, hits: int) -> None:
    """Set the rows that change with each decision."""
    if gates == 1:
        rows[0] = match_bucket * 8 + bit_index
        return
    rows[0] = prefix
    rows[1] = ROWS_OF_A_GATE + match_bucket * 8 + bit_index
    if gates > 4:
        rows[4] = 4 * ROWS_OF_A_GATE + min(hits, 31) * 8 + bit_index

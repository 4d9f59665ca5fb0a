"""Contexts of binary data: sparse bytes, records with a length that is found while coding, aligned words.

Adds to the text contexts what tables of numbers and machine code need. The most valuable come first, because a level
takes a prefix of the list.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.registers import LAST_8, LAST_16, POSITION, RECORD, RECORD_ABOVE, RECORD_COLUMN

CUTS = (6, 12, 32)
"""How many contexts a level may take."""
LONGEST_RECORD = 1024

_U = np.uint64
_M1, _M2, _M3, _M4 = _U(0xFF), _U(0xFFFF), _U(0xFFFFFF), _U(0xFFFFFFFF)
_M5, _M6 = _U(0xFFFFFFFFFF), _U(0xFFFFFFFFFFFF)


@kernel
def binary_contexts(
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
    above_behind = _U(0)
    above_2 = _U(0)
    if position - lane_start > record:
        above = _U(data[_U(position - record)])
        above_before = _U(data[_U(position - record - 1)])
        above_behind = _U(data[_U(position - record + 1)])
        if position - lane_start >= 2 * record:
            above_2 = _U(data[_U(position - 2 * record)])
    r[RECORD_ABOVE] = above
    r[RECORD_COLUMN] = column
    contexts[0] = mix(c8 & _M1, _U(0x101))
    contexts[1] = mix(c8 & _M2, _U(0x102))
    contexts[2] = mix(c8 & _M3, _U(0x103))
    contexts[3] = mix(c8 & _M4, _U(0x104))
    contexts[4] = mix(column << _U(8) | above, _U(0x105))
    contexts[5] = mix(c8 & _M6, _U(0x106))
    if count <= 6:
        return
    contexts[6] = mix(c8 & _U(0xFFFF00), _U(0x107))
    contexts[7] = mix(above << _U(8) | c1, _U(0x108))
    contexts[8] = mix(c8 & _U(0xFF00FF00), _U(0x109))
    contexts[9] = mix(c8 & _U(0xFF0000FF), _U(0x10A))
    contexts[10] = mix(above << _U(8) | above_2, _U(0x10B) + (column << _U(16)))
    contexts[11] = mix(c8 & _U(0xF0F0F0FF), _U(0x10C))
    if count <= 12:
        return
    contexts[12] = mix(c8 & _U(0x00FF00FF), _U(0x10D))
    contexts[13] = mix(c8 & _U(0xFF000000FF000000), _U(0x10E))
    contexts[14] = mix(c8 & _U(0xFFFF0000), _U(0x10F))
    contexts[15] = mix(c8 & _M5, _U(0x110))
    contexts[16] = mix(c8, _U(0x111))
    contexts[17] = mix(column << _U(8) | c1, _U(0x112))
    contexts[18] = mix(column, _U(0x113) + (_U(record) << _U(16)))
    f1 = _U(followers[c1])
    f2 = _U(followers[_U(256) + (c8 & _M2)])
    contexts[19] = mix(f1 & _M2 | c1 << _U(16), _U(0x114))
    contexts[20] = mix(f2 & _M2, _U(0x115) + (c1 << _U(16)))
    contexts[21] = mix(above | above_before << _U(8) | above_behind << _U(16), _U(0x116) + (c1 << _U(16)))
    contexts[22] = mix(above + c1 - above_before & _M1, _U(0x117) + (column << _U(16)))
    contexts[23] = mix(above + above - above_2 & _M1, _U(0x118) + (column << _U(16)))
    contexts[24] = mix(f2 & _M3, _U(0x119))
    contexts[25] = mix(above << _U(16) | c8 & _M2, _U(0x11A))
    contexts[26] = mix(c8 & _U(0xFFFFFF00), _U(0x11B))
    contexts[27] = mix(c8 & _U(0xFFFF00000000), _U(0x11C))
    contexts[28] = mix(_U(position & 3) << _U(16) | (c8 >> _U(24) & _M1) << _U(8) | c8 >> _U(56), _U(0x11D))
    contexts[29] = mix(_U(position & 1) << _U(16) | (c8 >> _U(8) & _M1) << _U(8) | c8 >> _U(24) & _M1, _U(0x11E))
    contexts[30] = mix(c8, r[LAST_16] & _M4)
    contexts[31] = mix(c8 & _U(0xF0FFF0F0), _U(0x120))


@kernel
def update_record(r: NDArray[np.uint64], data: NDArray[np.uint8], lane_start: int, scores: NDArray[np.int32]) -> None:
    """Score every distance at which the last byte stood before; every 32 bytes take the best as record length.

    scores: shape (LONGEST_RECORD + 1,), kept between calls.
    """
    position = int(r[POSITION])
    last = data[_U(position - 1)]
    if position - lane_start < 2:
        return
    if last != data[_U(position - 2)]:
        reach = min(position - 1 - lane_start, scores.shape[0] - 1)
        past = data[position - 1 - reach : position - 1]
        recent = scores[1 : reach + 1]
        for i in range(reach):
            hit = np.int32(4096) if past[reach - 1 - i] == last else np.int32(0)
            recent[i] += (hit - recent[i]) >> np.int32(7)
    if position & 31 == 0:
        current = int(r[RECORD])
        best = current
        most = int(scores[_U(current)]) + 64
        for distance in range(2, scores.shape[0]):
            score = int(scores[_U(distance)])
            if score > most:
                most = score + (score >> 5)
                best = distance
        r[RECORD] = _U(best)

"""Adaptive probability maps: a table entry is a probability with its own count, so its rate falls as it learns.

An entry is one uint32: the probability in the upper 22 bits, the count in the lower 10. Until the count reaches the
limit the entry is the mean of what it saw; then it forgets exponentially. (The StateMap of PAQ, Mahoney.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.mixing.int32 import add32, mul32, sar32, sub32

_RECIPROCALS = np.array([65536 * 2 // (2 * n + 3) for n in range(1024)], np.int64)
"""65536 / (n + 1.5): the step after n observations, as if half an observation of p = 1/2 had come before."""

_Map = NDArray[np.uint32]

# No probability comes nearer to 0 or 1 than 2^-16.
_LEAST_P = np.int64(64)
_GREATEST_P = np.int64(4194303 - 64)

# The same in 32 bits, for vectors.
_LEAST, _GREATEST, _HIGHEST = np.int32(_LEAST_P), np.int32(_GREATEST_P), np.int32(4194303)
_DIVIDEND = np.float32(2 * 65536)
_COUNT_BITS, _COUNT_MASK = np.uint32(10), np.uint32(1023)


@kernel
def map_p(table: _Map, index: int) -> int:
    """16-bit probability that the next bit is 1 (0..65535), from entry `index`."""
    return int(table[np.uint64(index)] >> np.uint32(16))


@kernel
def map_update(table: _Map, index: int, bit: int, limit: int) -> None:
    """Move entry `index` towards `bit` by 1 / (count + 1.5), count at most `limit` (< 1024)."""
    entry = np.int64(table[np.uint64(index)])
    count = entry & 1023
    p = entry >> 10
    target = 4194303 if bit else 0
    p += ((target - p) * _RECIPROCALS[np.uint64(count)]) >> 16
    p = min(max(p, _LEAST_P), _GREATEST_P)
    if count < limit:
        count += 1
    table[np.uint64(index)] = np.uint32((p << 10) | count)


@inlined
def move_entries(entries: _Map, bit: int, limit: int) -> None:
    """What `map_update` does to an entry, to all of them, in loops that become vectors.

    The reciprocal comes from a float division, which is exact here: a quotient of 2^17 and an odd number below 2^12
    is further from the next integer than float32 can round it. The product of 23 and 16 bits comes from two of 32.
    """
    target = _HIGHEST if bit else np.int32(0)
    most = np.int32(limit)
    for i in range(entries.shape[0]):
        p = np.int32(entries[i] >> _COUNT_BITS)
        count = np.int32(entries[i] & _COUNT_MASK)
        reciprocal = np.int32(_DIVIDEND / np.float32(add32(add32(count, count), np.int32(3))))
        distance = sub32(target, p)
        high = mul32(sar32(distance, np.int32(8)), reciprocal)
        low = sar32(mul32(np.int32(distance & np.int32(255)), reciprocal), np.int32(8))
        p = add32(p, sar32(add32(high, low), np.int32(8)))
        p = min(max(p, _LEAST), _GREATEST)
        count = add32(count, np.int32(count < most))
        entries[i] = np.uint32(p) << _COUNT_BITS | np.uint32(count)


def new_map(entries: int, p1: int = 32768, count: int = 0) -> _Map:
    """`entries` equal entries with 16-bit probability `p1`, as if `count` observations had been made."""
    return np.full(entries, (p1 << 16) | count, np.uint32)

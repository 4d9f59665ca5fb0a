"""Adaptive probability maps: a table entry is a probability with its own count, so its rate falls as it learns.

An entry is one uint32: the probability in the upper 22 bits, the count in the lower 10. Until the count reaches the
limit the entry is the mean of what it saw; then it forgets exponentially. (The StateMap of PAQ, Mahoney.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

_RECIPROCALS = np.array([65536 * 2 // (2 * n + 3) for n in range(1024)], np.int64)
"""65536 / (n + 1.5): the step after n observations, as if half an observation of p = 1/2 had come before."""

_Map = NDArray[np.uint32]

# No probability comes nearer to 0 or 1 than 2^-16.
_LEAST_P = np.int64(64)
_GREATEST_P = np.int64(4194303 - 64)


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


def new_map(entries: int, p1: int = 32768, count: int = 0) -> _Map:
    """`entries` equal entries with 16-bit probability `p1`, as if `count` observations had been made."""
    return np.full(entries, (p1 << 16) | count, np.uint32)

"""Integer frequencies: what every coder sees instead of probabilities, and the guarantees that make it lossless.

A distribution handed to a coder keeps four promises:

1. every symbol has a frequency of 1 or more, so nothing is impossible and every input can be coded;
2. the cumulative table is the exact sum of the frequencies, at most 2^32 in all;
3. no symbol owns the whole total (follows from 1 for two symbols and more), so every step narrows the interval;
4. both directions compute it by the same function, on integers.

The first three are checked here; the fourth is why there is one `accumulate` and one `quantize`.

A cumulative table is the uint64 array 0, f0, f0 + f1, ..., total: one entry more than the alphabet has symbols.
Coders take one table of shape (n + 1,) for all symbols, or rows of shape (positions, n + 1), a row for each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predzip.errors import UsageError

Frequencies = NDArray[np.uint32]
Cumulative = NDArray[np.uint64]
Symbols = NDArray[np.uint32]

MAXIMUM_TOTAL = 1 << 32


def accumulate(frequencies: NDArray[np.unsignedinteger]) -> Cumulative:
    """Sum frequencies of shape (..., n) to cumulative tables of shape (..., n + 1), without checking them."""
    cumulative = np.zeros((*frequencies.shape[:-1], frequencies.shape[-1] + 1), dtype=np.uint64)
    np.cumsum(frequencies, axis=-1, dtype=np.uint64, out=cumulative[..., 1:])
    return cumulative


def check_guarantees(cumulative: Cumulative) -> None:
    """Refuse cumulative tables that break a promise listed at the head of this file.

    Raises:
        UsageError: naming the broken promise.
    """
    if cumulative.dtype != np.uint64:
        raise UsageError(f"cumulative frequencies must be uint64, not {cumulative.dtype}")
    if cumulative.ndim < 1 or cumulative.shape[-1] < 2:
        raise UsageError("a frequency table needs at least one symbol")
    if (cumulative[..., 0] != 0).any():
        raise UsageError("cumulative frequencies must start at 0")
    if (cumulative[..., 1:] <= cumulative[..., :-1]).any():
        raise UsageError("every symbol needs a frequency of at least 1")
    if (cumulative[..., -1] > MAXIMUM_TOTAL).any():
        raise UsageError(f"the frequencies of a table must sum to {MAXIMUM_TOTAL} at most")


def as_symbols(symbols: ArrayLike) -> Symbols:
    """Copy any sequence of integers >= 0 into the array that the coders take."""
    array = np.asarray(symbols)
    if array.ndim != 1:
        raise UsageError(f"symbols must be one sequence, not an array of {array.ndim} dimensions")
    if array.size == 0:
        return np.zeros(0, dtype=np.uint32)
    if array.dtype.kind not in "iu":
        raise UsageError(f"symbols must be integers, not {array.dtype}")
    if int(array.min()) < 0 or int(array.max()) >= 1 << 32:
        raise UsageError("symbols must lie in 0..2^32-1")
    return array.astype(np.uint32)


def as_rows(tables: Cumulative, count: int) -> Cumulative:
    """Bring tables for `count` symbols into the shape (1 or count, n + 1), after the checks that are cheap.

    One shared table is checked in full. Of rows only the ends are: a wrong row may give a wrong payload, but no
    crash; `checked` looks at every entry.
    """
    rows = np.ascontiguousarray(tables, dtype=np.uint64)
    if rows.ndim == 1:
        check_guarantees(rows)
        return rows.reshape(1, -1)
    if rows.ndim != 2 or len(rows) != count or rows.shape[1] < 2:
        raise UsageError(f"expected one table or {count} rows of them, not shape {rows.shape}")
    totals = rows[:, -1]
    if rows[:, 0].any() or not totals.all() or (totals > MAXIMUM_TOTAL).any():
        raise UsageError(f"each row must start at 0 and end at its total, 1 to {MAXIMUM_TOTAL}")
    return rows


class FrequencyTable:
    """One distribution that keeps the promises: frequencies, their running sums and the search in them."""

    def __init__(self, frequencies: ArrayLike) -> None:
        array = np.asarray(frequencies)
        if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
            raise UsageError("frequencies must be a sequence of at least one integer")
        if int(array.min()) < 1 or int(array.max()) > MAXIMUM_TOTAL:
            raise UsageError(f"every frequency must lie in 1..{MAXIMUM_TOTAL}")
        self.cumulative = accumulate(array.astype(np.uint64))
        check_guarantees(self.cumulative)

    @property
    def alphabet_size(self) -> int:
        """Number of symbols."""
        return len(self.cumulative) - 1

    @property
    def total(self) -> int:
        """Sum of all frequencies."""
        return int(self.cumulative[-1])

    @property
    def frequencies(self) -> NDArray[np.uint64]:
        """The frequency of each symbol."""
        return np.diff(self.cumulative)

    def interval(self, symbol: int) -> tuple[int, int]:
        """Return the symbol's (cum_freq, freq): the sum of those before it, and its own."""
        if not 0 <= symbol < self.alphabet_size:
            raise UsageError(f"symbol {symbol} is not in an alphabet of {self.alphabet_size}")
        start = int(self.cumulative[symbol])
        return start, int(self.cumulative[symbol + 1]) - start

    def find(self, point: int) -> int:
        """Return the symbol whose interval holds `point`, an integer in 0..total-1."""
        if not 0 <= point < self.total:
            raise UsageError(f"{point} is outside 0..{self.total - 1}")
        return int(np.searchsorted(self.cumulative, np.uint64(point), side="right")) - 1

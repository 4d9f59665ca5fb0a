"""The trivial lane prior: order-2 counts for L lanes in step, which all learn into one table.

It stands where a neural prior will stand, behind `LanePredictor`, so that the cost and the correctness of mixing with
one are known before there is one.

A row of the table holds 256 frequencies that sum to 65,536 and are never zero. When symbol x comes, every frequency f
gives up (f - 1) >> rate, and x receives all of it: the sum stays exact without any division, and no entry can reach
zero. The rate is the bit length of the number of visits, up to `slowest_rate`: a new row first follows what it sees,
then weighs all it saw about equally, and in the end averages over some 2**slowest_rate symbols.

An order-2 row begins, at its first visit, as a copy of its order-1 row: that is all the back-off there is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel

_TOTAL = 65536


@kernel
def _learn(row: NDArray[np.uint16], symbol: np.int64, visits: int) -> None:
    """Move a row towards `symbol`; `visits` counts this one."""
    rate = 0
    while visits >> rate:
        rate += 1
    released = 0
    for index in range(row.shape[0]):
        part = (row[index] - np.uint16(1)) >> np.uint16(rate)
        row[index] -= np.uint16(part)
        released += part
    row[symbol] += np.uint16(released)


@kernel
def _update_lanes(
    rows: NDArray[np.uint16],  # (65536, 256) order 2
    short_rows: NDArray[np.uint16],  # (256, 256) order 1
    visits: NDArray[np.uint8],  # (65536,)
    short_visits: NDArray[np.uint8],  # (256,)
    contexts: NDArray[np.uint16],  # (L,) the last two bytes of each lane
    symbols: NDArray[np.uint8],  # (L,)
    most_visits: int,
) -> None:
    # Lanes learn one after another, in their order: two lanes in the same context must not race.
    for lane in range(contexts.shape[0]):
        context, symbol = np.int64(contexts[lane]), np.int64(symbols[lane])
        visits[context] = min(visits[context] + 1, most_visits)
        _learn(rows[context], symbol, visits[context])
        short = context & 255
        short_visits[short] = min(short_visits[short] + 1, most_visits)
        _learn(short_rows[short], symbol, short_visits[short])
        contexts[lane] = np.uint16(short << 8 | symbol)


@kernel
def _predict_lanes(
    rows: NDArray[np.uint16],
    short_rows: NDArray[np.uint16],
    visits: NDArray[np.uint8],
    contexts: NDArray[np.uint16],
    frequencies: NDArray[np.uint16],  # (L, 256) out
) -> None:
    for lane in range(contexts.shape[0]):
        context = np.int64(contexts[lane])
        if visits[context] == 0:
            for symbol in range(256):
                rows[context, symbol] = short_rows[context & 255, symbol]
        for symbol in range(256):
            frequencies[lane, symbol] = rows[context, symbol]


class LaneCounts:
    """Order-2 counts behind `LanePredictor`; rows sum to exactly 65,536.

    Args:
        slowest_rate: a row settles to averaging over about 2**slowest_rate symbols.
    """

    def __init__(self, slowest_rate: int = 6) -> None:
        if not 1 <= slowest_rate <= 8:
            raise UsageError(f"slowest_rate must be 1 to 8, not {slowest_rate}")
        self.memory_bytes = 65536 * 256 * 2 + 65536 + 256 * 256 * 2 + 256
        self._most_visits = 2**slowest_rate - 1
        self.reset(1)

    def reset(self, lanes: int) -> None:
        """Forget all counts and start `lanes` sequences, each as if two zero bytes stood before it."""
        if lanes < 1:
            raise UsageError(f"lanes must be at least 1, not {lanes}")
        # A row is copied from its order-1 row when it is first asked; one that learns before that starts from here.
        self._rows = np.full((65536, 256), _TOTAL // 256, dtype=np.uint16)
        self._short_rows = np.full((256, 256), _TOTAL // 256, dtype=np.uint16)
        self._visits = np.zeros(65536, dtype=np.uint8)
        self._short_visits = np.zeros(256, dtype=np.uint8)
        self._contexts = np.zeros(lanes, dtype=np.uint16)
        self._frequencies = np.empty((lanes, 256), dtype=np.uint16)

    def predict(self) -> NDArray[np.uint16]:
        """Return the row of each lane's last two bytes, shape (L, 256); reused by the next call."""
        _predict_lanes(self._rows, self._short_rows, self._visits, self._contexts, self._frequencies)
        return self._frequencies

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """Teach the table the bytes that came, shape (L,), lane 0 first."""
        if symbols.shape != self._contexts.shape:
            raise UsageError(f"expected {self._contexts.shape[0]} symbols, one a lane")
        _update_lanes(
            self._rows,
            self._short_rows,
            self._visits,
            self._short_visits,
            self._contexts,
            symbols,
            self._most_visits,
        )

"""From bytes to the inputs of the recurrent model: last byte and table rows, by the same code that decodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.recurrent.contexts import HISTORY_SIZE, find_rows, take_byte


@kernel
def _fill_rows(
    pieces: NDArray[np.uint8],
    before: NDArray[np.uint8],
    history: NDArray[np.uint64],
    orders: NDArray[np.int64],
    row_bits: NDArray[np.int64],
    last: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Pieces (L, P), before (L,), history (L, 3) -> last (P, L), rows (P, L, tables): what precedes each position."""
    for lane in range(pieces.shape[0]):
        byte = before[lane]
        for t in range(pieces.shape[1]):
            take_byte(history[lane], byte)
            find_rows(rows[t, lane], history[lane], orders, row_bits)
            last[t, lane] = byte
            byte = pieces[lane, t]
        before[lane] = byte


class Contexts:
    """History of L lanes.

    Args:
        config: which tables there are.
        lanes: how many.
    """

    def __init__(self, config: RecurrentConfig, lanes: int) -> None:
        self._orders = np.array([order for order, _ in config.orders], np.int64)
        self._row_bits = np.array(config.row_bits, np.int64)
        self._before = np.zeros(lanes, np.uint8)
        self._history = np.zeros((lanes, HISTORY_SIZE), np.uint64)

    def begin(self, lanes: NDArray[np.bool_]) -> None:
        """Forget what these lanes have seen."""
        self._before[lanes] = 0
        self._history[lanes] = 0

    def rows(self, pieces: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Take the next bytes (L, P); return what precedes each: last byte (P, L) and table rows (P, L, tables)."""
        lanes, length = pieces.shape
        last = np.empty((length, lanes), np.int64)
        rows = np.empty((length, lanes, len(self._row_bits)), np.int64)
        _fill_rows(np.ascontiguousarray(pieces), self._before, self._history, self._orders, self._row_bits, last, rows)
        return last, rows

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"before": self._before.tolist(), "history": self._history.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._before[:] = state["before"]
        self._history[:] = np.array(state["history"], np.uint64)

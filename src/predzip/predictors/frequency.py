"""Adaptive order-0 frequencies: adds memory of *how often* each symbol came, and no context, to the zero model.

The table starts at `start` for every symbol and a symbol gains `increment` each time it comes, so

    p(x) = (start + increment * count(x)) / (start * alphabet_size + increment * symbols seen)

which is the add-alpha estimator with alpha = start / increment. Two of them have names and code lengths in closed
form (tested): start 1, increment 1 is Laplace's rule of succession (alpha = 1), and start 1, increment 2 that of
Krichevsky and Trofimov (alpha = 1/2, "The performance of universal encoding", 1981), within about
(alphabet_size - 1) / 2 * log2(length) bits of the best fixed table. Small alphas suit data that uses few of the 256
bytes, which is why the default is alpha = 1/32.
"""

from __future__ import annotations

import numpy as np

from predzip.errors import UsageError
from predzip.predictors.base import Frequencies
from predzip.predictors.uniform import ALPHABET_LIMIT

_TOTAL_LIMIT = 2**32 - 1  # of the Predictor interface


class AdaptiveFrequency:
    """Counts symbols.

    Args:
        alphabet_size: how many symbols there are, 256 for bytes.
        start: frequency of a symbol that has not come yet.
        increment: what a symbol gains when it comes.
        total_limit: when the sum would pass it, all frequencies are halved (rounding up, so none becomes zero). Small
            limits forget the past sooner. 0 means 256 for each symbol of the alphabet.
    """

    def __init__(self, alphabet_size: int = 256, start: int = 1, increment: int = 32, total_limit: int = 0) -> None:
        if not 2 <= alphabet_size <= ALPHABET_LIMIT:
            raise UsageError(f"alphabet_size must be 2 to {ALPHABET_LIMIT}, not {alphabet_size}")
        if start < 1 or increment < 1:
            raise UsageError("start and increment must be at least 1")
        total_limit = total_limit or 256 * alphabet_size
        # After a halving the sum is at most (limit + alphabet) / 2: one increment must then fit again.
        if not alphabet_size * start + 2 * increment + alphabet_size <= total_limit <= _TOTAL_LIMIT:
            raise UsageError(f"total_limit {total_limit} is too small for the start, or above 2**32 - 1")
        self.alphabet_size = alphabet_size
        self.memory_bytes = 4 * alphabet_size
        self._start = start
        self._increment = increment
        self._total_limit = total_limit
        self._frequencies = np.empty(alphabet_size, dtype=np.uint32)
        self.reset()

    def reset(self) -> None:
        """Back to a flat table."""
        self._frequencies.fill(self._start)
        self._total = self._start * self.alphabet_size

    def predict(self) -> Frequencies:
        """Return the table itself."""
        return self._frequencies

    def update(self, symbol: int) -> None:
        """Count the symbol."""
        if self._total + self._increment > self._total_limit:
            self._frequencies -= self._frequencies >> np.uint32(1)
            self._total = int(self._frequencies.sum(dtype=np.uint64))
        self._frequencies[symbol] += np.uint32(self._increment)
        self._total += self._increment

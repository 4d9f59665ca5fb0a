"""The zero model: every symbol is as likely as any other, for ever.

It costs exactly log2(alphabet_size) bits a symbol, 8 for a byte, so it is the line that every other predictor has to
beat, and the shortest example of the `Predictor` interface.
"""

from __future__ import annotations

import numpy as np

from predzip.errors import UsageError
from predzip.predictors.base import Frequencies

ALPHABET_LIMIT = 2**20
"""Largest alphabet of the predictors in this package: above it a frequency table no longer fits a cache."""


class Uniform:
    """Gives every symbol the frequency 1.

    Args:
        alphabet_size: how many symbols there are, 256 for bytes.
    """

    def __init__(self, alphabet_size: int = 256) -> None:
        if not 2 <= alphabet_size <= ALPHABET_LIMIT:
            raise UsageError(f"alphabet_size must be 2 to {ALPHABET_LIMIT}, not {alphabet_size}")
        self.alphabet_size = alphabet_size
        self.memory_bytes = 4 * alphabet_size
        self._frequencies = np.ones(alphabet_size, dtype=np.uint32)

    def reset(self) -> None:
        """Nothing was learnt, so nothing is forgotten."""

    def predict(self) -> Frequencies:
        """Return the same table of ones each time."""
        return self._frequencies

    def update(self, symbol: int) -> None:
        """Learn nothing."""

"""Any compressor read backwards: a predictor from nothing but the lengths of its output.

Section 3.4 of "Language Modeling Is Compression" (Deletang et al. 2023): a compressor that writes length(s) bits for s
implies the coding distribution

    p(x | context)  proportional to  2 ** -(length(context + x) - length(context))

so gzip can be asked what it expects next, sampled from, and even used to compress. It is slow, 256 calls of the
compressor for each symbol, and coarse: most compressors end on whole bytes, so one symbol's probability is 1, 1/256,
1/65536 .. of the best one's, and most often all 256 lengths are equal. Looking several bytes ahead, where the
differences show, is later work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from predzip.errors import UsageError
from predzip.predictors.base import Frequencies

_BEST_BITS = 23  # 256 symbols of frequency 2**23 sum to 2**31


class FromCompressor:
    """Predicts by the lengths of a compressor's output.

    Args:
        compress: bytes to bytes, the same output for the same input, always.
        context_bytes: how much of the past it is shown; longer is slower.
        memory_bytes: upper bound of what one call of it takes.
    """

    alphabet_size = 256

    def __init__(
        self,
        compress: Callable[[bytes], bytes],
        context_bytes: int = 2048,
        memory_bytes: int = 2**26,
    ) -> None:
        if context_bytes < 1:
            raise UsageError(f"context_bytes must be at least 1, not {context_bytes}")
        self.memory_bytes = memory_bytes
        self._compress = compress
        self._context_bytes = context_bytes
        self.reset()

    def reset(self) -> None:
        """Forget the context."""
        self._context = b""

    def predict(self) -> Frequencies:
        """Compress the context with each of the 256 bytes after it."""
        length_bytes = np.array([len(self._compress(self._context + bytes([x]))) for x in range(256)])
        # Only differences count, so length(context) cancels; 8 bits for each byte more than the shortest.
        bits_less = np.minimum(8 * (length_bytes - length_bytes.min()), _BEST_BITS)
        frequencies: Frequencies = np.left_shift(1, _BEST_BITS - bits_less).astype(np.uint32)
        return frequencies

    def update(self, symbol: int) -> None:
        """Append the symbol, drop what is too old."""
        self._context = (self._context + bytes([symbol]))[-self._context_bytes :]

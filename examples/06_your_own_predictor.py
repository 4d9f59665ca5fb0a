"""A predictor of your own, and the book compressed with it.

docs/adding-a-predictor.md builds this one step by step and says what to look out for.
"""

from pathlib import Path

import numpy as np

from predzip.codecs.entropy import code_length_bits, decode, encode
from predzip.predictors.base import Frequencies, Predictor
from predzip.predictors.frequency import AdaptiveFrequency


class Markov:
    """Counts which byte follows which."""

    alphabet_size = 256
    memory_bytes = 256 * 256 * 4

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing seen: every byte is as likely as any other after each byte."""
        self._counts = np.ones((256, 256), dtype=np.uint32)
        self._last = 0

    def predict(self) -> Frequencies:
        """Return what followed the last byte so far."""
        row: Frequencies = self._counts[self._last]
        return row

    def update(self, symbol: int) -> None:
        """Count a pair."""
        row = self._counts[self._last]
        row[symbol] += 24
        if row[symbol] > 4000:  # the sum stays bounded, and the distant past counts less
            row -= row // 2
        self._last = symbol


text = (Path(__file__).parent / "data" / "alice29.txt").read_bytes()[:60_000]
markov: Predictor = Markov()
payload = encode(markov, text)
assert decode(markov, payload, len(text)).tobytes() == text

order_0_bytes = code_length_bits(AdaptiveFrequency(), text) / 8
print(f"{len(text)} bytes: order 0 takes {order_0_bytes:.0f}, the Markov model {len(payload)}")
assert len(payload) < 0.8 * order_0_bytes

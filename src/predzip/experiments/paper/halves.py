"""The two halves of a text that table 2 needs: alphabets and models learn from the first, the second is measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.experiments.datasets import Dataset
from predzip.experiments.datasets.dataset import READ_BYTES
from predzip.experiments.paper.tokenization import ByteAlphabet, BytePairs

MOST_ALPHABET_BYTES = 4_000_000
"""Alphabets learn from so much of the first half at most."""
MOST_MEASURED_BYTES = 1 << 18

Alphabet = ByteAlphabet | BytePairs


def alphabet_name(size: int | str) -> str:
    """What the alphabet of so many symbols is called; a word stands for bytes."""
    return "bytes" if isinstance(size, str) else f"BPE {size:,}"


class Halves:
    """A text, cut in the middle.

    Args:
        dataset: the text.
        most_bytes: how much of the second half is measured; None: all.

    Raises:
        UsageError: there is nothing to cut.
    """

    def __init__(self, dataset: Dataset, most_bytes: int | None = MOST_MEASURED_BYTES) -> None:
        self.dataset = dataset
        self.training_bytes = dataset.total_bytes // 2
        if not self.training_bytes:
            raise UsageError(f"{dataset.name} is too short to train on one half and measure the other")
        left = dataset.total_bytes - self.training_bytes
        self.measured_bytes = left if most_bytes is None else min(left, most_bytes)
        self._alphabets: dict[int | str, Alphabet] = {}

    def measured(self) -> bytes:
        """The start of the second half."""
        return self.dataset.read(self.training_bytes, self.training_bytes + self.measured_bytes)

    def alphabet(self, size: int | str) -> Alphabet:
        """Learn an alphabet, once; a word stands for bytes.

        Raises:
            MissingExtraError: tokenizers is not installed.
        """
        if size not in self._alphabets:
            learnt = self._pieces(MOST_ALPHABET_BYTES)
            self._alphabets[size] = ByteAlphabet() if isinstance(size, str) else BytePairs(size, learnt)
        return self._alphabets[size]

    def training_symbols(self, alphabet: Alphabet) -> NDArray[np.integer]:
        """All of the first half, (N,): uint8 for bytes, int32 for other alphabets."""
        dtype = np.uint8 if isinstance(alphabet, ByteAlphabet) else np.int32
        return np.concatenate([np.array(alphabet.encode(piece), dtype) for piece in self._pieces()])

    def _pieces(self, most_bytes: int | None = None) -> Iterator[bytes]:
        end = self.training_bytes if most_bytes is None else min(self.training_bytes, most_bytes)
        return (self.dataset.read(start, min(start + READ_BYTES, end)) for start in range(0, end, READ_BYTES))

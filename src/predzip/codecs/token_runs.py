"""Which parts of a text go to the model over tokens, and as which tokens; the rest is coded without it.

A model says little about bytes that its vocabulary can only spell one by one: binary scraps, other encodings,
alphabets that it never learnt. There it costs time, and the adaptive model does as well alone. So windows of text
that take many tokens for their bytes are left to method 2, and so are bytes that no token stands for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.tokenization import tokenize
from predzip.predictors.neural.vocabulary import Vocabulary

WINDOW_BYTES = 2048
"""Text is judged in windows of about so many bytes."""
MOST_TOKENS_OF_A_BYTE = 0.7
_WITHOUT = -1
"""Stands in a list of tokens for a byte that no token stands for."""


@dataclass(frozen=True)
class TextPlan:
    """How to code a text."""

    runs: list[int]
    """Bytes of the runs: for the model, for method 2, for the model, and so on; the first may have none."""
    tokens: NDArray[np.int64]
    """Of all runs for the model, one after the other."""

    def rest(self, data: bytes) -> bytes:
        """What is left to method 2."""
        edges = np.concatenate([[0], np.cumsum(self.runs)])
        return b"".join(data[edges[i] : edges[i + 1]] for i in range(1, len(self.runs), 2))


def plan_text(data: bytes, vocabulary: Vocabulary, tokenizer_path: str = "") -> TextPlan:
    """Cut a text into runs; the tokens join to exactly the bytes of theirs.

    Args:
        data: not empty.
        vocabulary: of the model.
        tokenizer_path: see `tokenization.tokenize`.
    """
    tokens = tokenize(data, vocabulary, tokenizer_path)
    lengths = np.where(tokens == _WITHOUT, 1, vocabulary.lengths[tokens])
    ends = np.cumsum(lengths)
    window = (ends - lengths) // WINDOW_BYTES
    counts, sizes = np.bincount(window), np.bincount(window, weights=lengths)
    hard = counts > MOST_TOKENS_OF_A_BYTE * sizes
    is_left = hard[window] | (tokens == _WITHOUT)
    changes = np.flatnonzero(np.diff(is_left)) + 1
    edges = np.concatenate([[0], ends[changes - 1], [len(data)]])
    runs = np.diff(edges).tolist()
    if is_left[0]:
        runs = [0, *runs]
    kept = tokens[~is_left]
    return TextPlan(runs, kept)


def join_runs(runs: list[int], text: bytes, rest: bytes) -> bytes:
    """Put the text of the model and that of method 2 together again."""
    parts, at = [], [0, 0]
    for i, length in enumerate(runs):
        source = rest if i % 2 else text
        parts.append(source[at[i % 2] : at[i % 2] + length])
        at[i % 2] += length
    return b"".join(parts)

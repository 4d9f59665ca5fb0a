"""Tokens for any bytes without a tokenizer: at each place the longest token that matches, along the tree of tokens."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.neural.token_trie import ROOT, TokenTrie, new_trie
from predzip.predictors.neural.vocabulary import Vocabulary

WITHOUT = -1
"""Stands among tokens for one byte that no token says."""


def longest_tokens(data: bytes, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Tokens for data, (T,), with `WITHOUT` for each byte that starts no token; time grows as the data does.

    Raises:
        ModelError: two tokens of the vocabulary have the same bytes, or none has any.
    """
    tokens = np.empty(len(data), np.int64)
    count = _match(np.frombuffer(data, np.uint8), _trie_of(vocabulary), tokens)
    return tokens[:count].copy()


@lru_cache(maxsize=2)
def _trie_of(vocabulary: Vocabulary) -> TokenTrie:
    return new_trie(vocabulary.content, vocabulary.ends)


@kernel
def _match(data: NDArray[np.uint8], trie: TokenTrie, tokens: NDArray[np.int64]) -> int:
    """Fill `tokens`; return how many there are."""
    count, at, size = 0, 0, len(data)
    while at < size:
        node, place = ROOT, at
        token, end = WITHOUT, at + 1
        while place < size:
            low, high = trie.children[node], trie.children[node + 1]
            while low < high:  # children stand in the order of their bytes
                middle = (low + high) >> 1
                if trie.byte[middle] < data[place]:
                    low = middle + 1
                else:
                    high = middle
            if low == trie.children[node + 1] or trie.byte[low] != data[place]:
                break
            node = low
            place += 1
            if trie.is_token[node]:
                token, end = trie.token_of_rank[trie.first[node]], place
        tokens[count] = token
        count += 1
        at = end
    return count

"""A distribution over tokens, read byte by byte: what all tokens that begin with the same bytes weigh together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.token_trie import ROOT, TokenTrie, new_trie
from predzip.predictors.neural.vocabulary import Vocabulary

NO_NODE = -1


def tree_of(vocabulary: Vocabulary) -> TokenTrie:
    """The tokens of a vocabulary as a tree of bytes."""
    return new_trie(vocabulary.content, vocabulary.ends)


def child(tree: TokenTrie, node: int, byte: int) -> int:
    """The node that a byte leads to; `NO_NODE` where no token goes on so."""
    begin, end = int(tree.children[node]), int(tree.children[node + 1])
    found = begin + int(np.searchsorted(tree.byte[begin:end], byte))
    return found if found < end and tree.byte[found] == byte else NO_NODE


class WeighedTree:
    """Frequencies of all tokens along the tree of their bytes.

    Args:
        tree: of the vocabulary.
        frequencies: (V,), of all tokens, those without bytes included.
    """

    def __init__(self, tree: TokenTrie, frequencies: NDArray[np.unsignedinteger]) -> None:
        self._tree = tree
        self.total = int(frequencies.sum(dtype=np.uint64))
        """Of all tokens."""
        self._sums = np.zeros(len(tree.token_of_rank) + 1, np.int64)
        np.cumsum(frequencies[tree.token_of_rank], out=self._sums[1:])

    def below(self, node: int) -> int:
        """Of all tokens that begin with the bytes that lead to a node."""
        return int(self._sums[self._tree.end[node]] - self._sums[self._tree.first[node]])

    def following(self, node: int = ROOT) -> NDArray[np.float64]:
        """What each byte behind a node weighs, (256,)."""
        nodes = slice(int(self._tree.children[node]), int(self._tree.children[node + 1]))
        weights = np.zeros(256)
        weights[self._tree.byte[nodes]] = self._sums[self._tree.end[nodes]] - self._sums[self._tree.first[nodes]]
        return weights

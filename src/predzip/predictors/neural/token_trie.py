"""The tokens of a vocabulary as a tree of bytes, so that a distribution over tokens can be read byte by byte.

Tokens are ranked by their bytes; those that begin with the same bytes are then neighbours, and what a node of the tree
weighs is the difference of two sums over ranks. Nodes are numbered level by level: children of a node are neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError

ROOT = 0


class TokenTrie(NamedTuple):
    """V tokens, R of them with bytes of their own, N nodes."""

    token_of_rank: NDArray[np.int64]  # R
    rank_of_token: NDArray[np.int64]  # V; -1 for a token without bytes
    first: NDArray[np.int64]  # N: rank of the first token below a node
    end: NDArray[np.int64]  # N: behind the last one
    is_token: NDArray[np.bool_]  # N: whether a token ends here; its rank is `first`
    byte: NDArray[np.uint8]  # N: what leads here from the node above
    children: NDArray[np.int64]  # N + 1: children of n are the nodes children[n] .. children[n + 1] - 1
    depth: NDArray[np.int64]  # 1: bytes of the longest token


def new_trie(bytes_of_all: NDArray[np.uint8], ends: NDArray[np.int64]) -> TokenTrie:
    """Arrange the tokens of a vocabulary.

    Args:
        bytes_of_all: the bytes of all tokens, one after the other.
        ends: (V,), where the bytes of each end. A token without bytes takes no part.

    Raises:
        ModelError: two tokens have the same bytes, or none has any.
    """
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    content = bytes_of_all.tobytes()
    named = [token for token in range(len(ends)) if ends[token] > starts[token]]
    named.sort(key=lambda token: content[starts[token] : ends[token]])
    if not named:
        raise ModelError("no token of the vocabulary stands for bytes")
    ranked = np.array(named, np.int64)
    rank_of_token = np.full(len(ends), -1, np.int64)
    rank_of_token[ranked] = np.arange(len(ranked))
    begins, lengths = starts[ranked], ends[ranked] - starts[ranked]

    first, end, byte = [np.array([0])], [np.array([len(ranked)])], [np.zeros(1, np.uint8)]
    counts: list[NDArray[np.int64]] = []
    is_token = [np.zeros(1, np.bool_)]
    alive, node_of, nodes, depth = np.arange(len(ranked)), np.zeros(len(ranked), np.int64), 1, 0
    while len(alive):
        here = bytes_of_all[begins[alive] + depth]
        is_new = np.ones(len(alive), np.bool_)
        is_new[1:] = (node_of[1:] != node_of[:-1]) | (here[1:] != here[:-1])
        places = np.flatnonzero(is_new)
        counts.append(np.bincount(node_of[places], minlength=nodes))
        node_of = np.cumsum(is_new) - 1
        last = np.append(places[1:], len(alive)) - 1
        first.append(alive[places])
        end.append(alive[last] + 1)
        byte.append(here[places])
        ended = lengths[alive] == depth + 1
        is_token.append(ended[places])
        if (np.bincount(node_of, weights=ended) > 1).any():
            raise ModelError("two tokens of the vocabulary stand for the same bytes")
        nodes, depth = len(places), depth + 1
        alive, node_of = alive[~ended], node_of[~ended]
    counts.append(np.zeros(nodes, np.int64))
    children = np.concatenate([[1], 1 + np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return TokenTrie(
        ranked,
        rank_of_token,
        np.concatenate(first).astype(np.int64),
        np.concatenate(end).astype(np.int64),
        np.concatenate(is_token),
        np.concatenate(byte).astype(np.uint8),
        children,
        np.array([depth]),
    )


def longest_token_bytes(trie: TokenTrie) -> int:
    """Bytes of the longest token."""
    return int(trie.depth[0])

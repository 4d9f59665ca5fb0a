"""A model over tokens and the adaptive model together: each token is coded byte by byte, and each byte by both.

A distribution over tokens is read along the tree of their bytes (`neural.token_trie`). At a node where a token ends,
one decision says whether it is this one; if not, the bytes that may follow, weighed by the tokens behind them, are a
prior of the adaptive model, which mixes it with what it knows of this file and codes the byte:

    node := root
    repeat:  if a token ends at the node and others go on: decide whether it ends
             byte: prior = weights of the children of the node, mixed;  node := child

With the prior alone that would be the code length of the token under the model, neither more nor less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.interval import Buffer, State
from predzip.jit import inlined, kernel
from predzip.predictors.mixing.model import LANE_BYTES, Model
from predzip.predictors.mixing.registers import POSITION
from predzip.predictors.mixing.step import code_lane, take_prior
from predzip.predictors.neural.arithmetic import exp_minus, from_ordered_bits, ordered_bits
from predzip.predictors.neural.token_trie import ROOT, TokenTrie
from predzip.predictors.token_ends import EndState, code_end

_Floats = NDArray[np.float32]
_U = np.uint64
_EXP_ONE = np.float32(1 << 30)
DECISIONS_OF_A_BYTE = 9
"""Eight bits, and whether a token ends before it."""
_PRIOR_BITS = 22
"""Weights of the bytes behind a node sum to about 2^22 for the mixer."""


@kernel
def sum_weights(logits: _Floats, token_of_rank: NDArray[np.int64], scratch: _Floats, sums: NDArray[np.int64]) -> None:
    """Sum the weights e^logit over the ranks of tokens, in integers: 2^30 for the likeliest, 1 at least.

    Three loops, since the one between, with the powers, runs in vectors and its neighbours cannot.

    Args:
        logits: (N, V), finite.
        token_of_rank: (R,) of the trie.
        scratch: (R,).
        sums: (N, R + 1), filled: weights of all tokens before a rank.
    """
    ranks = token_of_rank.shape[0]
    for row in range(logits.shape[0]):
        values = logits[row]
        line = sums[row]
        greatest = ordered_bits(values[_U(token_of_rank[0])])
        for rank in range(ranks):
            value = values[_U(token_of_rank[rank])]
            scratch[rank] = value
            greatest = max(greatest, ordered_bits(value))
        top = from_ordered_bits(greatest)
        for rank in range(ranks):
            scratch[rank] = exp_minus(top - scratch[rank]) * _EXP_ONE
        total = np.int64(0)
        line[0] = total
        for rank in range(ranks):
            total += np.int64(np.int32(scratch[rank])) + np.int64(1)
            line[rank + 1] = total


@inlined
def _code_token(
    model: Model,
    ends: EndState,
    trie: TokenTrie,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    lane: int,
    frequencies: NDArray[np.uint32],
    sums: NDArray[np.int64],
    rank: int,
) -> int:
    """Code the next token of a lane and return its rank, -1 where none fits. See `code_step`."""
    decodes = coder[0] != _U(0)
    lane_end = _U((lane + 1) * model.settings[LANE_BYTES])
    node = ROOT
    while True:
        first, end = trie.first[node], trie.end[node]
        total = sums[end] - sums[first]
        begin, behind = trie.children[node], trie.children[node + 1]
        if trie.is_token[node]:
            if begin == behind:
                return int(first)
            own = sums[first + 1] - sums[first]
            p1 = min(max((own << 16) // total, 1), 65535)
            if code_end(model, ends, trie, coder, buffer, data, lane, node, p1, int(rank == first)):
                return int(first)
            total -= own
        for i in range(256):
            frequencies[i] = np.uint32(1)
        following = -1
        for child in range(begin, behind):
            weight = sums[trie.end[child]] - sums[trie.first[child]]
            share = np.int64(float(weight) / float(total) * float(1 << _PRIOR_BITS))
            frequencies[trie.byte[child]] = np.uint32(share + 1)
            if trie.first[child] <= rank < trie.end[child]:
                following = child
        for k in range(model.prior_tree.shape[0]):
            take_prior(model, k, frequencies)
        position = model.lanes[lane, POSITION]
        if position >= lane_end:
            return -1
        if not decodes:
            data[position] = trie.byte[following]
        code_lane(model, coder, buffer, data, lane)
        if decodes:
            following = -1
            for child in range(begin, behind):
                if trie.byte[child] == data[position]:
                    following = child
            if following < 0:
                return -1
        node = following


@kernel
def code_step(
    model: Model,
    ends: EndState,
    trie: TokenTrie,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    first_lane: int,
    frequencies: NDArray[np.uint32],
    sums: NDArray[np.int64],
    ranks: NDArray[np.int64],
) -> bool:
    """Code the next token of some lanes, one after the other; return whether all of them fit.

    Args:
        model: made for priors; lane i has the bytes from i * LANE_BYTES on.
        ends: made for this stream.
        trie: the vocabulary.
        coder: state of the binary coder, which holds the direction.
        buffer: the coder's output, with room for the tokens' bytes, or the payload.
        data: of all lanes, zeros at first; filled in by both directions as they go.
        first_lane: of those that are coded.
        frequencies: scratch, (256,).
        sums: (lanes, R + 1), as `sum_weights` fills it.
        ranks: (lanes,) of the tokens; filled in when decoding.
    """
    for i in range(ranks.shape[0]):
        rank = _code_token(model, ends, trie, coder, buffer, data, first_lane + i, frequencies, sums[i], ranks[i])
        if rank < 0:
            return False
        ranks[i] = rank
    return True

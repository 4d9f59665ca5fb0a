"""Context tree weighting: mixes *all* prunings of a context tree instead of choosing a way through it as `ppm` does.

Willems, Shtarkov & Tjalkens, "The context-tree weighting method: basic properties" (1995), for bytes: each of the 8
binary decisions of a byte, identified by the bits of the byte that are known already (1 + 2 + .. + 128 = 255 of them),
has a context tree of its own, which branches on whole past symbols. In the node of context s the estimator of
Krichevsky and Trofimov gives a next bit 1 the probability (ones + 1/2) / (zeros + ones + 1), whose product over the
bits is Pe(s); with another alpha than 1/2 it is (ones + alpha) / (zeros + ones + 2 alpha). The weighted probability
of all trees that stop at s or go on below it is

    Pw(s) = Pe(s)                                   at depth D
    Pw(s) = 1/2 Pe(s) + 1/2 prod over children Pw   above

The kernel keeps neither product. With weight(s) = the part of Pw(s) that its first term holds, which is the posterior
probability that the tree stops at s, one step is

    pw(bit | s) = weight * pe(bit | s) + (1 - weight) * pw(bit | child)
    weight     <- weight * pe(bit | s) / pw(bit | s)

All numbers are integers over 2**31. A weight is rounded to the nearest and kept 2**-16 away from 0 and 1, so that a
node that was certain for a megabyte does not need another one to change its mind (the catch-up problem of Bayesian
mixtures), and because a weight of 1 / 2**31 that is rounded down can never grow again. So on short inputs the code
length is that of the exact method, `reference.ExactContextTree`, and on long ones mostly below it.

The trees are one binary trie read forwards: below the node of the symbols "ab" hang the bits of what followed them, the
node after 8 bits is that of "abr", and it is at once the root of the contexts "abr" of all 255 trees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel
from predzip.predictors.base import Frequencies

BYTES_PER_NODE = 8 + 4 + 4
_SHIFT = 31
_ONE = 1 << _SHIFT
_HALF = 1 << (_SHIFT - 1)
_LEAST_WEIGHT = np.int64(1 << (_SHIFT - 16))
_GREATEST_WEIGHT = np.int64(_ONE - (1 << (_SHIFT - 16)))
_FIRST_NODES = 2**12
_DEPTH_MAX = 16


@kernel
def _pe_one(counts: NDArray[np.uint16], node: int, alpha_inverse: int) -> np.int64:
    """Add-alpha probability of a 1, over 2**31."""
    zeros, ones = np.int64(counts[node, 0]), np.int64(counts[node, 1])
    return ((alpha_inverse * ones + 1) << _SHIFT) // (alpha_inverse * (zeros + ones) + 2)


@kernel
def _predict(
    child: NDArray[np.int32],  # (N, 2)
    counts: NDArray[np.uint16],  # (N, 2)
    weight: NDArray[np.uint32],  # (N,)
    contexts: NDArray[np.int32],  # (D + 1,)
    alpha_inverse: int,
    at: NDArray[np.int32],  # (A, D + 1) scratch
    mass: NDArray[np.int64],  # (2 A,) out: mass[A + symbol]; known bits b1 b2 .. have number 1 b1 b2 .. in binary
) -> None:
    alphabet, depths = at.shape
    for depth in range(depths):
        at[1, depth] = contexts[depth]
    mass[1] = _ONE
    symbols_below = alphabet >> 1
    for prefix in range(1, alphabet):
        if prefix >= (alphabet // symbols_below):
            symbols_below >>= 1
        known = 0
        while known < depths and at[prefix, known] >= 0:
            known += 1
        p_one = np.int64(_HALF)  # of a context that was never seen
        for depth in range(known - 1, -1, -1):
            node = at[prefix, depth]
            if depth == depths - 1:
                p_one = _pe_one(counts, node, alpha_inverse)
            else:
                w = np.int64(weight[node])
                p_one = (w * _pe_one(counts, node, alpha_inverse) + (_ONE - w) * p_one) >> _SHIFT
        # Each symbol below keeps a frequency of at least 1, and the sum stays 2**31.
        ones = (mass[prefix] * p_one) >> _SHIFT
        ones = min(max(ones, symbols_below), mass[prefix] - symbols_below)
        mass[2 * prefix] = mass[prefix] - ones
        mass[2 * prefix + 1] = ones
        if symbols_below > 1:
            for bit in range(2):
                for depth in range(depths):
                    at[2 * prefix + bit, depth] = child[at[prefix, depth], bit] if depth < known else -1


@kernel
def _step_down(
    child: NDArray[np.int32],
    counts: NDArray[np.uint16],
    weight: NDArray[np.uint32],
    node: int,
    bit: int,
    nodes: int,
) -> int:
    """Create the node below `node` if it is new; return the number of nodes."""
    if child[node, bit] < 0:
        child[node, bit] = nodes
        child[nodes] = -1
        counts[nodes] = 0
        weight[nodes] = _HALF
        nodes += 1
    return nodes


@kernel
def _update(
    child: NDArray[np.int32],
    counts: NDArray[np.uint16],
    weight: NDArray[np.uint32],
    contexts: NDArray[np.int32],  # (D + 1,)
    here: NDArray[np.int32],  # (D + 1,) scratch
    nodes: int,
    symbol: int,
    symbol_bits: int,
    count_limit: int,
    alpha_inverse: int,
) -> int:
    """Count the bits of `symbol` in every context; return the new number of nodes."""
    deepest = contexts.shape[0] - 1
    for depth in range(deepest + 1):
        here[depth] = contexts[depth]
    for position in range(symbol_bits - 1, -1, -1):
        bit = (symbol >> position) & 1
        p_bit = np.int64(0)
        for depth in range(deepest, -1, -1):
            node = here[depth]
            pe = _pe_one(counts, node, alpha_inverse)
            if bit == 0:
                pe = _ONE - pe
            if depth == deepest:
                p_bit = pe
            else:
                w = np.int64(weight[node])
                p_bit = (w * pe + (_ONE - w) * p_bit) >> _SHIFT
                weight[node] = np.uint32(min(max((w * pe + (p_bit >> 1)) // p_bit, _LEAST_WEIGHT), _GREATEST_WEIGHT))
            counts[node, bit] += np.uint16(1)
            if counts[node, bit] >= count_limit:
                counts[node, 0] -= counts[node, 0] >> np.uint16(1)
                counts[node, 1] -= counts[node, 1] >> np.uint16(1)
            if position > 0 or depth < deepest:  # no context is longer than D
                nodes = _step_down(child, counts, weight, node, bit, nodes)
                here[depth] = child[node, bit]
    for depth in range(deepest):
        contexts[depth + 1] = here[depth]
    return nodes


class CTW:
    """Context tree weighting over past symbols.

    Args:
        depth: longest context in symbols.
        symbol_bits: bits of a symbol, 8 for bytes; 1 gives the binary method of the 1995 paper.
        count_limit: a count that reaches it halves both counts of its node; 65,535 is close to the paper's method.
        alpha_inverse: 1 / alpha of the estimator: 2 is that of Krichevsky and Trofimov; 16 suits bytes better, whose
            bits are mostly certain once the bits before them are known (docs/design/predictors.md has figures).
        max_nodes: memory bound in nodes of 16 bytes; when full, the model begins again.
        past: symbols taken to stand before the first one; where it is shorter than `depth`, zeros stand before it.
    """

    def __init__(
        self,
        depth: int = 5,
        symbol_bits: int = 8,
        count_limit: int = 255,
        alpha_inverse: int = 2,
        max_nodes: int = 2**23,
        *,
        past: bytes = b"",
    ) -> None:
        if not 0 <= depth <= _DEPTH_MAX:
            raise UsageError(f"depth must be 0 to {_DEPTH_MAX}, not {depth}")
        if not 1 <= symbol_bits <= 8:
            raise UsageError(f"symbol_bits must be 1 to 8, not {symbol_bits}")
        if not 2 <= count_limit <= 65535:
            raise UsageError(f"count_limit must be 2 to 65535, not {count_limit}")
        if not 1 <= alpha_inverse <= 64:
            raise UsageError(f"alpha_inverse must be 1 to 64, not {alpha_inverse}")
        if not _FIRST_NODES <= max_nodes < 2**31:
            raise UsageError(f"max_nodes must be {_FIRST_NODES} to 2**31 - 1, not {max_nodes}")
        self.alphabet_size = 1 << symbol_bits
        self.memory_bytes = BYTES_PER_NODE * max_nodes * 3 // 2  # growing copies one array at a time
        self._symbol_bits = symbol_bits
        self._count_limit = count_limit
        self._alpha_inverse = alpha_inverse
        self._max_nodes = max_nodes
        self._past = (bytes(depth) + past)[len(past) :]
        self._contexts = np.zeros(depth + 1, dtype=np.int32)
        self._here = np.zeros(depth + 1, dtype=np.int32)
        self._at = np.full((self.alphabet_size, depth + 1), -1, dtype=np.int32)
        self._mass = np.zeros(2 * self.alphabet_size, dtype=np.int64)
        self._child = np.empty((_FIRST_NODES, 2), dtype=np.int32)
        self._counts = np.empty((_FIRST_NODES, 2), dtype=np.uint16)
        self._weight = np.empty(_FIRST_NODES, dtype=np.uint32)
        self.reset()

    def reset(self) -> None:
        """Forget all counts and stand at the end of `past`."""
        self._child[0] = -1
        self._counts[0] = 0
        self._weight[0] = _HALF
        self._nodes = 1
        for depth in range(len(self._past) + 1):
            node = 0
            for symbol in self._past[len(self._past) - depth :]:
                for position in range(self._symbol_bits - 1, -1, -1):
                    bit = symbol >> position & 1
                    self._nodes = _step_down(self._child, self._counts, self._weight, node, bit, self._nodes)
                    node = int(self._child[node, bit])
            self._contexts[depth] = node

    def predict(self) -> Frequencies:
        """Split a mass of 2**31 bit by bit, each bit by the weighted probability of its tree."""
        _predict(
            self._child,
            self._counts,
            self._weight,
            self._contexts,
            self._alpha_inverse,
            self._at,
            self._mass,
        )
        return self._mass[self.alphabet_size :].astype(np.uint32)

    def update(self, symbol: int) -> None:
        """Count the bits of the symbol in every context."""
        if self._nodes + self._symbol_bits * len(self._contexts) > len(self._weight):
            self._make_room()
        self._nodes = _update(
            self._child,
            self._counts,
            self._weight,
            self._contexts,
            self._here,
            self._nodes,
            symbol,
            self._symbol_bits,
            self._count_limit,
            self._alpha_inverse,
        )

    def _make_room(self) -> None:
        size = len(self._weight)
        if size >= self._max_nodes:
            self.reset()
            return
        extra = min(2 * size, self._max_nodes) - size
        self._child = np.concatenate([self._child, np.empty((extra, 2), dtype=np.int32)])
        self._counts = np.concatenate([self._counts, np.empty((extra, 2), dtype=np.uint16)])
        self._weight = np.concatenate([self._weight, np.empty(extra, dtype=np.uint32)])

"""Prediction by partial matching: adds *exclusion* to `ngram`, so a symbol is predicted by one context only.

PPM (Cleary & Witten 1984) asks the longest context first. If the symbol came there before, that context codes it; if
not, it codes an *escape* and the next shorter context is asked, where the symbols of the longer one are now known to be
impossible and are left out (exclusion). Below order 0 all symbols left are equally likely. With n = sum of the counts
of a context's symbols that are not excluded, and d = distinct symbols of the context, excluded or not:

    method C (Moffat 1990)     p(x) = count(x) / (n + d)              p(escape) = d / (n + d)
    method D (Howard 1993)     p(x) = (2 count(x) - 1) / D            p(escape) = d / D
                               with D = sum of 2 count(x) - 1 over the symbols not excluded, plus d

The classic coder spends one decision for each escape and one for the symbol. Here their product is folded into one
distribution over the 256 bytes, because that is what a `Predictor` gives. The fold starts with a mass of 2**31; each
context hands floor(mass * p(x)) to its symbols and what is left, escape and rounding together, goes down. Exclusion
makes each symbol receive from exactly one context, so the fold has the same probabilities as the sequence of decisions,
with two differences:

- shares are rounded down to 2**-31, and a share of 0 becomes 1 (together below 2**-20 bits a symbol);
- once all 256 symbols are predicted, an escape is impossible: its mass goes to nobody, and the coder, which divides
  by the true sum, thereby gives it to all. The classic coder wastes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel
from predzip.predictors.base import Frequencies
from predzip.predictors.context_trie import MASS, ContextTrie

_LEAST_SHARE = np.int64(1)


@kernel
def _fold(
    symbol_of: NDArray[np.uint8],
    count_of: NDArray[np.uint32],
    child_of: NDArray[np.int32],
    sibling_of: NDArray[np.int32],
    active: NDArray[np.int32],
    scale: int,  # weight of a symbol: scale * count - offset; method C: 1, 0; method D: 2, 1
    offset: int,
    frequencies: NDArray[np.uint32],  # (256,) out; 0 while folding means: not excluded
) -> None:
    frequencies[:] = 0
    left = 256
    mass = np.int64(MASS)
    for depth in range(active.shape[0] - 2, -1, -1):
        if active[depth] < 0:
            continue
        first = child_of[active[depth]]
        denominator = np.int64(0)
        child = first
        while child >= 0:
            denominator += 1
            if frequencies[symbol_of[child]] == 0:
                denominator += scale * np.int64(count_of[child]) - offset
            child = sibling_of[child]
        given = np.int64(0)
        child = first
        while child >= 0:
            if frequencies[symbol_of[child]] == 0:
                share = mass * (scale * np.int64(count_of[child]) - offset) // denominator
                frequencies[symbol_of[child]] = np.uint32(max(share, _LEAST_SHARE))
                given += share
                left -= 1
            child = sibling_of[child]
        mass -= given
        if left == 0:
            return
    share = max(mass // left, _LEAST_SHARE)
    for symbol in range(256):
        if frequencies[symbol] == 0:
            frequencies[symbol] = np.uint32(share)


class PPM:
    """PPM with exclusion, method C or D.

    Args:
        order: longest context in bytes.
        method: how escapes are estimated, "C" or "D".
        update_exclusion: count a symbol only in the context that coded it and the longer ones (Moffat 1990).
        count_limit: a count above it halves all counts of its context.
        max_nodes: memory bound in nodes of 13 bytes; when full, the model begins again.
    """

    alphabet_size = 256

    def __init__(
        self,
        order: int = 5,
        method: str = "D",
        update_exclusion: bool = True,
        count_limit: int = 255,
        max_nodes: int = 2**22,
    ) -> None:
        if method not in ("C", "D"):
            raise UsageError(f"method must be C or D, not {method!r}")
        self._scale, self._offset = (1, 0) if method == "C" else (2, 1)
        self._trie = ContextTrie(order, update_exclusion, count_limit, max_nodes)
        self.memory_bytes = self._trie.memory_bytes
        self._frequencies = np.empty(256, dtype=np.uint32)

    def reset(self) -> None:
        """Forget all counts."""
        self._trie.reset()

    def predict(self) -> Frequencies:
        """Fold the escapes of all active contexts into one distribution."""
        trie = self._trie
        _fold(
            trie.symbol_of,
            trie.count_of,
            trie.child_of,
            trie.sibling_of,
            trie.active,
            self._scale,
            self._offset,
            self._frequencies,
        )
        return self._frequencies

    def update(self, symbol: int) -> None:
        """Count the symbol and move the contexts on."""
        self._trie.advance(symbol)

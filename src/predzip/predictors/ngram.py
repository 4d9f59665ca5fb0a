"""Order-n counts, blended: adds contexts to the order-0 model of `frequency`.

Each context of 0 to n symbols has its own counts (`context_trie`). One that saw `total` symbols, `distinct` different
ones among them, is believed as much as Witten and Bell (1991) propose, and the shorter ones share the rest:

    p_d(x) = (count_d(x) + distinct_d * p_{d-1}(x)) / (total_d + distinct_d),        p_{-1}(x) = 1 / 256

"How often did something new happen here" estimates how often it will happen again. Multiplied out, the longest context
hands out all but distinct / (total + distinct) of a mass, and what is left goes down to the next shorter one, which is
how the kernel does it: no symbol is skipped on the way, in contrast to `ppm`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.base import Frequencies
from predzip.predictors.context_trie import MASS, ContextTrie


@kernel
def _blend(
    symbol_of: NDArray[np.uint8],
    count_of: NDArray[np.uint32],
    child_of: NDArray[np.int32],
    sibling_of: NDArray[np.int32],
    active: NDArray[np.int32],
    frequencies: NDArray[np.uint32],  # (256,) out
) -> None:
    frequencies[:] = 0
    mass = np.int64(MASS)
    for depth in range(active.shape[0] - 2, -1, -1):
        if active[depth] < 0:
            continue
        first = child_of[active[depth]]
        denominator = np.int64(0)
        child = first
        while child >= 0:
            denominator += np.int64(count_of[child]) + 1
            child = sibling_of[child]
        given = np.int64(0)
        child = first
        while child >= 0:
            share = mass * np.int64(count_of[child]) // denominator
            frequencies[symbol_of[child]] += np.uint32(share)
            given += share
            child = sibling_of[child]
        mass -= given
    # The last 1 makes every frequency positive: 256 parts in 2**31, far below the cost of one bit in a gigabyte.
    for symbol in range(256):
        frequencies[symbol] += np.uint32(mass // 256 + 1)


class NGram:
    """Blended counts of the contexts of 0 to `order` bytes.

    Args:
        order: longest context in bytes.
        count_limit: a count above it halves all counts of its context.
        max_nodes: memory bound in nodes of 13 bytes; when full, the model begins again.
    """

    alphabet_size = 256

    def __init__(self, order: int = 4, count_limit: int = 255, max_nodes: int = 2**22) -> None:
        self._trie = ContextTrie(order, False, count_limit, max_nodes)
        self.memory_bytes = self._trie.memory_bytes
        self._frequencies = np.empty(256, dtype=np.uint32)

    def reset(self) -> None:
        """Forget all counts."""
        self._trie.reset()

    def predict(self) -> Frequencies:
        """Blend the counts of all active contexts."""
        trie = self._trie
        _blend(trie.symbol_of, trie.count_of, trie.child_of, trie.sibling_of, trie.active, self._frequencies)
        return self._frequencies

    def update(self, symbol: int) -> None:
        """Count the symbol in every active context."""
        self._trie.advance(symbol)

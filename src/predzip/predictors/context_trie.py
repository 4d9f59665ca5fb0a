r"""Counts of what followed each context of up to n symbols: the memory that `ngram` and `ppm` share.

A trie read forwards: the node of the string "abr" hangs below that of "ab", and its count says how often "r" followed
"ab". So each node is two things at once, a count in its parent context and, unless it is a leaf, a context itself.

          root                 after "abab", order 1      active[0] = root       (the empty context)
         /    \                                           active[1] = node "b"   (the last symbol)
       a:2    b:2              counts of the context
        |      |               "a": b came twice
       b:2    a:1

`active[d]` is the node of the last d symbols. All of them step down in parallel when a symbol comes: the child of
active[d] is the next active[d + 1]. That replaces the suffix pointers of the usual description (Moffat 1990).

When the trie reaches `max_nodes` it forgets everything and begins again, the oldest answer to full memory and the same
in both directions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel

BYTES_PER_NODE = 1 + 4 + 4 + 4
NO_NODE = -1
MASS = 2**31
"""Probability 1 in the distributions folded from a trie: share = MASS * probability, rounded down."""

_COUNT_LIMIT_MAX = 2**16
_ORDER_MAX = 32
_FIRST_NODES = 2**12


@kernel
def _advance(
    symbol_of: NDArray[np.uint8],  # (N,)
    count_of: NDArray[np.uint32],  # (N,)
    child_of: NDArray[np.int32],  # (N,) first child
    sibling_of: NDArray[np.int32],  # (N,)
    active: NDArray[np.int32],  # (order + 2,)
    nodes: int,
    symbol: int,
    update_exclusion: bool,
    count_limit: int,
) -> int:
    """Count `symbol` in all active contexts, longest first, and step down; return the new number of nodes."""
    known_above = False
    for depth in range(active.shape[0] - 2, -1, -1):
        context = active[depth]
        if context < 0:
            continue
        child = child_of[context]
        while child >= 0 and symbol_of[child] != symbol:
            child = sibling_of[child]
        if child < 0:
            child = nodes
            nodes += 1
            symbol_of[child] = symbol
            count_of[child] = 1
            child_of[child] = -1
            sibling_of[child] = child_of[context]
            child_of[context] = child
        elif not (update_exclusion and known_above):
            known_above = True
            count_of[child] += np.uint32(1)
            if count_of[child] > count_limit:
                other = child_of[context]
                while other >= 0:
                    count_of[other] -= count_of[other] >> np.uint32(1)
                    other = sibling_of[other]
        active[depth + 1] = child
    return nodes


class ContextTrie:
    """The counts of every context of 0 to `order` symbols.

    Args:
        order: longest context in bytes.
        update_exclusion: count a symbol only in the contexts that did not know it and the longest that did (Moffat
            1990): shorter contexts then count what *escaped* to them, which is what they are asked for.
        count_limit: a count above it halves all counts of that context, so that recent symbols weigh more.
        max_nodes: memory bound, BYTES_PER_NODE each.
    """

    def __init__(self, order: int, update_exclusion: bool, count_limit: int, max_nodes: int) -> None:
        if not 0 <= order <= _ORDER_MAX:
            raise UsageError(f"order must be 0 to {_ORDER_MAX}, not {order}")
        if not 2 <= count_limit <= _COUNT_LIMIT_MAX:
            raise UsageError(f"count_limit must be 2 to {_COUNT_LIMIT_MAX}, not {count_limit}")
        if not _FIRST_NODES <= max_nodes < 2**31:
            raise UsageError(f"max_nodes must be {_FIRST_NODES} to 2**31 - 1, not {max_nodes}")
        self.order = order
        self.memory_bytes = BYTES_PER_NODE * max_nodes * 3 // 2  # growing copies one array at a time
        self._update_exclusion = update_exclusion
        self._count_limit = count_limit
        self._max_nodes = max_nodes
        self.active = np.empty(order + 2, dtype=np.int32)  # the last entry: leaves, never asked as contexts
        self.symbol_of = np.empty(_FIRST_NODES, dtype=np.uint8)
        self.count_of = np.empty(_FIRST_NODES, dtype=np.uint32)
        self.child_of = np.empty(_FIRST_NODES, dtype=np.int32)
        self.sibling_of = np.empty(_FIRST_NODES, dtype=np.int32)
        self.reset()

    def reset(self) -> None:
        """Forget all contexts; memory already taken is kept."""
        self.nodes = 1
        self.child_of[0] = NO_NODE
        self.sibling_of[0] = NO_NODE
        self.active.fill(NO_NODE)
        self.active[0] = 0

    def advance(self, symbol: int) -> None:
        """Count the symbol that came and move every context on by it."""
        if self.nodes + self.order + 1 > self.symbol_of.size:
            self._make_room()
        self.nodes = _advance(
            self.symbol_of,
            self.count_of,
            self.child_of,
            self.sibling_of,
            self.active,
            self.nodes,
            symbol,
            self._update_exclusion,
            self._count_limit,
        )

    def _make_room(self) -> None:
        size = self.symbol_of.size
        if size >= self._max_nodes:
            self.reset()
            return
        grown = min(2 * size, self._max_nodes)
        for name in ("symbol_of", "count_of", "child_of", "sibling_of"):
            old = getattr(self, name)
            new = np.empty(grown, dtype=old.dtype)
            new[:size] = old
            setattr(self, name, new)

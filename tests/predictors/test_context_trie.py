"""The shared memory of n-gram and PPM: growth, forgetting, and refusals."""

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.predictors.context_trie import BYTES_PER_NODE, ContextTrie


def counts(trie: ContextTrie, context: int) -> dict[str, int]:
    found = {}
    child = trie.child_of[context]
    while child >= 0:
        found[chr(trie.symbol_of[child])] = int(trie.count_of[child])
        child = trie.sibling_of[child]
    return found


def test_the_picture_in_the_docstring() -> None:
    trie = ContextTrie(1, update_exclusion=False, count_limit=255, max_nodes=2**12)
    for symbol in b"abab":
        trie.advance(symbol)
    assert counts(trie, 0) == {"a": 2, "b": 2}
    assert counts(trie, trie.active[1]) == {"a": 1}  # after "b"
    trie.advance(ord("a"))
    assert counts(trie, trie.active[1]) == {"b": 2}  # after "a"


def test_update_exclusion_spares_the_contexts_below_the_one_that_knew() -> None:
    trie = ContextTrie(1, update_exclusion=True, count_limit=255, max_nodes=2**12)
    for symbol in b"ababab":
        trie.advance(symbol)
    # Each was new to order 0 once, then to order 1 once while order 0 knew it; after that order 1 coded it.
    assert counts(trie, 0) == {"a": 2, "b": 1}


def test_a_count_above_the_limit_halves_its_context() -> None:
    trie = ContextTrie(0, update_exclusion=False, count_limit=4, max_nodes=2**12)
    for symbol in b"baaaaa":
        trie.advance(symbol)
    assert counts(trie, 0) == {"a": 3, "b": 1}


def test_full_memory_begins_again_and_stays_within_the_bound() -> None:
    trie = ContextTrie(3, update_exclusion=True, count_limit=255, max_nodes=2**12 + 100)
    restarts, before = 0, 0
    for symbol in np.random.default_rng(0).integers(0, 256, 4000).tolist():
        trie.advance(symbol)
        restarts += trie.nodes < before
        before = trie.nodes
        assert trie.nodes <= 2**12 + 100
    assert restarts >= 2
    assert sum(a.nbytes for a in (trie.symbol_of, trie.count_of, trie.child_of, trie.sibling_of)) == (
        BYTES_PER_NODE * (2**12 + 100)
    )


@pytest.mark.parametrize(
    ("order", "count_limit", "max_nodes"),
    [(-1, 255, 2**20), (33, 255, 2**20), (3, 1, 2**20), (3, 2**17, 2**20), (3, 255, 10), (3, 255, 2**31)],
)
def test_options_without_sense_are_refused(order: int, count_limit: int, max_nodes: int) -> None:
    with pytest.raises(UsageError):
        ContextTrie(order, True, count_limit, max_nodes)

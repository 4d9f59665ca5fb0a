"""The tree of a vocabulary: every token is found by its bytes, and ranks below a node are those with its prefix."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from predzip.errors import ModelError
from predzip.predictors.neural.token_trie import ROOT, TokenTrie, longest_token_bytes, new_trie


def trie_of(tokens: list[bytes]) -> TokenTrie:
    return new_trie(np.frombuffer(b"".join(tokens), np.uint8), np.cumsum([len(token) for token in tokens]))


def node_of(trie: TokenTrie, content: bytes) -> int:
    node = ROOT
    for byte in content:
        (node,) = [child for child in range(trie.children[node], trie.children[node + 1]) if trie.byte[child] == byte]
    return node


def test_every_token_and_every_prefix_is_there() -> None:
    random = Random(1)
    tokens = list({bytes(random.choices(b"abc\x00\xff", k=random.randint(1, 7))) for _ in range(500)})
    random.shuffle(tokens)
    tokens.insert(3, b"")
    trie = trie_of(tokens)
    ranked = [tokens[token] for token in trie.token_of_rank]
    assert ranked == sorted(filter(None, tokens))
    assert trie.rank_of_token[3] == -1
    assert longest_token_bytes(trie) == max(map(len, tokens))
    prefixes = {token[:end] for token in tokens for end in range(len(token) + 1)}
    assert len(trie.first) == len(prefixes)
    for prefix in prefixes:
        node = node_of(trie, prefix)
        below = [rank for rank, token in enumerate(ranked) if token.startswith(prefix)]
        assert list(range(trie.first[node], trie.end[node])) == below
        assert bool(trie.is_token[node]) == (prefix in tokens and prefix != b"")


def test_one_token() -> None:
    trie = trie_of([b"", b"ab"])
    assert trie.token_of_rank.tolist() == [1]
    assert node_of(trie, b"ab") == 2


@pytest.mark.parametrize("tokens", [[b""], [b"ab", b"ab"], [b"a", b"b", b"a"]])
def test_no_tokens_or_the_same_twice(tokens: list[bytes]) -> None:
    with pytest.raises(ModelError):
        trie_of(tokens)

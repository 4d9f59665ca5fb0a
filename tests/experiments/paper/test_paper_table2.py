"""Table 2: alphabets lose nothing, and the numbers are what a few lines give."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

import corpus
from experiments.paper.conftest import make_dataset
from predzip.errors import CorruptError, MissingExtraError, UsageError
from predzip.experiments.paper import table2
from predzip.experiments.paper.halves import Halves
from predzip.experiments.paper.tokenization import ByteAlphabet, BytePairs, proven_tokens


@pytest.fixture(scope="module")
def pairs() -> BytePairs:
    pytest.importorskip("tokenizers")
    return BytePairs(500, [corpus.book(30_000)])


@pytest.mark.parametrize("name", list(corpus.samples(3000)))
def test_any_bytes_come_back(pairs: BytePairs, name: str) -> None:
    data = corpus.samples(3000)[name]
    tokens = proven_tokens(pairs, data)
    assert tokens.alphabet_size == 500
    assert len(tokens.symbols) <= len(data)


def test_pieces_are_joined(pairs: BytePairs) -> None:
    data = corpus.book(140_000, 0)
    tokens = proven_tokens(pairs, data)
    assert len(tokens.symbols) < 0.65 * len(data)


def test_training_is_repeatable(pairs: BytePairs) -> None:
    again = BytePairs(500, [corpus.book(30_000)])
    assert again.encode(corpus.book(5000)) == pairs.encode(corpus.book(5000))
    assert pairs.model_bytes == 4 * (500 - 256)


def test_what_is_lost_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ByteAlphabet, "decode", lambda self, symbols: b"other")
    with pytest.raises(CorruptError, match="bytes did not bring back"):
        proven_tokens(ByteAlphabet(), b"data")


def test_numbers_by_hand(tmp_path: Path) -> None:
    """Bytes counted while they come: the closed form of the adaptive code, a cell of the table by itself."""
    data = make_dataset(tmp_path, "text", 8192)
    (row,) = table2.measure(Halves(data, 1000), ("ASCII",))
    shown = data.read(4096, 5096)
    assert (row.original_bytes, row.symbols) == (1000, 1000)
    assert row.fixed_bytes == 1000
    seen: Counter[int] = Counter()
    bits = 0.0
    for number, byte in enumerate(shown):
        bits -= math.log2((1 + 32 * seen[byte]) / (256 + 32 * number))
        seen[byte] += 1
    assert row.adaptive_bytes == pytest.approx(bits / 8)
    grid = table2.grid([row])
    assert grid.rows[0][6] == f"≈{100 * bits / 8 / 1000:.1f}"
    assert grid.rows[0][-3:] == ["22.9", "13.6", "6.4"]  # the paper's


def test_the_paper_beside(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    data = make_dataset(tmp_path, "text", 20 * 2048)
    rows = list(table2.measure(Halves(data, None), ("ASCII", 1000)))
    assert [row.original_bytes for row in rows] == [10 * 2048] * 2
    assert rows[1].symbols < rows[0].symbols
    assert table2.grid(rows).rows[1][-3:] == ["25.4", "14.8", "6.9"]


def test_what_cannot_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="too short"):
        Halves(make_dataset(tmp_path, "text", 1))
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match="tokenizers"):
        BytePairs(300, [b"x"])

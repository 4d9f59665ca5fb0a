"""Listings in columns."""

from __future__ import annotations

from predzip.cli.columns import aligned


def test_words_to_the_left_numbers_to_the_right() -> None:
    rows = [("name", "bytes", "from"), ("a", "12345678", "here"), ("longer", "9", "")]
    assert aligned(rows, {"name", "from"}) == ("name       bytes  from\na       12345678  here\nlonger         9")


def test_titles_alone() -> None:
    assert aligned([("name", "bytes")], {"name"}) == "name  bytes"

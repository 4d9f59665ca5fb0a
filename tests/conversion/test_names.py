"""Names of converted models."""

from __future__ import annotations

import pytest

from predzip.conversion.names import check_name, name_after
from predzip.errors import UsageError


@pytest.mark.parametrize(
    ("words", "name"),
    [("Org Name: v1.5", "Org-Name-v1.5"), ("..-", "model"), ("", "model"), ("a" * 99, "a" * 48), ("ü/x", "x")],
)
def test_names_follow_from_words(words: str, name: str) -> None:
    assert name_after(words) == name
    check_name(name)


@pytest.mark.parametrize("name", ["small", "a b", "a/b", "ü"])
def test_names_that_nobody_may_take(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        check_name(name)

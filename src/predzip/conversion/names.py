"""Names of the models that conversion makes: after their source, or as somebody wants them."""

from __future__ import annotations

import re

from predzip.errors import UsageError
from predzip.predictors.neural import catalogue

_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 48


def name_after(words: str) -> str:
    """A name that says about the same as some words."""
    return _NOT_OF_A_NAME.sub("-", words).strip("-._")[:_LONGEST_NAME] or "model"


def is_shipped(name: str) -> bool:
    """Say whether a model of the package has the name."""
    return any(each.name == name for each in catalogue.shipped())


def check_name(name: str) -> None:
    """See that a model of the user's may be called so.

    Raises:
        UsageError: it is no name, or one of the package's.
    """
    if _NOT_OF_A_NAME.search(name) or is_shipped(name):
        raise UsageError(f"{name!r} cannot be the name of a model of yours")

"""Names of predictors: adds the way from a word on the command line or an id in a file to a class.

Classes are named as "module:Class" and imported only when asked for, because most of them load numba.

Ids are permanent literals that stand in files: an id is never given to another predictor, nor is the meaning of its
parameters changed; what predicts differently gets a new name and a new id.

Another package adds predictors through the entry point group `predzip.predictors`:

    [project.entry-points."predzip.predictors"]
    markov = "my_package.markov:Markov"

Such a class says its own permanent id, FIRST_FOREIGN_ID or above, as the attribute `method_id`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from predzip.errors import ModelError, UnsupportedError, UsageError
from predzip.predictors.base import Predictor

ENTRY_POINT_GROUP = "predzip.predictors"
FIRST_FOREIGN_ID = 128

RESERVED_IDS = {1: "mixing", 2: "mixture", 3: "chunks"}
"""Methods with a codec of their own: not predictors of this registry, but no one else may take their id."""


@dataclass(frozen=True)
class Entry:
    """Where a predictor lives."""

    method_id: int
    target: str
    summary: str


_BUILT_IN = {
    "frequency": Entry(16, "predzip.predictors.frequency:AdaptiveFrequency", "adaptive counts, no context"),
    "ngram": Entry(17, "predzip.predictors.ngram:NGram", "counts of orders 0 to n, blended"),
    "ppm": Entry(18, "predzip.predictors.ppm:PPM", "prediction by partial matching, with exclusion"),
    "ctw": Entry(19, "predzip.predictors.ctw:CTW", "context tree weighting"),
    "uniform": Entry(20, "predzip.predictors.uniform:Uniform", "every byte is equally likely: 8 bits a byte"),
    "bayes": Entry(
        21, "predzip.predictors.bayes:BayesianMixture", "several predictors, each believed by its code length so far"
    ),
}


def names() -> list[str]:
    """All registered names, those of this package first."""
    foreign = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)} - _BUILT_IN.keys()
    return [*_BUILT_IN, *sorted(foreign)]


def summary(name: str) -> str:
    """One line about a predictor, for lists."""
    if name in _BUILT_IN:
        return _BUILT_IN[name].summary
    return (predictor_class(name).__doc__ or "").strip().partition("\n")[0]


def predictor_class(name: str) -> type[Predictor]:
    """Import and return the class of that name.

    Raises:
        UsageError: for an unknown name; suggests the nearest one.
    """
    if name in _BUILT_IN:
        module, _, class_name = _BUILT_IN[name].target.partition(":")
        return cast(type[Predictor], getattr(import_module(module), class_name))
    for point in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return cast(type[Predictor], point.load())
    known = names()
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    raise UsageError(f"no predictor named {name!r}; {hint}")


def method_id(name: str) -> int:
    """Return the permanent id of a predictor.

    Raises:
        UsageError: for an unknown name.
        ModelError: where a predictor of another package declares no id, or one that it may not use.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name].method_id
    declared = getattr(predictor_class(name), "method_id", None)
    if not isinstance(declared, int) or not FIRST_FOREIGN_ID <= declared <= 255:
        raise ModelError(f"predictor {name!r} must declare a method_id of {FIRST_FOREIGN_ID} to 255")
    return declared


def name_of(method: int) -> str:
    """Return the name that an id in a file stands for.

    Raises:
        UnsupportedError: where no installed predictor has that id.
    """
    for name, entry in _BUILT_IN.items():
        if entry.method_id == method:
            return name
    if method >= FIRST_FOREIGN_ID:
        for name in names():
            if name not in _BUILT_IN and method_id(name) == method:
                return name
    raise UnsupportedError(f"method {method} is not a predictor known here; a package that adds it may be missing")


def create(name: str, /, **options: object) -> Predictor:
    """Make a predictor by name.

    Raises:
        UsageError: for an unknown name or option, or an option out of range.
    """
    cls = predictor_class(name)
    try:
        return cls(**options)
    except TypeError as error:
        raise UsageError(f"predictor {name!r}: {error}") from error

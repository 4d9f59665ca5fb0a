"""The weights that come with the package: listed, described, of bounded size, and what their engines take."""

from __future__ import annotations

import numpy as np
import pytest

from predzip.predictors.mixing import character_start
from predzip.predictors.neural import cards, catalogue
from predzip.predictors.neural.weights import read_weights

MAX_BYTES = 12_000_000
SHIPPED = {found.name: found for found in catalogue.installed() if found.origin == "package"}


def test_the_list_is_that_of_the_files() -> None:
    """scripts/list_fingerprints.py writes it."""
    actual = {name: catalogue.fingerprint(found.stem) for name, found in SHIPPED.items()}
    assert catalogue.read_list(catalogue.SHIPPED_FOLDER) == actual


def test_nothing_else_lies_there() -> None:
    weights = {path.stem for path in catalogue.SHIPPED_FOLDER.glob("*.json")}
    assert weights <= {entry.name for entry in catalogue.shipped()}


def test_they_are_small_together() -> None:
    ngrams = (character_start.FOLDER / character_start.FILE).stat().st_size  # a model of characters, too
    assert ngrams + sum(cards.bytes_on_disk(found.stem) for found in SHIPPED.values()) <= MAX_BYTES


@pytest.mark.parametrize("name", SHIPPED)
def test_each_is_named_described_and_runs(name: str) -> None:
    weights = read_weights(SHIPPED[name].stem)
    assert weights.name == name
    assert cards.parameters(weights.config) > 10_000
    assert cards.bits_per_byte(SHIPPED[name].stem) is not None, "its card has no table of rates"
    rows = catalogue.predictor(weights).predict()
    assert rows.shape == (1, 256)
    assert rows.dtype == np.uint16
    assert rows.min() >= 1
    assert rows.sum(dtype=np.uint64) <= 1 << 16

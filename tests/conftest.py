"""What every test module leaves as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from predzip.predictors.neural import catalogue


@pytest.fixture(autouse=True, scope="module")
def _models_named_by_tests_are_forgotten() -> Iterator[None]:
    before = list(catalogue._offered)
    yield
    catalogue._offered[:] = before

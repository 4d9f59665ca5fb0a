"""Backends: which one is taken, and that one that is not exact is not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from predzip.errors import MissingExtraError, ModelError, UsageError
from predzip.predictors.neural.transformer import products
from predzip.predictors.neural.transformer.products import WIDEST_REACH, backend, reach_and_parts


@pytest.fixture(autouse=True)
def _fresh() -> None:
    backend.cache_clear()


class _Wrong(products.BlasBackend):
    def matmul(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return (left.astype(np.float16) @ right.astype(np.float16)).astype(np.float32)


def test_one_that_is_not_exact_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend("blas").name == "blas"
    backend.cache_clear()
    monkeypatch.setattr(products, "BlasBackend", _Wrong)
    with np.errstate(over="ignore", invalid="ignore"):
        assert backend("blas").name == "auto"


def test_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AutoBackend", "KernelBackend"):
        monkeypatch.setattr(products, name, _Wrong)
    with np.errstate(over="ignore", invalid="ignore"):
        assert backend().name == "integers"
        backend.cache_clear()
        monkeypatch.setattr(products, "IntegerBackend", _Wrong)
        with pytest.raises(ModelError, match="self-test"):
            backend()


@pytest.mark.parametrize("name", ["magic", "blas:cuda", "", "Auto"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(UsageError, match="no backend"):
        backend(name)


def test_torch_is_never_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert backend().name == "auto"
    with pytest.raises(MissingExtraError, match=r"predzip\[train\]"):
        backend("torch")


@pytest.mark.parametrize(
    ("width", "size", "reach", "parts"),
    [(16, 1, WIDEST_REACH, 1), (64, 127, 2047, 1), (100, 127, 1321, 1), (256, 127, 516, 1), (300, 127, 880, 2)],
)
def test_width_of_activations(width: int, size: int, reach: int, parts: int) -> None:
    weights = np.full((3, width), size, np.int8)
    weights[1] = 0
    assert reach_and_parts(weights) == (reach, parts)


def test_the_width_is_that_of_the_largest_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_NUMBERS_AT_ONCE", 150)
    weights = np.ones((7, 100), np.int8)
    weights[5] = 127
    assert reach_and_parts(weights) == (1321, 1)


def test_a_row_of_zeros_is_no_trouble() -> None:
    assert reach_and_parts(np.zeros((1, 8), np.int8)) == (WIDEST_REACH, 1)


def test_rows_without_end_are_refused() -> None:
    with pytest.raises(ModelError, match="too long"):
        reach_and_parts(np.full((1, 1 << 15), 127, np.int8))

"""PPM: the worked example of the literature, and the fold against its decisions in fractions."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.errors import UsageError
from predzip.predictors.context_trie import MASS
from predzip.predictors.ppm import PPM
from predzip.predictors.reference import ExactContexts, exact_ppm

TEXT = b"she sells sea shells by the sea shore, the shells she sells are sea shells"


def after_abracadabra() -> ExactContexts:
    contexts = ExactContexts(2, update_exclusion=False, count_limit=255)
    for symbol in b"abracadabra":
        contexts.update(symbol)
    return contexts


def test_abracadabra_counts_of_the_textbook_table() -> None:
    """Cleary & Teahan, "Unbounded length contexts for PPM" (1997), table 1: order 2 after "abracadabra"."""
    counts = {
        context.decode(): {chr(x): c for x, c in following.items()}
        for context, following in after_abracadabra().counts.items()
    }
    assert counts[""] == {"a": 5, "b": 2, "c": 1, "d": 1, "r": 2}
    assert counts["a"] == {"b": 2, "c": 1, "d": 1}
    assert counts["b"] == {"r": 2}
    assert counts["r"] == {"a": 2}
    assert counts["ab"] == {"r": 2}
    assert counts["br"] == {"a": 2}
    assert counts["ra"] == {"c": 1}


@pytest.mark.parametrize(
    ("symbol", "decisions"),
    [
        ("c", [Fraction(1, 2)]),
        ("d", [Fraction(1, 2), Fraction(1, 6)]),
        ("t", [Fraction(1, 2), Fraction(3, 6), Fraction(5, 12), Fraction(1, 251)]),
    ],
)
def test_abracadabra_decisions_of_method_c_with_exclusion(symbol: str, decisions: list[Fraction]) -> None:
    """The same paper's table 2: what coding c, d or t next costs. The fold gives the product."""
    assert exact_ppm(after_abracadabra(), "C")[ord(symbol)] == decisions
    model = PPM(order=2, method="C", update_exclusion=False)
    for x in b"abracadabra":
        model.update(x)
    assert abs(int(model.predict()[ord(symbol)]) - MASS * prod(decisions)) <= 2


@pytest.mark.parametrize("method", ["C", "D"])
@pytest.mark.parametrize("update_exclusion", [False, True])
@pytest.mark.parametrize(("order", "count_limit"), [(0, 255), (3, 255), (2, 3)])
def test_the_fold_is_the_product_of_the_decisions(
    method: str, update_exclusion: bool, order: int, count_limit: int
) -> None:
    model = PPM(order, method, update_exclusion, count_limit)
    exact = ExactContexts(order, update_exclusion, count_limit)
    for symbol in TEXT:
        frequencies = model.predict()
        for x, decisions in enumerate(exact_ppm(exact, method)):
            # Symbols of longer contexts lose less than 1 each by rounding, and that goes down to the shorter ones.
            assert abs(int(frequencies[x]) - MASS * prod(decisions)) <= 64
        model.update(symbol)
        exact.update(symbol)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(b"\0ab\xff"), max_size=60), st.integers(0, 4), st.sampled_from("CD"))
def test_the_fold_is_right_on_anything(symbols: list[int], order: int, method: str) -> None:
    model, exact = PPM(order, method), ExactContexts(order, True, 255)
    for symbol in symbols:
        model.update(symbol)
        exact.update(symbol)
    frequencies = model.predict()
    for x, decisions in enumerate(exact_ppm(exact, method)):
        assert abs(int(frequencies[x]) - MASS * prod(decisions)) <= 8


def test_nothing_seen_is_uniform() -> None:
    assert set(PPM().predict().tolist()) == {MASS // 256}


@pytest.mark.parametrize("method", ["C", "D"])
def test_an_impossible_escape_costs_nothing(method: str) -> None:
    """When order 0 has seen all bytes, its escape mass goes to nobody and the true sum is smaller."""
    model = PPM(order=0, method=method)
    for symbol in range(256):
        model.update(symbol)
    frequencies = model.predict()
    assert set(frequencies.tolist()) == {MASS // 512}
    assert frequencies.sum(dtype=np.uint64) == MASS // 2


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError, match="method"):
        PPM(method="X")

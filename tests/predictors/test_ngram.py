"""N-gram counts against Witten-Bell blending in fractions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.context_trie import MASS
from predzip.predictors.ngram import NGram
from predzip.predictors.reference import ExactContexts, exact_ngram

TEXT = b"she sells sea shells by the sea shore, the shells she sells are sea shells"


@pytest.mark.parametrize(("order", "count_limit"), [(0, 255), (2, 255), (4, 255), (2, 3)])
def test_the_kernel_computes_the_formula(order: int, count_limit: int) -> None:
    model, exact = NGram(order, count_limit), ExactContexts(order, False, count_limit)
    for symbol in TEXT:
        frequencies = model.predict()
        # Rounding loses less than 1 for each symbol and context, and 1 is added to each symbol.
        for x, p in enumerate(exact_ngram(exact)):
            assert abs(int(frequencies[x]) - MASS * p) <= order + 3
        model.update(symbol)
        exact.update(symbol)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(b"\0ab\xff"), max_size=40), st.integers(0, 3))
def test_the_kernel_computes_the_formula_on_anything(symbols: list[int], order: int) -> None:
    model, exact = NGram(order), ExactContexts(order, False, 255)
    for symbol in symbols:
        model.update(symbol)
        exact.update(symbol)
    frequencies = model.predict()
    for x, p in enumerate(exact_ngram(exact)):
        assert abs(int(frequencies[x]) - MASS * p) <= order + 3


def test_one_symbol_seen_once_by_hand() -> None:
    """After "a": p(a) = (1 + 1 * 1/256) / (1 + 1) in order 0."""
    model = NGram(order=0)
    model.update(ord("a"))
    frequencies = model.predict()
    assert frequencies[ord("a")] == MASS // 2 + MASS // 512 + 1
    assert frequencies[ord("b")] == MASS // 512 + 1


def test_longer_contexts_win_where_they_know_more() -> None:
    model = NGram(order=2)
    for symbol in b"xaybxaybxayb":
        model.update(symbol)
    model.update(ord("x"))
    assert model.predict().argmax() == ord("a")

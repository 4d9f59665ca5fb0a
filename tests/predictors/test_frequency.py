"""Order 0: the two textbook estimators cost what their closed forms say."""

from fractions import Fraction
from math import comb, factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.errors import UsageError
from predzip.predictors.frequency import AdaptiveFrequency


def sequence_probability(model: AdaptiveFrequency, symbols: bytes) -> Fraction:
    probability = Fraction(1)
    for symbol in symbols:
        frequencies = model.predict()
        probability *= Fraction(int(frequencies[symbol]), int(frequencies.sum(dtype=np.uint64)))
        model.update(symbol)
    return probability


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=60))
def test_laplace_costs_the_closed_form(data: bytes) -> None:
    """Laplace: 255! * prod(count!) / (255 + length)! whatever the order of the symbols."""
    model = AdaptiveFrequency(256, start=1, increment=1)
    counts = [data.count(bytes([x])) for x in range(256)]
    expected = Fraction(factorial(255) * prod(map(factorial, counts)), factorial(255 + len(data)))
    assert sequence_probability(model, data) == expected


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 25), st.integers(0, 25), st.randoms(use_true_random=False))
def test_krichevsky_trofimov_on_bits_costs_the_closed_form(zeros: int, ones: int, random: object) -> None:
    """KT on two symbols: C(2a, a) C(2b, b) a! b! / (4^n n!)."""
    bits = bytearray(b"\0" * zeros + b"\1" * ones)
    random.shuffle(bits)  # type: ignore[attr-defined]
    n = zeros + ones
    expected = Fraction(
        comb(2 * zeros, zeros) * comb(2 * ones, ones) * factorial(zeros) * factorial(ones), 4**n * factorial(n)
    )
    model = AdaptiveFrequency(2, start=1, increment=2)
    assert sequence_probability(model, bytes(bits)) == expected


def test_a_frequency_is_start_plus_increments() -> None:
    model = AdaptiveFrequency(4, start=3, increment=10)
    for symbol in (2, 2, 0):
        model.update(symbol)
    assert model.predict().tolist() == [13, 3, 23, 3]
    model.reset()
    assert model.predict().tolist() == [3, 3, 3, 3]


def test_halving_keeps_the_limit_and_every_symbol() -> None:
    model = AdaptiveFrequency(256, start=1, increment=1000, total_limit=5000)
    largest = 0
    for step in range(3000):
        model.update(step * step % 7)
        largest = max(largest, int(model.predict().sum(dtype=np.uint64)))
        assert model.predict().min() >= 1
    assert 4000 < largest <= 5000


def test_the_past_fades_with_a_small_limit() -> None:
    model = AdaptiveFrequency(2, start=1, increment=32, total_limit=512)
    for symbol in [0] * 1000 + [1] * 40:
        model.update(symbol)
    assert model.predict()[1] > model.predict()[0]


@pytest.mark.parametrize(
    "options",
    [
        {"alphabet_size": 1},
        {"start": 0},
        {"increment": 0},
        {"total_limit": 300},
        {"total_limit": 2**32},
        {"start": 2**24},
    ],
)
def test_options_without_sense_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        AdaptiveFrequency(**options)

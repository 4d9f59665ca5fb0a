from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.frequencies import accumulate
from predzip.coding.range_coder import RangeCoder
from predzip.coding.reference import (
    ReferenceCoder,
    ReferenceEncoder,
    interval_steps,
    shortest_binary_fraction,
)
from predzip.errors import UsageError

# Witten, Neal and Cleary (1987), table I: a e i o u ! with probabilities .2 .3 .1 .2 .1 .1; the message "eaii!".
_VOWELS = accumulate(np.array([2, 3, 1, 2, 1, 1], dtype=np.uint64))
_EAII = [1, 0, 2, 2, 5]


def test_the_intervals_of_witten_neal_and_cleary():
    steps = interval_steps(_EAII, [_VOWELS] * 5)
    assert [(float(step.low), float(step.high)) for step in steps] == [
        (0.2, 0.5),
        (0.2, 0.26),
        (0.23, 0.236),
        (0.233, 0.2336),
        (0.23354, 0.2336),
    ]
    assert steps[1].boundaries[0] == steps[0].low
    assert steps[1].boundaries[-1] == steps[0].high
    assert [step.symbol for step in steps] == _EAII


def test_the_code_of_their_message():
    last = interval_steps(_EAII, [_VOWELS] * 5)[-1]
    bits = shortest_binary_fraction(last.low, last.high)
    assert last.low <= Fraction(int(bits, 2), 1 << len(bits)) < last.high
    assert len(bits) <= math.ceil(-math.log2(last.high - last.low)) + 1
    payload = ReferenceCoder().encode(_EAII, _VOWELS)
    value = Fraction(int.from_bytes(payload, "big"), 1 << (8 * len(payload)))
    assert last.low <= value < last.high
    assert ReferenceCoder().decode(payload, 5, _VOWELS).tolist() == _EAII


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 1 << 20), st.integers(1, 1 << 20), st.integers(1, 1 << 20))
def test_shortest_fraction_lies_inside_with_all_that_follows(start, width, rest):
    total = start + width + rest
    low, high = Fraction(start, total), Fraction(start + width, total)
    bits = shortest_binary_fraction(low, high)
    value = Fraction(int(bits or "0", 2), 1 << len(bits))
    assert low <= value
    assert value + Fraction(1, 1 << len(bits)) <= high
    assert len(bits) <= math.ceil(-math.log2(high - low)) + 1
    if bits:  # one bit less would not do
        scale = 1 << (len(bits) - 1)
        first = math.ceil(low * scale)
        assert Fraction(first + 1, scale) > high


def test_the_whole_line_needs_no_bit():
    assert shortest_binary_fraction(Fraction(0), Fraction(1)) == ""
    for low, high in ((1, 1), (0, 2), (-1, 1)):
        with pytest.raises(UsageError):
            shortest_binary_fraction(Fraction(low), Fraction(high))


def test_pending_bits_wait_for_the_middle_to_be_left():
    table = accumulate(np.array([(1 << 31) - 1, 2, (1 << 31) - 1], dtype=np.uint64))
    for last, first_byte in ((0, 0x7F), (2, 0x80)):
        encoder = ReferenceEncoder()
        for _ in range(100):
            encoder.encode(1, table)
        assert encoder.length_bits == 0
        encoder.encode(last, table)
        assert encoder.length_bits > 3000
        assert encoder.finish()[0] == first_byte


@settings(deadline=None, max_examples=100)
@given(st.data())
@pytest.mark.parametrize("coder", [ReferenceCoder(), RangeCoder()], ids=["reference", "range"])
def test_payloads_name_a_point_of_the_exact_interval(coder, data):
    frequencies = data.draw(st.lists(st.integers(1, 1 << 26), min_size=2, max_size=20))
    symbols = data.draw(st.lists(st.integers(0, len(frequencies) - 1), min_size=1, max_size=40))
    table = accumulate(np.array(frequencies, dtype=np.uint64))
    payload = coder.encode(symbols, table)
    point = Fraction(int.from_bytes(payload, "big"), 1 << (8 * len(payload)))
    low, high = Fraction(0), Fraction(1)
    allowed = Fraction(0)  # each step rounds the ends by less than 2^-24 of the interval it splits
    for step in interval_steps(symbols, [table] * len(symbols)):
        allowed += (high - low) / (1 << 24)
        low, high = step.low, step.high
    assert low - allowed <= point < high + allowed

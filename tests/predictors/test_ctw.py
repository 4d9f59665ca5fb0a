"""CTW: the paper's numbers from the exact reference, and the kernel against the reference."""

from fractions import Fraction
from math import log2
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.errors import UsageError
from predzip.predictors.ctw import BYTES_PER_NODE, CTW
from predzip.predictors.reference import ExactContextTree, kt

TEXT = b"the rain in spain stays mainly in the plain; the rain in spain"
LOSSLESS_LIMIT = 65535


def cost_bits(model: CTW, symbols: bytes) -> float:
    total = 0.0
    for symbol in symbols:
        frequencies = model.predict()
        total += log2(int(frequencies.sum(dtype=np.uint64))) - log2(int(frequencies[symbol]))
        model.update(symbol)
    return total


def exact_cost_bits(symbols: bytes, depth: int, symbol_bits: int, past: bytes = b"") -> float:
    """One exact tree for each set of known bits, as the definition says."""
    trees: dict[tuple[int, int], ExactContextTree] = {}
    known = [*bytes(max(0, depth - len(past))), *past]
    for symbol in symbols:
        for position in range(symbol_bits - 1, -1, -1):
            tree = trees.setdefault((position, symbol >> position + 1), ExactContextTree(depth))
            tree.update(tuple(known), symbol >> position & 1)
        known.append(symbol)
    return sum((log2(w.denominator) - log2(w.numerator) for w in (t.weighted() for t in trees.values())), 0.0)


@pytest.mark.parametrize(
    ("zeros", "ones", "probability"),
    [
        (0, 0, Fraction(1)),
        (1, 0, Fraction(1, 2)),
        (0, 1, Fraction(1, 2)),
        (2, 0, Fraction(3, 8)),
        (1, 1, Fraction(1, 8)),
        (2, 1, Fraction(1, 16)),
        (3, 0, Fraction(5, 16)),
        (2, 2, Fraction(3, 128)),
        (4, 3, Fraction(5, 2048)),
    ],
)
def test_krichevsky_trofimov_table(zeros: int, ones: int, probability: Fraction) -> None:
    assert kt(zeros, ones) == probability
    assert kt(ones, zeros) == probability


def paper_example() -> ExactContextTree:
    """Willems, Shtarkov & Tjalkens 1995, figure 1: x = 0110100 after the past ..010, depth 3."""
    tree = ExactContextTree(3)
    known = [0, 1, 0]
    for bit in (0, 1, 1, 0, 1, 0, 0):
        tree.update(tuple(known), bit)
        known.append(bit)
    return tree


def test_the_worked_example_of_the_paper() -> None:
    tree = paper_example()
    assert tree.counts[()] == [4, 3]
    assert tree.counts[(0,)] == [2, 2]
    assert tree.counts[(1,)] == [2, 1]
    assert tree.weighted() == Fraction(95, 32768)


def test_the_kernel_gives_the_paper_s_probability() -> None:
    model = CTW(depth=3, symbol_bits=1, count_limit=LOSSLESS_LIMIT, past=b"\0\1\0")
    assert cost_bits(model, b"\0\1\1\0\1\0\0") == pytest.approx(-log2(95 / 32768), abs=1e-7)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 1), max_size=60).map(bytes),
    st.integers(0, 5),
    st.lists(st.integers(0, 1), max_size=5).map(bytes),
)
def test_bits_cost_what_the_exact_tree_says(bits: bytes, depth: int, past: bytes) -> None:
    model = CTW(depth, symbol_bits=1, count_limit=LOSSLESS_LIMIT, past=past)
    assert cost_bits(model, bits) == pytest.approx(exact_cost_bits(bits, depth, 1, past), abs=1e-4)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_text_costs_what_the_exact_trees_say(depth: int) -> None:
    model = CTW(depth, count_limit=LOSSLESS_LIMIT)
    assert cost_bits(model, TEXT) == pytest.approx(exact_cost_bits(TEXT, depth, 8), abs=1e-3)


@pytest.mark.parametrize("symbol_bits", [1, 2, 5])
def test_small_alphabets_cost_what_the_exact_trees_say(symbol_bits: int) -> None:
    symbols = bytes(x % (1 << symbol_bits) for x in TEXT)
    model = CTW(2, symbol_bits, count_limit=LOSSLESS_LIMIT)
    assert model.alphabet_size == 1 << symbol_bits
    assert cost_bits(model, symbols) == pytest.approx(exact_cost_bits(symbols, 2, symbol_bits), abs=1e-3)


def invented_language(seed: int, length: int) -> bytes:
    random = Random(seed)
    words = ["".join(random.choices("etaoinshrdlu", k=random.randint(2, 6))) for _ in range(40)]
    return " ".join(random.choices(words, weights=[1 / (i + 1) for i in range(40)], k=length)).encode()[:length]


def test_bounded_weights_adapt_sooner_than_the_exact_ones() -> None:
    """Same cost as the exact trees while one language is spoken; less when it changes, as the docstring says."""
    one = invented_language(0, 1500)
    assert cost_bits(CTW(3, count_limit=LOSSLESS_LIMIT), one) == pytest.approx(exact_cost_bits(one, 3, 8), abs=0.1)
    three = b"".join(invented_language(seed, 1000) for seed in range(3))
    assert cost_bits(CTW(3, count_limit=LOSSLESS_LIMIT), three) < exact_cost_bits(three, 3, 8) - 3


def test_depth_zero_is_the_plain_estimator() -> None:
    """No context: seven zeros and then a one under KT."""
    model = CTW(0, symbol_bits=1)
    expected = -log2(kt(7, 1))
    assert cost_bits(model, b"\0" * 7 + b"\1") == pytest.approx(expected, abs=1e-6)


def test_the_cost_stays_within_the_paper_s_bound_of_the_true_tree() -> None:
    """Theorem 2: at most (2 leaves - 1) + leaves (log2(n / leaves) / 2 + 1) bits above the tree that made it."""
    random = np.random.default_rng(5)
    p_one = {(0, 0): 0.1, (0, 1): 0.9, (1, 0): 0.2, (1, 1): 0.5}  # a tree of 4 leaves, at depth 2
    bits, ideal_bits = [0, 0], 0.0
    for _ in range(4000):
        p = p_one[(bits[-2], bits[-1])]
        bits.append(int(random.random() < p))
        ideal_bits -= log2(p if bits[-1] else 1 - p)
    model = CTW(5, symbol_bits=1, count_limit=LOSSLESS_LIMIT)
    leaves, n = 4, 4000
    bound_bits = (2 * leaves - 1) + leaves * (log2(n / leaves) / 2 + 1)
    assert cost_bits(model, bytes(bits[2:])) <= ideal_bits + bound_bits


@pytest.mark.parametrize("alpha_inverse", [1, 2, 16])
def test_the_alpha_of_the_estimator(alpha_inverse: int) -> None:
    """After one 1: p(1) = (1 + alpha) / (1 + 2 alpha)."""
    model = CTW(0, symbol_bits=1, alpha_inverse=alpha_inverse)
    model.update(1)
    expected = Fraction(alpha_inverse + 1, alpha_inverse + 2)
    assert abs(int(model.predict()[1]) - 2**31 * expected) <= 1


def test_every_symbol_keeps_a_frequency_after_a_long_run() -> None:
    model = CTW(2, count_limit=LOSSLESS_LIMIT)
    for _ in range(70_000):
        model.update(0)
    frequencies = model.predict()
    assert frequencies.min() >= 1
    assert frequencies.sum(dtype=np.uint64) == 2**31
    assert frequencies[0] > 2**31 * 0.999


def test_full_memory_begins_again_and_stays_within_the_bound() -> None:
    model = CTW(3, max_nodes=2**13)
    used, restarts = 0, 0
    for symbol in np.random.default_rng(0).integers(0, 256, 2000).tolist():
        model.update(symbol)
        restarts += model._nodes < used
        used = model._nodes
        assert used <= 2**13
    assert restarts >= 2
    assert model._child.nbytes + model._counts.nbytes + model._weight.nbytes == BYTES_PER_NODE * 2**13


@pytest.mark.parametrize(
    "options",
    [
        {"depth": -1},
        {"depth": 17},
        {"symbol_bits": 0},
        {"symbol_bits": 9},
        {"count_limit": 1},
        {"count_limit": 65536},
        {"max_nodes": 5},
        {"alpha_inverse": 0},
        {"alpha_inverse": 65},
    ],
)
def test_options_without_sense_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        CTW(**options)

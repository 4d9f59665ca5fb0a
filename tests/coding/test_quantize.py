from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.quantize import quantize
from predzip.errors import UsageError

_WEIGHTS = st.one_of(st.just(0.0), st.floats(1e-30, 1.0), st.sampled_from([1e-9, 0.5, 1.0]))


def _oracle(probabilities: list[float], total: int) -> list[int]:
    """The same rule by fractions: weights of 31 bits, then running sums rounded down."""
    largest = max(probabilities)
    weights = [round(Fraction(p / largest) * (1 << 31)) for p in probabilities]
    spare = total - len(weights)
    bounds = [sum(weights[:i]) * spare // sum(weights) for i in range(len(weights) + 1)]
    return [1 + high - low for low, high in itertools.pairwise(bounds)]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(_WEIGHTS, min_size=1, max_size=40).filter(lambda p: max(p) > 0),
    st.sampled_from([41, 1000, 1 << 12, 1 << 16, 1 << 24, (1 << 32) - 1, 1 << 32]),
)
def test_equals_the_rule_in_fractions(probabilities, total):
    if len(probabilities) == 1 and total == 1 << 32:
        total -= 1
    if max(probabilities) < 2.0**-64:
        probabilities = [*probabilities, 1.0]
    frequencies = quantize(np.array(probabilities), total).tolist()
    assert frequencies == _oracle(probabilities, total)
    assert sum(frequencies) == total
    assert min(frequencies) >= 1


def test_close_to_the_exact_share():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(300, 0.1))
    for total in (1 << 16, 1 << 32):
        exact = 1 + (total - 300) * p
        # 31-bit weights add a relative error of 2^-32 of the largest.
        assert np.abs(quantize(p, total) - exact).max() < 1 + total * 2.0**-31


def test_a_zero_probability_gets_exactly_one():
    assert quantize(np.array([0.0, 1.0, 0.0, 0.0]), 1 << 32).tolist() == [1, (1 << 32) - 3, 1, 1]


def test_the_smallest_total_leaves_nothing_to_share():
    assert quantize(np.array([0.9, 0.1, 0.0]), 3).tolist() == [1, 1, 1]


def test_weights_need_not_sum_to_one_and_scaling_by_two_changes_nothing():
    p = np.random.default_rng(1).random(50)
    assert (quantize(p) == quantize(p * 1024)).all()
    assert (quantize(p) == quantize(p / 1024)).all()


def test_large_alphabets():
    p = np.random.default_rng(2).random(300_000).astype(np.float32)
    frequencies = quantize(p)
    assert int(frequencies.sum(dtype=np.uint64)) == 1 << 32
    assert frequencies.min() >= 1


def test_float32_rows_and_strides_do_not_matter():
    p = np.random.default_rng(3).random((6, 5, 40)).astype(np.float32)
    together = quantize(p)
    assert together.shape == p.shape
    assert together.dtype == np.uint32
    for i in range(6):
        for j in range(5):
            assert (quantize(p[i, j].astype(np.float64)) == together[i, j]).all()
    assert (quantize(p[:, :, ::2]) == quantize(p[:, :, ::2].copy())).all()
    assert quantize(p[:0]).shape == (0, 5, 40)


@pytest.mark.parametrize(
    "probabilities",
    [
        [0.5, float("nan")],
        [float("nan"), 0.5],
        [0.5, -0.1],
        [-1.0, -1.0],
        [0.0, 0.0],
        [float("inf"), 1.0],
        [1e300, 1.0],
        [5e-324, 0.0],
    ],
)
def test_what_is_no_distribution_is_refused(probabilities):
    rows = np.array([[0.5, 0.5], probabilities])
    with pytest.raises(UsageError, match="row 1"):
        quantize(rows)


def test_minus_zero_is_zero():
    assert (quantize(np.array([-0.0, 1.0])) == quantize(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("probabilities", "total"),
    [
        (np.array([1, 2]), 16),
        (np.array(0.5), 16),
        (np.zeros((3, 0)), 16),
        (np.array([0.5, 0.5]), 1),
        (np.array([0.5, 0.5]), (1 << 32) + 1),
        (np.array([1.0]), 1 << 32),
    ],
)
def test_bad_arguments(probabilities, total):
    with pytest.raises(UsageError):
        quantize(probabilities, total)


_HASHING = """
import hashlib, numpy as np
from predzip.coding.quantize import quantize
raw = np.random.default_rng(4).integers(0, 1 << 53, (64, 257)).astype(np.float64)
rows = (raw / float(1 << 53)) * (raw / float(1 << 53))
print(hashlib.sha256(b"".join(quantize(rows, t).tobytes() for t in (1 << 16, 1 << 32))).hexdigest())
"""
_HASH = "8ea9a39bce9fb53870eccf1fe70c822d863ff069ac36c411e02fcc0a8871e411"


@pytest.mark.parametrize("cpu", ["", "generic"])
def test_the_same_frequencies_on_every_machine(cpu):
    environment = dict(os.environ)
    if cpu:
        environment["NUMBA_CPU_NAME"] = cpu
    result = subprocess.run(
        [sys.executable, "-c", _HASHING], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == _HASH


def test_the_hash_is_sensitive():
    assert hashlib.sha256(quantize(np.array([0.25, 0.75])).tobytes()).hexdigest() != _HASH

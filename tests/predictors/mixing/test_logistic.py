from __future__ import annotations

import hashlib
from decimal import Decimal, localcontext

import numpy as np
import pytest

from predzip.predictors.mixing.logistic import SQUASH, SQUASH_MAX, STRETCH, STRETCH_MAX, squash, stretch


def exact_squash(x: int) -> int:
    """65536 / (1 + e^(-x/256)), rounded down on the right side of zero, mirrored on the left, never 0 or 65536."""
    with localcontext(prec=60):
        p = int(Decimal(65536) / (1 + (Decimal(-abs(x)) / 256).exp()))
    p = min(max(p, 1), 65535)
    return p if x >= 0 else 65536 - p


def test_squash_is_the_logistic_function() -> None:
    assert SQUASH.tolist() == [exact_squash(x) for x in range(-SQUASH_MAX, SQUASH_MAX + 1)]


def test_squash_is_monotone_and_symmetric() -> None:
    table = SQUASH.astype(np.int64)
    assert (np.diff(table) >= 0).all()
    assert (table + table[::-1])[:SQUASH_MAX].tolist() == [65536] * SQUASH_MAX
    assert table[0] == 1
    assert table[-1] == 65535


def test_stretch_is_the_inverse_of_squash() -> None:
    for index in range(4096):
        x, middle = int(STRETCH[index]), 16 * index + 8
        # The least x whose squash reaches the middle of the bin, within the limits.
        assert x == STRETCH_MAX or exact_squash(x) >= middle or middle > exact_squash(SQUASH_MAX)
        assert x == -STRETCH_MAX or exact_squash(x - 1) < middle


def test_stretch_is_monotone_and_symmetric() -> None:
    table = STRETCH.astype(np.int64)
    assert (np.diff(table) >= 0).all()
    # Rounding goes up on both sides; far out squash is the same over several x.
    assert abs(table + table[::-1]).max() <= 10
    assert abs(table + table[::-1])[64:-64].max() <= 1
    assert table.min() == -STRETCH_MAX
    assert table.max() == STRETCH_MAX


@pytest.mark.parametrize("x", [0, 1, -1, 700, -700, SQUASH_MAX, -SQUASH_MAX])
def test_the_kernels_look_the_tables_up(x: int) -> None:
    assert squash(x) == exact_squash(x)
    assert stretch(squash(x)) == STRETCH[squash(x) >> 4]


@pytest.mark.parametrize("x", [SQUASH_MAX + 1, 1 << 20, (1 << 31) - 1, 1 << 40])
def test_squash_cuts_what_is_beyond(x: int) -> None:
    assert squash(x) == 65535
    assert squash(-x) == 1


def test_every_probability_can_be_stretched() -> None:
    assert stretch(0) == -STRETCH_MAX
    assert stretch(65535) == STRETCH_MAX
    assert stretch(32768) in (0, 1)


def test_the_tables_are_format() -> None:
    # They decide bits: another digest is another format.
    digest = hashlib.sha256(SQUASH.astype("<u2").tobytes() + STRETCH.astype("<i2").tobytes()).hexdigest()
    assert digest[:16] == "a1e83e16e0a38f6a"

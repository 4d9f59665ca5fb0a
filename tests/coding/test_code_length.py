from __future__ import annotations

import numpy as np
import pytest

from predzip.coding.code_length import code_length_bits
from predzip.coding.frequencies import accumulate


def test_powers_of_two_are_exact():
    table = accumulate(np.array([4, 2, 1, 1], dtype=np.uint32))
    assert code_length_bits([0, 1, 2, 3], table) == 1 + 2 + 3 + 3
    assert code_length_bits([], table) == 0


def test_rows():
    rows = accumulate(np.array([[1, 1], [1, 7], [3, 1]], dtype=np.uint32))
    assert code_length_bits([0, 0, 1], rows) == pytest.approx(1 + 3 + 2)

"""The ideal code length: what a coder without rounding and termination would write. For reports, never for bits.

The only floats of this package besides the input of `quantize`; nothing that is coded depends on them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from predzip.coding.frequencies import Cumulative, as_rows, as_symbols


def code_length_bits(symbols: ArrayLike, tables: Cumulative) -> float:
    """Sum -log2(freq / total) over a sequence, by one table or a row for each symbol."""
    array = as_symbols(symbols)
    rows = as_rows(tables, len(array))
    index = np.arange(len(array)) if len(rows) > 1 else np.zeros(len(array), dtype=np.intp)
    freqs = rows[index, array + 1] - rows[index, array]
    return float((np.log2(rows[index, -1]) - np.log2(freqs)).sum())

"""Code length of tokens by logits, in floats: what is reported of a model, never what decides a bit of a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bits_of(logits: NDArray[np.float32], tokens: NDArray[np.integer]) -> NDArray[np.float64]:
    """Bits of a token (T,) by each row of logits (T, V): the softmax of all symbols, in float64."""
    rows = logits.astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    said = np.take_along_axis(rows, np.asarray(tokens, np.int64)[:, None], axis=1)[:, 0]
    bits: NDArray[np.float64] = (np.log(np.exp(rows, out=rows).sum(axis=1)) - said) / np.log(2)
    return bits

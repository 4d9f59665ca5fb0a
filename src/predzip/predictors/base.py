"""The two interfaces that a predictor may have: whole distributions, or one step of many lanes.

`Predictor` is the plain one: a distribution as integer frequencies, then the symbol. It is what the literature's
models (counts, PPM, CTW) implement, and what a reader should open first.

`LanePredictor` steps L lanes side by side, which is how a neural prior will enter: one call serves L bytes.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Frequencies = NDArray[np.uint32]


@runtime_checkable
class Predictor(Protocol):
    """Gives the coding distribution of the next symbol, then is told the symbol (glossary: predictor)."""

    alphabet_size: int

    memory_bytes: int
    """Upper bound of the state it may grow to, known before the first symbol (the decoder's limit asks for it)."""

    def reset(self) -> None:
        """Forget everything seen: the next call of `predict` is the first of a new sequence."""

    def predict(self) -> Frequencies:
        """Return integer frequencies of the next symbol, shape (alphabet_size,).

        Every entry is >= 1 and the sum is at most 2**32 - 1 (see coding.frequencies for the guarantees).
        The array may be reused by the next call; copy it to keep it.
        """

    def update(self, symbol: int) -> None:
        """Tell the predictor which symbol came."""


@runtime_checkable
class LanePredictor(Protocol):
    """A byte predictor over L lanes in step: the door by which a prior enters the mixture (DESIGN section 5)."""

    def reset(self, lanes: int) -> None:
        """Start `lanes` independent sequences."""

    def predict(self) -> NDArray[np.uint16]:
        """Return byte frequencies, shape (L, 256); each row sums to 65,536 at most and has no zero."""

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """Tell the predictor the bytes that came, shape (L,)."""

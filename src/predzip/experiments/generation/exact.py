"""Predictors as sources: all 256 next bytes with their exact probabilities.

`PredictorSource` takes any predictor of `predictors.registry`, `LaneSource` any model of the catalogue.
"""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates
from predzip.predictors.base import LanePredictor, Predictor

BYTES = [bytes([value]) for value in range(256)]


def from_frequencies(frequencies: NDArray[np.unsignedinteger]) -> Candidates:
    """The 256 bytes and their code lengths under integer frequencies, shape (256,)."""
    numbers = frequencies.astype(np.float64)
    return Candidates(BYTES, np.log2(numbers.sum()) - np.log2(numbers))


class PredictorSource:
    """A predictor of bytes.

    Args:
        name: for tables.
        predictor: reset when the source starts.

    Raises:
        UsageError: its symbols are not bytes.
    """

    step_bytes = 1
    about = "exact probabilities"

    def __init__(self, name: str, predictor: Predictor) -> None:
        if predictor.alphabet_size != 256:
            raise UsageError(f"{name} predicts {predictor.alphabet_size} symbols, not the 256 bytes")
        self.name = name
        self._predictor = predictor

    def start(self, expected_bytes: int) -> None:
        """See `Source`."""
        self._predictor.reset()

    def take(self, data: bytes) -> None:
        """See `Source`."""
        for symbol in data:
            self._predictor.update(symbol)

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """See `Source`."""
        return from_frequencies(self._predictor.predict())


class LaneSource:
    """One lane of a model.

    A model with a context forgets everything when that is full. Here the last half of it is shown again, so that the
    beginning of a sentence is not lost in its middle.

    Args:
        name: for tables.
        predictor: a model that predicts bytes.
        context_bytes: how much it remembers at most; None: there is no such limit.
        fingerprint: of its weights, for tables.
    """

    step_bytes = 1

    def __init__(
        self, name: str, predictor: LanePredictor, context_bytes: int | None = None, fingerprint: bytes = b""
    ) -> None:
        if getattr(predictor, "alphabet_size", 256) != 256:
            raise UsageError(f"model {name} predicts other symbols than bytes")
        self.name = name
        self.about = f"exact probabilities, weights {fingerprint.hex()[:8]}".removesuffix(", weights ")
        self._predictor = predictor
        self._predict = getattr(predictor, "predict_fine", predictor.predict)
        self._context_bytes = context_bytes
        self.start(0)

    def start(self, expected_bytes: int) -> None:
        """See `Source`."""
        self._predictor.reset(1)
        self._history = bytearray()
        self._shown = 0
        """Bytes that the predictor was told since its last reset."""
        self._waiting = 0
        """Bytes at the end of the history that it was not told yet."""

    def take(self, data: bytes) -> None:
        """See `Source`. The model is told when it is next asked: what would be forgotten is left out."""
        self._history += data
        self._waiting += len(data)

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """See `Source`."""
        limit = self._context_bytes
        if limit is not None and self._shown + self._waiting >= limit:
            self._predictor.reset(1)
            self._shown, self._waiting = 0, max(1, limit // 2)
        for symbol in self._history[len(self._history) - self._waiting :]:
            self._predictor.update(np.array([symbol], np.uint8))
        self._shown, self._waiting = self._shown + self._waiting, 0
        return from_frequencies(self._predict()[0])

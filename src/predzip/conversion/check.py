"""What conversion costs: bits per byte of a converted model and of its source in floats, on the same text."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predzip.conversion.float_model import FloatModel
from predzip.conversion.source import Source
from predzip.predictors.neural.log_loss import bits_of
from predzip.predictors.neural.transformer.stepper import TokenStepper
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights, read_weights

_BLOCK = 64


@dataclass(frozen=True)
class Loss:
    """Code lengths of a text."""

    tokens: int
    text_bytes: int
    float_bits: float
    exact_bits: float

    @property
    def float_bpb(self) -> float:
        """Bits per byte of the source."""
        return self.float_bits / self.text_bytes

    @property
    def exact_bpb(self) -> float:
        """Bits per byte of the converted model."""
        return self.exact_bits / self.text_bytes

    @property
    def relative(self) -> float:
        """By what part the converted model takes more."""
        return self.exact_bits / self.float_bits - 1.0


def conversion_loss(
    source: Source, converted: str | os.PathLike[str], tokens: NDArray[np.integer], chunk_tokens: int = 1024
) -> Loss:
    """Measure both on tokens (T,), in chunks with no history across.

    Args:
        source: as `convert.open_source` gives it.
        converted: path of the converted model.
        tokens: of a text, all of which stand for bytes.
        chunk_tokens: at most the model's context.
    """
    weights = read_weights(converted)
    chunks = [tokens[at : at + chunk_tokens] for at in range(0, len(tokens), chunk_tokens)]
    exact = sum(float(bits.sum()) for bits in exact_bits(weights, chunks))
    model = FloatModel(source)
    floats = sum(float(model.code_length_bits(chunk).sum()) for chunk in chunks)
    return Loss(len(tokens), len(Vocabulary.from_weights(weights).join(tokens)), floats, exact)


def exact_bits(weights: Weights, chunks: list[NDArray[np.integer]]) -> list[NDArray[np.float64]]:
    """Bits of each token by the exact engine, of each chunk from the start token on."""
    stepper = TokenStepper(weights, 1, max(len(chunk) for chunk in chunks))
    result = []
    for chunk in chunks:
        stepper.restart()
        before = np.concatenate([[stepper.config.start_token], chunk[:-1]]).astype(np.int64)
        rows = stepper.hidden(before[None])
        parts = [
            bits_of(stepper.logits(rows[at : at + _BLOCK]), chunk[at : at + _BLOCK])
            for at in range(0, len(chunk), _BLOCK)
        ]
        result.append(np.concatenate(parts))
    return result

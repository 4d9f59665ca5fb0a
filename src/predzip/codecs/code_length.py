"""How many bits data would take, without coding it: the estimator side of a predictor.

    code length = sum over positions of  log2(sum of the frequencies) - log2(frequency of the byte that came)

The frequencies are the integers that the coder gets, so the sum differs from a coded size by what the coder rounds
away: less than 0.02 % and a few bytes. Logarithms are those of the math library: they decide no bit of a file.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import BlockCodec, Progress
from predzip.codecs.entropy import EntropyCodec
from predzip.codecs.token_length import token_bits
from predzip.errors import ModelError, UsageError
from predzip.predictors.base import LanePredictor
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import Weights
from predzip.units import BITS_PER_BYTE

_ROWS_AT_ONCE = 1 << 15
"""Positions evaluated together: their frequencies take 32 MB at most."""
_STEPS_AT_ONCE = 1 << 12
_BYTES = 256


def sum_of_logs(numbers: NDArray[Any]) -> float:
    """Sum of log2 of positive integers, the same whatever their order."""
    values, counts = np.unique(numbers, return_counts=True)
    return math.fsum(count * math.log2(value) for value, count in zip(values.tolist(), counts.tolist(), strict=True))


def frequencies_bits(frequencies: NDArray[Any], symbols: NDArray[np.integer]) -> float:
    """Code length of symbols under integer frequencies, (..., V) for (...,)."""
    totals = frequencies.sum(axis=-1, dtype=np.uint64)
    chosen = np.take_along_axis(frequencies, symbols[..., None].astype(np.int64), axis=-1)
    if not chosen.all():
        raise ModelError("the model gives a byte that came no probability at all")
    return sum_of_logs(totals) - sum_of_logs(chosen)


def predictor_bits(
    predictor: LanePredictor, data: bytes, chunk_bytes: int | None = None, progress: Progress | None = None
) -> float:
    """Code length of data under a predictor of bytes.

    Args:
        predictor: one with `evaluate` gives the same sum sooner; its finer frequencies are taken where it has them.
        data: what to measure.
        chunk_bytes: cut the data into chunks, each of which starts with nothing remembered; None: one long lane.
        progress: called with the number of bytes finished since the last call.

    Raises:
        UsageError: chunks of no bytes.
        ModelError: the predictor's symbols are not bytes.
    """
    if chunk_bytes is not None and chunk_bytes < 1:
        raise UsageError(f"chunks must have at least 1 byte, not {chunk_bytes}")
    if getattr(predictor, "alphabet_size", _BYTES) != _BYTES:
        raise ModelError("the model predicts other symbols than bytes")
    symbols = np.frombuffer(data, np.uint8)
    length = min(chunk_bytes or len(symbols), len(symbols))
    if length == 0:
        return 0.0
    whole = len(symbols) // length * length
    total_bits = 0.0
    for lanes in (symbols[:whole].reshape(-1, length), symbols[whole:].reshape(1, -1)):
        at_once = max(1, _ROWS_AT_ONCE // length)
        for first in range(0, len(lanes) if lanes.size else 0, at_once):
            total_bits += _lanes_bits(predictor, lanes[first : first + at_once], progress)
    return total_bits


def _lanes_bits(predictor: LanePredictor, lanes: NDArray[np.uint8], progress: Progress | None) -> float:
    evaluate = getattr(predictor, "evaluate_fine", None) or getattr(predictor, "evaluate", None)
    if evaluate is not None and lanes.size <= _ROWS_AT_ONCE:
        total_bits = frequencies_bits(evaluate(lanes), lanes)
        if progress:
            progress(lanes.size)
        return total_bits
    predict = getattr(predictor, "predict_fine", predictor.predict)
    predictor.reset(len(lanes))
    total_bits = 0.0
    for start in range(0, lanes.shape[1], _STEPS_AT_ONCE):
        part = lanes[:, start : start + _STEPS_AT_ONCE]
        chosen = np.empty(part.shape, np.uint64)
        totals = np.empty(part.shape, np.uint64)
        rows = np.arange(len(part))
        for step in range(part.shape[1]):
            frequencies = predict()
            chosen[:, step] = frequencies[rows, part[:, step]]
            totals[:, step] = frequencies.sum(axis=-1, dtype=np.uint64)
            predictor.update(part[:, step])
        if not chosen.all():
            raise ModelError("the model gives a byte that came no probability at all")
        total_bits += sum_of_logs(totals) - sum_of_logs(chosen)
        if progress:
            progress(part.size)
    return total_bits


def model_bits(
    weights: Weights, data: bytes, chunk_bytes: int | None = None, progress: Progress | None = None
) -> float:
    """Code length of data under a model alone; the other arguments are those of `predictor_bits`.

    Tokens of a vocabulary are counted as `token_length` says.
    """
    if catalogue.has_tokens(weights.config):
        return token_bits(weights, data, chunk_bytes, progress=progress)
    # A model with a context forgets everything when that is full: what follows is another lane, and may run beside it.
    predictor = catalogue.predictor(weights)
    context = weights.config.get("context")
    if not isinstance(context, int) or (chunk_bytes is not None and chunk_bytes <= context):
        return predictor_bits(predictor, data, chunk_bytes, progress)
    chunk_bytes = max(1, chunk_bytes or len(data))
    return math.fsum(
        predictor_bits(predictor, data[start : start + chunk_bytes], context, progress)
        for start in range(0, len(data), chunk_bytes)
    )


def block_bits(codec: BlockCodec, data: bytes, progress: Progress | None = None) -> float:
    """Code length of one block under a codec; 8 bits a byte at most, since a frame stores what does not shrink.

    A mixing codec decides bit by bit inside its kernels, so that its bits are counted where they leave: the payload.
    """
    if isinstance(codec, EntropyCodec):
        bits = codec.code_length_bits(data, progress)
    else:
        bits = float(BITS_PER_BYTE * len(codec.encode_block(data, progress)))
    return min(bits, float(BITS_PER_BYTE * len(data)))

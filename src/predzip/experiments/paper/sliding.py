"""The third way of cutting: a window that slides over the data, so that no byte is predicted from nothing.

Section 3.1 of the paper names it and does without, because it costs more. Here the window is a chunk of C bytes and
moves by C / 2: after the first half of the first window, each byte has C / 2 to C - 1 bytes of history, and the model
runs over every byte twice. It is a code length: a decoder could do the same, but predzip's format has no such method.
What a model over tokens makes of prefixes and windows stands in `token_lengths`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.chunking import windows
from predzip.codecs.code_length import frequencies_bits
from predzip.experiments.paper import token_lengths
from predzip.predictors.neural import catalogue

_ROWS_AT_ONCE = 1 << 15
"""Positions that are evaluated together: their frequencies take 32 MB."""


@lru_cache(maxsize=2)
def _evaluate(model: str) -> Any:  # noqa: ANN401 - a method of a LanePredictor
    predictor: Any = catalogue.predictor(catalogue.load(model))
    return getattr(predictor, "evaluate_fine", None) or predictor.evaluate


def _is_over_tokens(model: str) -> bool:
    return catalogue.is_over_tokens(catalogue.locate(model).stem)


def prefix_bits(model: str, data: bytes) -> NDArray[np.float64]:
    """Code length of every prefix of one chunk, from the first byte on."""
    if _is_over_tokens(model):
        return token_lengths.prefix_bits(model, data)
    symbols = np.frombuffer(data, np.uint8)
    rows = _evaluate(model)(symbols[None])[0]  # T, 256
    chosen = np.take_along_axis(rows, symbols[:, None].astype(np.int64), axis=-1)[:, 0].astype(np.float64)
    total: NDArray[np.float64] = np.cumsum(np.log2(rows.sum(axis=-1, dtype=np.float64)) - np.log2(chosen))
    return total


def window_bits(model: str, data: bytes, shown_bytes: int, chunk_bytes: int) -> list[tuple[int, float]]:
    """(bytes, bits) of each window.

    Args:
        model: name or path of weights.
        data: history and what is measured.
        shown_bytes: so many at the start are history alone.
        chunk_bytes: C.
    """
    if _is_over_tokens(model):
        return token_lengths.window_bits(model, data, shown_bytes, chunk_bytes)
    evaluate = _evaluate(model)
    symbols = np.frombuffer(data, np.uint8)
    half = max(1, chunk_bytes // 2)
    found = [window for window in windows(len(data), half, half) if window.start >= shown_bytes]
    by_shape: dict[tuple[int, int], list[int]] = {}
    for number, window in enumerate(found):
        by_shape.setdefault((window.start - window.context_start, window.end - window.start), []).append(number)
    bits = [0.0] * len(found)
    for (context, length), numbers in by_shape.items():
        group = max(1, _ROWS_AT_ONCE // (context + length))
        for first in range(0, len(numbers), group):
            part = numbers[first : first + group]
            lanes = np.stack([symbols[found[n].context_start : found[n].end] for n in part])  # L, context + length
            rows = evaluate(lanes)  # L, context + length, 256
            for lane, number in enumerate(part):
                bits[number] = frequencies_bits(rows[lane, context:], lanes[lane, context:])
    return [(window.end - window.start, bits[number]) for number, window in enumerate(found)]

"""Rates of the paper's section 3.2, with an interval, and when a model has paid for itself.

raw        compressed / original
adjusted   (compressed + bytes of the parameters) / original: 2 bytes a parameter as in the paper, or the true size
           of the weights' files
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

PAPER_BYTES_PER_PARAMETER = 2
RESAMPLES = 1000
SEED = 1
COVERAGE = 0.95


def interval(
    units: Iterable[tuple[int, float]], seed: int = SEED, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Bootstrap interval of the raw rate: units are drawn again with replacement, as many as there are.

    It says how much the rate would move with other chunks of the same source, not whether the source is like another.

    Args:
        units: (original bytes, compressed bytes) of each.
        seed: of the generator.
        resamples: how many times all are drawn.

    Returns:
        None where there are fewer than two units.
    """
    counts = Counter(units)
    number = sum(counts.values())
    if number < 2:
        return None
    sizes = sorted(counts)
    weights = np.array([counts[size] for size in sizes], np.float64) / number
    original, compressed = np.array(sizes, np.float64).T
    drawn = np.random.default_rng(seed).multinomial(number, weights, resamples)  # resamples, distinct sizes
    rates = np.sort((drawn * compressed).sum(axis=1) / (drawn * original).sum(axis=1))
    tail = (1 - COVERAGE) / 2
    return float(np.quantile(rates, tail)), float(np.quantile(rates, 1 - tail))


def pays_from_bytes(model_bytes: float, model_rate: float, other_rate: float) -> float | None:
    """Bytes of data from which on a model's adjusted rate is below another's rate; None if it never is."""
    if model_rate >= other_rate:
        return None
    return model_bytes / (other_rate - model_rate)

"""The self-test of exactness: a product of integer matrices that has one right answer, and tempts every shortcut.

Any routine that multiplies for the exact engine passes here before it is used: one that rounds operands (TF32,
bfloat16), saturates sums (8-bit instructions without VNNI) or carries fewer than 24 bits gives other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

FLOAT_LIMIT = 1 << 24
"""float32 holds every integer below this in magnitude, so sums that stay below are exact in any order."""

Product = Callable[[NDArray[np.int16], NDArray[np.int8]], NDArray[np.float32]]
"""(N, K) activations, (R, K) weights -> (N, R): the sums of products."""

_SHAPES = ((1, 16, 16), (1, 256, 257), (2, 97, 33), (5, 1024, 64), (16, 63, 100), (33, 256, 256), (130, 512, 48))


def _cases() -> Iterator[tuple[NDArray[np.int16], NDArray[np.int8]]]:
    generator = np.random.Generator(np.random.PCG64(20))
    for n, k, r in _SHAPES:
        reach = min(2047, (FLOAT_LIMIT - 1) // (127 * k))
        # 1: all that fits, of one sign, so that sums end just below the limit; the last digit counts.
        activations = np.full((n, k), reach, np.int16)
        weights = np.full((r, k), 127, np.int8)
        weights[:, -1] = np.arange(r) % 127
        activations[:, 0] -= np.arange(n).astype(np.int16) % 7
        yield activations, weights
        # 2: up to the limit and back to almost nothing.
        weights[:, k // 2 :] = -weights[:, : k - k // 2]
        weights[:, 0] += np.int8(-1)
        yield activations, weights
        # 3: pairs of neighbours that saturate 16 bits where products are added in 16 bits.
        signs = np.where(np.arange(k) % 4 < 2, 1, -1)
        yield (reach * signs * np.ones((n, 1), np.int64)).astype(np.int16), np.full((r, k), -127, np.int8)
        # 4: odd numbers of every size.
        yield (
            (generator.integers(-(reach // 2), reach // 2, (n, k)) | 1).astype(np.int16),
            (generator.integers(-64, 63, (r, k)) | 1).astype(np.int8),
        )
        # 5: a few large odd numbers, as attention has them: 15 bits, where TF32 keeps 11 of an operand.
        few = np.zeros((n, k), np.int16)
        few[:, :: -(-k // 4)] = generator.integers(0x4000, 0x7FFF, (n, 1)) | 1
        yield few, (generator.integers(-127, 127, (r, k)) | 1).astype(np.int8)


def is_exact(product: Product) -> bool:
    """Say whether a product gives the right sums for all adversarial matrices; one that fails to run is not exact."""
    for activations, weights in _cases():
        expected = activations.astype(np.int64) @ weights.astype(np.int64).T
        try:
            found = product(activations, weights)
        except (RuntimeError, ValueError, TypeError):
            return False
        if found.shape != expected.shape or not np.array_equal(found.astype(np.float64), expected):
            return False
    return True

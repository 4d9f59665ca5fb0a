"""The self-test lets exact products through and no others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predzip.predictors.neural.self_test import FLOAT_LIMIT, _cases, is_exact

Shorts = NDArray[np.int16]
Bytes = NDArray[np.int8]
Floats = NDArray[np.float32]


def _float(activations: Shorts, weights: Bytes) -> Floats:
    return activations.astype(np.float32) @ weights.T.astype(np.float32)


def _integers(activations: Shorts, weights: Bytes) -> Floats:
    return (activations.astype(np.int64) @ weights.T.astype(np.int64)).astype(np.float32)


def _short_mantissa(bits: int) -> object:
    def product(activations: Shorts, weights: Bytes) -> Floats:
        values = activations.astype(np.float32).view(np.int32) & -(1 << (23 - bits))
        return values.view(np.float32) @ weights.T.astype(np.float32)

    return product


def _half_sums(activations: Shorts, weights: Bytes) -> Floats:
    total = np.zeros((len(activations), len(weights)), np.float32)
    for k in range(activations.shape[1]):
        total += activations[:, k : k + 1].astype(np.float32) * weights[:, k].astype(np.float32)
        total = (np.rint(total / 2) * 2).astype(np.float32)  # 23 bits where 24 are needed
    return total


def _saturating(activations: Shorts, weights: Bytes) -> Floats:
    products = activations[:, None, :].astype(np.int64) * weights[None].astype(np.int64)
    if products.shape[2] % 2:
        products = np.concatenate([products, np.zeros_like(products[:, :, :1])], axis=2)
    pairs = products[:, :, 0::2] + products[:, :, 1::2]
    return np.clip(pairs, -(2**17), 2**17 - 1).sum(axis=2).astype(np.float32)


def _one_wrong(activations: Shorts, weights: Bytes) -> Floats:
    result = _integers(activations, weights)
    result[-1, -1] += 1
    return result


def _fails(activations: Shorts, weights: Bytes) -> Floats:
    raise RuntimeError("no such kernel for this device")


def test_exact_products_pass() -> None:
    assert is_exact(_float)
    assert is_exact(_integers)


@pytest.mark.parametrize(
    "product",
    [
        _short_mantissa(10),  # TF32
        _short_mantissa(7),  # bfloat16
        _half_sums,
        _saturating,
        _one_wrong,
        _fails,
        lambda activations, weights: _integers(activations, weights)[:, :1],
        lambda activations, weights: _integers(activations, weights) + np.float32(0.25),
    ],
)
def test_others_do_not(product: object) -> None:
    assert not is_exact(product)  # type: ignore[arg-type]


def test_the_cases_are_at_the_limit_and_not_beyond() -> None:
    greatest = 0
    for activations, weights in _cases():
        reached = (np.abs(activations.astype(np.int64)) @ np.abs(weights.astype(np.int64)).T).max()
        assert reached < FLOAT_LIMIT
        greatest = max(greatest, int(reached))
    assert greatest > 0.95 * FLOAT_LIMIT

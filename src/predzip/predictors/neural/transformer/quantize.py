"""From the float tensors of training or conversion to what the exact engine runs on. NumPy only.

Each matrix keeps 8 bits a number and one float32 scale a row; norms and biases stay float32, since they are only
ever added or multiplied element by element.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig

WEIGHT_MAX = 127
_TRIED = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.8)
"""Largest magnitude kept, as parts of the row's: cutting the outermost weights may round all others less."""


def tensor_shapes(config: TransformerConfig) -> dict[str, tuple[str, tuple[int, ...]]]:
    """(dtype, shape) of every tensor of the exact model."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in config.float_shapes().items():
        if len(shape) == 2:
            shapes[name] = ("int8", shape)
            shapes[f"{name.removesuffix('.weight')}.scale"] = ("float32", shape[:1])
        else:
            shapes[name] = ("float32", shape)
    return shapes


def round_rows(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(R, K) -> integers and a scale a row, of those tried the one with the least squared error."""
    greatest = np.maximum(np.abs(weights).max(axis=1), 1e-20)
    least_error = np.full(len(weights), np.inf)
    codes = np.zeros(weights.shape, np.int8)
    scales = np.zeros(len(weights), np.float32)
    for part in _TRIED:
        scale = (greatest * part / WEIGHT_MAX).astype(np.float32)
        rounded = np.clip(np.rint(weights / scale[:, None]), -WEIGHT_MAX, WEIGHT_MAX)
        error = ((rounded * scale[:, None] - weights) ** 2).sum(axis=1)
        better = error < least_error
        least_error[better] = error[better]
        codes[better] = rounded[better].astype(np.int8)
        scales[better] = scale[better]
    return codes, scales


def quantize_transformer(
    config: TransformerConfig, tensors: Mapping[str, NDArray[np.floating]]
) -> dict[str, NDArray[np.generic]]:
    """Round float tensors, named and shaped as `TransformerConfig.float_shapes` says.

    Returns:
        int8 `X.weight` with float32 `X.scale` for each matrix X, everything else as float32.

    Raises:
        ModelError: for a missing tensor, a wrong shape, or a number that is not finite.
    """
    result: dict[str, NDArray[np.generic]] = {}
    for name, shape in config.float_shapes().items():
        tensor = tensors.get(name)
        if tensor is None or tuple(tensor.shape) != shape:
            raise ModelError(f"tensor {name} must have shape {shape}")
        values = np.asarray(tensor, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ModelError(f"tensor {name} holds a number that is not finite")
        if len(shape) == 2:
            result[name], result[f"{name.removesuffix('.weight')}.scale"] = round_rows(values)
        else:
            result[name] = values.astype(np.float32)
    return result


def dequantize_transformer(
    config: TransformerConfig, tensors: Mapping[str, NDArray[np.generic]]
) -> dict[str, NDArray[np.float32]]:
    """The float tensors that the integers stand for: to go on training, or to compare with."""
    result = {}
    for name, shape in config.float_shapes().items():
        values = tensors[name].astype(np.float32)
        if len(shape) == 2:
            values = values * tensors[f"{name.removesuffix('.weight')}.scale"].astype(np.float32)[:, None]
        result[name] = values
    return result

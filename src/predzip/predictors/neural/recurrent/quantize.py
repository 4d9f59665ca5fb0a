"""From the float tensors of training to the integers that the kernels run on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.recurrent.network import pack_rows

_Floats = NDArray[np.float32]
_TABLE_MAX = 7
_FACTOR_MAX = 2047


def _rows_to_int8(weights: _Floats) -> tuple[NDArray[np.int8], _Floats]:
    """Round each row to -127..127 times its scale: (..., K) -> the same and (...,)."""
    scale = np.maximum(np.abs(weights).max(axis=-1), 1e-8).astype(np.float32) / np.float32(127)
    return np.rint(weights / scale[..., None]).astype(np.int8), scale


def _best_step(table: _Floats) -> float:
    """The step of a 4-bit table with the least squared error."""
    deviation = float(table.std())
    steps = [deviation * factor for factor in np.linspace(0.2, 0.7, 26)]
    errors = [
        float(((np.clip(np.rint(table / step), -_TABLE_MAX - 1, _TABLE_MAX) * step - table) ** 2).mean())
        for step in steps
    ]
    return float(steps[int(np.argmin(errors))])


def quantize_recurrent(config: RecurrentConfig, tensors: dict[str, _Floats]) -> dict[str, NDArray[np.generic]]:
    """Turn the tensors of training (`emb.weight`, `tables.0`, `blocks.0.win.weight`, ...) into those of `Network`.

    Dense weights keep 8 bits and a scale a row; table entries 4 bits and a step a table.
    """
    result: dict[str, NDArray[np.generic]] = {"embedding": tensors["emb.weight"].astype(np.float32)}
    tables = [tensors[f"tables.{i}"] for i in range(len(config.row_bits))]
    steps = [_best_step(table) for table in tables]
    unit = max(steps) / _FACTOR_MAX
    factors = np.array([max(1, round(step / unit)) for step in steps], np.int16)
    packed = []
    for table, factor in zip(tables, factors, strict=True):
        packed.append(pack_rows(np.clip(np.rint(table / (factor * unit)), -_TABLE_MAX - 1, _TABLE_MAX).astype(np.int8)))
    result["table_factors"] = factors
    result["tables"] = np.concatenate(packed)
    weights, scale = _rows_to_int8(tensors["wt.weight"])
    result["table_weights"], result["table_scale"] = weights, (scale * np.float32(unit)).astype(np.float32)

    def stacked(name: str) -> _Floats:
        return np.stack([tensors[f"blocks.{i}.{name}"] for i in range(config.layers)]).astype(np.float32)

    for ours, theirs in (("gate", "win"), ("state", "wout"), ("up", "w1"), ("down", "w2")):
        result[f"{ours}_weights"], result[f"{ours}_scale"] = _rows_to_int8(stacked(f"{theirs}.weight"))
    result["gate_bias"] = stacked("win.bias")
    result["output_weights"], result["output_scale"] = _rows_to_int8(tensors["out.weight"])
    result["output_bias"] = tensors["out.bias"].astype(np.float32)
    return result

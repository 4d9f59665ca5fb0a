"""From the tensors of training to the weights that the exact engines run, and back to go on training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.training.fake_quantise import round_rows
from predzip.training.presets import Preset

FORMAT = 1
_TABLE_DEVIATION = 0.12
"""Standard deviation that trained tables end up with; what the exact model folds away is chosen to bring it back."""

_Arrays = Mapping[str, NDArray[Any]]


def recurrent_config(preset: Preset) -> RecurrentConfig:
    """The exact architecture of a recurrent preset."""
    return RecurrentConfig.from_dict({key: value for key, value in preset.architecture.items() if key != "cell"})


def has_exact_engine(preset: Preset) -> bool:
    """Whether what is trained can be exported: a GRU is there for comparison only."""
    return "cell" not in preset.architecture


def export(preset: Preset, tensors: dict[str, torch.Tensor], folder: Path, *, about: dict[str, Any]) -> Path:
    """Quantise and write NAME.safetensors and NAME.json.

    Args:
        preset: names the model and its architecture.
        tensors: float tensors under the names of training.
        folder: where to write.
        about: what else the description says, for people.

    Returns:
        Path of the .safetensors file.
    """
    from predzip.predictors.neural.weights import write_weights

    config: dict[str, Any] = {"format": FORMAT, "kind": preset.kind, "name": preset.name, "about": about}
    exact: _Arrays
    if preset.kind == "transformer":
        from predzip.predictors.neural.transformer.quantize import quantize_transformer

        # Rows are rounded as training rounded them; the export finds them on a grid and keeps them.
        rounded = {
            name: round_rows(tensor.detach()) if tensor.ndim == 2 else tensor for name, tensor in tensors.items()
        }
        transformer = TransformerConfig.from_dict(preset.architecture)
        exact = dict(quantize_transformer(transformer, _floats(rounded)))
        config |= transformer.to_dict()
    else:
        from predzip.predictors.neural.recurrent.quantize import quantize_recurrent

        recurrent = recurrent_config(preset)
        exact = dict(quantize_recurrent(recurrent, _floats(tensors)))
        config["architecture"] = recurrent.to_dict()
    path = folder / f"{preset.name}.safetensors"
    write_weights(path, config, exact)
    return path


def _floats(tensors: dict[str, torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in tensors.items()}


def start_tensors(preset: Preset, name_or_path: str) -> dict[str, torch.Tensor]:
    """Float tensors to go on from: those that exact weights stand for.

    Raises:
        UsageError: where the weights belong to another architecture.
        ModelError: where there are none, or damaged ones.
    """
    from predzip.predictors.neural.catalogue import load

    weights = load(name_or_path)
    other = UsageError(f"{name_or_path}: these weights are not those of a model like {preset.name}")
    if weights.config.get("kind") != preset.kind or not has_exact_engine(preset):
        raise other
    floats: dict[str, NDArray[np.float32]]
    if preset.kind == "transformer":
        from predzip.predictors.neural.transformer.quantize import dequantize_transformer

        transformer = TransformerConfig.from_dict(weights.config)
        if transformer != TransformerConfig.from_dict(preset.architecture):
            raise other
        floats = dequantize_transformer(transformer, weights.tensors)
    else:
        if RecurrentConfig.from_dict(weights.config["architecture"]) != recurrent_config(preset):
            raise other
        floats = dequantise_recurrent(recurrent_config(preset), weights.tensors)
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in floats.items()}


def dequantise_recurrent(config: RecurrentConfig, tensors: _Arrays) -> dict[str, NDArray[np.float32]]:
    """The float tensors that the integers of a recurrent model stand for."""
    from predzip.predictors.neural.recurrent.network import unpack_rows

    floats = {"emb.weight": tensors["embedding"], "out.bias": tensors["output_bias"]}
    rows = unpack_rows(tensors["tables"])
    ends = np.cumsum([1 << bits for bits in config.row_bits])
    tables = [
        part.astype(np.float32) * np.float32(factor)
        for part, factor in zip(np.split(rows, ends[:-1]), tensors["table_factors"], strict=True)
    ]
    unit = np.float32(_TABLE_DEVIATION / max(float(np.mean([table.std() for table in tables])), 1e-9))
    floats |= {f"tables.{i}": table * unit for i, table in enumerate(tables)}
    floats["wt.weight"] = _scaled(tensors, "table") / unit
    floats["out.weight"] = _scaled(tensors, "output")
    for ours, theirs in (("win", "gate"), ("wout", "state"), ("w1", "up"), ("w2", "down")):
        matrices = _scaled(tensors, theirs)
        floats |= {f"blocks.{i}.{ours}.weight": matrices[i] for i in range(config.layers)}
    floats |= {f"blocks.{i}.win.bias": tensors["gate_bias"][i] for i in range(config.layers)}
    return {name: np.asarray(values, np.float32) for name, values in floats.items()}


def _scaled(tensors: _Arrays, name: str) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = tensors[f"{name}_weights"].astype(np.float32) * tensors[f"{name}_scale"][..., None]
    return scaled

"""Weights on disk: NAME.json (what the model is) beside NAME.safetensors (its numbers), read without running anything.

The fingerprint is SHA-256 over the bytes of the .json, then those of the .safetensors, unpacked. Whoever wrote a file
that is read here is not trusted: sizes are bounded, types are few, numbers are finite; an engine asks for tensors by
`expect`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.neural.model_files import files_of, read_model_file, stem_of, unpacked_files_of
from predzip.predictors.neural.tensor_files import TensorsOnDisk, fingerprint_of_large, is_large

FORMAT = 1
"""Value of the field `format` in the description."""

MAX_CONFIG_BYTES = 1 << 20
MAX_TENSOR_BYTES = 1 << 33

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DTYPES = frozenset(
    ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "float32", "float64")
)

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Weights:
    """A model as read: its description, its tensors, and the fingerprint that frames name it by."""

    name: str
    config: dict[str, Any]
    tensors: Mapping[str, NDArray[Any]]
    """Those of a large model are read when they are asked for."""
    fingerprint: bytes
    """32 bytes; frames hold the first 8."""
    stem: Path | None = None
    """Path of the files that it was read from, without a suffix."""

    @property
    def kind(self) -> str:
        """Which engine runs it: "recurrent", "transformer" or "float"."""
        return str(self.config["kind"])


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a model, with or without a suffix in `path`.

    Raises:
        ModelError: a file is missing or is not what it should be.
        LimitError: a file is larger than any model of this release.
    """
    config_path, tensors_path = files_of(path)
    config_bytes = read_model_file(config_path, MAX_CONFIG_BYTES)
    config = _parse_config(config_bytes, config_path)
    if is_large(tensors_path):
        on_disk = TensorsOnDisk(tensors_path, lambda name, tensor: _check_tensor(name, tensor, tensors_path))
        return Weights(config["name"], config, on_disk, fingerprint_of_large(config_bytes, tensors_path), stem_of(path))
    tensor_bytes = read_model_file(tensors_path, MAX_TENSOR_BYTES)
    tensors = _parse_tensors(tensor_bytes, tensors_path)
    return Weights(config["name"], config, tensors, _fingerprint(config_bytes, tensor_bytes), stem_of(path))


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read only the description of a model; the tensors need not be there.

    Raises:
        ModelError: the file is missing or is not a description.
        LimitError: it is too large to be one.
    """
    config_path = files_of(path)[0]
    return _parse_config(read_model_file(config_path, MAX_CONFIG_BYTES), config_path)


def fingerprint_of(path: str | os.PathLike[str]) -> bytes:
    """Hash a model's files without understanding them: 32 bytes.

    Raises:
        ModelError: a file is missing.
        LimitError: a file is too large.
    """
    config_path, tensors_path = files_of(path)
    config_bytes = read_model_file(config_path, MAX_CONFIG_BYTES)
    if is_large(tensors_path):
        return fingerprint_of_large(config_bytes, tensors_path)
    return _fingerprint(config_bytes, read_model_file(tensors_path, MAX_TENSOR_BYTES))


def write_weights(path: str | os.PathLike[str], config: dict[str, Any], tensors: Tensors) -> bytes:
    """Write NAME.json and NAME.safetensors; equal arguments give equal bytes.

    Args:
        path: where to, with or without a suffix; parent folders are made.
        config: at least `kind`; `format` and `name` have defaults, the current format and the name of the file.
        tensors: arrays of integers, or of floats that are finite.

    Returns:
        The fingerprint, 32 bytes.

    Raises:
        ModelError: `read_weights` would not take it back.
    """
    from safetensors.numpy import save

    config_path, tensors_path = unpacked_files_of(path)
    config = {"format": FORMAT, "name": stem_of(path).name, **config}
    text = json.dumps(config, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    config_bytes = text.encode("utf-8")
    _parse_config(config_bytes, config_path)
    _check_tensors(tensors, tensors_path)
    tensor_bytes = save({name: np.array(tensors[name], order="C", copy=True) for name in sorted(tensors)})
    if max(len(config_bytes) - MAX_CONFIG_BYTES, len(tensor_bytes) - MAX_TENSOR_BYTES) > 0:
        raise ModelError(f"{config_path.stem}: too large for a model file")
    config_path.parent.mkdir(parents=True, exist_ok=True)
    _replace(tensors_path, tensor_bytes)
    _replace(config_path, config_bytes)
    return _fingerprint(config_bytes, tensor_bytes)


def expect(weights: Weights, name: str, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:  # noqa: ANN401 - as NumPy
    """Return a tensor after checking that it is what an engine was written for: C order, native, finite.

    Raises:
        ModelError: it is missing, or of another type or shape, or holds a number that is not finite.
    """
    tensor = weights.tensors.get(name)
    wanted = f"{np.dtype(dtype).name} of shape {tuple(shape)}"
    if tensor is None:
        raise ModelError(f"model {weights.name}: tensor {name} is missing; it should be {wanted}")
    if tensor.dtype != np.dtype(dtype) or tensor.shape != tuple(shape):
        found = f"{tensor.dtype.name} of shape {tensor.shape}"
        raise ModelError(f"model {weights.name}: tensor {name} should be {wanted}, but is {found}")
    if not _is_finite(tensor):
        raise ModelError(f"model {weights.name}: tensor {name} holds a number that is not finite")
    return np.ascontiguousarray(tensor)


def _fingerprint(config_bytes: bytes, tensor_bytes: bytes) -> bytes:
    digest = hashlib.sha256(config_bytes)
    digest.update(tensor_bytes)
    return digest.digest()


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number of JSON")


def _parse_config(data: bytes, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not the description of a model: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path} is not the description of a model: not an object")
    if type(config.get("format")) is not int or config["format"] != FORMAT:
        raise ModelError(f"{path} has format {config.get('format')!r}; this release knows {FORMAT}")
    for field in ("name", "kind"):
        value = config.get(field)
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise ModelError(f"{path}: {field} must be a short word, not {str(value)[:64]!r}")
    return config


def _parse_tensors(data: bytes, path: Path) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        loaded = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise ModelError(f"{path} is not a safetensors file that can be read: {error}") from None
    _check_tensors(loaded, path)
    # What comes out may be read-only or lie at an odd address; kernels are compiled for arrays that are neither.
    return {name: np.require(tensor, requirements=["C", "A", "W"]) for name, tensor in loaded.items()}


def _check_tensors(tensors: Tensors, path: Path) -> None:
    if not tensors:
        raise ModelError(f"{path} holds no tensor")
    for name, tensor in tensors.items():
        _check_tensor(name, tensor, path)


def _check_tensor(name: str, tensor: NDArray[Any], path: Path) -> None:
    if tensor.dtype.name not in _DTYPES:
        raise ModelError(f"{path}: tensor {name} is of type {tensor.dtype}, which no model of this release has")
    if tensor.size == 0:
        raise ModelError(f"{path}: tensor {name} is empty")
    if not _is_finite(tensor):
        raise ModelError(f"{path}: tensor {name} holds a number that is not finite")


def _is_finite(tensor: NDArray[Any]) -> bool:
    return tensor.dtype.kind != "f" or bool(np.isfinite(tensor).all())


def _replace(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

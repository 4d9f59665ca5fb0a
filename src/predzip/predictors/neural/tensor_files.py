"""Tensors of a large model, read from its file one at a time when they are asked for: memory never holds them all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError

LARGE_BYTES = 1 << 25
"""Files of this size and more are read this way."""
_HASHED_AT_ONCE = 1 << 22


class TensorsOnDisk(Mapping[str, NDArray[Any]]):
    """Tensors by name, as a dictionary of arrays would have them; each look-up reads anew.

    Args:
        path: of a safetensors file.
        check: called with the name and the tensor, and raises where it is not one of a model.

    Raises:
        ModelError: the file is not of that format; later, too, if it changes.
    """

    def __init__(self, path: Path, check: Callable[[str, NDArray[Any]], None]) -> None:
        self._path = path
        self._check = check
        with self._open() as file:
            self._names = tuple(file.keys())

    def _open(self) -> Any:  # noqa: ANN401 - safetensors has no types
        from safetensors import SafetensorError, safe_open

        try:
            return safe_open(self._path, framework="numpy")
        except (SafetensorError, OSError, ValueError) as error:
            raise ModelError(f"{self._path} is not a safetensors file that can be read: {error}") from None

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._names:
            raise KeyError(name)
        from safetensors import SafetensorError

        try:
            with self._open() as file:
                tensor: NDArray[Any] = np.require(file.get_tensor(name), requirements=["C", "A", "W"])
        except (SafetensorError, ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{self._path}: tensor {name} cannot be read: {error}") from None
        self._check(name, tensor)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def is_large(path: Path) -> bool:
    """Say whether a file of tensors is read one tensor at a time."""
    try:
        return path.suffix == ".safetensors" and path.is_file() and path.stat().st_size >= LARGE_BYTES
    except OSError:
        return False


def fingerprint_of_large(config_bytes: bytes, path: Path) -> bytes:
    """SHA-256 over the description and the file, which is not held in memory."""
    digest = hashlib.sha256(config_bytes)
    try:
        with path.open("rb") as file:
            while part := file.read(_HASHED_AT_ONCE):
                digest.update(part)
    except OSError as error:
        raise ModelError(f"no weights at {path}: {error.strerror or error}") from None
    return digest.digest()

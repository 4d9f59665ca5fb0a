"""Tensors of a folder of safetensors, a few rows at a time, whatever floats they are stored as.

    length of the header (8 bytes), header (JSON: name to dtype, shape, begin and end), numbers

The package `safetensors` has no bfloat16 for NumPy; here it becomes float32, which holds each of its numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError

_MOST_HEADER_BYTES = 100_000_000
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, eq=False)
class _Tensor:
    data: NDArray[np.uint8]  # of the file, behind the header
    dtype: str
    shape: tuple[int, ...]
    begin: int


class SafetensorsFiles:
    """Tensors of several files, as one.

    Raises:
        ModelError: a file is damaged, or holds numbers that are no floats.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._tensors: dict[str, _Tensor] = {}
        for path in paths:
            for name, tensor in _read_header(path).items():
                if name in self._tensors:
                    raise ModelError(f"{path}: tensor {name} is in another file too")
                self._tensors[name] = tensor

    def names(self) -> Collection[str]:
        """Names of the tensors."""
        return self._tensors.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor."""
        return self._tensors[name].shape

    def type_names(self) -> list[str]:
        """What the tensors are stored as, the most used first."""
        kinds = [tensor.dtype for tensor in self._tensors.values()]
        return sorted(set(kinds), key=lambda kind: (-kinds.count(kind), kind))

    def rows(self, name: str, begin: int, end: int) -> NDArray[np.float32]:
        """Rows begin .. end - 1, as float32."""
        tensor = self._tensors[name]
        row_bytes = math.prod(tensor.shape[1:]) * _SIZES[tensor.dtype]
        raw = tensor.data[tensor.begin + begin * row_bytes : tensor.begin + end * row_bytes]
        shape = (end - begin, *tensor.shape[1:])
        if tensor.dtype == "BF16":  # the upper half of a float32
            return (
                (np.ascontiguousarray(raw).view("<u2").astype(np.uint32) << np.uint32(16))
                .view(np.float32)
                .reshape(shape)
            )
        kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[tensor.dtype]
        return np.ascontiguousarray(raw).view(kind).astype(np.float32).reshape(shape)


def _read_header(path: Path) -> dict[str, _Tensor]:
    try:
        data = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise ModelError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    length = int.from_bytes(data[:8].tobytes(), "little")
    if len(data) < 8 or length > min(len(data) - 8, _MOST_HEADER_BYTES):
        raise ModelError(f"{path} is not a safetensors file, or is cut short")
    try:
        header = json.loads(data[8 : 8 + length].tobytes())
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _tensor(data[8 + length :], entry) for name, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a safetensors file that can be read: {error}") from None


def _tensor(data: NDArray[np.uint8], entry: dict[str, Any]) -> _Tensor:
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    if dtype not in _SIZES:
        raise ValueError(f"numbers of type {dtype}; this release converts {', '.join(_SIZES)}")
    if not shape or any(type(size) is not int or size < 1 for size in shape):
        raise ValueError(f"a tensor of shape {list(shape)}")
    if not 0 <= begin <= end <= len(data) or end - begin != math.prod(shape) * _SIZES[dtype]:
        raise ValueError("a tensor that does not lie within the file")
    return _Tensor(data, dtype, shape, begin)

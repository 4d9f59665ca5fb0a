"""Files of llama.cpp (GGUF): what they say of themselves, and their tensors, a few rows at a time.

    "GGUF", version, tensors, entries          all numbers little-endian
    entry:  key, type, value                   a string is its length and UTF-8; an array is type, length, values
    tensor: name, dimensions, type, offset     the dimension that runs fastest comes first
    padding to the alignment, then the tensors at their offsets

The package `gguf` reads all of this too, but takes 16 s and 0.7 GB for a vocabulary of 262,144 tokens (here 1 s), and
trusts the file; it does turn the blocks of quantised tensors into floats, which is its makers' to know.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.conversion.libraries import library
from predzip.errors import ModelError

_VERSIONS = (2, 3)
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_ENTRIES = 1 << 16
_MOST_VALUES = 1 << 22
_MOST_STRING_BYTES = 1 << 24
_MOST_DIMENSIONS = 4
_DEFAULT_ALIGNMENT = 32


@dataclass(frozen=True)
class _Tensor:
    shape: tuple[int, ...]  # rows first
    type: int
    offset: int  # from the start of the file
    row_bytes: int


class _Cursor:
    """Reads on from a place in the file, and never beyond its end."""

    def __init__(self, data: NDArray[np.uint8], path: Path) -> None:
        self.data = memoryview(data)  # type: ignore[arg-type]
        self.path = path
        self.at = 0

    def take(self, count: int) -> memoryview:
        if count > len(self.data) - self.at:
            raise ModelError(f"{self.path} is cut short, or not a GGUF file")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, code: str) -> Any:  # noqa: ANN401 - int, float or bool
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def count(self, most: int, what: str) -> int:
        value = int(self.number("Q"))
        if value > most:
            raise ModelError(f"{self.path} has {value:,} {what}, more than any model of this release")
        return value

    def string(self) -> str:
        return bytes(self.take(self.count(_MOST_STRING_BYTES, "bytes in a string"))).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:  # noqa: ANN401 - what the file says
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise ModelError(f"{self.path} holds a value of the unknown type {kind}")
        inner = int(self.number("I"))
        count = self.count(_MOST_VALUES, "values in an array")
        if inner in _NUMBERS:
            code = _NUMBERS[inner]
            return list(struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize("<" + code))))
        if inner != _STRING:
            raise ModelError(f"{self.path} holds an array of the unknown type {inner}")
        return [self.string() for _ in range(count)]


class GgufFile:
    """A file of llama.cpp.

    Args:
        path: of the file, which stays mapped.

    Raises:
        ModelError: it cannot be read, or is not one.
        MissingExtraError: the package gguf is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._data = np.memmap(path, np.uint8, "r")
        except (OSError, ValueError) as error:  # ValueError: an empty file
            raise ModelError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        self.path = path
        self._library = library("gguf")
        cursor = _Cursor(self._data, path)
        if bytes(cursor.take(4)) != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file")
        version = cursor.number("I")
        if version not in _VERSIONS:
            raise ModelError(f"{path} is of GGUF version {version}; this release reads 2 and 3, little-endian")
        tensors = cursor.count(_MOST_ENTRIES, "tensors")
        entries = cursor.count(_MOST_ENTRIES, "entries")
        self.metadata: dict[str, Any] = {}
        for _ in range(entries):
            key = cursor.string()
            self.metadata[key] = cursor.value(int(cursor.number("I")))
        if self.metadata.get("split.count", 1) > 1:
            raise ModelError(f"{path} is one of several parts of a model; join them with llama-gguf-split --merge")
        self._tensors = self._directory(cursor, tensors)

    def _directory(self, cursor: _Cursor, count: int) -> dict[str, _Tensor]:
        found = {}
        for _ in range(count):
            name = cursor.string()
            dimensions = int(cursor.number("I"))
            if not 1 <= dimensions <= _MOST_DIMENSIONS:
                raise ModelError(f"{self.path}: tensor {name} has {dimensions} dimensions")
            shape = tuple(int(cursor.number("Q")) for _ in range(dimensions))[::-1]
            found[name] = shape, int(cursor.number("I")), int(cursor.number("Q"))
        alignment = self.metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        if type(alignment) is not int or not 1 <= alignment <= 1 << 16:
            raise ModelError(f"{self.path}: tensors cannot be aligned to {alignment!r} bytes")
        start = -(-cursor.at // alignment) * alignment
        return {name: self._tensor(name, *where, start) for name, where in found.items()}

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int, offset: int, start: int) -> _Tensor:
        sizes = self._library.GGML_QUANT_SIZES
        if kind not in sizes:
            raise ModelError(f"{self.path}: tensor {name} is of type {kind}, which the installed gguf does not know")
        block, block_bytes = sizes[kind]
        row_bytes = shape[-1] // block * block_bytes
        end = start + offset + math.prod(shape[:-1]) * row_bytes
        if shape[-1] % block or not all(shape) or end > len(self._data):
            raise ModelError(f"{self.path}: tensor {name} does not lie within the file")
        return _Tensor(shape, kind, start + offset, row_bytes)

    def names(self) -> Collection[str]:
        """Names of the tensors."""
        return self._tensors.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, rows first."""
        return self._tensors[name].shape

    def type_names(self) -> list[str]:
        """How the matrices are quantised, the most used first."""
        kinds = [self._library.GGMLQuantizationType(t.type).name for t in self._tensors.values() if len(t.shape) > 1]
        return sorted(set(kinds), key=lambda kind: (-kinds.count(kind), kind))

    def rows(self, name: str, begin: int, end: int) -> NDArray[np.float32]:
        """Rows begin .. end - 1 of a matrix, or numbers of a vector, as float32.

        Raises:
            ModelError: the installed package gguf cannot read tensors of this type.
        """
        tensor = self._tensors[name]
        vector = len(tensor.shape) == 1
        first, last = (0, 1) if vector else (begin, end)
        at = tensor.offset + first * tensor.row_bytes
        raw = self._data[at : at + (last - first) * tensor.row_bytes].reshape(last - first, tensor.row_bytes)
        kind = self._library.GGMLQuantizationType(tensor.type)
        if kind.name in ("F32", "F16"):
            values = np.ascontiguousarray(raw).view("<f4" if kind.name == "F32" else "<f2").astype(np.float32)
        else:
            try:
                values = self._library.dequantize(np.ascontiguousarray(raw), kind).astype(np.float32)
            except NotImplementedError:
                raise ModelError(f"{self.path}: tensor {name} is of type {kind.name}, which gguf cannot read") from None
        return values[0, begin:end] if vector else values.reshape(last - first, *tensor.shape[1:])

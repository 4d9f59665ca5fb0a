"""Where training bytes come from: files, folders and compressed files, as kinds with weights and held-out tails."""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError

HELD_OUT_BYTES = 300_000
"""End of each kind that training never sees, unless told otherwise."""
_HELD_OUT_PART = 10
"""At most one tenth of a kind is held out."""
_LEAST_BYTES = 64

_SPECIFICATION = re.compile(r"(?:(?P<name>[\w.+-]+)=)?(?P<path>.+?)(?::(?P<weight>\d+(?:\.\d*)?|\.\d+))?", re.DOTALL)


@dataclass(frozen=True)
class Kind:
    """One kind of data: bytes to train on, and bytes to measure with; or symbols of another alphabet, as int32."""

    name: str
    weight: float
    """Share of the batches, of any scale."""
    train: NDArray[np.integer]
    held_out: NDArray[np.integer]


def read_file(path: Path) -> NDArray[np.uint8]:
    """All bytes of a file; .xz and .gz are decompressed.

    Raises:
        UsageError: where a compressed file is damaged.
    """
    try:
        match path.suffix.lower():
            case ".xz":
                return np.frombuffer(lzma.decompress(path.read_bytes()), np.uint8)
            case ".gz":
                return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
    except (lzma.LZMAError, gzip.BadGzipFile, EOFError) as error:
        raise UsageError(f"{path}: cannot be decompressed: {error}") from None
    return np.fromfile(path, np.uint8)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _read(path: Path) -> NDArray[np.uint8]:
    """A file, or all files of a folder one after the other."""
    return np.concatenate([read_file(file) for file in _files(path)]) if path.is_dir() else read_file(path)


def _name(path: Path) -> str:
    return path.name.split(".")[0] or path.name


def _expand(specification: str) -> list[tuple[str, Path, float | None]]:
    """(name, path, weight) of the kinds that one argument stands for."""
    match = _SPECIFICATION.fullmatch(specification)
    if match is None:
        raise UsageError(f"{specification!r} is not PATH, NAME=PATH or NAME=PATH:WEIGHT")
    name, path = match["name"], Path(match["path"])
    weight = None if match["weight"] is None else float(match["weight"])
    if not path.exists() and Path(specification).exists():  # a path that looks like a name or a weight
        name, path, weight = None, Path(specification), None
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if path.is_dir() and name is None:
        entries = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
        if not entries:
            raise UsageError(f"{path}: the folder is empty")
        return [(_name(entry), entry, None if weight is None else weight / len(entries)) for entry in entries]
    return [(name or _name(path), path, weight)]


def read_kinds(specifications: Sequence[str], held_out_bytes: int = HELD_OUT_BYTES) -> list[Kind]:
    """Read training data.

    Args:
        specifications: `PATH`, `NAME=PATH` or `NAME=PATH:WEIGHT`; a folder without a name stands for one kind for each
            of its entries, a folder with a name is one kind. Without weights, kinds weigh as many bytes as they have.
        held_out_bytes: end of each kind that is kept from training, at most a tenth of it.

    Raises:
        UsageError: where there is nothing to read or too little, a name comes twice, or only some have weights.
    """
    parts = [part for specification in specifications for part in _expand(specification)]
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names):
        raise UsageError(f"two kinds of data have the same name ({', '.join(sorted(names))}); say NAME=PATH")
    weighted = [weight is not None for _, _, weight in parts]
    if any(weighted) and not all(weighted):
        raise UsageError("either every kind of data has a weight, or none")
    kinds = []
    for name, path, weight in parts:
        data = _read(path)
        if len(data) < _LEAST_BYTES:
            raise UsageError(f"{path}: {len(data)} bytes are too few to train on")
        held = min(held_out_bytes, len(data) // _HELD_OUT_PART)
        cut = len(data) - held
        kinds.append(Kind(name, float(len(data)) if weight is None else weight, data[:cut], data[cut:]))
    if sum(kind.weight for kind in kinds) <= 0:
        raise UsageError("the weights of the data sum to nothing")
    return kinds

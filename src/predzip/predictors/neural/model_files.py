"""The files of a model: NAME.json beside NAME.safetensors, or NAME.safetensors.xz where room on disk is scarce.

Importing this loads no NumPy.
"""

from __future__ import annotations

import lzma
import os
import stat
from pathlib import Path

from predzip.errors import LimitError, ModelError
from predzip.units import format_bytes

_DESCRIPTION, _TENSORS, _PACKED = ".json", ".safetensors", ".xz"
MODEL_SUFFIXES = (_DESCRIPTION, _TENSORS, _TENSORS + _PACKED)
_MAX_UNPACKING_BYTES = 1 << 28
"""Memory of the xz decoder: its largest usual dictionary is 64 MiB."""


def stem_of(path: str | os.PathLike[str]) -> Path:
    """The path without the suffix of a model's file; other dots belong to the name ("paper-3.2m")."""
    text = os.fspath(path)
    for suffix in reversed(MODEL_SUFFIXES):
        if text.endswith(suffix):
            return Path(text.removesuffix(suffix))
    return Path(text)


def unpacked_files_of(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The description and the tensors of a model as they are written first."""
    stem = stem_of(path)
    return stem.with_name(stem.name + _DESCRIPTION), stem.with_name(stem.name + _TENSORS)


def files_of(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The description and the tensors of a model, by its path with or without a suffix.

    The tensors are those that are packed where there are no others.
    """
    description, tensors = unpacked_files_of(path)
    packed = tensors.with_name(tensors.name + _PACKED)
    return description, packed if packed.exists() and not tensors.exists() else tensors


def is_source(text: str | os.PathLike[str]) -> bool:
    """Say whether a word names a model that must be converted first: hf:ORG/NAME, a GGUF file, a folder of a model."""
    name = os.fspath(text)
    return name.startswith("hf:") or name.endswith(".gguf") or (Path(name) / "config.json").is_file()


def tokenizer_path(stem: Path) -> Path:
    """Where the tokenizer of a model over tokens lies, whether or not it is there."""
    return stem.with_name(stem.name + ".tokenizer.json")


def folder_path(stem: Path) -> Path:
    """Where the file lies that says which folder holds the own files of a model in floats."""
    return stem.with_name(stem.name + ".folder")


def are_there(stem: Path) -> bool:
    """Whether both files of a model exist."""
    return stem.name != "" and all(path.is_file() for path in files_of(stem))


def read_model_file(path: Path, most_bytes: int) -> bytes:
    """Read one of the files whole, unpacked.

    Raises:
        ModelError: it is not there, not a file, or damaged.
        LimitError: it holds more than `most_bytes`.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):  # a pipe or a device has no end
                raise ModelError(f"{path} is not a regular file")
            data = file.read(min(status.st_size, most_bytes) + 1)
    except OSError as error:
        raise ModelError(f"no weights at {path}: {error.strerror or error}") from None
    if path.suffix == _PACKED and len(data) <= most_bytes:
        data = _unpack(data, path, most_bytes)
    if len(data) > most_bytes:
        raise LimitError(f"{path} is larger than {format_bytes(most_bytes)}, more than any model of this release")
    return data


def _unpack(data: bytes, path: Path, most_bytes: int) -> bytes:
    """At most one byte more than `most_bytes`."""
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_UNPACKING_BYTES)
    try:
        unpacked = unpacker.decompress(data, most_bytes + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    if len(unpacked) <= most_bytes and (not unpacker.eof or unpacker.unused_data):
        raise ModelError(f"{path} is damaged: " + ("bytes after its end" if unpacker.eof else "it is cut short"))
    return unpacked

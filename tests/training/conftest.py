"""Fixtures of training: one thread, and data that a model can learn something from in seconds."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]

WORDS = (b"the cat ", b"sat on ", b"a mat, ", b"and so ", b"it goes.\n")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bits are promised for one thread; the memory of the other tests is left as it is."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr("predzip.training.run.keep_freed_memory", lambda: False)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A file of 30 KB in which much is predictable."""
    choices = np.random.default_rng(1).integers(0, len(WORDS), 4300)
    path = tmp_path / "text"
    path.write_bytes(b"".join(WORDS[choice] for choice in choices))
    return path

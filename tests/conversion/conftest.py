"""Packages that conversion takes, and real models where somebody has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

MODELS_VARIABLE = "PREDZIP_TEST_MODELS"
"""Names a folder with the files below; without it their tests are skipped."""
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
GEMMA3 = "gemma-3-270m-q4_k_m.gguf"


def _model(name: str) -> Path:
    folder = os.environ.get(MODELS_VARIABLE)
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"{MODELS_VARIABLE} names no folder with {name}")
    return Path(folder) / name


@pytest.fixture(scope="session")
def smollm2() -> Path:
    return _model(SMOLLM2)


@pytest.fixture(scope="session")
def gemma3() -> Path:
    return _model(GEMMA3)

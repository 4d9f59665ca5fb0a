"""Real models, from packages of the Python index."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import real_models


@pytest.fixture(scope="session")
def smollm2() -> Path:
    return real_models.path_of("smollm2")


@pytest.fixture(scope="session")
def gemma3() -> Path:
    return real_models.path_of("gemma3")

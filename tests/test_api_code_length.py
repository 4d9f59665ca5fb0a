"""`predzip.code_length`: the library's estimator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import predzip
import tiny_models

DATA = b"it is a truth universally acknowledged, that a tree is a tree. " * 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_models.write_transformer(tmp_path_factory.mktemp("models")))


def test_a_model_alone(model: str) -> None:
    bits = predzip.code_length(DATA, model=model)
    assert 3 < bits / len(DATA) < 8
    assert predzip.code_length(np.frombuffer(DATA, np.uint16), model=model) == bits
    pieces = [predzip.code_length(DATA[start : start + 48], model=model) for start in range(0, len(DATA), 48)]
    assert predzip.code_length(DATA, model=model, chunk_bytes=48) == pytest.approx(sum(pieces), rel=1e-12)


def test_a_coded_file_is_no_larger_by_more_than_its_frame(model: str) -> None:
    frame_bytes = 32
    for options in ({"level": 1}, {"method": "ppm:order=3"}, {"method": "chunks", "model": model}):
        coded = 8 * len(predzip.compress(DATA, **options))
        bits = predzip.code_length(DATA, **options)
        assert bits - 16 <= coded <= bits * 1.0002 + 8 * frame_bytes


def test_levels_and_pieces() -> None:
    assert predzip.code_length(DATA) == predzip.code_length(DATA, level=predzip.DEFAULT_LEVEL)
    whole = predzip.code_length(DATA, method="frequency")
    cut = predzip.code_length(DATA, method="frequency", chunk_bytes=100)
    parts = [predzip.code_length(DATA[start : start + 100], method="frequency") for start in range(0, len(DATA), 100)]
    assert cut == pytest.approx(sum(parts))
    assert cut > whole
    assert predzip.code_length(b"") == predzip.code_length(b"", method="ppm") == 0.0


def test_what_makes_no_sense(model: str) -> None:
    with pytest.raises(predzip.UsageError, match="at least 1 byte"):
        predzip.code_length(DATA, chunk_bytes=0)
    with pytest.raises(predzip.UsageError, match="runs no model"):
        predzip.code_length(DATA, method="ppm", model=model)
    with pytest.raises(predzip.ModelError, match="no model"):
        predzip.code_length(DATA, model="no such model")
    with pytest.raises(predzip.UsageError, match="levels are 1 to 9"):
        predzip.code_length(DATA, level=10)


def test_the_same_sum_from_other_instruction_sets(model: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    program = "import predzip, sys; print(repr(predzip.code_length(open(sys.argv[1], 'rb').read(), model=sys.argv[2])))"
    expected = repr(predzip.code_length(DATA, model=model))
    for environment in ({"OPENBLAS_CORETYPE": "Prescott"}, {"OPENBLAS_NUM_THREADS": "2"}):
        finished = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "data"), model],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **environment},
        )
        assert finished.stdout.strip() == expected

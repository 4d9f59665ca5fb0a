"""Large models are read one tensor at a time: the same tensors, the same fingerprint, the same refusals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import tiny_models
from predzip.errors import ModelError
from predzip.predictors.neural import tensor_files
from predzip.predictors.neural.weights import fingerprint_of, read_weights


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_files, "LARGE_BYTES", 1)


def test_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = tiny_models.write_token_model(tmp_path)
    whole = read_weights(stem)
    monkeypatch.setattr(tensor_files, "LARGE_BYTES", 1)
    parts = read_weights(stem)
    assert isinstance(parts.tensors, tensor_files.TensorsOnDisk)
    assert (parts.fingerprint, parts.config, parts.stem) == (whole.fingerprint, whole.config, whole.stem)
    assert fingerprint_of(stem) == whole.fingerprint
    assert sorted(parts.tensors) == sorted(whole.tensors)
    assert len(parts.tensors) == len(whole.tensors)
    for name, tensor in whole.tensors.items():
        assert parts.tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(parts.tensors[name], tensor)
    assert parts.tensors.get("no such tensor") is None


@pytest.mark.usefixtures("all_are_large")
def test_damage(tmp_path: Path) -> None:
    stem = tiny_models.write_token_model(tmp_path)
    file = stem.with_name(stem.name + ".safetensors")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError):
        read_weights(stem)
    file.write_bytes(b"no tensors at all")
    with pytest.raises(ModelError):
        read_weights(stem)


@pytest.mark.usefixtures("all_are_large")
def test_numbers_that_are_none_are_refused_when_they_are_read(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    stem = tiny_models.write_token_model(tmp_path)
    file = stem.with_name(stem.name + ".safetensors")
    tensors = load_file(file)
    tensors["norm.weight"][0] = np.inf
    save_file(tensors, file)
    weights = read_weights(stem)
    with pytest.raises(ModelError, match="not finite"):
        weights.tensors["norm.weight"]

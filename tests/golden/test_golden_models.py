"""Golden frames of methods that run their users' models: method 3 over bytes and over tokens, and method 4.

As in `test_golden_files`; the models are tiny, with random weights, and lie beside the frames. What coding by them
decides is every rounding of the exact engine: norms, rotation, attention with and without a window, gates, the tree of
a vocabulary.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import predzip
import tiny_models
from predzip.inspection import inspect
from predzip.predictors.neural import catalogue

MODELS = Path(__file__).parent / "models"
CONTENTS = Path(__file__).parent / "v1"
FILES = sorted(MODELS.glob("v*/*.pz"))
CURRENT = [path for path in FILES if path.parent.name == "v1"]


def parts_of(path: Path) -> tuple[bytes, Path, str]:
    """Content, model and method of a frame."""
    name, model, method = path.name.removesuffix(".pz").rsplit(".", 2)
    return (CONTENTS / name).read_bytes(), MODELS / model, method


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MODELS).as_posix())
def test_decodes_for_ever(path: Path) -> None:
    data, model, _ = parts_of(path)
    catalogue.offer(model)
    assert predzip.decompress(path.read_bytes()) == data


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: path.name)
def test_this_release_writes_the_same_bytes(path: Path) -> None:
    data, model, method = parts_of(path)
    with tiny_models.always_by_model():
        assert predzip.compress(data, method=method, model=str(model)) == path.read_bytes()


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: path.name)
def test_frames_are_of_their_method(path: Path) -> None:
    (frame,) = inspect(path.read_bytes()).frames
    assert frame.method == parts_of(path)[2]


def test_every_model_has_files() -> None:
    found = {parts_of(path)[1:] for path in CURRENT}
    assert {model for model, _ in found} == {path.with_suffix("") for path in MODELS.glob("*.safetensors")}
    assert {method for _, method in found} == {"chunks", "tokens"}

"""How a model reaches a codec: by the number or the fingerprint in a frame, also in another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import tiny_models
from predzip.codecs.registry import (
    MIXING_ID,
    MIXTURE_ID,
    MODEL_CHUNKS_ID,
    choose_codec,
    method_name,
    model_name,
    reference_for_frame,
)
from predzip.errors import ModelError, UsageError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import fingerprint_of


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path / "user"))
    for name in ("_offered", "_fingerprints", "_weights"):
        monkeypatch.setattr(catalogue, name, type(getattr(catalogue, name))())
    return tiny_models.write_transformer(tmp_path / "models", "mine")


def test_a_model_with_a_level_is_a_mixture(model: Path) -> None:
    tiny_models.write_recurrent(catalogue.SHIPPED_FOLDER, "small")
    shipped = choose_codec(2, model="small").codec
    assert (shipped.method_id, shipped.parameters[1:], shipped.fingerprint) == (MIXTURE_ID, b"\x01", b"")
    own = choose_codec(2, model=str(model)).codec
    assert (own.method_id, own.parameters[1:]) == (MIXTURE_ID, b"\x00")
    assert own.fingerprint == fingerprint_of(model)[:8]
    with pytest.raises(ModelError, match="missing from this installation"):
        choose_codec(2, model="base")


def test_names_of_models_for_lists(model: Path) -> None:
    fingerprint = fingerprint_of(model)[:8]
    assert model_name(MIXTURE_ID, b"\x03\x02", b"") == "base"
    assert model_name(MIXTURE_ID, b"\x03\x77", b"") == model_name(MIXING_ID, b"\x03", b"") == ""
    assert model_name(MODEL_CHUNKS_ID, b"", fingerprint) == ""
    catalogue.fingerprint(model)
    assert model_name(MODEL_CHUNKS_ID, b"", fingerprint) == "mine"


def test_a_reference_works_in_another_process(model: Path) -> None:
    reference = choose_codec(method="chunks", model=str(model)).codec
    program = (
        "import pickle, sys; codec = pickle.load(sys.stdin.buffer).build();"
        "sys.stdout.buffer.write(codec.encode_block(b'some text'))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(reference), capture_output=True, check=True
    )
    assert reference.build().decode_block(finished.stdout, 9) == b"some text"
    assert reference_for_frame(MODEL_CHUNKS_ID, b"", reference.fingerprint) == reference


def test_what_a_frame_may_not_ask_for(model: Path) -> None:
    fingerprint = fingerprint_of(model)[:8]
    with pytest.raises(ModelError, match=f"needs the model {fingerprint.hex()}, yet method mixing runs none"):
        reference_for_frame(MIXING_ID, b"\x01", fingerprint)
    with pytest.raises(ModelError, match="ppm runs none"):
        reference_for_frame(18, b"", fingerprint)
    with pytest.raises(ModelError, match="which is not here"):
        reference_for_frame(MODEL_CHUNKS_ID, b"", fingerprint).build()
    with pytest.raises(UsageError, match="method ppm runs no model"):
        choose_codec(method="ppm", model=str(model))
    assert method_name(MODEL_CHUNKS_ID) == "chunks"

"""Entries of models in floats: what they hold, what is refused, and how their weights are found again."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parents[1]))

import float_models
from predzip.conversion import float_entry
from predzip.conversion.download import Fetched
from predzip.conversion.float_entry import adopt_float, runs_exactly, write_float_entry
from predzip.errors import MissingExtraError, ModelError, UsageError
from predzip.predictors import float_model
from predzip.predictors.float_model import FloatConfig, load_model, weights_folder
from predzip.predictors.neural import cards, catalogue
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import fingerprint_of, read_weights


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return float_models.write_model(tmp_path_factory.mktemp("models") / "gpt")


def copy_of(model: Path, folder: Path) -> Path:
    shutil.copytree(model, folder)
    return folder


def test_what_an_entry_holds(model: Path, tmp_path: Path) -> None:
    import torch

    fingerprint = write_float_entry(model, tmp_path / "mine")
    weights = read_weights(tmp_path / "mine")
    assert fingerprint == weights.fingerprint == fingerprint_of(tmp_path / "mine")
    config = FloatConfig.from_dict(weights.config)
    assert (config.vocab_size, config.start_token, config.context) == (float_models.VOCABULARY, 0, float_models.CONTEXT)
    assert (config.source, config.dtype) == ("gpt", "float32")
    assert set(config.files) == {"config.json", "model.safetensors", "tokenizer.json"}
    about = {"source": "gpt", "revision": "", "licence": "", "architecture": "gpt2"}
    assert weights.config["about"] == about
    loaded = load_model(weights)
    assert config.parameters == sum(each.numel() for each in loaded.parameters()) == cards.parameters(weights.config)
    files_bytes = sum((tmp_path / f"mine.{suffix}").stat().st_size for suffix in ("json", "safetensors"))
    assert cards.bytes_on_disk(tmp_path / "mine") == files_bytes + 4 * config.parameters
    assert not loaded.training
    assert {each.dtype for each in loaded.parameters()} == {torch.float32}
    assert load_model(weights) is loaded
    assert catalogue.is_over_tokens(tmp_path / "mine")
    vocabulary = Vocabulary.from_weights(weights)
    assert vocabulary.token(0) == b""
    assert {vocabulary.token(token) for token in range(len(vocabulary))} >= {bytes([byte]) for byte in range(256)}


def test_the_folder_may_move(model: Path, tmp_path: Path) -> None:
    first = write_float_entry(model, tmp_path / "mine")
    moved = copy_of(model, tmp_path / "elsewhere" / "gpt")
    assert write_float_entry(moved, tmp_path / "again" / "mine") == first
    assert weights_folder(read_weights(tmp_path / "again" / "mine")) == moved


def test_a_model_of_the_hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0123456789" * 4
    monkeypatch.setattr(float_entry, "fetch", lambda source: Fetched(model, "org/some.gpt", commit))
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path))
    stem = adopt_float("hf:org/some.gpt@main")
    weights = read_weights(stem)
    assert (weights.name, weights.config["source"]) == ("some.gpt", f"hf:org/some.gpt@{commit}")
    assert catalogue.locate("some.gpt").stem == stem
    assert catalogue.listed_fingerprint(catalogue.locate("some.gpt")) == weights.fingerprint
    (tmp_path / "some.gpt.folder").unlink()
    with pytest.raises(ModelError, match=f"predzip models convert hf:org/some.gpt@{commit} --name some.gpt"):
        weights_folder(weights)
    assert read_weights(adopt_float("hf:org/some.gpt")).fingerprint == weights.fingerprint
    assert weights_folder(weights) == model
    with pytest.raises(UsageError, match="another model named"):
        adopt_float(str(model), name="some.gpt")
    for name in ("small", "a b", "../x"):
        with pytest.raises(UsageError, match="cannot be the name"):
            adopt_float(str(model), name=name)
    assert adopt_float(str(model)) == tmp_path / "gpt"


def test_options(model: Path, tmp_path: Path) -> None:
    fingerprints = {
        write_float_entry(model, tmp_path / "mine", dtype=dtype, context=context)
        for dtype, context in (("float32", None), ("bfloat16", None), ("float32", 20))
    }
    assert len(fingerprints) == 3
    with pytest.raises(UsageError, match="trained with 48"):
        write_float_entry(model, tmp_path / "mine", context=49)
    with pytest.raises(UsageError, match="float32, bfloat16"):
        write_float_entry(model, tmp_path / "mine", dtype="int4")


def test_other_families(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2}
    state_space = float_models.write_model(tmp_path / "mamba", "Mamba", **sizes)
    write_float_entry(state_space, tmp_path / "one")
    assert FloatConfig.from_dict(read_weights(tmp_path / "one").config).context == 2048
    experts = {"num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 64, "num_local_experts": 4}
    write_float_entry(float_models.write_model(tmp_path / "moe", "Mixtral", **sizes, **experts), tmp_path / "two")
    without_memory = float_models.write_model(tmp_path / "first", "OpenAIGPT", n_embd=32, n_layer=2, n_head=2)
    with pytest.raises(ModelError, match="step by step"):
        write_float_entry(without_memory, tmp_path / "three")
    assert not (tmp_path / "three.json").exists()


def test_families_of_the_exact_engine(model: Path, tmp_path: Path) -> None:
    assert not runs_exactly(model)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert runs_exactly(tmp_path)
    with pytest.raises(ModelError):
        runs_exactly(tmp_path / "nowhere")


def test_half_a_model_is_refused(model: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    half = copy_of(model, tmp_path / "half")
    tensors = load_file(half / "model.safetensors")
    del tensors["transformer.h.1.mlp.c_fc.weight"]
    save_file(tensors, half / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="missing_keys"):
        write_float_entry(half, tmp_path / "mine")


def test_pickles_and_code_are_refused(model: Path, tmp_path: Path) -> None:
    pickled = copy_of(model, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickles"):
        write_float_entry(pickled, tmp_path / "mine")
    coded = copy_of(model, tmp_path / "coded")
    config = json.loads((coded / "config.json").read_text())
    config["model_type"] = "own"
    config["auto_map"] = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    (coded / "config.json").write_text(json.dumps(config))
    (coded / "own.py").write_text(f"open({str(tmp_path / 'was here')!r}, 'w')")
    with pytest.raises(ModelError, match="cannot load"):
        write_float_entry(coded, tmp_path / "mine")
    assert not (tmp_path / "was here").exists()


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"folder with config\.json"):
        write_float_entry(tmp_path / "nowhere", tmp_path / "mine")


def test_weights_that_went_or_changed(model: Path, tmp_path: Path) -> None:
    folder = copy_of(model, tmp_path / "gpt")
    write_float_entry(folder, tmp_path / "mine")
    weights = read_weights(tmp_path / "mine")
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ModelError, match="not the file that model mine was entered with"):
        weights_folder(weights)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        weights_folder(weights)
    shutil.rmtree(folder)
    with pytest.raises(
        ModelError, match=r"needs the weights of gpt, which are not here .*predzip models convert FOLDER"
    ):
        weights_folder(weights)
    (tmp_path / "mine.folder").unlink()
    with pytest.raises(ModelError, match=weights.fingerprint[:8].hex()):
        weights_folder(weights)


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"../x": "0" * 64}},
        {"files": {"x": "abc"}},
        {"files": {}},
        {"dtype": "int8"},
        {"context": 0},
        {"context": True},
        {"vocab_size": "400"},
        {"start_token": 400},
        {"source": "a\nb"},
        {"more": 1},
        {"kind": "transformer"},
    ],
)
def test_damaged_entries(model: Path, tmp_path: Path, change: dict[str, object]) -> None:
    write_float_entry(model, tmp_path / "mine")
    values = read_weights(tmp_path / "mine").config
    assert FloatConfig.from_dict(values)
    with pytest.raises(ModelError):
        FloatConfig.from_dict({**values, **change})
    with pytest.raises(ModelError):
        FloatConfig.from_dict({key: value for key, value in values.items() if key != "parameters"})


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_the_extra_is_named(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed; run: pip install 'predzip\[float\]'"):
        write_float_entry(model, tmp_path / "mine")
    with pytest.raises(MissingExtraError):
        float_model.libraries()

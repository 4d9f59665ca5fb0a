from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conversion.tiny_sources import GEMMA, LLAMA, TEXT, random_floats, source_name, write_folder, write_gguf
from predzip.conversion.check import conversion_loss
from predzip.conversion.convert import convert, open_source
from predzip.conversion.source import read_rows
from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.network import new_network
from predzip.predictors.neural.transformer.quantize import quantize_transformer
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights, read_weights

pytest.importorskip("gguf")
pytest.importorskip("tokenizers")

QWEN2 = replace(LLAMA, attention_bias=True, tied=False)
QWEN3 = replace(LLAMA, qk_norm=True)
FAMILIES = {"llama": LLAMA, "qwen2": QWEN2, "qwen3": QWEN3, "gemma3": GEMMA}


def converted(tmp_path: Path, source: Path, **options: Any) -> Weights:
    fingerprint = convert(source, tmp_path / "out", **options)
    weights = read_weights(tmp_path / "out")
    assert weights.fingerprint == fingerprint
    return weights


def network_tensors(weights: Weights) -> dict[str, Any]:
    return {name: tensor for name, tensor in weights.tensors.items() if not name.startswith("vocabulary.")}


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        # Gains that were stored less 1 come back within a rounding.
        assert np.allclose(found[name], tensor, rtol=0, atol=0 if tensor.dtype == np.int8 else 2e-7), name


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_tensors_are_those_of_the_engine(tmp_path: Path, family: str, kind: str) -> None:
    config = FAMILIES[family]
    floats = random_floats(config)
    if family == "qwen2":  # which has no bias behind attention
        for name in [name for name in floats if name.endswith(".o.bias")]:
            floats[name] *= 0
    kept = {name: values for name, values in floats.items() if not name.endswith(".o.bias")}
    if kind == "folder":
        source = write_folder(tmp_path / "model", config, kept, "gemma3_text" if family == "gemma3" else family)
    else:
        source = write_gguf(tmp_path / "model.gguf", config, kept, family)
    weights = converted(tmp_path, source)
    found = TransformerConfig.from_dict(dict(weights.config))
    assert found == config
    assert_same(network_tensors(weights), quantize_transformer(config, floats))
    new_network(found, weights.tensors)


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_description_says_where_the_model_comes_from(tmp_path: Path, kind: str) -> None:
    floats = random_floats(LLAMA)
    write = {"folder": write_folder, "gguf": write_gguf}[kind]
    about = converted(tmp_path, write(tmp_path / "mine.gguf", LLAMA, floats)).config["about"]
    assert (about["source"], about["licence"], about["architecture"]) == ("mine.gguf", "apache-2.0", "llama")
    assert about["quantisation"] == "F32"
    assert all(len(digits) == 64 for digits in about["sha256"].values())
    expected = 1 if kind == "gguf" else 4
    assert len(about["sha256"]) == expected


def test_equal_sources_give_equal_files(tmp_path: Path) -> None:
    source = write_gguf(tmp_path / "model.gguf", LLAMA, random_floats(LLAMA))
    assert convert(source, tmp_path / "a" / "same") == convert(source, tmp_path / "b" / "same")
    assert (tmp_path / "a" / "same.tokenizer.json").is_file()


def test_quantised_blocks_become_the_floats_that_they_stand_for(tmp_path: Path) -> None:
    import gguf

    kind = gguf.GGMLQuantizationType.Q8_0
    floats = random_floats(QWEN3)
    source = open_source(write_gguf(tmp_path / "model.gguf", QWEN3, floats, "qwen3", quantised=kind))
    for name in ("layers.0.q.weight", "layers.1.down.weight"):
        expected = gguf.dequantize(gguf.quantize(floats[name], kind), kind)
        assert np.array_equal(read_rows(source, name, 3, 17), expected[3:17])
    assert source.about["quantisation"].startswith("Q8_0")


def test_context_is_the_shorter_of_2048_and_what_the_model_was_trained_with(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "model", LLAMA, random_floats(LLAMA), max_position_embeddings=100_000)
    assert open_source(source).config.context == 2048
    assert open_source(source, 512).config.context == 512
    with pytest.raises(UsageError, match="trained with 100000"):
        open_source(source, 100_001)


def test_window_is_cut_to_the_context(tmp_path: Path) -> None:
    source = write_gguf(tmp_path / "model.gguf", GEMMA, random_floats(GEMMA), "gemma3")
    assert open_source(source, 6).config.window == 6


def test_progress_ends_at_all_parameters(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    source = write_gguf(tmp_path / "model.gguf", LLAMA, random_floats(LLAMA))
    convert(source, tmp_path / "out", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (LLAMA.parameters(), LLAMA.parameters())
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


@pytest.mark.parametrize("family", FAMILIES)
def test_exact_engine_is_near_the_floats(tmp_path: Path, family: str) -> None:
    config = FAMILIES[family]
    source = write_gguf(tmp_path / "model.gguf", config, random_floats(config), family)
    convert(source, tmp_path / "out")
    vocabulary = Vocabulary.from_weights(read_weights(tmp_path / "out"))
    said = np.flatnonzero(vocabulary.lengths)
    tokens = np.random.default_rng(2).choice(said, 150)
    loss = conversion_loss(open_source(source), tmp_path / "out", tokens, 50)
    assert loss.text_bytes == len(vocabulary.join(tokens))
    assert loss.tokens == 150
    assert loss.float_bits > 150  # random weights know nothing
    assert 0 < abs(loss.relative) < 0.01
    assert loss.exact_bpb == pytest.approx(loss.float_bpb * (1 + loss.relative))


def test_text_of_the_tokenizer_joins_to_itself(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    for family in ("llama", "gemma3"):
        source = write_gguf(tmp_path / f"{family}.gguf", FAMILIES[family], random_floats(FAMILIES[family]), family)
        convert(source, tmp_path / family)
        vocabulary = Vocabulary.from_weights(read_weights(tmp_path / family))
        tokenizer = Tokenizer.from_file(str(tmp_path / f"{family}.tokenizer.json"))
        ids = tokenizer.encode(TEXT, add_special_tokens=False).ids
        assert vocabulary.join(ids) == TEXT.encode()
        assert len(ids) < len(TEXT)


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    floats = random_floats(LLAMA)
    floats["layers.1.up.weight"][3, 4] = np.inf
    with pytest.raises(ModelError, match=r"layers\.1\.up\.weight holds a number that is not finite"):
        convert(write_folder(tmp_path / "model", LLAMA, floats), tmp_path / "out")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_tensors_that_are_missing_or_too_many_are_refused(tmp_path: Path, kind: str) -> None:
    write, number = {"folder": (write_folder, 0), "gguf": (write_gguf, 1)}[kind]
    floats = random_floats(LLAMA)
    gone = floats.pop("layers.1.down.weight")
    with pytest.raises(ModelError, match=f"lacks tensor {source_name('layers.1.down.weight', number, False)}"):
        open_source(write(tmp_path / "a", LLAMA, floats))
    with pytest.raises(ModelError, match="has shape"):
        open_source(write(tmp_path / "b", LLAMA, {**floats, "layers.1.down.weight": gone[:, :32]}))
    more = {**floats, "layers.1.down.weight": gone, "layers.1.q_norm.weight": gone[0, :8]}
    with pytest.raises(ModelError, match="does not know what it does"):
        open_source(write(tmp_path / "c", LLAMA, more))


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model at"):
        open_source(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="pickles"):
        open_source(tmp_path / "empty")


def test_biases_are_read_where_there_are_some(tmp_path: Path) -> None:
    config = replace(LLAMA, attention_bias=True, ffn_bias=True)
    floats = random_floats(config)
    folder = converted(tmp_path, write_folder(tmp_path / "model", config, floats))
    assert_same(network_tensors(folder), quantize_transformer(config, floats))
    file = converted(tmp_path, write_gguf(tmp_path / "model.gguf", config, floats))
    assert_same(network_tensors(file), network_tensors(folder))


def test_the_description_is_plain_json(tmp_path: Path) -> None:
    convert(write_gguf(tmp_path / "model.gguf", GEMMA, random_floats(GEMMA), "gemma3"), tmp_path / "out")
    values = json.loads((tmp_path / "out.json").read_text())
    assert values["kind"] == "transformer"
    assert values["embed_scale"] == 32**0.5

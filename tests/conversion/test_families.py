"""What descriptions say, and what is refused in them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conversion.tiny_sources import GEMMA, LLAMA, random_floats, write_folder, write_gguf
from predzip.conversion.architectures import architecture_named, global_every
from predzip.conversion.convert import open_source
from predzip.conversion.rope import factors_of
from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig

pytest.importorskip("gguf")
pytest.importorskip("tokenizers")


def folder_config(tmp_path: Path, family: str = "llama", **changes: Any) -> TransformerConfig:
    config = GEMMA if family.startswith("gemma3") else LLAMA
    return open_source(write_folder(tmp_path / "model", config, random_floats(config), family, **changes)).config


def gguf_config(tmp_path: Path, family: str = "llama", **entries: Any) -> TransformerConfig:
    config = GEMMA if family == "gemma3" else LLAMA
    return open_source(write_gguf(tmp_path / "model.gguf", config, random_floats(config), family, **entries)).config


FOLDERS_REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("gpt2", {}, "architecture 'gpt2'"),
    ("", {}, "architecture ''"),
    ("llama", {"num_local_experts": 8}, "mixture of experts"),
    ("llama", {"quantization_config": {"quant_method": "awq"}}, "take the original"),
    ("llama", {"hidden_act": "relu"}, "activation is 'relu'"),
    ("llama", {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "'yarn'"),
    ("llama", {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "'dynamic'"),
    ("llama", {"rope_scaling": {"rope_type": "linear"}}, "does not say factor"),
    ("llama", {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}, "part of each head"),
    ("llama", {"rope_scaling": [1]}, "rope_scaling"),
    ("llama", {"layer_types": ["full_attention", "linear_attention"]}, "other kinds"),
    ("llama", {"layer_types": "full_attention"}, "other kinds"),
    ("llama", {"hidden_size": "32"}, "hidden_size is '32'"),
    ("llama", {"num_attention_heads": None}, "num_attention_heads"),
    ("llama", {"rms_norm_eps": -1.0}, "rms_norm_eps"),
    ("llama", {"bos_token_id": None}, "begins a document"),
    ("llama", {"bos_token_id": 300}, "start_token"),
    ("llama", {"text_config": {}}, "consist of several"),
    ("llama", {"num_hidden_layers": 3}, "lacks tensor"),
    ("gemma3_text", {"final_logit_softcapping": 30.0}, "soft caps of logits"),
    ("gemma3_text", {"use_bidirectional_attention": True}, "what comes later"),
    ("gemma3_text", {"layer_types": ["full_attention", *["sliding_attention"] * 3]}, "do not alternate"),
    ("gemma3_text", {"layer_types": ["sliding_attention"] * 3}, "has 4 layers"),
    (
        "gemma3_text",
        {"rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_type": "linear", "factor": 8.0}}},
        "layers with a window are scaled",
    ),
]


@pytest.mark.parametrize(("family", "changes", "message"), FOLDERS_REFUSED)
def test_folders_that_are_not_understood(tmp_path: Path, family: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        folder_config(tmp_path, family, **changes)


FILES_REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("llama", {"expert_count": 8}, "mixture of experts"),
    ("llama", {"rope__scaling__type": "yarn"}, "'yarn'"),
    ("llama", {"rope__scaling__type": "linear"}, "rope.scaling.factor"),
    ("llama", {"rope__dimension_count": 4}, "rope.dimension_count is 4"),
    ("llama", {"attention__scale": 0.5}, "attention.scale, which this release does not understand"),
    ("llama", {"residual_scale": 0.5}, "residual_scale"),
    ("gemma3", {"final_logit_softcapping": 30.0}, "soft caps of logits"),
    ("gpt2", {}, "architecture 'gpt2'"),
]


@pytest.mark.parametrize(("family", "entries", "message"), FILES_REFUSED)
def test_files_that_are_not_understood(tmp_path: Path, family: str, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        gguf_config(tmp_path, family, **entries)


def test_what_says_nothing_is_passed_over(tmp_path: Path) -> None:
    assert gguf_config(tmp_path, expert_count=0, rope__scaling__finetuned=1, rope__dimension_count=8) == LLAMA
    assert folder_config(tmp_path, rope_scaling=None, num_local_experts=0, attention_dropout=0.0) == LLAMA


def test_windows_count_where_they_hide_something(tmp_path: Path) -> None:
    assert folder_config(tmp_path, "mistral", sliding_window=16) == replace(LLAMA, window=16)
    assert folder_config(tmp_path, "mistral", sliding_window=64) == LLAMA
    assert folder_config(tmp_path, "mistral", sliding_window=None) == LLAMA
    assert folder_config(tmp_path, "mistral", sliding_window=16, use_sliding_window=False) == LLAMA
    assert gguf_config(tmp_path, attention__sliding_window=16) == replace(LLAMA, window=16)
    assert gguf_config(tmp_path, attention__sliding_window=4096) == LLAMA


def test_windows_of_some_layers(tmp_path: Path) -> None:
    kinds = ["sliding_attention", "full_attention"]
    found = folder_config(tmp_path, "mistral", sliding_window=16, layer_types=kinds)
    assert found == replace(LLAMA, window=16, global_every=2, global_rope_base=10000.0)
    assert folder_config(tmp_path, "mistral", sliding_window=16, layer_types=["full_attention"] * 2) == LLAMA
    with pytest.raises(ModelError, match="do not alternate"):
        folder_config(tmp_path, "mistral", sliding_window=16, use_sliding_window=True, max_window_layers=1)


def test_gemma_in_both_spellings(tmp_path: Path) -> None:
    assert folder_config(tmp_path, "gemma3_text") == GEMMA
    kinds = ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]
    turns = {"sliding_attention": {"rope_theta": 1e4}, "full_attention": {"rope_theta": 1e6, "rope_type": "default"}}
    changes = {"layer_types": kinds, "rope_parameters": turns, "rope_theta": None, "sliding_window_pattern": None}
    assert folder_config(tmp_path, "gemma3_text", **changes) == GEMMA
    scaled = {"rope_scaling": {"rope_type": "linear", "factor": 8.0}}
    assert folder_config(tmp_path, "gemma3_text", **scaled) == replace(GEMMA, rope_factors=(8.0,) * 8)
    assert folder_config(tmp_path, "gemma3_text", query_pre_attn_scalar=64).query_scale == 1 / 8
    found = gguf_config(tmp_path, "gemma3", rope__scaling__type="linear", rope__scaling__factor=8.0)
    assert found == replace(GEMMA, rope_factors=(8.0,) * 8)


def test_gemma_with_eyes_is_read_without_them(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = write_folder(tmp_path / "model", GEMMA, random_floats(GEMMA), "gemma3_text")
    for path in folder.glob("*.safetensors"):
        tensors = {f"language_model.{name}": values for name, values in load_file(path).items()}
        save_file({**tensors, f"vision_tower.{path.stem}": np.ones(3, np.float32)}, path)
    description = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": description}))
    assert open_source(folder).config == GEMMA


def test_an_output_matrix_beside_a_tied_one_is_not_used(tmp_path: Path) -> None:
    floats = random_floats(LLAMA)
    more = {**floats, "output.weight": floats["embed.weight"]}
    assert open_source(write_folder(tmp_path / "tied", LLAMA, more)).config.tied
    loose = open_source(write_folder(tmp_path / "loose", LLAMA, more, tie_word_embeddings=False))
    assert not loose.config.tied


def test_factors_of_a_file_are_those_of_the_description(tmp_path: Path) -> None:
    scaling = {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 40,
    }
    found = folder_config(tmp_path, rope_scaling=scaling)
    assert found.rope_factors[0] == 1.0
    assert found.rope_factors[-1] == 32.0
    stored = np.array(found.rope_factors, np.float32)
    path = write_gguf(tmp_path / "model.gguf", LLAMA, random_floats(LLAMA), factors=stored)
    assert np.array_equal(np.float32(open_source(path).config.rope_factors), stored)


def test_factors_of_llama_3() -> None:
    scaling = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    factors = factors_of(scaling, 500000.0, 128)
    assert factors[0] == 1.0
    assert factors[-1] == 8.0
    between = [factor for factor in factors if 1.0 < factor < 8.0]
    assert between == sorted(between)
    i = next(i for i, factor in enumerate(factors) if factor > 1.0)
    wavelength = 2 * math.pi * 500000.0 ** (2 * i / 128)
    smooth = (8192 / wavelength - 1.0) / 3.0
    assert factors[i] == pytest.approx(1 / ((1 - smooth) / 8 + smooth))


def test_factors_that_change_nothing() -> None:
    assert factors_of(None, 1e4, 8) == []
    assert factors_of({"rope_type": "default"}, 1e4, 8) == []
    assert factors_of({"type": "linear", "factor": 2.0}, 1e4, 8) == [2.0] * 4


@pytest.mark.parametrize(
    ("is_global", "every"),
    [([False, True], 2), ([False, False, True, False], 3), ([True, True], 1), ([False, False], 3)],
)
def test_layers_that_alternate(is_global: list[bool], every: int) -> None:
    assert global_every(is_global) == every


def test_layers_that_do_not_alternate() -> None:
    with pytest.raises(ModelError, match="do not alternate"):
        global_every([False, True, True])


def test_an_unknown_family_lists_those_that_are_known() -> None:
    with pytest.raises(ModelError, match="which knows llama, mistral, qwen2, qwen3, gemma3"):
        architecture_named("mamba")

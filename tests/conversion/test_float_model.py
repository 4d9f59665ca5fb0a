"""The network in floats says what transformers says: random models of each family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conversion.tiny_sources import byte_level_description
from predzip.conversion.convert import open_source
from predzip.conversion.float_model import FloatModel
from predzip.predictors.neural.log_loss import bits_of

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

SIZES = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "initializer_range": 0.3,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {}),
    "llama with biases": ("Llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
    "llama 3": ("Llama", {"rope_parameters": LLAMA3}),
    "llama stretched": ("Llama", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0}}),
    "mistral": ("Mistral", {"sliding_window": 7}),
    "qwen2": ("Qwen2", {}),
    "qwen3": ("Qwen3", {}),
    "gemma3": ("Gemma3", {"sliding_window": 9, "num_hidden_layers": 7, "query_pre_attn_scalar": 24}),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_code_lengths_are_those_of_transformers(tmp_path: Path, name: str) -> None:
    family, changes = MODELS[name]
    torch.manual_seed(1)
    config_class = "Gemma3TextConfig" if family == "Gemma3" else f"{family}Config"
    config = getattr(transformers, config_class)(**{**SIZES, **changes})
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    with torch.no_grad():
        for key, values in model.named_parameters():
            if "norm" in key or key.endswith(".bias"):
                values += 0.2 * torch.randn_like(values)
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(byte_level_description()))

    tokens = np.random.default_rng(1).integers(0, 300, 40)
    ours = FloatModel(open_source(tmp_path)).code_length_bits(tokens)
    with torch.no_grad():
        logits = model(torch.tensor([[1, *tokens[:-1].tolist()]])).logits[0]
    theirs = bits_of(logits.numpy(), tokens)
    assert np.abs(ours - theirs).max() < 1e-3
    assert theirs.std() > 0.5  # the models are not uniform


def test_bits_are_those_of_the_softmax() -> None:
    logits = np.log(np.array([[1.0, 1.0, 2.0], [1.0, 0.0, 3.0]], np.float32) + 1e-30)
    assert np.allclose(bits_of(logits, np.array([2, 0])), [1.0, 2.0])

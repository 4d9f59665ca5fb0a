"""Models that are quick to test with: random weights of a few kilobytes, written to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.weights import write_weights

TRANSFORMER = TransformerConfig(width=16, layers=1, heads=2, head_dim=8, hidden=32, context=64)
RECURRENT = RecurrentConfig(width=16, state=16, hidden=16, layers=1, table_width=16, orders=((2, 4),), word_bits=4)


LETTERS = b"     etaoin shrdlu etaoin"


def _biases() -> Any:
    """Logits that know a little: which bytes are common in English."""
    counts = np.bincount(np.frombuffer(LETTERS + bytes(range(32, 127)), np.uint8), minlength=256)
    return np.log(counts + 0.02).astype(np.float32)


def write_transformer(folder: Path, name: str = "tiny", seed: int = 1, **about: Any) -> Path:
    """Write a Transformer; return its path without a suffix."""
    from predzip.predictors.neural.transformer.quantize import quantize_transformer

    random = np.random.default_rng(seed)
    floats = {
        tensor: (random.normal(0, 0.3, shape) + tensor.endswith("norm1.weight")).astype(np.float32)
        for tensor, shape in TRANSFORMER.float_shapes().items()
    }
    floats["output.weight"] *= np.float32(0.2)
    floats["output.bias"] = _biases()
    config = {"kind": "transformer", **TRANSFORMER.to_dict(), **about}
    write_weights(folder / name, config, dict(quantize_transformer(TRANSFORMER, floats)))
    return folder / name


WORDS = [b" the", b" and", b"the", b"ing", b" of", b" a", b"th", b"er", b"\n\n", b" in", b" that", b" was", b" she"]
"""Tokens of more than a byte of `write_token_model`."""
UNKNOWN_BYTES = (0xC0, 0xFE)
"""Bytes that no token of `write_token_model` stands for."""


GEMMA_LIKE: dict[str, Any] = {
    "activation": "geglu",
    "embed_scale": 4.0,
    "global_every": 2,
    "global_rope_base": 50000.0,
    "post_norms": True,
    "qk_norm": True,
    "query_scale": 0.25,
    "window": 16,
}
"""For `write_token_model`: what Gemma 3 has and Llama has not."""


def write_token_model(
    folder: Path,
    name: str = "tiny-tokens",
    seed: int = 3,
    context: int = 64,
    architecture: Mapping[str, Any] | None = None,
    **about: Any,
) -> Path:
    """Write a Transformer over tokens: a mark, the bytes but for two, and some words; return its path."""
    from predzip.predictors.neural.transformer.quantize import quantize_transformer
    from predzip.predictors.neural.vocabulary import Vocabulary

    tokens = [b"", *(bytes([byte]) for byte in range(256) if byte not in UNKNOWN_BYTES), *WORDS]
    sizes: dict[str, Any] = {
        "width": 16,
        "layers": 2,
        "heads": 2,
        "kv_heads": 1,
        "head_dim": 8,
        "hidden": 24,
        "vocab_size": len(tokens),
        "context": context,
        "norm": "rms",
        "norm_place": "pre",
        "activation": "swiglu",
        "tied": True,
        "ffn_bias": False,
        "output_bias": False,
    }
    config = TransformerConfig(**sizes | dict(architecture or {}))
    random = np.random.default_rng(seed)
    floats = {
        tensor: (random.normal(0, 0.3, shape) + (len(shape) == 1)).astype(np.float32)
        for tensor, shape in config.float_shapes().items()
    }
    tensors = {**quantize_transformer(config, floats), **Vocabulary.from_tokens(tokens).tensors()}
    write_weights(folder / name, {"kind": "transformer", **config.to_dict(), **about}, tensors)
    return folder / name


def write_recurrent(folder: Path, name: str = "tiny-recurrent", seed: int = 2) -> Path:
    """Write a recurrent model; return its path without a suffix."""
    from predzip.predictors.neural.recurrent.network import tensor_shapes

    random = np.random.default_rng(seed)
    tensors: dict[str, Any] = {}
    for tensor, (dtype, shape) in tensor_shapes(RECURRENT).items():
        if dtype == "float32":
            tensors[tensor] = random.uniform(0.001, 0.01, shape).astype(np.float32)
        else:
            low, high = {"int8": (-127, 128), "uint8": (0, 256), "int16": (1, 2048)}[dtype]
            tensors[tensor] = random.integers(low, high, shape).astype(dtype)
    tensors["output_scale"] *= np.float32(0.02)
    tensors["output_bias"] = _biases()
    write_weights(folder / name, {"kind": "recurrent", "architecture": RECURRENT.to_dict()}, tensors)
    return folder / name


@contextmanager
def always_by_model() -> Iterator[None]:
    """Let method 4 code text by its model, in lanes.

    Otherwise it would not: random weights cost bytes, and the few words of a tiny vocabulary leave most text spelt byte
    by byte.
    """
    from predzip.codecs import token_runs, tokens

    with (
        mock.patch.object(token_runs, "MOST_TOKENS_OF_A_BYTE", 1.0),
        mock.patch.object(tokens, "_COMPARED_BYTES", 1 << 40),
        mock.patch.object(tokens, "LEAST_LANE_TOKENS", 512),
        mock.patch.object(tokens, "is_smaller", return_value=True),
    ):
        yield

"""Small Transformers with random weights, one for each turn that the engine may take."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.quantize import quantize_transformer

SMALL = {"width": 32, "layers": 2, "heads": 4, "head_dim": 8, "hidden": 48}
CONFIGS = {
    "paper": TransformerConfig(**SMALL),
    "sinusoid": TransformerConfig(**SMALL, positions="sinusoid", embed_scale=5.5, start_token=7),
    "llama": TransformerConfig(
        **SMALL,
        norm="rms",
        norm_place="pre",
        activation="swiglu",
        kv_heads=2,
        tied=True,
        output_bias=False,
        ffn_bias=False,
        rope_base=100000.0,
    ),
    "window": TransformerConfig(**SMALL, window=20, context=600, activation="relu2", kv_heads=1),
    "short": TransformerConfig(**SMALL, context=50, norm_place="pre", attention_bias=True, positions="none"),
    "qwen": TransformerConfig(
        **{**SMALL, "layers": 3},
        norm="rms",
        norm_place="pre",
        activation="swiglu",
        kv_heads=2,
        qk_norm=True,
        rope_factors=(1.0, 1.5, 4.0, 8.0),
        query_scale=0.25,
    ),
    "gemma": TransformerConfig(
        **{**SMALL, "layers": 5, "head_dim": 12},
        norm="rms",
        norm_place="pre",
        activation="geglu",
        kv_heads=1,
        qk_norm=True,
        post_norms=True,
        window=16,
        context=700,
        global_every=2,
        global_rope_base=1e6,
        rope_factors=(8.0,) * 6,
        tied=True,
        output_bias=False,
        ffn_bias=False,
        embed_scale=5.6569,
    ),
    "layers": TransformerConfig(**SMALL, norm_place="pre", activation="geglu", qk_norm=True, post_norms=True),
    "odd": TransformerConfig(width=38, layers=1, heads=3, head_dim=6, hidden=77, norm="rms", norm_place="post"),
}


@dataclass(frozen=True)
class Model:
    """What the engine reads of weights."""

    config: dict[str, object]
    tensors: dict[str, NDArray[np.generic]]
    fingerprint: bytes = bytes(range(32))
    name: str = "test"
    kind: str = field(default="transformer")


def random_tensors(config: TransformerConfig, seed: int = 0, sharpness: float = 0.4) -> dict[str, NDArray[np.float32]]:
    """Weights of about the sizes that training gives; larger `sharpness`, surer predictions."""
    generator = np.random.Generator(np.random.PCG64(seed))
    tensors = {}
    for name, shape in config.float_shapes().items():
        if len(shape) == 2:
            spread = sharpness if name.startswith(("output", "embed")) else shape[1] ** -0.5
            values = generator.normal(0.0, spread, shape)
        else:
            values = generator.normal(1.0 if name.endswith("weight") else 0.0, 0.1, shape)
        tensors[name] = values.astype(np.float32)
    return tensors


def model(config: TransformerConfig, seed: int = 0, sharpness: float = 0.4) -> Model:
    tensors = quantize_transformer(config, random_tensors(config, seed, sharpness))
    return Model({"kind": "transformer", "format": 1, "name": "test", **config.to_dict()}, tensors)


def lanes(count: int, length: int, alphabet: int = 256, seed: int = 1) -> NDArray[np.integer]:
    """Random symbols, some of which repeat."""
    generator = np.random.Generator(np.random.PCG64(seed))
    symbols = generator.integers(0, alphabet, (count, length))
    symbols[:, length // 2 :] = symbols[:, : length - length // 2]
    return symbols.astype(np.uint8 if alphabet <= 256 else np.int64)

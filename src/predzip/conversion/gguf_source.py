"""A GGUF file as a model to convert: its metadata are read key by key, since an unknown one may change the network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from predzip.conversion.architectures import (
    Architecture,
    architecture_named,
    gguf_names,
    global_every,
    has_bias,
    places_of,
)
from predzip.conversion.gguf import GgufFile
from predzip.conversion.hashes import sha256_of
from predzip.conversion.rope import factors_of
from predzip.conversion.source import Source, check_places, context_for
from predzip.conversion.tokenizers import tokenizer_of_gguf
from predzip.conversion.vocabulary import tokens_of_gguf
from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig

_INTERLEAVED = ("llama",)
"""Families whose rows of q and k llama.cpp puts in another order."""
_FACTORS = "rope_freqs.weight"
_READ = {
    *("block_count", "context_length", "embedding_length", "feed_forward_length", "vocab_size"),
    *("attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length"),
    *("attention.layer_norm_rms_epsilon", "attention.sliding_window", "attention.sliding_window_pattern"),
    *("rope.dimension_count", "rope.freq_base", "rope.freq_base_swa", "rope.scaling.type", "rope.scaling.factor"),
}
_WITHOUT_EFFECT = {"rope.scaling.original_context_length", "rope.scaling.finetuned", "tensor_data_layout"}
_MUST_BE_ZERO = {
    "expert_count": "a mixture of experts",
    "expert_used_count": "a mixture of experts",
    "attn_logit_softcapping": "soft caps of attention",
    "final_logit_softcapping": "soft caps of logits",
    "use_parallel_residual": "parallel residual streams",
}
_GEMMA_LOCAL_BASE = 10000.0
_GEMMA_PATTERN = 6
_GEMMA_27B_LAYERS = 62


class _Fields:
    """The metadata of an architecture."""

    def __init__(self, file: GgufFile, architecture: str) -> None:
        prefix = f"{architecture}."
        self._values = {
            key.removeprefix(prefix): value for key, value in file.metadata.items() if key.startswith(prefix)
        }
        self._path = file.path
        for key, value in self._values.items():
            if key in _MUST_BE_ZERO and value:
                raise ModelError(f"{self._path} has {_MUST_BE_ZERO[key]}, which the engine does not")
            if key not in _READ | _WITHOUT_EFFECT | _MUST_BE_ZERO.keys():
                raise ModelError(f"{self._path} says {prefix}{key}, which this release does not understand")

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - what the file says
        """A value, the same for all layers; without a default it has to be there."""
        value = self._values.get(key, default)
        if isinstance(value, list) and key.startswith(("attention.head", "feed_forward")):
            if len(set(value)) != 1:
                raise ModelError(f"{self._path}: layers differ in {key}, which the engine does not do")
            value = value[0]
        if value is None:
            raise ModelError(f"{self._path} does not say {key}")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """A number from 0 on."""
        value = self.get(key, default)
        if type(value) is not int or value < 0:
            raise ModelError(f"{self._path}: {key} is {value!r}, not a number of things")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A float: of those that float32 cannot tell apart, the shortest."""
        value = self.get(key, default)
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ModelError(f"{self._path}: {key} is {value!r}, not a number")
        return float(str(np.float32(value)))


def gguf_source(path: Path, context: int | None = None) -> Source:
    """Read what a GGUF file says of itself.

    Args:
        path: of the file.
        context: positions of the converted model; None: 2048, or fewer if it was trained with fewer.

    Raises:
        ModelError: it is damaged, or of a kind that the engine does not run.
        UsageError: the model was trained with a shorter context.
        MissingExtraError: the package gguf is not installed.
    """
    file = GgufFile(path)
    name = file.metadata.get("general.architecture")
    family = architecture_named(name)
    config = _config(file, str(name), family, context)
    names, present = gguf_names(), file.names()
    places = places_of(config, names, present, interleaved=name in _INTERLEAVED)
    check_places(config, places, file, unused=(_FACTORS,))
    tokens = tokens_of_gguf(file.metadata, config.vocab_size)
    about = {
        "source": path.name,
        "revision": "",
        "licence": _word(file.metadata.get("general.license")),
        "architecture": name,
        "quantisation": ", ".join(file.type_names()),
        "trained_context": file.metadata.get(f"{name}.context_length"),
        "sha256": {path.name: sha256_of(path)},
    }
    return Source(config, places, file, tokens, lambda: tokenizer_of_gguf(file.metadata), about)


def _config(file: GgufFile, name: str, family: Architecture, context: int | None) -> TransformerConfig:
    fields, names, present = _Fields(file, name), gguf_names(), file.names()
    width, heads = fields.integer("embedding_length"), fields.integer("attention.head_count")
    head_dim = fields.integer("attention.key_length", width // max(1, heads))
    for key in ("attention.value_length", "rope.dimension_count"):
        if fields.integer(key, head_dim) != head_dim:
            raise ModelError(f"{file.path}: {key} is {fields.get(key)}, which the engine takes as {head_dim} only")
    embedding = f"{names.embedding}.weight"
    if embedding not in present:
        raise ModelError(f"the model lacks tensor {embedding}")
    layers, positions = fields.integer("block_count"), context_for(fields.integer("context_length"), context)
    values: dict[str, Any] = {}
    if name == "gemma3":
        values = _windows(fields, layers, positions)
        if layers == _GEMMA_27B_LAYERS:  # as llama.cpp knows it: the file does not say
            values["query_scale"] = math.sqrt(heads / width)
    elif 0 < fields.integer("attention.sliding_window", 0) < positions:
        values = {"window": fields.integer("attention.sliding_window")}
    return TransformerConfig(
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=fields.integer("attention.head_count_kv", heads),
        head_dim=head_dim,
        hidden=fields.integer("feed_forward_length"),
        vocab_size=file.shape(embedding)[0],
        norm="rms",
        norm_place="pre",
        activation=family.activation,
        rope_base=values.pop("rope_base", None) or fields.number("rope.freq_base", 10000.0),
        rope_factors=tuple(_factors(file, fields, head_dim)),
        context=positions,
        tied=f"{names.output}.weight" not in present,
        attention_bias=has_bias(names, present, "q") or has_bias(names, present, "o"),
        ffn_bias=has_bias(names, present, "up"),
        output_bias=False,
        embed_scale=math.sqrt(width) if family.scales_embedding else 1.0,
        norm_epsilon=fields.number("attention.layer_norm_rms_epsilon"),
        start_token=_start_token(file),
        qk_norm=family.qk_norm,
        post_norms=family.post_norms,
        **values,
    )


def _windows(fields: _Fields, layers: int, positions: int) -> dict[str, Any]:
    """Windows of most layers, and how the others turn."""
    pattern = fields.get("attention.sliding_window_pattern", _GEMMA_PATTERN)
    every = global_every([not has_window for has_window in pattern]) if isinstance(pattern, list) else pattern
    return {
        "window": min(fields.integer("attention.sliding_window"), positions),
        "rope_base": fields.number("rope.freq_base_swa", _GEMMA_LOCAL_BASE),
        "global_every": every,
        "global_rope_base": fields.number("rope.freq_base", 1e6),
    }


def _factors(file: GgufFile, fields: _Fields, head_dim: int) -> list[float]:
    """What divides the frequencies; of Llama 3 a tensor of the file."""
    kind = fields.get("rope.scaling.type", "none")
    if _FACTORS in file.names():
        return [float(str(number)) for number in file.rows(_FACTORS, 0, math.prod(file.shape(_FACTORS)))]
    scaling = {"rope_type": "default"} if kind == "none" else {"rope_type": kind}
    if kind == "linear":
        scaling["factor"] = fields.number("rope.scaling.factor")  # type: ignore[assignment]
    return factors_of(scaling, 0.0, head_dim)


def _start_token(file: GgufFile) -> int:
    """The token before a document: the one for its beginning, else for the end of the one before."""
    for key in ("bos_token_id", "eos_token_id"):
        value = file.metadata.get(f"tokenizer.ggml.{key}")
        if type(value) is int:
            return value
    raise ModelError(f"{file.path} does not say which token begins a document")


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""

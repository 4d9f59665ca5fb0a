"""A folder as transformers writes it, as a model to convert: config.json, safetensors, tokenizer.json."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from predzip.conversion.architectures import (
    Architecture,
    Names,
    architecture_named,
    global_every,
    has_bias,
    huggingface_names,
    places_of,
)
from predzip.conversion.hashes import sha256_of
from predzip.conversion.rope import factors_of
from predzip.conversion.safetensors_files import SafetensorsFiles
from predzip.conversion.source import Source, check_places, context_for
from predzip.conversion.tokenizers import lossless
from predzip.conversion.vocabulary import tokens_of_description
from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig

_MOST_JSON_BYTES = 1 << 28
_PREFIXES = ("model.", "model.language_model.", "language_model.model.")
_ACTIVATIONS = {"swiglu": "silu", "geglu": "gelu_pytorch_tanh"}
_REFUSED = {
    "num_local_experts": "a mixture of experts",
    "num_experts": "a mixture of experts",
    "attn_logit_softcapping": "soft caps of attention",
    "final_logit_softcapping": "soft caps of logits",
    "quantization_config": "tensors quantised in a way of its own; take the original",
    "use_bidirectional_attention": "attention to what comes later",
}
_GEMMA3 = {
    **{"head_dim": 256, "num_attention_heads": 8, "num_key_value_heads": 4, "query_pre_attn_scalar": 256},
    **{"hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6, "rope_theta": 1e6, "bos_token_id": 2},
    **{"rope_local_base_freq": 10000.0, "sliding_window": 4096, "max_position_embeddings": 131072},
}
"""What a description of a Gemma leaves out where it is so."""
_GEMMA_PATTERN = 6
_FULL, _SLIDING = "full_attention", "sliding_attention"
_LICENCE = re.compile(r"\A---\n(?:.*\n)*?license:[ \t]*([\w.-]+)", re.ASCII)


def huggingface_source(folder: Path, context: int | None = None, *, name: str = "", revision: str = "") -> Source:
    """Read what a folder says of its model.

    Args:
        folder: with config.json, model*.safetensors and tokenizer.json.
        context: positions of the converted model; None: 2048, or fewer if it was trained with fewer.
        name: to record; else that of the folder.
        revision: to record.

    Raises:
        ModelError: something is missing, damaged, or of a kind that the engine does not run.
        UsageError: the model was trained with a shorter context.
    """
    paths = sorted(folder.glob("model*.safetensors"))
    if not paths:
        raise ModelError(f"{folder} holds no model*.safetensors; pickles (.bin, .pt) are not read")
    whole = read_json(folder / "config.json")
    values = whole.get("text_config", whole)
    kind = str(whole.get("model_type"))
    if not isinstance(values, dict) or (values is not whole and kind != "gemma3"):
        raise ModelError(f"models of type {kind[:64]!r} consist of several, which this release does not understand")
    family = architecture_named(kind)
    if family.post_norms:
        values = {**_GEMMA3, **values}
    for key, meaning in _REFUSED.items():
        if values.get(key):
            raise ModelError(f"{folder} has {meaning}: {key}")
    files = SafetensorsFiles(paths)
    unused = [each for each in files.names() if each.endswith("rotary_emb.inv_freq")]
    if values is not whole:  # what sees pictures
        unused += [each for each in files.names() if "vision_tower." in each or "multi_modal_projector." in each]
    names = _names(family, files.names())
    config = _config(values, family, names, files, context)
    if config.tied:
        unused.append(f"{names.output}.weight")
    places = places_of(config, names, files.names(), norms_lack_one=family.norms_lack_one)
    check_places(config, places, files, unused)
    description = read_json(folder / "tokenizer.json")
    tokens = tokens_of_description(description, config.vocab_size)
    about = {
        "source": name or folder.resolve().name,
        "revision": revision,
        "licence": licence_of(folder),
        "architecture": kind,
        "quantisation": ", ".join(files.type_names()),
        "trained_context": values.get("max_position_embeddings"),
        "sha256": {path.name: sha256_of(path) for path in (folder / "config.json", folder / "tokenizer.json", *paths)},
    }
    return Source(config, places, files, tokens, lambda: lossless(description), about)


def _config(
    values: Mapping[str, Any], family: Architecture, names: Names, files: SafetensorsFiles, context: int | None
) -> TransformerConfig:
    present = files.names()
    width, heads = _integer(values, "hidden_size"), _integer(values, "num_attention_heads")
    head_dim = _integer(values, "head_dim", width // max(1, heads))
    positions = context_for(_integer(values, "max_position_embeddings"), context)
    activation = values.get("hidden_activation") or values.get("hidden_act")
    if activation != _ACTIVATIONS[family.activation]:
        raise ModelError(f"the activation is {str(activation)[:64]!r}, not {_ACTIVATIONS[family.activation]}")
    if f"{names.embedding}.weight" not in present:
        raise ModelError(f"the model lacks tensor {names.embedding}.weight")
    scale = values.get("query_pre_attn_scalar") if family.post_norms else None
    is_tied = bool(values.get("tie_word_embeddings", family.tied)) or f"{names.output}.weight" not in present
    return TransformerConfig(
        width=width,
        layers=_integer(values, "num_hidden_layers"),
        heads=heads,
        kv_heads=_integer(values, "num_key_value_heads", heads),
        head_dim=head_dim,
        hidden=_integer(values, "intermediate_size"),
        vocab_size=files.shape(f"{names.embedding}.weight")[0],
        norm="rms",
        norm_place="pre",
        activation=family.activation,
        context=positions,
        tied=is_tied,
        attention_bias=has_bias(names, present, "q") or has_bias(names, present, "o"),
        ffn_bias=has_bias(names, present, "up"),
        output_bias=False,
        embed_scale=math.sqrt(width) if family.scales_embedding else 1.0,
        norm_epsilon=_number(values, "rms_norm_eps"),
        start_token=_start_token(values),
        qk_norm=family.qk_norm,
        post_norms=family.post_norms,
        query_scale=0.0 if scale in (None, head_dim) else 1.0 / math.sqrt(_number(values, "query_pre_attn_scalar")),
        **_attention(values, family, head_dim, positions),
    )


def _attention(values: Mapping[str, Any], family: Architecture, head_dim: int, positions: int) -> dict[str, Any]:
    """Windows, and how layers with and without one turn."""
    scaling = _part(values, "rope_parameters") or _part(values, "rope_scaling")
    own = _part(scaling, "full_attention") or scaling
    base = _number({**values, **own}, "rope_theta", 10000.0)
    factors = tuple(factors_of(own, base, head_dim))
    window, every = _windows(values, family, positions)
    if not every:
        return {"rope_base": base, "rope_factors": factors, "window": window}
    local = base
    if family.post_norms:
        sliding = _part(scaling, "sliding_attention")
        local = _number({**values, **sliding}, "rope_theta" if sliding else "rope_local_base_freq")
        if factors_of(sliding, local, head_dim):
            raise ModelError("rotary positions of layers with a window are scaled, which the engine does not do")
    return {
        "rope_base": local,
        "rope_factors": factors,
        "window": window,
        "global_every": every,
        "global_rope_base": base,
    }


def _windows(values: Mapping[str, Any], family: Architecture, positions: int) -> tuple[int, int]:
    """Window (0: none) and, where it is not in all layers, n so that layers n - 1, 2 n - 1, ... have none."""
    layers, kinds = _integer(values, "num_hidden_layers"), values.get("layer_types")
    window = _integer(values, "sliding_window", 0) if values.get("use_sliding_window", True) else 0
    if kinds is not None and (not isinstance(kinds, list) or set(map(str, kinds)) - {_FULL, _SLIDING}):
        raise ModelError(f"the description has layers of other kinds than {_FULL} and {_SLIDING}")
    if not family.post_norms and not 0 < window < positions:  # nothing is hidden
        return 0, 0
    if kinds is None and family.post_norms:
        return min(window, positions), _integer(values, "sliding_window_pattern", _GEMMA_PATTERN)
    if kinds is None:  # of Qwen, the first layers have none
        full = _integer(values, "max_window_layers", 0) if "use_sliding_window" in values else 0
        kinds = [_FULL if i < full else _SLIDING for i in range(layers)]
    if len(kinds) != layers:
        raise ModelError(f"the description has {layers} layers, and kinds of {len(kinds)}")
    if _SLIDING not in kinds and not family.post_norms:
        return 0, 0
    every = global_every([kind == _FULL for kind in kinds])
    return min(window, positions), 0 if every > layers and not family.post_norms else every


def _names(family: Architecture, present: Collection[str]) -> Names:
    for prefix in _PREFIXES:
        names = huggingface_names(family, prefix)
        if f"{names.embedding}.weight" in present:
            return names
    return huggingface_names(family, _PREFIXES[0])


def _start_token(values: Mapping[str, Any]) -> int:
    """The token before a document: the one for its beginning, else for the end of the one before."""
    for key in ("bos_token_id", "eos_token_id"):
        value = values.get(key)
        value = value[0] if isinstance(value, list) and value else value
        if type(value) is int:
            return value
    raise ModelError("config.json does not say which token begins a document (bos_token_id)")


def _integer(values: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = values.get(key)
    value = default if value is None else value
    if type(value) is not int or value < 0:
        raise ModelError(f"config.json: {key} is {value!r}, not a number of things")
    return value


def _number(values: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = values.get(key, default)
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise ModelError(f"config.json: {key} is {value!r}, not a number above 0")
    return float(value)


def _part(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key) or {}
    if not isinstance(value, dict):
        raise ModelError(f"config.json: {key} is {value!r}")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file of JSON.

    Raises:
        ModelError: it is not there, too large, or none.
    """
    try:
        if path.stat().st_size > _MOST_JSON_BYTES:
            raise ModelError(f"{path} is too large to be a description")
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ModelError(f"{path} is not a description")
    return values


def licence_of(folder: Path) -> str:
    """What the first lines of README.md say, if anything."""
    try:
        found = _LICENCE.match((folder / "README.md").read_text(encoding="utf-8", errors="replace")[:20000])
    except OSError:
        return ""
    return found[1] if found else ""

"""The families of models that the engine runs, and the names of their tensors in both kinds of files.

    llama, mistral    pre-norm, RMS norms, rotary positions, gated SiLU
    qwen2             with biases of q, k and v
    qwen3             with norms of the heads of q and k
    gemma3            with those, norms behind each part too, gated GELU, windows in most layers

What is in a model but not in this list is refused: a model that is nearly right predicts badly and says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from predzip.conversion.source import Place
from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig


@dataclass(frozen=True)
class Architecture:
    """What all models of a family have in common."""

    activation: str = "swiglu"
    qk_norm: bool = False
    post_norms: bool = False
    scales_embedding: bool = False
    """Whether rows of the embedding are multiplied by the root of their width."""
    norms_lack_one: bool = False
    """Whether the gains of norms are stored less 1 (not in GGUF, which adds it)."""
    tied: bool = False
    """Whether the embedding is the output matrix where the description does not say."""


_GEMMA3 = Architecture("geglu", qk_norm=True, post_norms=True, scales_embedding=True, norms_lack_one=True, tied=True)
ARCHITECTURES = {
    "llama": Architecture(),
    "mistral": Architecture(),
    "qwen2": Architecture(),
    "qwen3": Architecture(qk_norm=True),
    "gemma3": _GEMMA3,
    "gemma3_text": _GEMMA3,
}

_HUGGING_FACE = {
    "norm1": "input_layernorm",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "q_norm": "self_attn.q_norm",
    "k_norm": "self_attn.k_norm",
    "o": "self_attn.o_proj",
    "norm2": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}
_HUGGING_FACE_POST_NORMS = {
    "norm1_post": "post_attention_layernorm",
    "norm2": "pre_feedforward_layernorm",
    "norm2_post": "post_feedforward_layernorm",
}
_GGUF = {
    "norm1": "attn_norm",
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "q_norm": "attn_q_norm",
    "k_norm": "attn_k_norm",
    "o": "attn_output",
    "norm1_post": "post_attention_norm",
    "norm2": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
    "norm2_post": "post_ffw_norm",
}


@dataclass(frozen=True)
class Names:
    """How a kind of file names tensors."""

    embedding: str
    norm: str
    output: str
    layer: str
    parts: dict[str, str]

    def part(self, layer: int, part: str) -> str:
        """Name of a part of a layer, without ".weight" or ".bias"."""
        return f"{self.layer}{layer}.{self.parts[part]}"

    def place_of(self, tensor: str) -> str:
        """Name in the file of a tensor of the engine."""
        stem, _, kind = tensor.rpartition(".")
        if not stem.startswith("layers."):
            name = {"embed": self.embedding, "norm": self.norm, "output": self.output}[stem]
            return f"{name}.{kind}"
        _, layer, part = stem.split(".")
        return f"{self.part(int(layer), part)}.{kind}"


def gguf_names() -> Names:
    """Names of llama.cpp."""
    return Names("token_embd", "output_norm", "output", "blk.", _GGUF)


def huggingface_names(architecture: Architecture, prefix: str) -> Names:
    """Names of transformers; all but the output's begin with `prefix`."""
    parts = {**_HUGGING_FACE, **(_HUGGING_FACE_POST_NORMS if architecture.post_norms else {})}
    return Names(f"{prefix}embed_tokens", f"{prefix}norm", "lm_head", f"{prefix}layers.", parts)


def architecture_named(name: object) -> Architecture:
    """Look a family up.

    Raises:
        ModelError: the engine does not run models of this family.
    """
    if not isinstance(name, str) or name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        name = str(name)
        raise ModelError(
            f"models of architecture {name[:64]!r} are not understood by this release, which knows {known}"
        )
    return ARCHITECTURES[name]


def has_bias(names: Names, present: Collection[str], part: str) -> bool:
    """Whether a part of the first layer has a bias."""
    return f"{names.part(0, part)}.bias" in present


def places_of(
    config: TransformerConfig,
    names: Names,
    present: Collection[str],
    *,
    norms_lack_one: bool = False,
    interleaved: bool = False,
) -> dict[str, Place]:
    """Where each float tensor of the engine comes from; biases that are not there are zeros.

    Args:
        config: of the engine.
        names: of tensors in the file.
        present: tensors in the file.
        norms_lack_one: whether 1 is to be added to gains.
        interleaved: whether rows of q and k stand as llama.cpp has them for the family llama.
    """
    heads = {"q": config.heads, "k": config.kv_heads}
    places = {}
    for tensor in config.float_shapes():
        source = names.place_of(tensor)
        part = tensor.split(".")[-2]
        if tensor.endswith(".bias") and source not in present:
            places[tensor] = Place("")
        elif "norm" in part:
            places[tensor] = Place(source, added=1.0 if norms_lack_one else 0.0)
        else:
            places[tensor] = Place(source, interleaved_heads=heads.get(part, 0) if interleaved else 0)
    return places


def global_every(is_global: Sequence[bool]) -> int:
    """Find n where layers n - 1, 2 n - 1, ... and no others see all positions.

    Raises:
        ModelError: they do not lie so.
    """
    n = is_global.index(True) + 1 if True in is_global else len(is_global) + 1
    if any(is_global[i] != (i % n == n - 1) for i in range(len(is_global))):
        raise ModelError("layers with and without a window do not alternate as this release takes them")
    return n

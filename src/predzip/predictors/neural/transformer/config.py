"""What a decoder-only Transformer consists of: sizes, norms, activation, positions.

    x = embed[token] * embed_scale (+ sinusoid)                         start_token stands before the first symbol
    pre-norm:   x = x + attention(norm1(x));  x = x + ffn(norm2(x));    logits = output(norm(x))
    post-norm:  x = norm1(x + attention(x));  x = norm2(x + ffn(x));    logits = output(x)
    post_norms: x = x + norm1_post(attention(norm1(x)));  x = x + norm2_post(ffn(norm2(x)))
    ffn:        gelu, relu2:  down(activation(up(x)))                   swiglu:  down(silu(gate(x)) * up(x))
                                                                        geglu:   down(gelu(gate(x)) * up(x))
    gelu:       x * sigmoid(1.5957691216057308 (x + 0.044715 x^3))      (the tanh form)
    attention:  softmax(q k / sqrt(head_dim)) v; query head h reads key head h // (heads / kv_heads)
    qk_norm:    each head of q and k is divided by its root mean square and multiplied by its gains, before it turns
    rotary:     element i < H/2 turns with element i + H/2 by the angle  position * rope_base^(-2 i / head_dim)
    sinusoid:   element i is sin, element i + width/2 is cos of  position * rope_base^(-2 i / width)
    window w:   a position sees itself and the w - 1 before it
    global:     with global_every n, layers n - 1, 2 n - 1, ... see all positions and turn by global_rope_base

Float tensors, as training and conversion name them; a weight is (out, in), a bias exists where the config says so,
norms of kind "layer" have one:
    embed.weight (V, D); layers.{i}. norm1, q, k, v, q_norm, k_norm, o, norm1_post, norm2, up, gate, down, norm2_post;
    norm (pre-norm only); output.weight (V, D) unless tied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from predzip.errors import ModelError

NORMS = ("layer", "rms")
NORM_PLACES = ("pre", "post")
ACTIVATIONS = ("gelu", "relu2", "swiglu", "geglu")
GATED = ("swiglu", "geglu")
POSITIONS = ("sinusoid", "rotary", "none")

_MOST_TOKENS = 1 << 20
_WIDEST = 1 << 15
_MOST_LAYERS = 256
_MOST_HEADS = 256
_LONGEST_CONTEXT = 1 << 20
_LATER = ("qk_norm", "post_norms", "global_every", "global_rope_base", "query_scale", "rope_factors")


def _number(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ModelError(f"{name} must be {least:g} to {most:g}, not {value!r}")
    return float(value)


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes and kinds; fields with a default may be missing in a file."""

    width: int
    """D, numbers in the residual stream; even."""
    layers: int
    heads: int
    """Heads of the queries."""
    head_dim: int
    """H, numbers of one head; even."""
    hidden: int
    """M, numbers between the two halves of the feed-forward part."""
    vocab_size: int = 256
    """V, symbols; 256 for bytes."""
    kv_heads: int = 0
    """Heads of keys and values, a divisor of `heads`; 0 stands for as many as `heads`."""
    norm: str = "layer"
    norm_place: str = "post"
    activation: str = "gelu"
    positions: str = "rotary"
    rope_base: float = 10000.0
    """Longest wavelength / 2 pi, of rotary and of sinusoidal positions."""
    window: int = 0
    """Positions that attention reaches, the present one included; 0: all of the context."""
    context: int = 2048
    """Positions before a lane starts anew, with nothing remembered."""
    tied: bool = False
    """Whether the embedding is also the output matrix."""
    attention_bias: bool = False
    """Biases of q, k, v and o."""
    ffn_bias: bool = True
    """Biases of up, gate and down."""
    output_bias: bool = True
    embed_scale: float = 1.0
    """What rows of the embedding are multiplied by."""
    norm_epsilon: float = 1e-5
    start_token: int = 0
    """Stands where the symbol before the first one would."""
    qk_norm: bool = False
    """Root mean square norms of the heads of queries and keys."""
    post_norms: bool = False
    """Norms behind attention and feed-forward part too; pre-norm only."""
    global_every: int = 0
    """n > 0: layers i with i % n == n - 1 have no window; needs a window."""
    global_rope_base: float = 0.0
    """Base of the layers without a window, where global_every says so; else 0."""
    query_scale: float = 0.0
    """What scores are multiplied by; 0: 1 / sqrt(head_dim)."""
    rope_factors: tuple[float, ...] = ()
    """H / 2 numbers from 1 on that divide the frequencies of rotary positions; with global_every, those of the layers
    without a window only. Or none."""

    def __post_init__(self) -> None:
        if self.kv_heads == 0:
            object.__setattr__(self, "kv_heads", self.heads)
        bounds = {
            "width": _WIDEST,
            "layers": _MOST_LAYERS,
            "heads": _MOST_HEADS,
            "head_dim": _WIDEST,
            "hidden": _WIDEST,
            "vocab_size": _MOST_TOKENS,
            "kv_heads": _MOST_HEADS,
            "context": _LONGEST_CONTEXT,
        }
        for name, greatest in bounds.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= greatest:
                raise ModelError(f"{name} must be 1 to {greatest}, not {value!r}")
        if self.width % 2 or self.head_dim % 2:
            raise ModelError("width and head_dim must be even")
        if self.heads % self.kv_heads:
            raise ModelError(f"{self.kv_heads} key heads do not divide {self.heads} query heads")
        for name, known in (
            ("norm", NORMS),
            ("norm_place", NORM_PLACES),
            ("activation", ACTIVATIONS),
            ("positions", POSITIONS),
        ):
            if getattr(self, name) not in known:
                raise ModelError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")
        if type(self.window) is not int or not 0 <= self.window <= self.context:
            raise ModelError(f"window must be 0 to {self.context}, the context")
        if type(self.start_token) is not int or not 0 <= self.start_token < self.vocab_size:
            raise ModelError(f"start_token must be a symbol, 0 to {self.vocab_size - 1}")
        self._check_floats()
        for name in ("tied", "attention_bias", "ffn_bias", "output_bias", "qk_norm", "post_norms"):
            if type(getattr(self, name)) is not bool:
                raise ModelError(f"{name} must be true or false")
        if self.post_norms and self.norm_place != "pre":
            raise ModelError("post_norms go with pre-norm only")

    def _check_floats(self) -> None:
        if type(self.global_every) is not int or not 0 <= self.global_every <= _MOST_LAYERS:
            raise ModelError(f"global_every must be 0 to {_MOST_LAYERS}, not {self.global_every!r}")
        if self.global_every and not self.window:
            raise ModelError("global_every needs a window for the other layers")
        bounds = [("rope_base", 2.0, 1e9), ("embed_scale", 1e-6, 1e6), ("norm_epsilon", 1e-12, 1.0)]
        bounds.append(("global_rope_base", 2.0, 1e9) if self.global_every else ("global_rope_base", 0.0, 0.0))
        bounds.append(("query_scale", 1e-6 if self.query_scale else 0.0, 1e3))
        for name, least, most in bounds:
            object.__setattr__(self, name, _number(name, getattr(self, name), least, most))
        factors = self.rope_factors
        if not isinstance(factors, Sequence) or isinstance(factors, str):
            raise ModelError("rope_factors must be a list of numbers")
        if factors and (self.positions != "rotary" or len(factors) != self.head_dim // 2):
            raise ModelError(f"rope_factors must be {self.head_dim // 2} numbers, and go with rotary positions")
        checked = tuple(_number("each of rope_factors", factor, 1.0, 1e6) for factor in factors)
        object.__setattr__(self, "rope_factors", checked)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TransformerConfig:
        """Read the fields from a description; keys that say what file it is (`kind`, `format`, `name`) are skipped.

        Raises:
            ModelError: where a field is missing, unknown or out of range.
        """
        known = {field.name for field in fields(cls)}
        chosen = {key: value for key, value in values.items() if key not in ("kind", "format", "name", "about")}
        if unknown := sorted(chosen.keys() - known):
            raise ModelError(f"the description of the Transformer has unknown fields: {', '.join(map(str, unknown))}")
        try:
            return cls(**chosen)
        except TypeError as error:
            raise ModelError(f"the description of the Transformer is not one: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as `from_dict` reads them, in types of JSON.

        Fields that came later are left out while they say nothing, so that equal models give equal files as before.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["rope_factors"] = list(self.rope_factors)
        return {name: value for name, value in values.items() if name not in _LATER or value}

    def is_global(self, layer: int) -> bool:
        """Whether a layer sees all positions though others have a window."""
        return self.global_every > 0 and layer % self.global_every == self.global_every - 1

    def window_of(self, layer: int) -> int:
        """Positions that a layer's attention reaches; 0: all."""
        return 0 if self.is_global(layer) else self.window

    def float_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every float tensor, in a fixed order."""
        d, m = self.width, self.hidden
        shapes: dict[str, tuple[int, ...]] = {"embed.weight": (self.vocab_size, d)}

        def norm(name: str) -> None:
            shapes[f"{name}.weight"] = (d,)
            if self.norm == "layer":
                shapes[f"{name}.bias"] = (d,)

        def linear(name: str, rows: int, columns: int, bias: bool) -> None:
            shapes[f"{name}.weight"] = (rows, columns)
            if bias:
                shapes[f"{name}.bias"] = (rows,)

        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        head_norms = ("q_norm", "k_norm") if self.qk_norm else ()
        for i in range(self.layers):
            norm(f"layers.{i}.norm1")
            linear(f"layers.{i}.q", queries, d, self.attention_bias)
            linear(f"layers.{i}.k", keys, d, self.attention_bias)
            linear(f"layers.{i}.v", keys, d, self.attention_bias)
            shapes.update({f"layers.{i}.{name}.weight": (self.head_dim,) for name in head_norms})
            linear(f"layers.{i}.o", d, queries, self.attention_bias)
            if self.post_norms:
                norm(f"layers.{i}.norm1_post")
            norm(f"layers.{i}.norm2")
            if self.activation in GATED:
                linear(f"layers.{i}.gate", m, d, self.ffn_bias)
            linear(f"layers.{i}.up", m, d, self.ffn_bias)
            linear(f"layers.{i}.down", d, m, self.ffn_bias)
            if self.post_norms:
                norm(f"layers.{i}.norm2_post")
        if self.norm_place == "pre":
            norm("norm")
        if not self.tied:
            linear("output", self.vocab_size, d, self.output_bias)
        elif self.output_bias:
            shapes["output.bias"] = (self.vocab_size,)
        return shapes

    def parameters(self) -> int:
        """Number of parameters of the float model."""
        return sum(math.prod(shape) for shape in self.float_shapes().values())

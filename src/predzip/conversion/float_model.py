"""The network of a model in floats, with the numbers of its source: what the exact engine is measured against.

Plain NumPy, whole sequences at once, written for being right rather than fast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.conversion.source import Source, read_rows, row_order
from predzip.predictors.neural.log_loss import bits_of
from predzip.predictors.neural.transformer.config import TransformerConfig

_Floats = NDArray[np.float32]
_LOGITS_AT_ONCE = 1 << 25


class FloatModel:
    """A model of the Llama family in float32.

    Args:
        source: whose tensors are read, all of them.
    """

    def __init__(self, source: Source) -> None:
        self.config = source.config
        self._tensors: dict[str, _Floats] = {}
        for name, shape in source.config.float_shapes().items():
            values = read_rows(source, name, 0, shape[0])
            order = row_order(source.places[name], shape[0])
            self._tensors[name] = values if order is None else values[order]

    def code_length_bits(self, tokens: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bits of each token (T,) behind the start token and those before it; T is at most the context."""
        before = np.concatenate([[self.config.start_token], tokens[:-1]]).astype(np.int64)
        return self.window_bits(before, tokens)

    def window_bits(self, inputs: NDArray[np.integer], targets: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bits of the targets (P,), which stand behind the last P of the inputs (T,)."""
        x = self._tensors["embed.weight"][inputs] * np.float32(self.config.embed_scale)
        for i in range(self.config.layers):
            x = self._layer(i, x)
        return self._bits(self._norm("norm", x[len(inputs) - len(targets) :]), targets)

    def _layer(self, i: int, x: _Floats) -> _Floats:
        at, post = f"layers.{i}.", self.config.post_norms
        part = self._attention(i, self._norm(f"{at}norm1", x))
        x = x + (self._norm(f"{at}norm1_post", part) if post else part)
        rows = self._norm(f"{at}norm2", x)
        gate = self._linear(f"{at}gate", rows)
        opened = _silu(gate) if self.config.activation == "swiglu" else _gelu(gate)
        part = self._linear(f"{at}down", opened * self._linear(f"{at}up", rows))
        return x + (self._norm(f"{at}norm2_post", part) if post else part)

    def _attention(self, i: int, rows: _Floats) -> _Floats:
        config, at, count = self.config, f"layers.{i}.", len(rows)
        heads, groups, size = config.heads, config.kv_heads, config.head_dim
        queries = self._linear(f"{at}q", rows).reshape(count, heads, size)
        keys = self._linear(f"{at}k", rows).reshape(count, groups, size)
        values = self._linear(f"{at}v", rows).reshape(count, groups, size)
        if config.qk_norm:
            queries, keys = self._norm(f"{at}q_norm", queries), self._norm(f"{at}k_norm", keys)
        angles = _angles(config, i, count)
        queries, keys = _turned(queries, angles), _turned(keys, angles)
        scale = config.query_scale or size**-0.5
        distance = np.arange(count)[:, None] - np.arange(count)
        hidden = (distance < 0) | (distance >= (config.window_of(i) or count))
        result = np.empty((count, heads, size), np.float32)
        for head in range(heads):
            key_head = head // (heads // groups)
            scores = queries[:, head] @ keys[:, key_head].T * np.float32(scale)
            scores[hidden] = -np.inf
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            result[:, head] = weights / weights.sum(axis=1, keepdims=True) @ values[:, key_head]
        return self._linear(f"{at}o", result.reshape(count, heads * size))

    def _bits(self, rows: _Floats, tokens: NDArray[np.integer]) -> NDArray[np.float64]:
        output = "embed" if self.config.tied else "output"
        step = max(1, _LOGITS_AT_ONCE // self.config.vocab_size)
        parts = [
            bits_of(self._linear(output, rows[at : at + step]), tokens[at : at + step])
            for at in range(0, len(rows), step)
        ]
        return np.concatenate(parts)

    def _linear(self, name: str, rows: _Floats) -> _Floats:
        result: _Floats = rows @ self._tensors[f"{name}.weight"].T
        bias = self._tensors.get(f"{name}.bias")
        return result if bias is None else result + bias

    def _norm(self, name: str, x: _Floats) -> _Floats:
        mean = np.square(x, dtype=np.float64).mean(axis=-1, keepdims=True)
        result: _Floats = x / np.sqrt(mean + self.config.norm_epsilon).astype(np.float32)
        return result * self._tensors[f"{name}.weight"]


def _angles(config: TransformerConfig, layer: int, count: int) -> NDArray[np.float64]:
    """(T, H / 2)."""
    is_global = config.is_global(layer)
    base = config.global_rope_base if is_global else config.rope_base
    frequencies = base ** (-2.0 * np.arange(config.head_dim // 2) / config.head_dim)
    if config.rope_factors and (is_global or not config.global_every):
        frequencies = frequencies / np.array(config.rope_factors)
    return np.arange(count)[:, None] * frequencies


def _turned(x: _Floats, angles: NDArray[np.float64]) -> _Floats:
    """Heads (T, heads, H), each turned by the angles of its position."""
    half = x.shape[-1] // 2
    cosines, sines = np.cos(angles)[:, None].astype(np.float32), np.sin(angles)[:, None].astype(np.float32)
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([left * cosines - right * sines, right * cosines + left * sines], axis=-1)


def _silu(x: _Floats) -> _Floats:
    result: _Floats = x / (1 + np.exp(-np.clip(x, -80, None)))
    return result


def _gelu(x: _Floats) -> _Floats:
    result: _Floats = 0.5 * x * (1 + np.tanh(np.float32(0.7978845608028654) * (x + np.float32(0.044715) * x**3)))
    return result

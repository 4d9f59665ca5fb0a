"""The decoder-only Transformer as a torch module whose tensors carry the names that the exact engine reads."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.training.fake_quantise import Dense, round_rows
from predzip.training.precision import for_products


class _RmsNorm(nn.Module):
    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._epsilon = epsilon

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self._epsilon) * self.weight


def _norm(config: TransformerConfig) -> nn.Module:
    kind = nn.LayerNorm if config.norm == "layer" else _RmsNorm
    return kind(config.width, config.norm_epsilon)


def _dense(inputs: int, outputs: int, *, bias: bool, deviation: float) -> Dense:
    layer = Dense(inputs, outputs, bias=bias)
    nn.init.normal_(layer.weight, std=deviation)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class _Bias(nn.Module):
    """What an output that shares the matrix of the embedding has of its own."""

    rounds = False

    def __init__(self, size: int) -> None:
        super().__init__()
        if size:
            self.bias = nn.Parameter(torch.zeros(size))
        else:
            self.register_buffer("bias", torch.zeros(1), persistent=False)


ROUNDING = (Dense, _Bias)
"""Modules with an attribute `rounds`."""


class _Layer(nn.Module):
    """B sequences, T positions, D width, H heads, G key heads, K numbers a head."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self._config = config
        width, inner = config.width, config.heads * config.head_dim
        keys = config.kv_heads * config.head_dim
        into = 1 / math.sqrt(width)
        back = 1 / math.sqrt(2 * config.layers)
        self.norm1, self.norm2 = _norm(config), _norm(config)
        self.q = _dense(width, inner, bias=config.attention_bias, deviation=into)
        self.k = _dense(width, keys, bias=config.attention_bias, deviation=into)
        self.v = _dense(width, keys, bias=config.attention_bias, deviation=into)
        self.o = _dense(inner, width, bias=config.attention_bias, deviation=back / math.sqrt(inner))
        self.up = _dense(width, config.hidden, bias=config.ffn_bias, deviation=into)
        if config.activation == "swiglu":
            self.gate = _dense(width, config.hidden, bias=config.ffn_bias, deviation=into)
        self.down = _dense(config.hidden, width, bias=config.ffn_bias, deviation=back / math.sqrt(config.hidden))

    def forward(
        self, x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor] | None, mask: torch.Tensor | None
    ) -> torch.Tensor:
        if self._config.norm_place == "pre":
            x = x + self._attend(self.norm1(x), rotation, mask)
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x + self._attend(x, rotation, mask))
        x = self.norm2(x + self._feed_forward(x))
        return x

    def _attend(
        self, x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor] | None, mask: torch.Tensor | None
    ) -> torch.Tensor:
        config = self._config
        low = for_products(x)
        batch, length = x.shape[:2]
        q = self.q(low).view(batch, length, config.heads, config.head_dim).transpose(1, 2)  # B, H, T, K
        k = self.k(low).view(batch, length, config.kv_heads, config.head_dim).transpose(1, 2)  # B, G, T, K
        v = self.v(low).view(batch, length, config.kv_heads, config.head_dim).transpose(1, 2)
        if rotation is not None:
            q, k = _rotate(q, *rotation), _rotate(k, *rotation)
        if config.kv_heads < config.heads:
            k = k.repeat_interleave(config.heads // config.kv_heads, 1)
            v = v.repeat_interleave(config.heads // config.kv_heads, 1)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        out: torch.Tensor = self.o(y.transpose(1, 2).reshape(batch, length, -1))
        return out.float()

    def _feed_forward(self, x: torch.Tensor) -> torch.Tensor:
        low = for_products(x)
        hidden = self.up(low)
        if self._config.activation == "swiglu":
            hidden = functional.silu(self.gate(low)) * hidden
        elif self._config.activation == "gelu":
            hidden = functional.gelu(hidden, approximate="tanh")
        else:
            hidden = functional.relu(hidden).square()
        out: torch.Tensor = self.down(hidden)
        return out.float()


def _rotate(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Turn the pairs (i, i + K/2) of every head: x (B, H, T, K), angles (T, K/2)."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class Transformer(nn.Module):
    """Logits of the next byte at every position, each from the bytes before it.

    Args:
        config: the architecture.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.width)
        nn.init.normal_(self.embed.weight, std=1 / config.embed_scale)
        self.layers = nn.ModuleList([_Layer(config) for _ in range(config.layers)])
        if config.norm_place == "pre":
            self.norm = _norm(config)
        self.output: Dense | _Bias
        if config.tied:
            self.output = _Bias(config.vocab_size if config.output_bias else 0)
        else:
            self.output = _dense(config.width, config.vocab_size, bias=config.output_bias, deviation=0.02)
        self.register_buffer("positions", _positions(config), persistent=False)
        self.positions: torch.Tensor

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T) -> logits (B, T, V); position t sees tokens before t, and the start token."""
        config = self.config
        length = tokens.shape[1]
        start = torch.full_like(tokens[:, :1], config.start_token)
        embedding = round_rows(self.embed.weight) if self.output.rounds else self.embed.weight
        x = functional.embedding(torch.cat([start, tokens[:, :-1]], 1), embedding) * config.embed_scale  # B, T, D
        rotation = None
        if config.positions == "rotary":
            cosine, sine = for_products(self.positions[:length]).chunk(2, -1)
            rotation = (cosine, sine)
        elif config.positions == "sinusoid":
            x = x + self.positions[:length]
        mask = None
        if config.window:
            distance = torch.arange(length, device=x.device)[:, None] - torch.arange(length, device=x.device)
            mask = (distance >= 0) & (distance < config.window)  # T, T
        for layer in self.layers:
            x = layer(x, rotation, mask)
        if config.norm_place == "pre":
            x = self.norm(x)
        if config.tied:
            return functional.linear(for_products(x), for_products(embedding)) + for_products(self.output.bias)
        logits: torch.Tensor = self.output(for_products(x))
        return logits


def _positions(config: TransformerConfig) -> torch.Tensor:
    """Rotary: cosines, then sines (T, K); sinusoid: what is added to the embedding (T, D)."""
    rotary = config.positions == "rotary"
    half = (config.head_dim if rotary else config.width) // 2
    frequency = config.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(config.context, dtype=torch.float64)[:, None] * frequency
    sine, cosine = torch.sin(angle).float(), torch.cos(angle).float()
    return torch.cat([cosine, sine] if rotary else [sine, cosine], 1)


def transformer_matrices(model: Transformer) -> list[nn.Parameter]:
    """What Muon optimises: the matrices between embedding and output."""
    return [parameter for parameter in model.layers.parameters() if parameter.ndim == 2]

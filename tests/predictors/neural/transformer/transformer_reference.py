"""The Transformer twice more, slow and obvious, one position at a time: in the engine's arithmetic and in float64.

`frequencies` follows docs/design/engine.md with int64 sums and NumPy's elementwise float32; its bits must be the
engine's. `float_logits` is the model itself, as any textbook has it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.arithmetic import turns
from predzip.predictors.neural.transformer.config import TransformerConfig

f32 = np.float32
Floats = NDArray[np.float32]
Tensors = dict[str, NDArray[np.generic]]


def exp_minus(x: Floats) -> Floats:
    scaled = np.minimum(x * f32(1.4426950408889634), f32(125.0))
    whole = scaled.astype(np.int32)
    rest = scaled - whole.astype(f32)
    power = np.zeros_like(rest)
    for c in (0.00011498091771500185, -0.0012917895801365376, 0.009597169235348701, -0.055499278008937836,
              0.24022610485553741, -0.6931471824645996, 1.0):  # fmt: skip
        power = power * rest + f32(c)
    return power * np.ldexp(f32(1.0), -whole).astype(f32)


def sigmoid(x: Floats) -> Floats:
    power = exp_minus(np.abs(x))
    return np.where(x >= 0, f32(1.0), power) / (f32(1.0) + power)


def activate(config: TransformerConfig, x: Floats) -> Floats:
    if config.activation == "gelu":
        return x * sigmoid(f32(1.5957691216057308) * (x + f32(0.044715) * x * x * x))
    if config.activation == "relu2":
        return np.maximum(x, f32(0.0)) ** 2
    gate, up = x[: config.hidden], x[config.hidden :]
    if config.activation == "swiglu":
        return gate * sigmoid(gate) * up
    return gate * sigmoid(f32(1.5957691216057308) * (gate + f32(0.044715) * gate * gate * gate)) * up


def to_codes(values: Floats, reach: int) -> tuple[NDArray[np.int64], np.float32]:
    greatest = max(f32(np.abs(values).max()), f32(1e-20))
    return np.rint(values * (f32(reach) / greatest)).astype(np.int64), greatest / f32(reach)


def reach_of(weights: NDArray[np.generic]) -> int:
    width, parts = weights.shape[1], 1
    while True:
        step = -(-width // parts)
        sums = [np.abs(weights[:, a : a + step].astype(np.int64)).sum(axis=1).max() for a in range(0, width, step)]
        reach = min(2047, (2**24 - 1) // max(1, int(max(sums))))
        if reach >= 511:
            return reach
        parts *= 2


def linear(tensors: Tensors, names: list[str], values: Floats) -> tuple[Floats, Floats, np.float32, Floats]:
    """(sums, scales, unit, biases) of some matrices with one input."""
    weights = np.concatenate([tensors[f"{name}.weight"] for name in names])
    scales = np.concatenate([tensors[f"{name}.scale"] for name in names]).astype(f32)
    biases = np.concatenate([tensors.get(f"{n}.bias", np.zeros(len(tensors[f"{n}.weight"]))) for n in names])
    codes, unit = to_codes(values, reach_of(weights))
    return (weights.astype(np.int64) @ codes).astype(f32), scales, unit, biases.astype(f32)


def multiply(tensors: Tensors, names: list[str], values: Floats) -> Floats:
    sums, scales, unit, biases = linear(tensors, names, values)
    return sums * (scales * unit) + biases


def normalise(config: TransformerConfig, tensors: Tensors, name: str, x: Floats, kind: str = "") -> Floats:
    greatest = max(f32(np.abs(x).max()), f32(1e-20))
    codes = [int(v) for v in np.rint(x * (f32(2**20) / greatest))]
    unit = float(greatest) / 2**20
    centred = (kind or config.norm) == "layer"
    mean = float(sum(codes)) / len(codes) if centred else 0.0
    variance = max(float(sum(c * c for c in codes)) / len(codes) - mean * mean, 0.0) * unit * unit
    inverse = f32(1.0 / math.sqrt(variance + config.norm_epsilon))
    gain = tensors[f"{name}.weight"].astype(f32)
    if not centred:
        return x * inverse * gain
    return (x - f32(mean * unit)) * inverse * gain + tensors[f"{name}.bias"].astype(f32)


def turn(x: Floats, cosines: Floats, sines: Floats) -> Floats:
    left, right = x[: len(x) // 2], x[len(x) // 2 :]
    return np.concatenate([left * cosines - right * sines, right * cosines + left * sines])


def attend(query: Floats, memory: list[tuple[Floats, Floats]], config: TransformerConfig) -> Floats:
    size = config.head_dim
    codes, unit = to_codes(query, min(2047, (2**24 - 1) // (127 * size)))
    unit = unit * f32(config.query_scale or 1.0 / math.sqrt(size))
    keys = [to_codes(key, 127) for key, _ in memory]
    values = [to_codes(value, 127) for _, value in memory]
    scores = np.array([f32(int(codes @ key)) * (unit * key_unit) for key, key_unit in keys], f32)
    powers = exp_minus(scores.max() - scores)
    total = sum(int(power * f32(2**24)) for power in powers)
    units = np.array([value_unit for _, value_unit in values], f32)
    factor = f32(32767.0 * 2.0**24 / (float(total) * float(units.max())))
    weights = np.rint(powers * units * factor).astype(np.int64)
    sums = sum(weight * value for weight, (value, _) in zip(weights, values, strict=True))
    return np.asarray(sums).astype(f32) * f32(float(units.max()) / 32767.0)


def to_frequencies(logits: Floats, total: int) -> list[int]:
    weights = [int(v) for v in (exp_minus(logits.max() - logits) * f32(2**30)).astype(np.int64)]
    factor = float(total - len(weights)) / float(sum(weights))
    return [int(float(weight) * factor) + 1 for weight in weights]


def frequencies(config: TransformerConfig, tensors: Tensors, symbols: list[int], total: int) -> NDArray[np.int64]:
    """Frequencies before each of the symbols of one lane, (T, V)."""
    rows = []
    half = config.head_dim // 2
    local = turns(config.context, half, config.rope_base, () if config.global_every else config.rope_factors)
    if config.global_every:
        everywhere = turns(config.context, half, config.global_rope_base, config.rope_factors)
    even, odd = turns(config.context, config.width // 2, config.rope_base)
    embedding = tensors["embed.weight"].astype(f32)
    scale = tensors["embed.scale"].astype(f32) * f32(config.embed_scale)
    share = config.heads // config.kv_heads
    for t, _ in enumerate(symbols):
        position = t % config.context
        if position == 0:
            memory: list[list[list[tuple[Floats, Floats]]]] = [
                [[] for _ in range(config.kv_heads)] for _ in range(config.layers)
            ]
        token = symbols[t - 1] if position else config.start_token
        x = embedding[token] * scale[token]
        if config.positions == "sinusoid":
            x = x + np.concatenate([odd[position], even[position]])
        for i in range(config.layers):
            at = f"layers.{i}."
            pre = config.norm_place == "pre"
            y = normalise(config, tensors, f"{at}norm1", x) if pre else x
            qkv = multiply(tensors, [f"{at}q", f"{at}k", f"{at}v"], y).reshape(-1, config.head_dim)
            queries, keys, values = np.split(qkv, [config.heads, config.heads + config.kv_heads])
            if config.qk_norm:
                queries = np.array([normalise(config, tensors, f"{at}q_norm", q, "rms") for q in queries])
                keys = np.array([normalise(config, tensors, f"{at}k_norm", k, "rms") for k in keys])
            is_global = config.global_every and i % config.global_every == config.global_every - 1
            tables = everywhere if is_global else local
            if config.positions == "rotary":
                queries = np.array([turn(q, tables[0][position], tables[1][position]) for q in queries])
                keys = np.array([turn(k, tables[0][position], tables[1][position]) for k in keys])
            for group, place in enumerate(memory[i]):
                place.append((keys[group], values[group]))
                if config.window and not is_global:
                    del place[: -config.window]
            heads = [attend(query, memory[i][head // share], config) for head, query in enumerate(queries)]
            sums, scales, unit, biases = linear(tensors, [f"{at}o"], np.concatenate(heads))
            found = sums * (scales * unit) + biases
            x = x + (normalise(config, tensors, f"{at}norm1_post", found) if config.post_norms else found)
            x = x if pre else normalise(config, tensors, f"{at}norm1", x)
            y = normalise(config, tensors, f"{at}norm2", x) if pre else x
            names = [f"{at}gate", f"{at}up"] if config.activation in ("swiglu", "geglu") else [f"{at}up"]
            hidden = activate(config, multiply(tensors, names, y))
            sums, scales, unit, biases = linear(tensors, [f"{at}down"], hidden)
            found = sums * (scales * unit) + biases
            x = x + (normalise(config, tensors, f"{at}norm2_post", found) if config.post_norms else found)
            x = x if pre else normalise(config, tensors, f"{at}norm2", x)
        if config.norm_place == "pre":
            x = normalise(config, tensors, "norm", x)
        if config.tied:
            tensors = {**tensors, "output.weight": tensors["embed.weight"], "output.scale": tensors["embed.scale"]}
        rows.append(to_frequencies(multiply(tensors, ["output"], x), total))
    return np.array(rows)


def float_logits(config: TransformerConfig, tensors: dict[str, Floats], symbols: list[int]) -> NDArray[np.float64]:
    """Logits before each symbol of one lane, (T, V), all positions at once; T at most the context."""
    weights = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    length = len(symbols)
    positions = np.arange(length)[:, None]

    def affine(name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)

    def norm(name: str, x: NDArray[np.float64], kind: str = config.norm) -> NDArray[np.float64]:
        x = x - x.mean(axis=1, keepdims=True) if kind == "layer" else x
        scaled = x / np.sqrt((x * x).mean(axis=1, keepdims=True) + config.norm_epsilon)
        return scaled * weights[f"{name}.weight"] + weights.get(f"{name}.bias", 0.0)

    def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * (1.0 + np.tanh(0.5 * x))

    def is_global(layer: int) -> bool:
        return config.global_every > 0 and layer % config.global_every == config.global_every - 1

    def rotated(x: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
        if config.positions != "rotary":
            return x
        base = config.global_rope_base if is_global(layer) else config.rope_base
        angles = positions * base ** (-2.0 * np.arange(config.head_dim // 2) / config.head_dim)
        if config.rope_factors and (is_global(layer) or not config.global_every):
            angles = angles / np.array(config.rope_factors)
        turned = (x[:, : config.head_dim // 2] + 1j * x[:, config.head_dim // 2 :]) * np.exp(1j * angles)
        return np.concatenate([turned.real, turned.imag], axis=1)

    def attention(layer: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
        at = f"layers.{layer}."
        queries, keys, values = (
            np.split(affine(f"{at}{name}", x), heads, axis=1)
            for name, heads in (("q", config.heads), ("k", config.kv_heads), ("v", config.kv_heads))
        )
        if config.qk_norm:
            queries = [norm(f"{at}q_norm", query, "rms") for query in queries]
            keys = [norm(f"{at}k_norm", key, "rms") for key in keys]
        visible = positions >= positions.T
        if config.window and not is_global(layer):
            visible &= positions - positions.T < config.window
        scale = config.query_scale or 1.0 / math.sqrt(config.head_dim)
        out = []
        for head, query in enumerate(queries):
            group = head // (config.heads // config.kv_heads)
            scores = rotated(query, layer) @ rotated(keys[group], layer).T * scale
            scores = np.exp(np.where(visible, scores, -np.inf) - scores.max(axis=1, keepdims=True))
            out.append(scores / scores.sum(axis=1, keepdims=True) @ values[group])
        return affine(f"{at}o", np.concatenate(out, axis=1))

    def gelu(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))

    def behind(name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return norm(name, x) if config.post_norms else x

    def feed_forward(at: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
        up = affine(f"{at}up", x)
        if config.activation == "gelu":
            up = gelu(up)
        elif config.activation == "relu2":
            up = np.maximum(up, 0.0) ** 2
        elif config.activation == "swiglu":
            gate = affine(f"{at}gate", x)
            up = gate * logistic(gate) * up
        else:
            up = gelu(affine(f"{at}gate", x)) * up
        return affine(f"{at}down", up)

    x = weights["embed.weight"][[config.start_token, *symbols[:-1]]] * config.embed_scale
    if config.positions == "sinusoid":
        angles = positions * config.rope_base ** (-2.0 * np.arange(config.width // 2) / config.width)
        x = x + np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    for i in range(config.layers):
        at = f"layers.{i}."
        if config.norm_place == "pre":
            x = x + behind(f"{at}norm1_post", attention(i, norm(f"{at}norm1", x)))
            x = x + behind(f"{at}norm2_post", feed_forward(at, norm(f"{at}norm2", x)))
        else:
            x = norm(f"{at}norm1", x + attention(i, x))
            x = norm(f"{at}norm2", x + feed_forward(at, x))
    if config.norm_place == "pre":
        x = norm("norm", x)
    if config.tied:
        return x @ weights["embed.weight"].T + weights.get("output.bias", 0.0)
    return affine("output", x)

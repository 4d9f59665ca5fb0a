"""The model as arrays, made from weights: checked first, so that no file can make a kernel read out of bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.neural.arithmetic import turns
from predzip.predictors.neural.transformer.attention import MOST_VISIBLE, query_reach
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.products import Linear, new_linear
from predzip.predictors.neural.transformer.quantize import tensor_shapes

_Floats = NDArray[np.float32]
_LARGEST = 1e6
_NOTHING = np.zeros(0, np.float32)


class Norm(NamedTuple):
    """Gain and, for a layer norm, bias."""

    gain: _Floats  # D
    bias: _Floats  # D, or nothing


class Layer(NamedTuple):
    """One block. Matrices with the same input are one."""

    norm1: Norm
    qkv: Linear  # (heads + 2 G) * H rows: queries, keys, values
    o: Linear
    norm2: Norm
    up: Linear  # M rows; for SwiGLU 2 M: gate, up
    down: Linear


class Network(NamedTuple):
    """Weights of one model and the tables of its positions."""

    config: TransformerConfig
    embedding: NDArray[np.int8]  # V, D
    embedding_scale: _Floats  # V
    layers: tuple[Layer, ...]
    norm: Norm | None
    output: Linear
    query_reach: int
    cosines: _Floats  # context, H / 2: rotary positions, else no rows
    sines: _Floats
    waves: _Floats  # context, D: sinusoidal positions, else no rows


def _check(config: TransformerConfig, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    shapes = tensor_shapes(config)
    for name, (dtype, shape) in shapes.items():
        tensor = tensors.get(name)
        if tensor is None or tensor.dtype != np.dtype(dtype) or tensor.shape != shape:
            raise ModelError(f"tensor {name} must be {dtype} of shape {shape}")
        if dtype == "float32" and not (np.isfinite(tensor).all() and np.abs(tensor).max(initial=0) < _LARGEST):
            raise ModelError(f"tensor {name} holds a number that is not finite or too large")
        if dtype == "int8" and tensor.min() < -127:
            raise ModelError(f"tensor {name} holds -128; weights are -127 to 127")
    if unknown := sorted(tensors.keys() - shapes.keys()):
        raise ModelError(f"there is no place for tensor {unknown[0]} in this model")
    if (config.window or config.context) > MOST_VISIBLE:
        raise ModelError(f"attention reaches {MOST_VISIBLE} positions at most")


def new_network(config: TransformerConfig, tensors: Mapping[str, NDArray[np.generic]]) -> Network:
    """Check the tensors and arrange them.

    Raises:
        ModelError: for a missing tensor, a wrong type or shape, or a number out of bounds.
    """
    _check(config, tensors)

    def floats(name: str) -> _Floats:
        return np.ascontiguousarray(tensors[name], dtype=np.float32) if name in tensors else _NOTHING

    def norm(name: str) -> Norm:
        return Norm(floats(f"{name}.weight"), floats(f"{name}.bias"))

    def linear(*names: str) -> Linear:
        weights = np.concatenate([tensors[f"{name}.weight"] for name in names])
        scale = np.concatenate([floats(f"{name}.scale") for name in names])
        return new_linear(weights, scale, np.concatenate([floats(f"{name}.bias") for name in names]))

    layers = []
    for i in range(config.layers):
        at = f"layers.{i}."
        up = (f"{at}gate", f"{at}up") if config.activation == "swiglu" else (f"{at}up",)
        layers.append(
            Layer(
                norm(f"{at}norm1"),
                linear(f"{at}q", f"{at}k", f"{at}v"),
                linear(f"{at}o"),
                norm(f"{at}norm2"),
                linear(*up),
                linear(f"{at}down"),
            )
        )
    if config.tied:
        output = new_linear(tensors["embed.weight"], floats("embed.scale"), floats("output.bias"))  # type: ignore[arg-type]
    else:
        output = linear("output")
    cosines = sines = np.zeros((0, config.head_dim // 2), np.float32)
    waves = np.zeros((0, config.width), np.float32)
    if config.positions == "rotary":
        cosines, sines = turns(config.context, config.head_dim // 2, config.rope_base)
    elif config.positions == "sinusoid":
        even, odd = turns(config.context, config.width // 2, config.rope_base)
        waves = np.concatenate([odd, even], axis=1)
    return Network(
        config,
        np.ascontiguousarray(tensors["embed.weight"], dtype=np.int8),
        floats("embed.scale"),
        tuple(layers),
        norm("norm") if config.norm_place == "pre" else None,
        output,
        query_reach(config.head_dim),
        cosines,
        sines,
        waves,
    )

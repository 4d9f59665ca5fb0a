"""The network as arrays, made from weights, and the state of its lanes.

    embedding of the last byte + rows of the tables -> residual stream of width D
    each layer:  forget, input, gate = W u;  state = forget * state + (1 - forget) * input
                 stream += W (state * silu(gate));  stream += W relu(W u)^2
    logits = W u                                    (u: the stream, divided by its root mean square)

A gated linear recurrence (Qin et al., "Hierarchically gated recurrent network", 2023; De et al., "Griffin", 2024), in
the arithmetic of the exactness rules: weights are 8-bit integers with one float32 scale a row, activations 16-bit
integers wherever they are summed, sums 32-bit integers; everything between is float32, element by element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.recurrent.contexts import HISTORY_SIZE
from predzip.predictors.neural.recurrent.vectors import BLOCK_ROWS, pack_weights

ACTIVATION_ONE = 2048
"""What 1.0 of a normalised activation is as an integer."""
ACTIVATION_MAX = 32767

_MULTIPLIED = ("table_weights", "gate_weights", "state_weights", "up_weights", "down_weights", "output_weights")

_Tensors = Mapping[str, NDArray[np.generic]]


class Network(NamedTuple):
    """Weights of one model. D width, H state, M hidden, N layers, E = tables * table width, T tables.

    What is multiplied lies packed: `vectors.pack_weights` of the dimensions that are named.
    """

    embedding: NDArray[np.float32]  # 256, D
    orders: NDArray[np.int64]  # of the byte tables
    row_bits: NDArray[np.int64]  # T
    table_starts: NDArray[np.int64]  # T: first row of each table
    table_factors: NDArray[np.int16]  # T: what brings the tables to one scale
    tables: NDArray[np.int8]  # rows of all tables, table width
    table_weights: NDArray[np.int16]  # packed D, E
    table_scale: NDArray[np.float32]  # D
    gate_weights: NDArray[np.int16]  # packed N, 3 H, D
    gate_scale: NDArray[np.float32]  # N, 3 H
    gate_bias: NDArray[np.float32]  # N, 3 H
    state_weights: NDArray[np.int16]  # packed N, D, H
    state_scale: NDArray[np.float32]  # N, D
    up_weights: NDArray[np.int16]  # packed N, M, D
    up_scale: NDArray[np.float32]  # N, M
    down_weights: NDArray[np.int16]  # packed N, D, M
    down_scale: NDArray[np.float32]  # N, D
    output_weights: NDArray[np.int16]  # packed 256, D
    output_scale: NDArray[np.float32]  # 256
    output_bias: NDArray[np.float32]  # 256


class Lanes(NamedTuple):
    """State of L lanes and scratch of one step."""

    history: NDArray[np.uint64]  # L, 3
    states: NDArray[np.float32]  # L, N, H
    rows: NDArray[np.int64]  # T
    inputs: NDArray[np.int16]  # E
    stream: NDArray[np.float32]  # D
    wide: NDArray[np.int32]  # the widest of D, H, M: fixed-point copy
    activation: NDArray[np.int16]  # D, H or M numbers of it
    gates: NDArray[np.float32]  # 3 H
    middle: NDArray[np.float32]  # H or M numbers of it
    logits: NDArray[np.float32]  # 256
    sums: NDArray[np.int32]  # 64, of one block of rows
    # What the output layer learns on the way (adapt.py); empty arrays where it does not.
    learnt: NDArray[np.int16]  # 256, D
    learnt_fine: NDArray[np.int32]  # 256, D: the same with more bits
    learnt_bias: NDArray[np.int32]  # 256
    learnt_sums: NDArray[np.int32]  # 256, of the products in one step
    before: NDArray[np.int16]  # L, D: the activations that made the last prediction of each lane
    guesses: NDArray[np.uint32]  # L, 256: that prediction
    has_guessed: NDArray[np.int64]  # L


def tensor_shapes(config: RecurrentConfig) -> dict[str, tuple[str, tuple[int, ...]]]:
    """(dtype, shape) of every tensor of the exact model, by the names in `Network`."""
    d, h, m, n = config.width, config.state, config.hidden, config.layers
    tables = len(config.row_bits)
    return {
        "embedding": ("float32", (256, d)),
        "table_factors": ("int16", (tables,)),
        "tables": ("uint8", (sum(1 << bits for bits in config.row_bits), config.table_width // 2)),
        "table_weights": ("int8", (d, tables * config.table_width)),
        "table_scale": ("float32", (d,)),
        "gate_weights": ("int8", (n, 3 * h, d)),
        "gate_scale": ("float32", (n, 3 * h)),
        "gate_bias": ("float32", (n, 3 * h)),
        "state_weights": ("int8", (n, d, h)),
        "state_scale": ("float32", (n, d)),
        "up_weights": ("int8", (n, m, d)),
        "up_scale": ("float32", (n, m)),
        "down_weights": ("int8", (n, d, m)),
        "down_scale": ("float32", (n, d)),
        "output_weights": ("int8", (256, d)),
        "output_scale": ("float32", (256,)),
        "output_bias": ("float32", (256,)),
    }


def unpack_rows(packed: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Two numbers of -8..7 a byte, the first in the low half: (rows, W / 2) -> (rows, W)."""
    rows = np.empty((packed.shape[0], 2 * packed.shape[1]), np.int8)
    rows[:, 0::2] = (packed & 15).astype(np.int8)
    rows[:, 1::2] = (packed >> 4).astype(np.int8)
    rows -= np.where(rows > 7, np.int8(16), np.int8(0))
    return rows


def pack_rows(rows: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Inverse of `unpack_rows`."""
    halves = (rows & 15).astype(np.uint8)
    return (halves[:, 0::2] | halves[:, 1::2] << 4).astype(np.uint8)


def new_network(config: RecurrentConfig, tensors: _Tensors) -> Network:
    """Check the tensors and arrange them for the kernels.

    Raises:
        ModelError: for a missing tensor, a wrong type or shape, a number that is not finite, or weights so large
            that a sum of products could pass 31 bits.
    """
    for name, (dtype, shape) in tensor_shapes(config).items():
        tensor = tensors.get(name)
        if tensor is None or tensor.shape != shape or tensor.dtype != np.dtype(dtype):
            raise ModelError(f"tensor {name} must be {dtype} of shape {shape}")
        if dtype == "float32" and not (np.isfinite(tensor).all() and np.abs(tensor).max() < 1e6):
            raise ModelError(f"tensor {name} holds a number that is not finite or too large")
    for name in _MULTIPLIED:
        greatest = int(np.abs(tensors[name].astype(np.int64)).sum(axis=-1).max()) * (ACTIVATION_MAX + 1)
        if greatest >= 2**31:
            raise ModelError(f"tensor {name}: a sum of products could pass 31 bits")
    factors = tensors["table_factors"].astype(np.int64)
    if not ((factors >= 0) & (factors <= 4095)).all():
        raise ModelError("tensor table_factors must lie in 0..4095")
    starts = np.cumsum([0, *(1 << bits for bits in config.row_bits)])[:-1]
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in tensor_shapes(config)}
    arrays["tables"] = unpack_rows(tensors["tables"])  # type: ignore[arg-type]
    for name in _MULTIPLIED:
        arrays[name] = pack_weights(tensors[name])  # type: ignore[arg-type]
    return Network(
        orders=np.array([order for order, _ in config.orders], np.int64),
        row_bits=np.array(config.row_bits, np.int64),
        table_starts=starts.astype(np.int64),
        **arrays,  # type: ignore[arg-type]
    )


def new_lanes(network: Network, lanes: int, *, adapts: bool = False) -> Lanes:
    """State of lanes that have seen nothing; adapts: let the output layer learn on the way, from all lanes together."""
    d = network.embedding.shape[1]
    n, h = network.gate_scale.shape[0], network.gate_scale.shape[1] // 3
    widest = max(d, h, network.up_scale.shape[1])
    tables = network.row_bits.shape[0]
    return Lanes(
        history=np.zeros((lanes, HISTORY_SIZE), np.uint64),
        states=np.zeros((lanes, n, h), np.float32),
        rows=np.zeros(tables, np.int64),
        inputs=np.zeros(tables * network.tables.shape[1], np.int16),
        stream=np.zeros(d, np.float32),
        wide=np.zeros(widest, np.int32),
        activation=np.zeros(widest, np.int16),
        gates=np.zeros(3 * h, np.float32),
        middle=np.zeros(widest, np.float32),
        logits=np.zeros(256, np.float32),
        sums=np.zeros(BLOCK_ROWS, np.int32),
        learnt=np.zeros((256 * adapts, d), np.int16),
        learnt_fine=np.zeros((256 * adapts, d), np.int32),
        learnt_bias=np.zeros(256 * adapts, np.int32),
        learnt_sums=np.zeros(256 * adapts, np.int32),
        before=np.zeros((lanes * adapts, d), np.int16),
        guesses=np.zeros((lanes * adapts, 256), np.uint32),
        has_guessed=np.zeros(lanes, np.int64),
    )

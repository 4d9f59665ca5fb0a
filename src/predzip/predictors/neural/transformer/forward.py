"""One block of positions through all layers, for lanes in step, with what they remember of the positions before.

The decoder runs blocks of one position, the encoder blocks of hundreds: the same function. What differs is who
multiplies, and every product here has one right answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.transformer.attention import (
    TILE,
    Cache,
    attend_rows,
    from_tiles,
    new_cache,
    rescale_heads,
    store_rows,
    weigh_rows,
)
from predzip.predictors.neural.transformer.config import ACTIVATIONS
from predzip.predictors.neural.transformer.network import Layer, Network, Norm
from predzip.predictors.neural.transformer.products import Backend, Linear
from predzip.predictors.neural.transformer.rows import (
    activate_rows,
    add_rescaled_rows,
    embed_rows,
    normalise_rows,
    quantise_rows,
    rescale_rows,
)

_Floats = NDArray[np.float32]

LARGEST_BLOCK = 256
"""Positions that run at once, at most."""


def cache_positions(network: Network, positions: int | None = None) -> int:
    """Positions that a lane has memory for, if it takes `positions` in all."""
    config = network.config
    needed = min(config.context, positions or config.context)
    if config.window:
        # Besides the window and a block, as much again: so seldom is anything moved.
        needed = min(needed, config.window + TILE + max(LARGEST_BLOCK, config.window))
    return -(-needed // TILE) * TILE


def lane_bytes(network: Network, positions: int | None = None) -> int:
    """Memory of one lane that takes that many positions."""
    config = network.config
    return 2 * config.layers * config.kv_heads * cache_positions(network, positions) * (config.head_dim + 4)


class Lanes:
    """What L lanes remember: keys and values of the positions that can still be seen.

    Args:
        network: the weights.
        lanes: L.
        positions: the most that will be run before `restart`, if less than the context.
    """

    def __init__(self, network: Network, lanes: int, positions: int | None = None) -> None:
        config = network.config
        self.lanes = lanes
        self.position = 0
        """Of the next token."""
        self.slot = 0
        """Where its key goes."""
        self.capacity = cache_positions(network, positions)
        self.caches = [new_cache(lanes, config.kv_heads, self.capacity, config.head_dim) for _ in range(config.layers)]
        self.scores = np.zeros(self.capacity, np.float32)
        self.weights = np.zeros(self.capacity, np.int16)
        self.products = np.zeros(TILE, np.int32)
        self.sums = np.zeros(config.head_dim, np.int32)

    def restart(self) -> None:
        """Forget all positions; nothing needs clearing, since no row looks past the slot."""
        self.position = self.slot = 0

    def make_room(self, count: int, window: int) -> None:
        """Move what the window still shows to the front, if `count` more positions do not fit behind."""
        if self.slot + count <= self.capacity:
            return
        tiles = max(0, self.slot - (window - 1)) // TILE  # those that no row will look at again
        for cache in self.caches:
            for numbers in (cache.keys, cache.values):
                numbers[:, :, :-tiles] = numbers[:, :, tiles:].copy()
            for units in (cache.key_units, cache.value_units):
                units[:, :, : -tiles * TILE] = units[:, :, tiles * TILE :].copy()
        self.slot -= tiles * TILE


def run_block(network: Network, lanes: Lanes, tokens: NDArray[np.int64], backend: Backend) -> _Floats:
    """Run the next B tokens of each lane, (L, B); return the logits behind each, (L * B, V), lane by lane."""
    config = network.config
    count = tokens.shape[1]
    lanes.make_room(count, config.window)
    stream = np.empty((tokens.size, config.width), np.float32)
    scale = np.float32(config.embed_scale)
    embed_rows(tokens, network.embedding, network.embedding_scale, scale, network.waves, lanes.position, stream)
    for layer, cache in zip(network.layers, lanes.caches, strict=True):
        _run_layer(network, layer, lanes, cache, stream, count, backend)
    lanes.position += count
    lanes.slot += count
    if network.norm is not None:
        _normalise(network, network.norm, stream, stream)
    return _multiply(network.output, stream, backend)


def _normalise(network: Network, norm: Norm, stream: _Floats, result: _Floats) -> None:
    normalise_rows(stream, norm.gain, norm.bias, network.config.norm_epsilon, result)


def _run_layer(
    network: Network, layer: Layer, lanes: Lanes, cache: Cache, stream: _Floats, count: int, backend: Backend
) -> None:
    config = network.config
    pre = config.norm_place == "pre"
    source = stream
    if pre:
        source = np.empty_like(stream)
        _normalise(network, layer.norm1, stream, source)
    qkv = _multiply(layer.qkv, source, backend)
    attended = _attend(network, lanes, cache, qkv, count, backend)
    _multiply_onto(stream, layer.o, attended, backend)
    if not pre:
        _normalise(network, layer.norm1, stream, stream)
    else:
        _normalise(network, layer.norm2, stream, source)
    hidden = _multiply(layer.up, source, backend)
    activate_rows(hidden, ACTIVATIONS.index(config.activation), config.hidden)
    _multiply_onto(stream, layer.down, np.ascontiguousarray(hidden[:, : config.hidden]), backend)
    if not pre:
        _normalise(network, layer.norm2, stream, stream)


def _codes(linear: Linear, values: _Floats) -> tuple[NDArray[np.int16], _Floats]:
    codes = np.empty(values.shape, np.int16)
    units = np.empty(values.shape[0], np.float32)
    quantise_rows(values, linear.reach, codes, units)
    return codes, units


def _multiply(linear: Linear, values: _Floats, backend: Backend) -> _Floats:
    codes, units = _codes(linear, values)
    result = backend.product(linear, codes)
    rescale_rows(result, linear.scale, units, linear.bias)
    return result


def _multiply_onto(stream: _Floats, linear: Linear, values: _Floats, backend: Backend) -> None:
    codes, units = _codes(linear, values)
    add_rescaled_rows(backend.product(linear, codes), linear.scale, units, linear.bias, stream)


def _attend(network: Network, lanes: Lanes, cache: Cache, qkv: _Floats, count: int, backend: Backend) -> _Floats:
    config = network.config
    rows, heads, size = len(qkv), config.heads, config.head_dim
    queries = np.empty((rows, heads, size), np.int16)
    units = np.empty((rows, heads), np.float32)
    slot = lanes.slot
    store_rows(qkv, network.cosines, network.sines, lanes.position, slot, network.query_reach, queries, units, cache)
    result = np.empty((rows, heads * size), np.float32)
    reach = config.window or config.context
    if count == 1 or not backend.attends:
        scratch = (lanes.scores, lanes.products, lanes.weights, lanes.sums)
        attend_rows(queries, units, cache, slot, reach, *scratch, result)
        return result
    first, end = max(0, slot + 1 - reach), slot + count
    share = heads // config.kv_heads
    by_head = queries.reshape(lanes.lanes, count, config.kv_heads, share, size).transpose(0, 2, 3, 1, 4)
    units_by_head = units.reshape(lanes.lanes, count, config.kv_heads, share).transpose(0, 2, 3, 1)
    out = result.reshape(lanes.lanes, count, config.kv_heads, share, size)
    totals_unit = np.empty(share * count, np.float32)
    for lane in range(lanes.lanes):
        for group in range(config.kv_heads):
            keys = from_tiles(cache.keys[lane, group], first, end)
            values = from_tiles(cache.values[lane, group], first, end)
            query = by_head[lane, group].reshape(share * count, size).astype(np.float32)
            scores = backend.matmul(query, keys)
            weigh_rows(
                scores,
                units_by_head[lane, group].reshape(share * count),
                cache.key_units[lane, group, first:end],
                cache.value_units[lane, group, first:end],
                count,
                slot - first,
                config.window,
                totals_unit,
            )
            totals = backend.matmul(scores, values.T)
            rescale_heads(totals, totals_unit)
            out[lane, :, group] = totals.reshape(share, count, size).transpose(1, 0, 2)
    return result

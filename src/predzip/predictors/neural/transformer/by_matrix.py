"""All layers by a library's matrix products: what `stack.run_layers` computes, in Python, for other backends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.transformer.attention import (
    Cache,
    keys_as_floats,
    rescale_heads,
    store_rows,
    values_as_floats,
    weigh_rows,
)
from predzip.predictors.neural.transformer.network import Network, Norms
from predzip.predictors.neural.transformer.products import Linear, MatrixBackend
from predzip.predictors.neural.transformer.rows import (
    activate_rows,
    add_rows,
    normalise_rows,
    quantise_rows,
    rescale_rows,
)

_Floats = NDArray[np.float32]


def multiply(backend: MatrixBackend, linear: Linear, values: _Floats, stream: _Floats | None = None) -> _Floats:
    """Product of rows (N, K or more) and a matrix: returned, or added to the stream."""
    padded = linear.width + linear.width % 2
    codes = np.empty((len(values), padded), np.int16)
    units = np.empty(len(values), np.float32)
    quantise_rows(values, linear.width, linear.reach, codes.reshape(-1), units)
    totals = backend.product(linear, np.ascontiguousarray(codes[:, : linear.width]))
    rescale_rows(totals, linear.scale, linear.bias, units, stream is not None, totals if stream is None else stream)
    return totals


def run_layers(
    backend: MatrixBackend,
    network: Network,
    caches: list[tuple[Cache, int]],
    slots: list[int],
    position: int,
    stream: _Floats,
    lanes: int,
) -> None:
    """Run B positions of L lanes through all layers.

    Args:
        backend: who multiplies.
        network: the weights.
        caches: for each layer its cache, and its number in there.
        slots: for each layer where the first position goes.
        position: of the first row of each lane.
        stream: (L * B, D), in and out.
        lanes: L.
    """
    layers, shape = network.layers, network.shape

    def normalise(norms: Norms, values: _Floats, result: _Floats) -> None:
        normalise_rows(values, norms.gain[i], norms.bias[i], shape.epsilon, result)

    def add(linear: Linear, post: Norms, values: _Floats) -> None:
        if post.gain.shape[1]:
            found = multiply(backend, linear, values)
            normalise(post, found, found)
            add_rows(found, stream)
        else:
            multiply(backend, linear, values, stream)

    for i, (cache, number) in enumerate(caches):
        source = stream
        if shape.pre_norm:
            source = np.empty_like(stream)
            normalise(layers.norm1, stream, source)
        qkv = multiply(backend, layers.qkv.linear(i), source)
        attended = _attend(backend, network, i, cache, number, slots[i], position, qkv, lanes)
        add(layers.o.linear(i), layers.norm1_post, attended)
        if shape.pre_norm:
            normalise(layers.norm2, stream, source)
        else:
            normalise(layers.norm1, stream, stream)
        hidden = multiply(backend, layers.up.linear(i), source)
        activate_rows(hidden, shape.activation, shape.hidden)
        add(layers.down.linear(i), layers.norm2_post, hidden)
        if not shape.pre_norm:
            normalise(layers.norm2, stream, stream)


def _attend(
    backend: MatrixBackend,
    network: Network,
    layer: int,
    cache: Cache,
    number: int,
    slot: int,
    position: int,
    qkv: _Floats,
    lanes: int,
) -> _Floats:
    layers, shape = network.layers, network.shape
    count, size = len(qkv) // lanes, shape.size
    queries = np.empty((lanes, shape.groups, count * shape.share, size), np.int16)
    units = np.empty(queries.shape[:3], np.float32)
    table = layers.tables[layer]
    store_rows(
        qkv,
        layers.cosines[table],
        layers.sines[table],
        layers.head_norms.gain[layer],
        layers.head_norms.bias[layer],
        shape.epsilon,
        position,
        slot,
        shape.query_reach,
        shape.query_scale,
        queries,
        units,
        cache,
        number,
    )
    end = slot + count
    reach = int(layers.windows[layer]) or end
    result = np.empty((lanes, count, shape.groups, shape.share, size), np.float32)
    totals_unit = np.empty(count * shape.share, np.float32)
    for lane in range(lanes):
        for group in range(shape.groups):
            query = queries[lane, group].astype(np.float32)
            scores = backend.matmul(query, keys_as_floats(cache.keys[number, lane, group], end))
            of_keys, of_values = cache.key_units[number, lane, group], cache.value_units[number, lane, group]
            weigh_rows(scores, units[lane, group], of_keys, of_values, shape.share, slot, reach, totals_unit)
            totals = backend.matmul(scores, values_as_floats(cache.values[number, lane, group], end, size))
            rescale_heads(totals, totals_unit)
            result[lane, :, group] = totals.reshape(count, shape.share, size)
    return result.reshape(lanes * count, -1)

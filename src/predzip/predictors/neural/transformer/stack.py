"""All layers in one compiled loop: a step of a large model makes one call instead of hundreds.

Nothing here holds Python's lock, so that lanes in several threads do not wait for each other. What it computes is what
`by_matrix.run_layers` computes with other products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.neural.transformer.attention import Cache, Scratch, attend_rows, store_rows
from predzip.predictors.neural.transformer.config import GATED, TransformerConfig
from predzip.predictors.neural.transformer.network import Layers, Matrices, Norms, Shape
from predzip.predictors.neural.transformer.products import ADD, SET, multiply
from predzip.predictors.neural.transformer.rows import activate_rows, add_rows, normalise_rows, quantise_rows

_Floats = NDArray[np.float32]


class Work(NamedTuple):
    """What N rows need on their way through a layer."""

    source: _Floats  # N, D
    wide: _Floats  # N, the most rows of a matrix
    attended: _Floats  # N, heads * H
    codes: NDArray[np.int16]  # N * the most columns of a matrix, evened up
    units: _Floats  # N
    queries: NDArray[np.int16]  # L, G, B * share, H
    query_units: _Floats  # L, G, B * share


def _widest(config: TransformerConfig) -> tuple[int, int]:
    """The most rows and columns of a matrix in a layer."""
    heads = config.heads * config.head_dim
    gates = 2 if config.activation in GATED else 1
    rows = max(heads + 2 * config.kv_heads * config.head_dim, gates * config.hidden)
    columns = max(config.width, heads, config.hidden)
    return rows, columns + columns % 2


def new_work(config: TransformerConfig, lanes: int, count: int) -> Work:
    """Memory for a block of `count` positions of so many lanes."""
    rows = lanes * count
    most_rows, most_columns = _widest(config)
    by_head = (lanes, config.kv_heads, count * config.heads // config.kv_heads)
    return Work(
        np.empty((rows, config.width), np.float32),
        np.empty((rows, most_rows), np.float32),
        np.empty((rows, config.heads * config.head_dim), np.float32),
        np.empty(rows * most_columns, np.int16),
        np.empty(rows, np.float32),
        np.empty((*by_head, config.head_dim), np.int16),
        np.empty(by_head, np.float32),
    )


def row_bytes(config: TransformerConfig) -> int:
    """Memory that one row takes on its way through the layers: its stream, and its part of `Work`."""
    most_rows, most_columns = _widest(config)
    heads = config.heads * config.head_dim
    return 4 * (2 * config.width + most_rows + heads + 1 + config.heads) + 2 * (most_columns + heads)


@inlined
def _multiply(
    matrices: Matrices, layer: int, values: _Floats, how: int, result: _Floats, work: Work, sums: NDArray[np.int32]
) -> None:
    width = matrices.width
    quantise_rows(values, width, matrices.reach[layer], work.codes, work.units)
    multiply(
        matrices.packed[layer],
        matrices.scale[layer],
        matrices.bias[layer],
        work.codes,
        work.units,
        how,
        0,
        matrices.packed.shape[1],  # all of them, and more than there are
        result,
        sums,
    )


@inlined
def _normalise(norms: Norms, layer: int, shape: Shape, values: _Floats, result: _Floats) -> None:
    normalise_rows(values, norms.gain[layer], norms.bias[layer], shape.epsilon, result)


@inlined
def _add(
    matrices: Matrices,
    post: Norms,
    layer: int,
    shape: Shape,
    values: _Floats,
    stream: _Floats,
    work: Work,
    sums: NDArray[np.int32],
) -> None:
    """Add a product to the stream, by way of a norm where there is one."""
    if post.gain.shape[1] > 0:
        _multiply(matrices, layer, values, SET, work.source, work, sums)
        _normalise(post, layer, shape, work.source, work.source)
        add_rows(work.source, stream)
    else:
        _multiply(matrices, layer, values, ADD, stream, work, sums)


@kernel
def run_layers(
    layers: Layers,
    shape: Shape,
    local: Cache,  # of the layers of the first room
    everywhere: Cache,  # of those of the second, if there are two
    places: NDArray[np.int64],  # layers, 2: room, and number in its cache
    slots: NDArray[np.int64],  # rooms: where the first position goes
    position: int,  # of the first row of each lane
    most_visible: int,  # where there is no window
    stream: _Floats,  # L * B, D: in and out
    work: Work,
    scratch: Scratch,
) -> None:
    """Run B positions of L lanes through all layers."""
    sums = scratch.sums
    for layer in range(layers.windows.shape[0]):
        cache = local if places[layer, 0] == 0 else everywhere
        slot, number = slots[places[layer, 0]], places[layer, 1]
        source = stream
        if shape.pre_norm:
            _normalise(layers.norm1, layer, shape, stream, work.source)
            source = work.source
        _multiply(layers.qkv, layer, source, SET, work.wide, work, sums)
        table = layers.tables[layer]
        store_rows(
            work.wide,
            layers.cosines[table],
            layers.sines[table],
            layers.head_norms.gain[layer],
            layers.head_norms.bias[layer],
            shape.epsilon,
            position,
            slot,
            shape.query_reach,
            shape.query_scale,
            work.queries,
            work.query_units,
            cache,
            number,
        )
        window = layers.windows[layer]
        reach = window if window > 0 else most_visible
        attend_rows(work.queries, work.query_units, cache, number, shape.share, slot, reach, scratch, work.attended)
        _add(layers.o, layers.norm1_post, layer, shape, work.attended, stream, work, sums)
        if shape.pre_norm:
            _normalise(layers.norm2, layer, shape, stream, work.source)
        else:
            _normalise(layers.norm1, layer, shape, stream, stream)
        _multiply(layers.up, layer, source, SET, work.wide, work, sums)
        activate_rows(work.wide, shape.activation, shape.hidden)
        _add(layers.down, layers.norm2_post, layer, shape, work.wide, stream, work, sums)
        if not shape.pre_norm:
            _normalise(layers.norm2, layer, shape, stream, stream)

"""Attention in integers: 8-bit keys and values, scores and weighted sums below 2^24.

    score of key j   = q k_j * (unit of q * query scale * unit of k_j)               q, k: integers; their product exact
    weight of j      = rint(32767 * e^(score_j - greatest) / sum * unit of v_j / greatest unit of v)
    result           = sum over j of weight_j * v_j * (greatest unit of v / 32767)    exact again

The weights of a row sum to about 32767, so the last sum stays below 2^24 and float32 matrix products may compute it.
`weigh` is the one function that turns scores into weights, whichever way the products around it are made.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.mixing.int32 import add32
from predzip.predictors.neural.arithmetic import exp_minus, from_ordered_bits, magnitude_bits, ordered_bits
from predzip.predictors.neural.transformer.rows import greatest_magnitude, normalise_row, to_codes
from predzip.predictors.neural.transformer.vectors import (
    HAS_WIDE_VECTORS,
    MOST_ROWS,
    MOST_STRIPS,
    STRIP,
    STRIP_BYTES,
    SUMS_SHAPE,
    address_of,
    sum_products,
)

_Floats = NDArray[np.float32]

MOST_VISIBLE = 1 << 16
"""Positions that one row may attend to: keeps weighted sums below 2^24."""
KEY_MAX = 127
TILE = MOST_STRIPS * STRIP
"""Positions that lie side by side in a cache."""
_AHEAD_PAIRS = 64
_PAIRS_AT_ONCE = 1 << 30 if HAS_WIDE_VECTORS else 64
"""Pairs of positions whose values are weighed while they are near: few where the strips of a head go one by one."""
_EXP_ONE = np.float32(1 << 24)
_WEIGHT_TOTAL = 32767.0  # so that each weight fits 16 bits
_KEY_MAX = np.float32(KEY_MAX)


def query_reach(head_dim: int) -> int:
    """Largest magnitude of a query's integers, so that its products with keys stay below 2^24."""
    return min(2047, ((1 << 24) - 1) // (KEY_MAX * head_dim))


class Cache(NamedTuple):
    """Keys and values of some layers, packed for `vectors.sum_products`.

    E layers, L lanes, G key heads, C positions in N = C / TILE tiles, H numbers of a head, S = H up to whole strips.
    Of keys, the rows that lie side by side are positions, two numbers of the head a pair; of values they are the
    numbers of the head, two positions a pair.
    """

    keys: NDArray[np.int8]  # E, L, G, N, H / 2, TILE, 2
    key_units: _Floats  # E, L, G, C
    values: NDArray[np.int8]  # E, L, G, C / 2, S, 2
    value_units: _Floats  # E, L, G, C


def padded_head(size: int) -> int:
    """Numbers that the values of a head take in memory."""
    return -(-size // STRIP) * STRIP


def position_bytes(size: int) -> int:
    """Memory of one position of one key head, of so many numbers."""
    return size + padded_head(size) + 8


def new_cache(layers: int, lanes: int, groups: int, positions: int, size: int) -> Cache:
    """Memory for keys and values; positions are a multiple of TILE."""
    front = (layers, lanes, groups)
    return Cache(
        np.zeros((*front, positions // TILE, size // 2, TILE, 2), np.int8),
        np.zeros((*front, positions), np.float32),
        np.zeros((*front, positions // 2, padded_head(size), 2), np.int8),
        np.zeros((*front, positions), np.float32),
    )


def move_tiles(cache: Cache, tiles: int) -> None:
    """Forget the first tiles: the others move to the front."""
    cache.keys[:, :, :, :-tiles] = cache.keys[:, :, :, tiles:].copy()
    pairs = tiles * TILE // 2
    cache.values[:, :, :, :-pairs] = cache.values[:, :, :, pairs:].copy()
    for units in (cache.key_units, cache.value_units):
        units[:, :, :, : -2 * pairs] = units[:, :, :, 2 * pairs :].copy()


def keys_as_floats(tiles: NDArray[np.int8], end: int) -> _Floats:
    """Positions 0..end - 1 of one head, (H, end), from (N, H / 2, TILE, 2)."""
    part = tiles[: -(-end // TILE)].transpose(1, 3, 0, 2)
    return part.reshape(2 * tiles.shape[1], -1)[:, :end].astype(np.float32)


def values_as_floats(pairs: NDArray[np.int8], end: int, size: int) -> _Floats:
    """Positions 0..end - 1 of one head, (end, H), from (C / 2, S, 2)."""
    part = pairs[: -(-end // 2)].transpose(0, 2, 1)
    return part.reshape(-1, pairs.shape[1])[:end, :size].astype(np.float32)


@inlined
def _turn(values: _Floats, cosines: _Floats, sines: _Floats) -> None:
    half = cosines.shape[0]
    for i in range(half):
        left = values[i]
        right = values[half + i]
        values[i] = left * cosines[i] - right * sines[i]
        values[half + i] = right * cosines[i] + left * sines[i]


@kernel
def store_rows(
    qkv: _Floats,  # L * B, (heads + 2 G) * H or more: queries, keys, values; queries and keys get normed and turned
    cosines: _Floats,  # positions, H / 2; or no rows
    sines: _Floats,
    query_gain: _Floats,  # H: of the norm of each head; or nothing: no norms
    key_gain: _Floats,
    epsilon: float,
    position: int,  # of the first row of each lane
    slot: int,  # where its key goes
    reach: int,
    scale: np.float32,  # of scores
    queries: NDArray[np.int16],  # L, G, B * share, H: out
    units: _Floats,  # L, G, B * share: out; the scale is in it
    cache: Cache,
    layer: int,  # in the cache
) -> None:
    """Norm and turn queries and keys, and round all three to integers."""
    lanes, groups, total, size = queries.shape
    count = qkv.shape[0] // lanes
    share = total // count
    no_bias = query_gain[:0]
    for row in range(qkv.shape[0]):
        lane = row // count
        t = row - lane * count
        tile = (slot + t) // TILE
        place = slot + t - tile * TILE
        for head in range(groups * share):
            query = qkv[row, head * size : (head + 1) * size]
            if query_gain.shape[0] > 0:
                normalise_row(query, query_gain, no_bias, epsilon, query)
            if cosines.shape[0] > 0:
                _turn(query, cosines[position + t], sines[position + t])
            group = head // share
            n = t * share + head - group * share
            units[lane, group, n] = to_codes(query, np.float32(reach), queries[lane, group, n]) * scale
        for group in range(groups):
            start = (groups * share + group) * size
            key = qkv[row, start : start + size]
            if key_gain.shape[0] > 0:
                normalise_row(key, key_gain, no_bias, epsilon, key)
            if cosines.shape[0] > 0:
                _turn(key, cosines[position + t], sines[position + t])
            greatest = greatest_magnitude(key)
            factor = _KEY_MAX / greatest
            numbers = cache.keys[layer, lane, group, tile, :, place]
            for i in range(numbers.shape[0]):
                numbers[i, 0] = np.int32(np.rint(key[2 * i] * factor))
                numbers[i, 1] = np.int32(np.rint(key[2 * i + 1] * factor))
            cache.key_units[layer, lane, group, slot + t] = greatest / _KEY_MAX
            start += groups * size
            values = cache.values[layer, lane, group, (slot + t) // 2, :size, place % 2]
            cache.value_units[layer, lane, group, slot + t] = to_codes(qkv[row, start : start + size], _KEY_MAX, values)


@inlined
def weigh(scores: _Floats, unit: np.float32, key_units: _Floats, value_units: _Floats) -> np.float32:
    """Turn products q k_j into integer weights, in place; return what one unit of the weighted sum stands for."""
    count = scores.shape[0]
    greatest = np.int32(-0x7FFFFFFF)
    largest = np.int32(0)
    for j in range(count):
        score = scores[j] * (unit * key_units[j])
        scores[j] = score
        greatest = max(greatest, ordered_bits(score))
        largest = max(largest, magnitude_bits(value_units[j]))
    top = from_ordered_bits(greatest)
    value_unit = np.int32(largest).view(np.float32)
    total = np.int64(0)
    for first in range(0, count, TILE):
        line = scores[first : first + TILE]
        line_units = value_units[first : first + TILE]
        part = np.int32(0)  # of a tile, at most 2^30: sums of 64 bits take twice the time of all the rest
        for j in range(line.shape[0]):
            power = exp_minus(top - line[j])
            part = add32(part, np.int32(power * _EXP_ONE))
            line[j] = power * line_units[j]
        total += np.int64(part)
    factor = np.float32(_WEIGHT_TOTAL * float(_EXP_ONE) / (float(total) * float(value_unit)))
    for j in range(count):
        scores[j] = np.rint(scores[j] * factor)
    return np.float32(float(value_unit) / _WEIGHT_TOTAL)


@kernel
def weigh_rows(
    scores: _Floats,  # R, n: products with the keys of slots 0..n - 1; weights come out
    units: _Floats,  # R
    key_units: _Floats,  # n or more
    value_units: _Floats,
    share: int,  # rows of one position
    slot: int,  # of the first position
    reach: int,  # positions that a row sees, itself included
    result_units: _Floats,  # R: out
) -> None:
    """Apply `weigh` to each row's visible keys and give weight 0 to the others."""
    size = scores.shape[1]
    for row in range(scores.shape[0]):
        end = slot + row // share + 1
        begin = max(0, end - reach)
        line = scores[row]
        for j in range(begin):
            line[j] = np.float32(0.0)
        for j in range(end, size):
            line[j] = np.float32(0.0)
        result_units[row] = weigh(line[begin:end], units[row], key_units[begin:end], value_units[begin:end])


@kernel
def rescale_heads(totals: _Floats, units: _Floats) -> None:
    """Multiply each row (R, H) by its unit (R,), in place."""
    for row in range(totals.shape[0]):
        line = totals[row]
        for i in range(line.shape[0]):
            line[i] *= units[row]


class Scratch(NamedTuple):
    """What attention to C positions, MOST_ROWS rows at a time, writes in between."""

    scores: _Floats  # MOST_ROWS, C
    weights: NDArray[np.int16]  # MOST_ROWS, C
    units: _Floats  # MOST_ROWS
    sums: NDArray[np.int32]  # SUMS_SHAPE
    totals: NDArray[np.int32]  # SUMS_SHAPE


def new_scratch(positions: int) -> Scratch:
    """Scratch for so many positions, a multiple of TILE."""
    shape = (MOST_ROWS, positions)
    return Scratch(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.int16),
        np.zeros(MOST_ROWS, np.float32),
        np.zeros(SUMS_SHAPE, np.int32),
        np.zeros(SUMS_SHAPE, np.int32),
    )


@inlined
def _score(
    keys: NDArray[np.int8],  # N, H / 2, TILE, 2
    queries: int,  # address of the first row
    size: int,  # H
    rows: int,
    begin: int,  # the first slot, a multiple of TILE
    end: int,
    scratch: Scratch,
) -> None:
    """Products of some queries with the keys begin .. end - 1, and with those behind them up to a whole tile."""
    for slot in range(begin, end, TILE):
        sum_products(
            address_of(keys[slot // TILE]),
            2 * TILE,
            2 * STRIP_BYTES,
            MOST_STRIPS,
            size // 2,
            queries,
            2 * size,
            rows,
            size * TILE if slot + TILE < end else 0,  # the next tile
            scratch.sums,
        )
        for i in range(rows):
            line = scratch.scores[i, slot - begin : slot - begin + TILE]
            for j in range(TILE):
                line[j] = np.float32(scratch.sums[i, j])


@inlined
def _weigh_values(
    values: int,  # address of the first pair's first strip
    strips: int,
    padded: int,  # numbers of a head in memory
    pairs: int,
    rows: int,
    scratch: Scratch,
) -> None:
    """Sum the values of some strips by the weights in `scratch`, into its totals."""
    totals = scratch.totals
    pair_bytes = 2 * padded
    for begin in range(0, pairs, _PAIRS_AT_ONCE):
        sum_products(
            values + begin * pair_bytes,
            pair_bytes,
            2 * STRIP_BYTES,
            strips,
            min(_PAIRS_AT_ONCE, pairs - begin),
            address_of(scratch.weights) + 4 * begin,
            2 * scratch.weights.shape[1],
            rows,
            _AHEAD_PAIRS * pair_bytes if pairs - begin > _AHEAD_PAIRS else 0,
            scratch.sums,
        )
        for i in range(rows):
            line, total = scratch.sums[i], totals[i]
            for j in range(strips * STRIP):
                total[j] = line[j] if begin == 0 else add32(total[j], line[j])


@kernel
def attend_rows(
    queries: NDArray[np.int16],  # L, G, B * share, H
    units: _Floats,  # L, G, B * share
    cache: Cache,
    layer: int,  # in the cache
    share: int,  # query heads of one key head
    slot: int,  # of the first row of each lane
    reach: int,  # positions that a row sees, itself included
    scratch: Scratch,
    result: _Floats,  # L * B, heads * H: out
) -> None:
    """Attention of all rows, some of one key head at a time; what a row may not see gets weight 0."""
    lanes, groups, total, size = queries.shape
    padded = cache.values.shape[4]
    for lane in range(lanes):
        for group in range(groups):
            keys = cache.keys[layer, lane, group]
            values = cache.values[layer, lane, group]
            for first in range(0, total, MOST_ROWS):
                rows = min(MOST_ROWS, total - first)
                begin = max(0, slot + first // share + 1 - reach) // TILE * TILE
                end = slot + (first + rows - 1) // share + 1
                _score(keys, address_of(queries[lane, group, first]), size, rows, begin, end, scratch)
                pairs = (end - begin + 1) // 2
                for i in range(rows):
                    last = slot + (first + i) // share + 1
                    start = max(0, last - reach)
                    visible = scratch.scores[i, start - begin : last - begin]
                    unit = units[lane, group, first + i]
                    key_units = cache.key_units[layer, lane, group, start:last]
                    value_units = cache.value_units[layer, lane, group, start:last]
                    scratch.units[i] = weigh(visible, unit, key_units, value_units)
                    weights = scratch.weights[i]
                    for j in range(start - begin):
                        weights[j] = np.int16(0)
                    part = weights[start - begin : last - begin]
                    for j in range(visible.shape[0]):
                        part[j] = np.int16(np.int32(visible[j]))
                    for j in range(last - begin, 2 * pairs):
                        weights[j] = np.int16(0)
                address = address_of(values[begin // 2])
                for strip in range(0, padded // STRIP, MOST_STRIPS):
                    at_once = min(MOST_STRIPS, padded // STRIP - strip)
                    _weigh_values(address + strip * STRIP_BYTES, at_once, padded, pairs, rows, scratch)
                    column = strip * STRIP
                    for i in range(rows):
                        t = (first + i) // share
                        head = group * share + first + i - t * share
                        row = lane * (total // share) + t
                        line = result[row, head * size + column : head * size + min(size, column + TILE)]
                        for j in range(line.shape[0]):
                            line[j] = np.float32(scratch.totals[i, j]) * scratch.units[i]

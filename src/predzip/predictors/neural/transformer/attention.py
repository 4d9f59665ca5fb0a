"""Attention in integers: 8-bit keys and values, scores and weighted sums below 2^24.

    score of key j   = q k_j * (unit of q * unit of k_j / sqrt(head_dim))            q, k: integers; their product exact
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
from predzip.predictors.mixing.int32 import add32, mul32
from predzip.predictors.neural.arithmetic import exp_minus, from_ordered_bits, magnitude_bits, ordered_bits
from predzip.predictors.neural.transformer.rows import to_codes

_Floats = NDArray[np.float32]

MOST_VISIBLE = 1 << 16
"""Positions that one row may attend to: keeps weighted sums below 2^24."""
KEY_MAX = 127
TILE = 128
"""Positions that lie side by side in a cache."""
_EXP_ONE = np.float32(1 << 24)
_WEIGHT_TOTAL = 32767.0  # so that each weight fits 16 bits
_KEY_MAX = np.float32(KEY_MAX)


def query_reach(head_dim: int) -> int:
    """Largest magnitude of a query's integers, so that its products with keys stay below 2^24."""
    return min(2047, ((1 << 24) - 1) // (KEY_MAX * head_dim))


class Cache(NamedTuple):
    """Keys and values of one layer. L lanes, G key heads, C positions, H numbers of a head, N = C / TILE.

    A tile holds TILE positions, all of one number of the head side by side, so that a step's products run along the
    positions and through memory in order: that is three times as fast as along a head's numbers.
    """

    keys: NDArray[np.int8]  # L, G, N, H, TILE
    key_units: _Floats  # L, G, C
    values: NDArray[np.int8]  # L, G, N, H, TILE
    value_units: _Floats  # L, G, C


def new_cache(lanes: int, groups: int, positions: int, size: int) -> Cache:
    """Memory for keys and values; positions are a multiple of TILE."""
    numbers = (lanes, groups, positions // TILE, size, TILE)
    units = (lanes, groups, positions)
    return Cache(
        np.zeros(numbers, np.int8), np.zeros(units, np.float32), np.zeros(numbers, np.int8), np.zeros(units, np.float32)
    )


def from_tiles(tiles: NDArray[np.int8], first: int, end: int) -> _Floats:
    """Positions first..end - 1 of one head as floats, (H, end - first)."""
    begin = first // TILE
    part = tiles[begin : -(-end // TILE)].transpose(1, 0, 2).reshape(tiles.shape[1], -1)
    return part[:, first - begin * TILE : end - begin * TILE].astype(np.float32)


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
    qkv: _Floats,  # L * B, (heads + 2 G) * H: queries, keys, values; queries and keys get turned
    cosines: _Floats,  # context, H / 2; or no rows
    sines: _Floats,
    position: int,  # of the first row of each lane
    slot: int,  # where its key goes
    reach: int,
    queries: NDArray[np.int16],  # L * B, heads, H: out
    units: _Floats,  # L * B, heads: out; 1 / sqrt(H) is in it
    cache: Cache,
) -> None:
    """Turn queries and keys by their positions, and round all three to integers."""
    rows, heads, size = queries.shape
    lanes = cache.keys.shape[0]
    groups = cache.keys.shape[1]
    count = rows // lanes
    shrink = np.float32(1.0 / np.sqrt(float(size)))
    for row in range(rows):
        lane = row // count
        t = row - lane * count
        tile = (slot + t) // TILE
        place = slot + t - tile * TILE
        for head in range(heads):
            query = qkv[row, head * size : (head + 1) * size]
            if cosines.shape[0] > 0:
                _turn(query, cosines[position + t], sines[position + t])
            units[row, head] = to_codes(query, np.float32(reach), queries[row, head]) * shrink
        for group in range(groups):
            start = (heads + group) * size
            key = qkv[row, start : start + size]
            if cosines.shape[0] > 0:
                _turn(key, cosines[position + t], sines[position + t])
            cache.key_units[lane, group, slot + t] = to_codes(key, _KEY_MAX, cache.keys[lane, group, tile, :, place])
            start += groups * size
            value = qkv[row, start : start + size]
            cache.value_units[lane, group, slot + t] = to_codes(
                value, _KEY_MAX, cache.values[lane, group, tile, :, place]
            )


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
    for j in range(count):
        power = exp_minus(top - scores[j])
        total += np.int64(np.int32(power * _EXP_ONE))
        scores[j] = power * value_units[j]
    factor = np.float32(_WEIGHT_TOTAL * float(_EXP_ONE) / (float(total) * float(value_unit)))
    for j in range(count):
        scores[j] = np.rint(scores[j] * factor)
    return np.float32(float(value_unit) / _WEIGHT_TOTAL)


@kernel
def weigh_rows(
    scores: _Floats,  # R, n: products with the keys first..first + n - 1 of the cache; weights come out
    units: _Floats,  # R
    key_units: _Floats,  # n
    value_units: _Floats,  # n
    count: int,  # rows of one head, one a position
    last: int,  # index of the last key that the first row sees
    window: int,  # 0: all
    result_units: _Floats,  # R: out
) -> None:
    """Apply `weigh` to each row's visible keys and give weight 0 to the others."""
    size = scores.shape[1]
    for row in range(scores.shape[0]):
        end = last + row % count + 1
        begin = max(0, end - window) if window > 0 else 0
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


@inlined
def _score_tile(query: NDArray[np.int16], keys: NDArray[np.int8], sums: NDArray[np.int32]) -> None:
    """Products of a query (H,) with the keys of a tile (H, TILE); four numbers of a head at a time."""
    for j in range(TILE):
        sums[j] = np.int32(0)
    whole = query.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        q0, q1, q2, q3 = np.int32(query[i]), np.int32(query[i + 1]), np.int32(query[i + 2]), np.int32(query[i + 3])
        k0, k1, k2, k3 = keys[i], keys[i + 1], keys[i + 2], keys[i + 3]
        for j in range(TILE):
            left = add32(mul32(q0, np.int32(k0[j])), mul32(q1, np.int32(k1[j])))
            right = add32(mul32(q2, np.int32(k2[j])), mul32(q3, np.int32(k3[j])))
            sums[j] = add32(sums[j], add32(left, right))
    for i in range(whole, query.shape[0]):
        number = np.int32(query[i])
        key = keys[i]
        for j in range(TILE):
            sums[j] = add32(sums[j], mul32(number, np.int32(key[j])))


@inlined
def _add_tile(weights: NDArray[np.int16], values: NDArray[np.int8], sums: NDArray[np.int32]) -> None:
    """Add the weighted values of a tile (H, TILE) to the sums (H,)."""
    for i in range(values.shape[0]):
        value = values[i]
        total = np.int32(0)
        for j in range(TILE):
            total = add32(total, mul32(np.int32(value[j]), np.int32(weights[j])))
        sums[i] = add32(sums[i], total)


@kernel
def attend_rows(
    queries: NDArray[np.int16],  # L * B, heads, H
    units: _Floats,  # L * B, heads
    cache: Cache,
    slot: int,  # of the first row of each lane
    reach: int,  # positions that a row sees, itself included
    scores: _Floats,  # C: scratch
    products: NDArray[np.int32],  # TILE: scratch
    weights: NDArray[np.int16],  # C: scratch
    sums: NDArray[np.int32],  # H: scratch
    result: _Floats,  # L * B, heads * H: out
) -> None:
    """Attention of all rows, one after the other, in loops along the positions; no row looks past itself.

    Whole tiles are multiplied, and what is not visible in the first and the last one gets weight 0.
    """
    rows, heads, size = queries.shape
    lanes = cache.keys.shape[0]
    count = rows // lanes
    share = heads // cache.keys.shape[1]
    for lane in range(lanes):
        for head in range(heads):
            group = head // share
            for t in range(count):
                row = lane * count + t
                end = slot + t + 1
                first = max(0, end - reach)
                begin = first // TILE
                tiles = (end + TILE - 1) // TILE - begin
                start = begin * TILE
                for n in range(tiles):
                    _score_tile(queries[row, head], cache.keys[lane, group, begin + n], products)
                    line = scores[n * TILE : (n + 1) * TILE]
                    for j in range(TILE):
                        line[j] = np.float32(products[j])
                visible = scores[first - start : end - start]
                key_units = cache.key_units[lane, group, first:end]
                unit = weigh(visible, units[row, head], key_units, cache.value_units[lane, group, first:end])
                for j in range(first - start):
                    weights[j] = np.int16(0)
                for j in range(first - start, end - start):
                    weights[j] = np.int16(scores[j])
                for j in range(end - start, tiles * TILE):
                    weights[j] = np.int16(0)
                for i in range(size):
                    sums[i] = np.int32(0)
                for n in range(tiles):
                    _add_tile(weights[n * TILE : (n + 1) * TILE], cache.values[lane, group, begin + n], sums)
                for i in range(size):
                    result[row, head * size + i] = np.float32(sums[i]) * unit

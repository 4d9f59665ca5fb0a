"""One block of positions through all layers, for lanes in step, with what they remember of the positions before.

The decoder runs blocks of one position, the encoder blocks of hundreds: the same function. What differs is who
multiplies, and every product here has one right answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.predictors.neural.transformer import by_matrix, stack
from predzip.predictors.neural.transformer.attention import TILE, move_tiles, new_cache, new_scratch, position_bytes
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.network import Network
from predzip.predictors.neural.transformer.products import SET, Backend, KernelBackend, multiply
from predzip.predictors.neural.transformer.rows import embed_rows, normalise_rows, quantise_rows
from predzip.predictors.neural.transformer.vectors import SUMS_SHAPE

_Floats = NDArray[np.float32]

LARGEST_BLOCK = 256
"""Positions that run at once, at most."""


def cache_positions(window: int, positions: int) -> int:
    """Positions that a layer has memory for, if a lane takes `positions` in all; window 0: none."""
    # Besides the window and a block, as much again: so seldom is anything moved.
    needed = min(positions, window + TILE + max(LARGEST_BLOCK, window)) if window else positions
    return -(-needed // TILE) * TILE


def lane_bytes(config: TransformerConfig, positions: int | None = None) -> int:
    """Memory of one lane that takes that many positions."""
    positions = min(positions or config.context, config.context)
    held = sum(cache_positions(config.window_of(i), positions) for i in range(config.layers))
    return config.kv_heads * held * position_bytes(config.head_dim)


class Room:
    """Keys and values of the layers of one window, and where in them the lanes are.

    Args:
        config: of the model.
        window: positions that attention of these layers reaches; 0: all.
        lanes: L.
        positions: that a lane takes in all.
    """

    def __init__(self, config: TransformerConfig, window: int, lanes: int, positions: int) -> None:
        self.window = window
        self.layers = [i for i in range(config.layers) if config.window_of(i) == window]
        self.capacity = cache_positions(window, positions)
        self.slot = 0
        """Where the next key goes."""
        self.cache = new_cache(len(self.layers), lanes, config.kv_heads, self.capacity, config.head_dim)

    def make(self, count: int) -> None:
        """Move what the window still shows to the front, if `count` more positions do not fit behind."""
        if self.slot + count <= self.capacity:
            return
        tiles = max(0, self.slot - (self.window - 1)) // TILE  # those that no row will look at again
        move_tiles(self.cache, tiles)
        self.slot -= tiles * TILE


class Lanes:
    """What L lanes remember: keys and values of the positions that can still be seen.

    Args:
        network: the weights.
        lanes: L.
        positions: the most that will be run before `restart`, if fewer than the network's.
    """

    def __init__(self, network: Network, lanes: int, positions: int | None = None) -> None:
        config = network.config
        self.lanes = lanes
        self.positions = min(positions or network.positions, network.positions)
        self.position = 0
        """Of the next token."""
        windows = dict.fromkeys(config.window_of(i) for i in range(config.layers))
        self.rooms = [Room(config, window, lanes, self.positions) for window in windows]
        self.places = np.empty((config.layers, 2), np.int64)
        """Room of each layer, and its number in the room's cache."""
        for index, room in enumerate(self.rooms):
            for number, layer in enumerate(room.layers):
                self.places[layer] = index, number
        self.scratch = new_scratch(max(room.capacity for room in self.rooms))

    def restart(self) -> None:
        """Forget all positions; nothing needs clearing, since no row looks past the slot."""
        self.position = 0
        for room in self.rooms:
            room.slot = 0

    def make_room(self, count: int) -> None:
        """See that `count` more positions fit.

        Raises:
            UsageError: where they are more than the lanes were made for.
        """
        if count > LARGEST_BLOCK or self.position + count > self.positions:
            raise UsageError(f"no room for {count} positions at {self.position} of {self.positions}")
        for room in self.rooms:
            room.make(count)

    def advance(self, count: int) -> None:
        """Note that so many positions have been run."""
        self.position += count
        for room in self.rooms:
            room.slot += count


def run_block(network: Network, lanes: Lanes, tokens: NDArray[np.int64], backend: Backend) -> _Floats:
    """Run the next B tokens of each lane, (L, B); return the logits behind each, (L * B, V), lane by lane."""
    return logits_of(network, run_hidden(network, lanes, tokens, backend), backend)


def logits_of(
    network: Network,
    rows: _Floats,
    backend: Backend,
    result: _Floats | None = None,
    first: int = 0,
    end: int | None = None,
) -> _Floats:
    """Logits of rows (N, D) that `run_hidden` gave.

    Args:
        network: the weights.
        rows: (N, D).
        backend: who multiplies.
        result: (N, V), filled and returned; made if missing.
        first: the first block of symbols that is computed; others than a kernel compute all of them.
        end: behind the last block.
    """
    linear = network.output
    if result is None:
        result = np.empty((len(rows), network.config.vocab_size), np.float32)
    if not isinstance(backend, KernelBackend):
        result[:] = by_matrix.multiply(backend, linear, rows)
        return result
    codes, units = np.empty(len(rows) * 2 * linear.packed.shape[1], np.int16), np.empty(len(rows), np.float32)
    quantise_rows(rows, linear.width, linear.reach, codes, units)
    end = len(linear.packed) if end is None else end
    sums = np.empty(SUMS_SHAPE, np.int32)
    multiply(linear.packed, linear.scale, linear.bias, codes, units, SET, first, end, result, sums)
    return result


def run_hidden(network: Network, lanes: Lanes, tokens: NDArray[np.int64], backend: Backend) -> _Floats:
    """Run the next B tokens of each lane, (L, B); return what the output matrix takes, (L * B, D), lane by lane.

    Raises:
        UsageError: where B is more than a block, or the lanes have no room.
    """
    config = network.config
    count = tokens.shape[1]
    lanes.make_room(count)
    stream = np.empty((tokens.size, config.width), np.float32)
    scale = np.float32(config.embed_scale)
    embed_rows(tokens, network.embedding, network.embedding_scale, scale, network.waves, lanes.position, stream)
    rooms, places = lanes.rooms, lanes.places
    if isinstance(backend, KernelBackend):
        stack.run_layers(
            network.layers,
            network.shape,
            rooms[0].cache,
            rooms[-1].cache,
            places,
            np.array([room.slot for room in rooms]),
            lanes.position,
            lanes.positions,
            stream,
            stack.new_work(config, lanes.lanes, count),
            lanes.scratch,
        )
    else:
        caches = [(rooms[room].cache, int(number)) for room, number in places]
        slots = [rooms[room].slot for room, _ in places]
        by_matrix.run_layers(backend, network, caches, slots, lanes.position, stream, lanes.lanes)
    lanes.advance(count)
    if network.norm.gain.shape[1]:
        normalise_rows(stream, network.norm.gain[0], network.norm.bias[0], config.norm_epsilon, stream)
    return stream

"""Match model: find the longest earlier occurrence of the last bytes and predict what followed it.

Adds to the contexts what they cannot hold: memory of the whole block. The predicted byte gives one expected bit at
each step; how far to trust it is learned, by the length of the match and how it has failed of late.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.registers import LAST_8, LAST_16, MATCH, POSITION

MODELS = 2
WORDS = 4  # registers of one model: these three, and one that is free
POINTER, LENGTH, _MISSES = 0, 1, 2

_U = np.uint64
_HASH_FACTOR = _U(0x9E3779B97F4A7C15)
MAX_LENGTH = 65535
BUCKETS = 32
_VERIFY_LENGTH = 40


def _length_buckets() -> NDArray[np.uint8]:
    """0 for no match, then 1..31 by the length, ever coarser."""
    table = np.zeros(1024, np.uint8)
    for length in range(1, 1024):
        if length < 16:
            bucket = length
        elif length < 32:
            bucket = 16 + (length - 16) // 4
        else:
            bucket = min(20 + (length.bit_length() - 6) * 2 + ((length >> (length.bit_length() - 2)) & 1), 31)
        table[length] = bucket
    return table


BUCKET = _length_buckets()


@kernel
def match_bucket(r: NDArray[np.uint64], model: int) -> int:
    """Bucket of the length of the current match, 0 for none, at most 31."""
    return int(BUCKET[min(r[MATCH + WORDS * model + LENGTH], _U(1023))])


@kernel
def match_misses(r: NDArray[np.uint64], model: int) -> int:
    """The last bytes under this pointer that were predicted wrongly, a bit each, 3 bits."""
    return int(r[MATCH + WORDS * model + _MISSES] & _U(7))


@kernel
def predicted_byte(r: NDArray[np.uint64], data: NDArray[np.uint8], model: int) -> int:
    """The byte that the match predicts, or -1."""
    if r[MATCH + WORDS * model + LENGTH] == _U(0):
        return -1
    return int(data[r[MATCH + WORDS * model + POINTER]])


@kernel
def update_match(
    r: NDArray[np.uint64],
    data: NDArray[np.uint8],
    positions: NDArray[np.uint32],
    shift: int,
    least: int,
    lane_bytes: int,
    model: int,
) -> None:
    """Follow or replace the match after data[r[POSITION] - 1] was coded; r is up to date otherwise.

    Args:
        r: registers of the lane.
        data: the block; only bytes already coded are read.
        positions: hash table of positions, a power of two entries.
        shift: 64 - log2(entries).
        least: bytes that are hashed.
        lane_bytes: length of a lane, to know which bytes before a position belong to its lane.
        model: which of the models.
    """
    base = MATCH + WORDS * model
    position = r[POSITION]
    last = int(r[LAST_8] & _U(255))
    pointer = r[base + POINTER]
    length = r[base + LENGTH]
    if pointer > _U(0):
        missed = _U(0)
        if int(data[pointer]) == last:
            length = min(length + _U(1), _U(MAX_LENGTH))
        else:
            length = _U(0)
            missed = _U(1)
        r[base + _MISSES] = r[base + _MISSES] << _U(1) | missed
        pointer += _U(1)
        if r[base + _MISSES] & _U(0xFF) == _U(0xFF):
            pointer = _U(0)
        if pointer >= _U(data.shape[0]):  # ran out of a last lane that is shorter
            pointer = _U(0)
            length = _U(0)
    hashed = r[LAST_8]
    if least < 8:
        hashed <<= _U(64 - 8 * least)
    elif least > 8:
        hashed += (r[LAST_16] << _U(128 - 8 * least)) * _HASH_FACTOR
    slot = (hashed * _HASH_FACTOR ^ hashed >> _U(29)) * _HASH_FACTOR >> _U(shift)
    if length < _U(least):
        candidate = _U(positions[slot])
        if candidate > _U(0):
            lane_start = candidate - candidate % _U(lane_bytes)
            own_start = (position - _U(1)) - (position - _U(1)) % _U(lane_bytes)
            common = _U(0)
            while (
                common < _U(_VERIFY_LENGTH)
                and candidate - common > lane_start
                and position - common > own_start
                and data[candidate - common - _U(1)] == data[position - common - _U(1)]
            ):
                common += _U(1)
            if common > length and common >= _U(min(least, 5)):
                pointer = candidate
                length = common
                r[base + _MISSES] = _U(0)
    positions[slot] = np.uint32(position)
    r[base + POINTER] = pointer
    r[base + LENGTH] = length


def new_match_maps() -> NDArray[np.uint32]:
    """Trust in the expected bit by [bucket, misses, expected bit], one row a model: longer is better."""
    row = np.empty(BUCKETS * 8 * 2, np.uint32)
    for bucket in range(BUCKETS):
        doubt = 65536 // (2 + 2 * bucket)
        for misses in range(8):
            row[(bucket * 8 + misses) * 2] = doubt << 16
            row[(bucket * 8 + misses) * 2 + 1] = (65536 - doubt) << 16
    return np.tile(row, (MODELS, 1))


@kernel
def match_index(bucket: int, misses: int, expected_bit: int) -> int:
    """Index into a row of the match maps."""
    return (bucket * 8 + misses) << 1 | expected_bit

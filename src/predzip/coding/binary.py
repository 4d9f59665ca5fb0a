"""Binary arithmetic coder: one decision with a 16-bit probability, for models that predict bit by bit.

Adds to `interval` the split in two. One step function, `code_bit`, serves both directions, so a mixing model has
a single loop: the state says whether the given bit is written or another one is read. Between calls
2^32 <= range < 2^64, so a probability of 16 bits always splits the range into two parts of 2^16 or more.
"""

from __future__ import annotations

import numpy as np

from predzip.coding.interval import DECODES, LOW, RANGE, ZERO, Buffer, State, shift, skip
from predzip.coding.interval import STATE_WORDS as STATE_WORDS
from predzip.coding.interval import finish as finish
from predzip.coding.interval import new_decoder as new_decoder
from predzip.coding.interval import new_encoder as new_encoder
from predzip.coding.interval import output_bytes as output_bytes
from predzip.coding.interval import payload_buffer as payload_buffer
from predzip.jit import kernel

PROBABILITY_BITS = 16

_PRECISION = np.uint64(PROBABILITY_BITS)
_WORD_BYTES = 4
_WORD = np.uint64(32)
_LEAST_RANGE = np.uint64(1 << 32)


def room_bytes(decisions: int) -> int:
    """Free bytes that a buffer needs for so many further decisions, at any probabilities, and `finish`."""
    # A decision costs at most 16 bits and the rounding of the split, 2^-16 of the part.
    return 2 * decisions + decisions // 1024 + 16


@kernel
def code_bit(state: State, buffer: Buffer, p1: int, bit: int) -> int:
    """Code one decision: write `bit` and return it or, with the state of a decoder, read and return a bit.

    Args:
        state: from `new_encoder` or `new_decoder`; holds the direction.
        buffer: output with free room (see `room_bytes`), or the payload. An encoder's may be swapped between
            calls for a bigger one that starts with the same bytes.
        p1: probability that the bit is 1, in 1..65535 of 65536.
        bit: 0 or 1; ignored by a decoder.
    """
    span = state[RANGE]
    part_of_one = (span >> _PRECISION) * np.uint64(p1)
    coded = int(np.int64(bit))
    if state[DECODES] != ZERO:
        coded = 1 if state[LOW] < part_of_one else 0
    if coded != 0:
        span = part_of_one
    else:
        span -= part_of_one
        skip(state, buffer, part_of_one)
    # One word is always enough: a part is at least 2^16 wide.
    if span < _LEAST_RANGE:
        span <<= _WORD
        shift(state, buffer, _WORD_BYTES)
    state[RANGE] = span
    return coded


@kernel
def code_number(state: State, buffer: Buffer, value: int, bits: int) -> int:
    """Code a number of so many bits, all values alike; a decoder ignores `value`."""
    result = 0
    for place in range(bits - 1, -1, -1):
        result = result << 1 | code_bit(state, buffer, 1 << 15, value >> place & 1)
    return result


@kernel
def code_gamma(state: State, buffer: Buffer, value: int) -> int:
    """Code a number from 1 to 2^32 - 1, small ones in few bits (Elias gamma); a decoder ignores `value`.

    A damaged stream gives 0 where it says that the number has more bits.
    """
    bits = 1
    while code_bit(state, buffer, 1 << 15, int(value >> bits != 0)):
        bits += 1
        if bits > 32:
            return 0
    return 1 << (bits - 1) | code_number(state, buffer, value & ((1 << (bits - 1)) - 1), bits - 1)


@kernel
def encode_bit(state: State, buffer: Buffer, p1: int, bit: int) -> None:
    """Write one decision; the state must come from `new_encoder`."""
    code_bit(state, buffer, p1, bit)


@kernel
def decode_bit(state: State, buffer: Buffer, p1: int) -> int:
    """Read one decision; the state must come from `new_decoder`."""
    return code_bit(state, buffer, p1, 0)

"""Binary arithmetic coder: one decision with a 16-bit probability, for models that predict bit by bit.

One step function, `code_bit`, serves both directions, so a mixing model has a single loop: the state says
whether the given bit is written or another one is read. `docs/design/coding.md` derives the arithmetic.
Invariants between calls, with a window of 64 bits:

- 2^32 <= range < 2^64, so a probability of 16 bits always splits it into two non-empty parts;
- encoding: the code lies in [low, low + range) behind the bytes written so far; low may pass 2^64, then the
  carry is added to the bytes already in the buffer (so the caller keeps them until `finish`);
- decoding: the same slot holds the distance of the code from low, below range for every valid payload.

On garbage the decoder returns some bits: no step has a loop that depends on the payload, and reading past the
end gives zeros.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel

State = NDArray[np.uint64]
Buffer = NDArray[np.uint8]

PROBABILITY_BITS = 16
STATE_WORDS = 5

# Slots of the state.
_DECODES = 0  # 0: encoder, 1: decoder
_LOW = 1  # encoder: low end of the interval; decoder: distance of the code from it
_RANGE = 2
_POSITION = 3  # bytes written or read so far
_END = 4  # decoder: length of the payload

# Every operand of wrapping arithmetic is uint64: numba turns uint64 with int64 into float64.
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_FOUR = np.uint64(4)
_PRECISION = np.uint64(PROBABILITY_BITS)
_BYTE = np.uint64(8)
_WORD = np.uint64(32)
_LEAST_RANGE = np.uint64(1 << 32)
_FULL_RANGE = np.uint64((1 << 64) - 1)


def room_bytes(decisions: int) -> int:
    """Free bytes that a buffer needs for so many further decisions, at any probabilities, and `finish`."""
    # A decision costs at most 16 bits and the rounding of the split, 2^-16 of the part.
    return 2 * decisions + decisions // 1024 + 16


def new_encoder() -> State:
    """Return the state of an encoder that has written nothing."""
    state = np.zeros(STATE_WORDS, dtype=np.uint64)
    state[_RANGE] = _FULL_RANGE
    return state


def payload_buffer(data: bytes | bytearray | memoryview) -> Buffer:
    """Copy a payload into an array that the kernels take: a read-only one is another type for numba."""
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def new_decoder(payload: Buffer) -> State:
    """Return the state of a decoder at the start of `payload`."""
    if not payload.flags.writeable:
        raise UsageError("a decoder's payload must be a writable array, as payload_buffer() makes it")
    state = np.zeros(STATE_WORDS, dtype=np.uint64)
    state[_DECODES] = 1
    state[_RANGE] = _FULL_RANGE
    state[_LOW] = int.from_bytes(payload[:8].tobytes().ljust(8, b"\0"), "big")
    state[_POSITION] = 8
    state[_END] = len(payload)
    return state


@kernel
def _carry(state: State, buffer: Buffer) -> None:
    """Add one to the number that the written bytes form.

    It ends at the first byte that is not 0xFF and turns those before it into 0, so long chains are rare.
    """
    index = state[_POSITION]
    while index > _ZERO:
        index -= _ONE
        buffer[index] = np.uint8(buffer[index] + np.uint8(1))
        if buffer[index] != np.uint8(0):
            break


@kernel
def _write_word(state: State, buffer: Buffer) -> None:
    """Move the top 32 bits of low into the buffer."""
    word = state[_LOW] >> _WORD
    position = state[_POSITION]
    for index in range(4):
        buffer[position + np.uint64(index)] = np.uint8((word >> np.uint64(24 - 8 * index)) & np.uint64(255))
    state[_POSITION] = position + _FOUR
    state[_LOW] <<= _WORD


@kernel
def _read_word(state: State, buffer: Buffer) -> None:
    """Shift the next 32 bits of the payload into the distance; zeros stand behind its end."""
    word = _ZERO
    position = state[_POSITION]
    for index in range(4):
        word <<= _BYTE
        if position + np.uint64(index) < state[_END]:
            word |= np.uint64(buffer[position + np.uint64(index)])
    state[_POSITION] = position + _FOUR
    state[_LOW] = (state[_LOW] << _WORD) | word


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
    span = state[_RANGE]
    part_of_one = (span >> _PRECISION) * np.uint64(p1)
    coded = int(np.int64(bit))
    if state[_DECODES] != _ZERO:
        coded = 1 if state[_LOW] < part_of_one else 0
    if coded != 0:
        span = part_of_one
    else:
        span -= part_of_one
        if state[_DECODES] != _ZERO:
            state[_LOW] -= part_of_one
        else:
            state[_LOW] += part_of_one
            if state[_LOW] < part_of_one:
                _carry(state, buffer)
    # One word is always enough: a part is at least 2^16 wide.
    if span < _LEAST_RANGE:
        span <<= _WORD
        if state[_DECODES] != _ZERO:
            _read_word(state, buffer)
        else:
            _write_word(state, buffer)
    state[_RANGE] = span
    # A last use on the common path: otherwise numba drops its reference to the buffer inside the branch above,
    # cannot prove the counting needless, and pays four atomic operations a decision (26 ns instead of 4 to 7).
    len(buffer)
    return coded


@kernel
def encode_bit(state: State, buffer: Buffer, p1: int, bit: int) -> None:
    """Write one decision; the state must come from `new_encoder`."""
    code_bit(state, buffer, p1, bit)


@kernel
def decode_bit(state: State, buffer: Buffer, p1: int) -> int:
    """Read one decision; the state must come from `new_decoder`."""
    return code_bit(state, buffer, p1, 0)


@kernel
def output_bytes(state: State) -> int:
    """Bytes that an encoder has put into its buffer so far."""
    return int(np.int64(state[_POSITION]))


@kernel
def finish(state: State, buffer: Buffer) -> int:
    """End the encoder's stream with the fewest bytes and return the length of the payload.

    Any number in [low, low + range) will do, and the decoder reads zeros behind the end: so take the one with
    the most trailing zero bytes and drop them all. No byte string that decodes alike is shorter. The buffer
    needs 8 free bytes.
    """
    kept = np.uint64(0)
    low = state[_LOW]
    to_next = _ZERO - low  # distance to the next number that needs no byte of the window
    mask = _FULL_RANGE
    while to_next & mask >= state[_RANGE]:
        kept += _ONE
        mask >>= _BYTE
    code = low + (to_next & mask)
    if code < low:
        _carry(state, buffer)
    position = state[_POSITION]
    for index in range(np.int64(kept)):
        buffer[position] = np.uint8(code >> np.uint64(56 - 8 * index))
        position += _ONE
    while position > _ZERO and buffer[position - _ONE] == np.uint8(0):
        position -= _ONE
    state[_POSITION] = position
    return int(np.int64(position))

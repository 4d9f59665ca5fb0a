"""The interval of 64 bits that the binary coder and the range coder narrow; adds how bytes enter and leave it.

Both coders keep [low, low + range) in a window of 64 bits and shift whole bytes out at its top. They differ only
in how a step splits the range. `docs/design/coding.md` derives the arithmetic. Invariants between steps:

- encoding: the code lies in [low, low + range) behind the bytes written so far; low may pass 2^64, then the
  carry is added to the bytes already in the buffer (so the caller keeps them until `finish`);
- decoding: the same slot holds the distance of the code from low, below range for every valid payload.

No step has a loop that depends on the payload, and reading past its end gives zeros: garbage cannot hang or crash.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.jit import kernel

State = NDArray[np.uint64]
Buffer = NDArray[np.uint8]

STATE_WORDS = 5

# Slots of the state.
DECODES = 0  # 0: encoder, 1: decoder
LOW = 1  # encoder: low end of the interval; decoder: distance of the code from it
RANGE = 2
POSITION = 3  # bytes written or read so far
END = 4  # decoder: length of the payload

# Every operand of wrapping arithmetic is uint64: numba turns uint64 with int64 into float64.
ZERO = np.uint64(0)
ONE = np.uint64(1)
_BYTE = np.uint64(8)
_TOP_BYTE = np.uint64(56)
_FULL_RANGE = np.uint64((1 << 64) - 1)


def new_encoder() -> State:
    """Return the state of an encoder that has written nothing."""
    state = np.zeros(STATE_WORDS, dtype=np.uint64)
    state[RANGE] = _FULL_RANGE
    return state


def payload_buffer(data: bytes | bytearray | memoryview) -> Buffer:
    """Copy a payload into an array that the kernels take: a read-only one is another type for numba."""
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def new_decoder(payload: Buffer) -> State:
    """Return the state of a decoder at the start of `payload`."""
    if not payload.flags.writeable:
        raise UsageError("a decoder's payload must be a writable array, as payload_buffer() makes it")
    state = np.zeros(STATE_WORDS, dtype=np.uint64)
    state[DECODES] = 1
    state[RANGE] = _FULL_RANGE
    state[LOW] = int.from_bytes(payload[:8].tobytes().ljust(8, b"\0"), "big")
    state[POSITION] = 8
    state[END] = len(payload)
    return state


def with_free_bytes(buffer: Buffer, used: int, free_bytes: int) -> Buffer:
    """The output of an encoder, or a bigger copy where fewer bytes are free behind those in use."""
    if len(buffer) - used >= free_bytes:
        return buffer
    bigger = np.zeros(max(2 * len(buffer), used + free_bytes), np.uint8)
    bigger[:used] = buffer[:used]
    return bigger


@kernel
def output_bytes(state: State) -> int:
    """Bytes that an encoder has put into its buffer so far."""
    return int(np.int64(state[POSITION]))


@kernel
def _carry(state: State, buffer: Buffer) -> None:
    """Add one to the number that the written bytes form.

    It ends at the first byte that is not 0xFF and turns those before it into 0, so long chains are rare.
    """
    index = state[POSITION]
    while index > ZERO:
        index -= ONE
        buffer[index] = np.uint8(buffer[index] + np.uint8(1))
        if buffer[index] != np.uint8(0):
            break


@kernel
def skip(state: State, buffer: Buffer, part: np.uint64) -> None:
    """Leave out the lowest `part` of the interval; the caller sets the range."""
    if state[DECODES] != ZERO:
        state[LOW] -= part
    else:
        state[LOW] += part
        if state[LOW] < part:
            _carry(state, buffer)


@kernel
def shift(state: State, buffer: Buffer, count: int) -> None:
    """Move `count` bytes, 1 to 7, through the top of the window; the caller has widened the range by as much."""
    position = state[POSITION]
    low = state[LOW]
    if state[DECODES] != ZERO:
        for _ in range(count):
            low <<= _BYTE
            if position < state[END]:
                low |= np.uint64(buffer[position])
            position += ONE
    else:
        for _ in range(count):
            buffer[position] = np.uint8(low >> _TOP_BYTE)
            low <<= _BYTE
            position += ONE
    state[POSITION] = position
    state[LOW] = low


@kernel
def finish(state: State, buffer: Buffer) -> int:
    """End the encoder's stream with the fewest bytes and return the length of the payload.

    Any number in [low, low + range) will do, and the decoder reads zeros behind the end: so take the one with
    the most trailing zero bytes and drop them all. No byte string that decodes alike is shorter. The buffer
    needs 8 free bytes.
    """
    low = state[LOW]
    to_next = ZERO - low  # distance to the next number that needs no byte of the window
    mask = _FULL_RANGE
    kept = 0
    while to_next & mask >= state[RANGE]:
        kept += 1
        mask >>= _BYTE
    code = low + (to_next & mask)
    if code < low:
        _carry(state, buffer)
    position = state[POSITION]
    for _ in range(kept):
        buffer[position] = np.uint8(code >> _TOP_BYTE)
        code <<= _BYTE
        position += ONE
    while position > ZERO and buffer[position - ONE] == np.uint8(0):
        position -= ONE
    state[POSITION] = position
    return int(np.int64(position))

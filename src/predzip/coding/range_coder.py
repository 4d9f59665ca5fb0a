"""The production coder for symbols: a range coder over `interval`, driven by integer frequencies.

Adds to `interval` the split into n parts. Range coding after Martin (1979): the interval is shifted by whole bytes.
Between calls 2^56 <= range < 2^64 and a total is at most 2^32, so the unit, range // total, is at least 2^24:
what the division drops costs less than 2^-24 of a step (docs/design/coding.md).

The kernels serve both directions, so a jitted predictor needs one loop:

    symbol = code_frequencies(state, buffer, frequencies, symbol)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predzip.coding.frequencies import MAXIMUM_TOTAL, Cumulative, Symbols, as_rows, as_symbols
from predzip.coding.interval import (
    DECODES,
    LOW,
    POSITION,
    RANGE,
    ZERO,
    Buffer,
    State,
    finish,
    new_decoder,
    new_encoder,
    payload_buffer,
    shift,
    skip,
)
from predzip.errors import CorruptError, UsageError
from predzip.jit import inlined, kernel

ROOM_BYTES = 16
"""Free bytes that a buffer needs before each symbol, and before `finish`."""

_NO_SYMBOL = -1
_ONE = np.uint64(1)
_RANGE_OF_FOUR_BYTES = np.uint64(1 << 32)
_RANGE_OF_SIX_BYTES = np.uint64(1 << 48)
_LEAST_RANGE = np.uint64(1 << 56)
_MAXIMUM_TOTAL = np.uint64(MAXIMUM_TOTAL)


@kernel
def _narrow(state: State, buffer: Buffer, unit: np.uint64, start: np.uint64, freq: np.uint64) -> None:
    """Keep the part [start, start + freq) of the interval; the step that both directions share."""
    skip(state, buffer, unit * start)
    span = unit * freq
    count = 0
    # Seven bytes restore any range but 0, which only a broken table gives.
    if span < _RANGE_OF_FOUR_BYTES:
        span <<= np.uint64(32)
        count += 4
    if span < _RANGE_OF_SIX_BYTES:
        span <<= np.uint64(16)
        count += 2
    if span < _LEAST_RANGE:
        span <<= np.uint64(8)
        count += 1
    if count > 0:
        shift(state, buffer, count)
    state[RANGE] = span


@kernel
def _find(cumulative: Cumulative, point: np.uint64) -> int:
    """Return the last symbol whose cumulative frequency is at most `point`."""
    found = 0
    step = len(cumulative) - 1
    while step > 1:
        half = step >> 1
        if cumulative[found + half] <= point:
            found += half
        step -= half
    return found


@kernel
def code_symbol(state: State, buffer: Buffer, cumulative: Cumulative, symbol: int) -> int:
    """Write `symbol` and return it or, with the state of a decoder, read and return one.

    Args:
        state: from `interval.new_encoder` or `new_decoder`; holds the direction.
        buffer: output with `ROOM_BYTES` free, or the payload.
        cumulative: uint64 table, shape (n + 1,).
        symbol: ignored by a decoder.

    Returns:
        The symbol, or -1 where the table is unusable or gives the symbol no room; then nothing was coded.
    """
    size = len(cumulative) - 1
    total = cumulative[size]
    coded = np.int64(symbol)
    done = np.int64(_NO_SYMBOL)
    if total > ZERO and total <= _MAXIMUM_TOTAL and state[RANGE] >= total:
        unit = state[RANGE] // total
        if state[DECODES] != ZERO:
            # A damaged payload may point behind the last symbol; the search then ends at that.
            coded = np.int64(_find(cumulative, state[LOW] // unit))
        if coded >= 0 and coded < size and cumulative[coded + 1] > cumulative[coded]:
            start = cumulative[coded]
            _narrow(state, buffer, unit, start, cumulative[coded + 1] - start)
            done = coded
    return int(done)


@kernel
def code_frequencies(state: State, buffer: Buffer, frequencies: NDArray[np.unsignedinteger], symbol: int) -> int:
    """Do what `code_symbol` does by plain frequencies, shape (n,), as predictors give them."""
    size = len(frequencies)
    coded = np.int64(symbol)
    done = np.int64(_NO_SYMBOL)
    total = ZERO
    for index in range(size):
        total += np.uint64(frequencies[index])
    if total > ZERO and total <= _MAXIMUM_TOTAL and state[RANGE] >= total:
        unit = state[RANGE] // total
        start = ZERO
        if state[DECODES] != ZERO:
            point = min(state[LOW] // unit, total - _ONE)  # a damaged payload may point behind the last symbol
            coded = np.int64(0)
            while start + np.uint64(frequencies[coded]) <= point:
                start += np.uint64(frequencies[coded])
                coded += 1
        elif coded >= 0 and coded < size:
            for index in range(coded):
                start += np.uint64(frequencies[index])
        if coded >= 0 and coded < size and frequencies[coded] > 0:
            _narrow(state, buffer, unit, start, np.uint64(frequencies[coded]))
            done = coded
    return int(done)


@inlined
def keep_interval(frequencies: NDArray[np.unsignedinteger], symbol: int, found: Cumulative) -> None:
    """Keep what coding a symbol takes, as `code_symbol` takes it of the middle one of three: found (4,).

    0, the sum of the frequencies (V,) before the symbol, the same with its own, the sum of all.
    """
    start = np.uint64(0)
    for i in range(symbol):
        start += np.uint64(frequencies[i])
    total = start
    for i in range(symbol, frequencies.shape[0]):
        total += np.uint64(frequencies[i])
    found[0] = np.uint64(0)
    found[1] = start
    found[2] = start + np.uint64(frequencies[symbol])
    found[3] = total


@kernel
def code_symbols(state: State, buffer: Buffer, rows: Cumulative, symbols: Symbols, first: int) -> int:
    """Code symbols[first:] by one shared row or a row each; a decoder fills `symbols`.

    Returns:
        The index at which to go on after the buffer has been enlarged (the end when all is done), or
        -1 - index of a symbol that cannot be coded.
    """
    step = 0 if len(rows) == 1 else 1
    decodes = state[DECODES] != ZERO
    room_end = len(buffer) - ROOM_BYTES
    for index in range(first, len(symbols)):
        if not decodes and np.int64(state[POSITION]) > room_end:
            return index
        coded = code_symbol(state, buffer, rows[index * step], int(np.int64(symbols[index])))
        if coded < 0:
            return -1 - index
        symbols[index] = np.uint32(coded)
    return len(symbols)


class RangeEncoder:
    """Codes symbols one by one, or arrays of them, into one payload."""

    def __init__(self) -> None:
        self._state = new_encoder()
        self._buffer = np.zeros(256, dtype=np.uint8)

    def _make_room(self) -> None:
        if int(self._state[POSITION]) + ROOM_BYTES > len(self._buffer):
            self._buffer = np.concatenate([self._buffer, np.zeros_like(self._buffer)])

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Code one symbol by its cumulative table."""
        self._make_room()
        table = np.asarray(cumulative, dtype=np.uint64)
        if code_symbol(self._state, self._buffer, table, symbol) < 0:
            raise UsageError(f"the table gives symbol {symbol} no room")

    def encode_frequencies(self, symbol: int, frequencies: NDArray[np.uint32]) -> None:
        """Code one symbol by plain frequencies: faster than `encode` where they change at each step."""
        self._make_room()
        if code_frequencies(self._state, self._buffer, frequencies, symbol) < 0:
            raise UsageError(f"the frequencies give symbol {symbol} no room")

    def encode_array(self, symbols: ArrayLike, tables: Cumulative) -> None:
        """Code many symbols by one table, or by a row each."""
        array = as_symbols(symbols)
        rows = as_rows(tables, len(array))
        index = 0
        while index < len(array):
            self._make_room()
            index = code_symbols(self._state, self._buffer, rows, array, index)
            if index < 0:
                raise UsageError(f"the table at position {-1 - index} gives its symbol no room")

    def finish(self) -> bytes:
        """Return the payload."""
        self._make_room()
        return self._buffer[: finish(self._state, self._buffer)].tobytes()


class RangeDecoder:
    """Brings back what `RangeEncoder` coded, in the same order."""

    def __init__(self, data: bytes) -> None:
        self._payload = payload_buffer(data)
        self._state = new_decoder(self._payload)

    def decode(self, cumulative: Cumulative) -> int:
        """Return the next symbol by its cumulative table."""
        table = np.asarray(cumulative, dtype=np.uint64)
        symbol = code_symbol(self._state, self._payload, table, 0)
        if symbol < 0:
            raise CorruptError("no symbol fits the payload")
        return symbol

    def decode_frequencies(self, frequencies: NDArray[np.uint32]) -> int:
        """Return the next symbol by plain frequencies."""
        symbol = code_frequencies(self._state, self._payload, frequencies, 0)
        if symbol < 0:
            raise CorruptError("no symbol fits the payload")
        return symbol

    def decode_array(self, count: int, tables: Cumulative) -> Symbols:
        """Return the next `count` symbols by one table, or by a row each."""
        symbols = np.zeros(count, dtype=np.uint32)
        if code_symbols(self._state, self._payload, as_rows(tables, count), symbols, 0) < 0:
            raise CorruptError("no symbol fits the payload")
        return symbols


class RangeCoder:
    """The range coder behind the common interface."""

    name = "range"
    needs_power_of_two_total = False

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Code a sequence by one table, or by a row for each symbol."""
        encoder = RangeEncoder()
        encoder.encode_array(symbols, tables)
        return encoder.finish()

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Bring back `count` symbols."""
        return RangeDecoder(data).decode_array(count, tables)

    def encoder(self) -> RangeEncoder:
        """Start a payload."""
        return RangeEncoder()

    def decoder(self, data: bytes) -> RangeDecoder:
        """Start reading a payload."""
        return RangeDecoder(data)

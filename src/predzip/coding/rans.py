"""rANS: the second entropy coder, for comparison with the range coder behind the same interface.

Duda, "Asymmetric numeral systems" (2013); shifting whole bytes as in Giesen's rans_byte, with a state of 63 bits
so that totals may reach 2^32. One natural number x holds the message; with M = 2^bits the total,

    encode:  x' = (x // freq) * M + start + x % freq         decode:  freq * (x // M) + x % M - start

undo each other: last in, first out. So the encoder walks from the last symbol to the first and writes its bytes
from the end of the buffer to its head; the decoder then reads forwards, in the caller's order. Whenever x would
reach 2^63 its low bytes move to the buffer, and the decoder takes them back when x is below 2^55.

The encoder starts at x = 0 and writes the last x without leading zero bytes. Its first step still adds a whole
`start`, so a payload exceeds the ideal by up to bits / 8 + 1 bytes: nothing for a file, too much for a chunk of
2 KB (docs/design/coding.md). A valid payload ends with x = 0 and no byte left, so what is left over is noticed;
other damage often heals after some symbols, as the state forgets it. Totals must be powers of two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predzip.coding.frequencies import MAXIMUM_TOTAL, Cumulative, Symbols, as_rows, as_symbols
from predzip.errors import CorruptError, UsageError
from predzip.jit import kernel

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_BYTE = np.uint64(8)
_LOWER = np.uint64(1 << 55)  # while bytes are pending: lower <= x < 256 * lower
_LOWER_BITS = np.uint64(55)
_MAXIMUM_TOTAL = np.uint64(MAXIMUM_TOTAL)


@kernel
def _total_bits(total: np.uint64) -> np.uint64:
    """Return log2 of a power of two up to 2^32, else 64."""
    bits = _ZERO
    if total == _ZERO or total & (total - _ONE) != _ZERO or total > _MAXIMUM_TOTAL:
        return np.uint64(64)
    while _ONE << bits < total:
        bits += _ONE
    return bits


@kernel
def _encode_backwards(starts: Cumulative, freqs: Cumulative, totals: Cumulative, buffer: NDArray[np.uint8]) -> int:
    """Write the payload to the end of the buffer; return where it starts, or -1 - index of what cannot be coded."""
    x = _ZERO
    position = len(buffer)
    total, bits = _ZERO, np.uint64(64)
    for index in range(len(starts) - 1, -1, -1):
        if totals[index] != total:
            total = totals[index]
            bits = _total_bits(total)
        freq = freqs[index]
        if bits > np.uint64(32) or freq == _ZERO or freq > total:
            return -1 - index
        limit = freq << (_LOWER_BITS + _BYTE - bits)
        while x >= limit:
            position -= 1
            buffer[position] = np.uint8(x & np.uint64(255))
            x >>= _BYTE
        quotient = x // freq
        x = (quotient << bits) + starts[index] + (x - quotient * freq)
    while x > _ZERO:
        position -= 1
        buffer[position] = np.uint8(x & np.uint64(255))
        x >>= _BYTE
    return position


@kernel
def _decode_symbol(state: NDArray[np.uint64], payload: NDArray[np.uint8], cumulative: Cumulative) -> int:
    """Read one symbol; `state` holds x and the position. Returns -1 where the table is unusable."""
    size = len(cumulative) - 1
    bits = _total_bits(cumulative[size])
    if bits > np.uint64(32):
        return -1
    x = state[0]
    point = x & (cumulative[size] - _ONE)
    symbol = 0
    step = size
    while step > 1:
        half = step >> 1
        if cumulative[symbol + half] <= point:
            symbol += half
        step -= half
    start = cumulative[symbol]
    x = (cumulative[symbol + 1] - start) * (x >> bits) + point - start
    position = state[1]
    while x < _LOWER and position < np.uint64(len(payload)):
        x = (x << _BYTE) | np.uint64(payload[position])
        position += _ONE
    state[0] = x
    state[1] = position
    return symbol


@kernel
def _decode_symbols(state: NDArray[np.uint64], payload: NDArray[np.uint8], rows: Cumulative, symbols: Symbols) -> int:
    """Fill `symbols`; return -1 where a table is unusable, else 0."""
    step = 0 if len(rows) == 1 else 1
    for index in range(len(symbols)):
        symbol = _decode_symbol(state, payload, rows[index * step])
        if symbol < 0:
            return -1
        symbols[index] = np.uint32(symbol)
    return 0


def _encode(starts: Cumulative, freqs: Cumulative, totals: Cumulative) -> bytes:
    # A symbol costs at most 32 bits and what its division drops, less than 2^-20.
    buffer = np.zeros(4 * len(starts) + len(starts) // 1024 + 16, dtype=np.uint8)
    first = _encode_backwards(starts, freqs, totals, buffer)
    if first < 0:
        raise UsageError(f"position {-1 - first}: no room for the symbol, or the total is no power of two")
    return buffer[first:].tobytes()


class RansEncoder:
    """Keeps the symbols' intervals and codes them in `finish`, the last one first."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._freqs: list[int] = []
        self._totals: list[int] = []

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Note one symbol by its cumulative table."""
        if not 0 <= symbol < len(cumulative) - 1 or cumulative[symbol] >= cumulative[symbol + 1]:
            raise UsageError(f"the table gives symbol {symbol} no room")
        start, end = int(cumulative[symbol]), int(cumulative[symbol + 1])
        self._starts.append(start)
        self._freqs.append(end - start)
        self._totals.append(int(cumulative[-1]))

    def finish(self) -> bytes:
        """Code everything and return the payload."""
        starts, freqs, totals = (
            np.array(column, dtype=np.uint64) for column in (self._starts, self._freqs, self._totals)
        )
        return _encode(starts, freqs, totals)


class RansDecoder:
    """Brings back what `RansEncoder` or `RansCoder` coded, the first symbol first."""

    def __init__(self, data: bytes) -> None:
        self._payload = np.frombuffer(bytearray(data), dtype=np.uint8)
        # x starts with as many bytes as it held at the end of encoding: 7, and the 8th where 7 are too small.
        head = 7 if int.from_bytes(data[:7], "big") >= int(_LOWER) else 8
        self._state = np.array([int.from_bytes(data[:head], "big"), min(head, len(data))], dtype=np.uint64)

    def decode(self, cumulative: Cumulative) -> int:
        """Return the next symbol by its cumulative table."""
        symbol = _decode_symbol(self._state, self._payload, np.asarray(cumulative, dtype=np.uint64))
        if symbol < 0:
            raise UsageError("the total of a table is no power of two")
        return symbol

    def decode_array(self, count: int, tables: Cumulative) -> Symbols:
        """Return the next `count` symbols by one table, or by a row each."""
        symbols = np.zeros(count, dtype=np.uint32)
        if _decode_symbols(self._state, self._payload, as_rows(tables, count), symbols) < 0:
            raise UsageError("the total of a table is no power of two")
        return symbols

    def check_end(self) -> None:
        """Raise `CorruptError` unless the payload is used up, as it is after the last symbol."""
        if int(self._state[0]) != 0 or int(self._state[1]) != len(self._payload):
            raise CorruptError("the payload does not end with its last symbol")


class RansCoder:
    """rANS behind the common interface."""

    name = "rans"
    needs_power_of_two_total = True

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Code a sequence by one table, or by a row for each symbol."""
        array = as_symbols(symbols)
        rows = as_rows(tables, len(array))
        if array.size and int(array.max()) >= rows.shape[1] - 1:
            raise UsageError(f"symbol {int(array.max())} is not in an alphabet of {rows.shape[1] - 1}")
        index = np.arange(len(array)) if len(rows) > 1 else np.zeros(len(array), dtype=np.intp)
        starts = rows[index, array]
        return _encode(starts, rows[index, array + 1] - starts, rows[index, -1])

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Bring back `count` symbols."""
        decoder = RansDecoder(data)
        symbols = decoder.decode_array(count, tables)
        decoder.check_end()
        return symbols

    def encoder(self) -> RansEncoder:
        """Start a payload."""
        return RansEncoder()

    def decoder(self, data: bytes) -> RansDecoder:
        """Start reading a payload."""
        return RansDecoder(data)

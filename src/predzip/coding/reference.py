"""The slow, obvious arithmetic coder: the oracle against which the fast ones are tested.

After Witten, Neal and Cleary, "Arithmetic coding for data compression" (1987), in Python integers, bit by bit.
The interval is [low, high], both ends included, in a window of 64 bits. Invariants between steps:

- low < half <= high, or the first bit of both is equal and has been shifted out;
- the interval is wider than a quarter of the window: one that straddles the middle too closely is widened about
  it, and the bits that this withholds are counted in `pending` until the next bit decides them.

`interval_steps` shows the same narrowing without a window, by fractions of any precision: what a textbook draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from predzip.coding.bits import BitReader, BitWriter
from predzip.coding.frequencies import Cumulative, Symbols, as_rows, as_symbols
from predzip.errors import UsageError

_WINDOW_BITS = 64
_FULL = 1 << _WINDOW_BITS
_HALF = _FULL // 2
_QUARTER = _FULL // 4


class _Interval:
    """What both directions share: the interval and the step that narrows it."""

    def __init__(self) -> None:
        self.low = 0
        self.high = _FULL - 1

    def narrow(self, symbol: int, cumulative: Cumulative) -> None:
        if not 0 <= symbol < len(cumulative) - 1 or cumulative[symbol] >= cumulative[symbol + 1]:
            raise UsageError(f"the table gives symbol {symbol} no room")
        width = self.high - self.low + 1
        total = int(cumulative[-1])
        self.high = self.low + width * int(cumulative[symbol + 1]) // total - 1
        self.low = self.low + width * int(cumulative[symbol]) // total
        while True:
            if self.high < _HALF:
                self.shift_bit(0)
            elif self.low >= _HALF:
                self.low -= _HALF
                self.high -= _HALF
                self.shift_bit(1)
            elif self.low >= _QUARTER and self.high < _HALF + _QUARTER:
                self.low -= _QUARTER
                self.high -= _QUARTER
                self.shift_underflow()
            else:
                break
            self.low = 2 * self.low
            self.high = 2 * self.high + 1

    def shift_bit(self, bit: int) -> None:
        raise NotImplementedError

    def shift_underflow(self) -> None:
        raise NotImplementedError


class ReferenceEncoder(_Interval):
    """Codes symbols one by one."""

    def __init__(self) -> None:
        super().__init__()
        self._writer = BitWriter()
        self._pending = 0

    @property
    def length_bits(self) -> int:
        """Bits that are decided so far."""
        return self._writer.length_bits

    def shift_bit(self, bit: int) -> None:
        """Write a decided bit, and the pending ones, which are its opposite."""
        self._writer.write_bit(bit)
        for _ in range(self._pending):
            self._writer.write_bit(1 - bit)
        self._pending = 0

    def shift_underflow(self) -> None:
        """Withhold a bit."""
        self._pending += 1

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Code one symbol by its cumulative table."""
        self.narrow(symbol, cumulative)

    def finish(self) -> bytes:
        """Return the payload: two bits name a quarter inside the interval; zero bytes at the end are dropped."""
        self._pending += 1
        self.shift_bit(0 if self.low < _QUARTER else 1)
        return self._writer.to_bytes().rstrip(b"\0")


class ReferenceDecoder(_Interval):
    """Brings back what `ReferenceEncoder` coded."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._reader = BitReader(data)
        self._code = self._reader.read(_WINDOW_BITS)

    def shift_bit(self, bit: int) -> None:
        """Drop a decided bit from the code and read the next."""
        self._code = 2 * (self._code - bit * _HALF) + self._reader.read_bit()

    def shift_underflow(self) -> None:
        """Drop the second bit of the code."""
        self._code = 2 * (self._code - _QUARTER) + self._reader.read_bit()

    def decode(self, cumulative: Cumulative) -> int:
        """Return the next symbol by its cumulative table."""
        width = self.high - self.low + 1
        point = ((self._code - self.low + 1) * int(cumulative[-1]) - 1) // width
        symbol = int(np.searchsorted(cumulative, np.uint64(point), side="right")) - 1
        self.narrow(symbol, cumulative)
        return symbol


class ReferenceCoder:
    """The oracle behind the common interface."""

    name = "reference"
    needs_power_of_two_total = False

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Code a sequence by one table, or by a row for each symbol."""
        array = as_symbols(symbols)
        rows = as_rows(tables, len(array))
        encoder = ReferenceEncoder()
        for index, symbol in enumerate(array.tolist()):
            encoder.encode(symbol, rows[index % len(rows)])
        return encoder.finish()

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Bring back `count` symbols."""
        rows = as_rows(tables, count)
        decoder = ReferenceDecoder(data)
        return as_symbols([decoder.decode(rows[index % len(rows)]) for index in range(count)])

    def encoder(self) -> ReferenceEncoder:
        """Start a payload."""
        return ReferenceEncoder()

    def decoder(self, data: bytes) -> ReferenceDecoder:
        """Start reading a payload."""
        return ReferenceDecoder(data)


@dataclass(frozen=True)
class IntervalStep:
    """One step of arithmetic coding: the interval [low, high) after `symbol`, and the parts it will split into."""

    symbol: int
    low: Fraction
    high: Fraction
    boundaries: tuple[Fraction, ...]
    """Where the interval *before* this step was split: n + 1 points from its low end to its high end."""


def interval_steps(symbols: Iterable[int], tables: Iterable[Cumulative]) -> list[IntervalStep]:
    """Follow [0, 1) through a message, a table for each symbol; exact, for figures and for teaching."""
    low, high = Fraction(0), Fraction(1)
    steps = []
    for symbol, cumulative in zip(symbols, tables, strict=True):
        width, total = high - low, int(cumulative[-1])
        boundaries = tuple(low + width * Fraction(int(point), total) for point in cumulative)
        low, high = boundaries[symbol], boundaries[symbol + 1]
        steps.append(IntervalStep(symbol, low, high, boundaries))
    return steps


def shortest_binary_fraction(low: Fraction, high: Fraction) -> str:
    """Return the fewest bits b such that all numbers that start with 0.b lie in [low, high); "" for [0, 1).

    They number at most ceil(-log2(high - low)) + 1, which is the paper's bound for arithmetic coding.
    """
    if not 0 <= low < high <= 1:
        raise UsageError("expected 0 <= low < high <= 1")
    count = 0
    while True:
        scale = 1 << count
        first = -(-low.numerator * scale // low.denominator)  # least multiple of 2^-count that is >= low
        if Fraction(first + 1, scale) <= high:
            return format(first, f"0{count}b") if count else ""
        count += 1

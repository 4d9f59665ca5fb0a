"""Canonical Huffman codes: the oldest entropy coder here, and the simplest to see at work.

Huffman (1952): the two rarest symbols become siblings, again and again; the code of a symbol is the path to it.
Optimal among codes with a whole number of bits a symbol, so it loses up to 1 bit a symbol against arithmetic
coding, and most where one symbol is likely. A code is canonical when codes of equal length follow the order of
their symbols: then the lengths say everything (Schwartz and Kallick, 1964).

An alphabet of one symbol has a code of no bits; the caller stores how many symbols there are, as for all coders.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from predzip.coding.bits import BitReader, BitWriter
from predzip.coding.frequencies import Cumulative, Symbols, as_rows, as_symbols
from predzip.errors import CorruptError, UsageError


def code_lengths(frequencies: Iterable[int]) -> list[int]:
    """Return the length in bits of each symbol's Huffman code; ties go to the node that is older."""
    # (weight, age, symbols below with their depth grown so far): leaves first, in the order of the symbols.
    weights = list(frequencies)
    parents = [0] * (2 * len(weights) - 1)
    heap = [(weight, node) for node, weight in enumerate(weights)]
    heapq.heapify(heap)
    for parent in range(len(weights), len(parents)):
        first_weight, first = heapq.heappop(heap)
        second_weight, second = heapq.heappop(heap)
        parents[first] = parents[second] = parent
        heapq.heappush(heap, (first_weight + second_weight, parent))
    depths = [0] * len(parents)
    for node in range(len(parents) - 2, -1, -1):  # the root is last and has depth 0
        depths[node] = depths[parents[node]] + 1
    return depths[: len(weights)]


class HuffmanCode:
    """A canonical prefix code, given by its lengths."""

    def __init__(self, lengths: Iterable[int]) -> None:
        self.lengths = list(lengths)
        if not self.lengths:
            raise UsageError("a code needs at least one symbol")
        longest = max(self.lengths)
        if sum(1 << (longest - length) for length in self.lengths) != 1 << longest:
            raise UsageError("these lengths are not those of a complete prefix code")
        self.codes = [0] * len(self.lengths)
        self._symbols = sorted(range(len(self.lengths)), key=lambda symbol: (self.lengths[symbol], symbol))
        # For each length: the first code of that length, and which place of `_symbols` it has.
        self._first_codes = [0] * (longest + 1)
        self._first_places = [0] * (longest + 2)
        code, length = 0, 0
        for place, symbol in enumerate(self._symbols):
            while length < self.lengths[symbol]:
                code <<= 1
                length += 1
                self._first_codes[length] = code
                self._first_places[length] = place
            self.codes[symbol] = code
            code += 1
        self._first_places[longest + 1] = len(self._symbols)

    @classmethod
    def from_frequencies(cls, frequencies: Iterable[int]) -> HuffmanCode:
        """Build the optimal code for these frequencies."""
        return cls(code_lengths(frequencies))

    @classmethod
    def from_cumulative(cls, cumulative: Cumulative) -> HuffmanCode:
        """Build the optimal code for a cumulative table."""
        return cls.from_frequencies(np.diff(cumulative).tolist())

    def write(self, writer: BitWriter, symbol: int) -> None:
        """Append the symbol's code."""
        if not 0 <= symbol < len(self.codes):
            raise UsageError(f"symbol {symbol} is not in an alphabet of {len(self.codes)}")
        writer.write(self.codes[symbol], self.lengths[symbol])

    def read(self, reader: BitReader) -> int:
        """Read one code and return its symbol."""
        code = length = 0
        while True:
            offset = code - self._first_codes[length]
            place = self._first_places[length] + offset
            if place < self._first_places[length + 1]:
                if reader.exhausted:
                    raise CorruptError("the payload ends inside a code")
                return self._symbols[place]
            code = code << 1 | reader.read_bit()
            length += 1

    def code(self, symbol: int) -> str:
        """Return the symbol's code as text, such as "110"."""
        length = self.lengths[symbol]
        return format(self.codes[symbol], f"0{length}b") if length else ""


class _CodeOfTable:
    """Builds a table's code; keeps the last, since tables mostly stay."""

    def __init__(self) -> None:
        self._last: tuple[Cumulative, HuffmanCode] | None = None

    def get(self, cumulative: Cumulative) -> HuffmanCode:
        if self._last is None or not np.array_equal(cumulative, self._last[0]):
            self._last = cumulative.copy(), HuffmanCode.from_cumulative(cumulative)
        return self._last[1]


class HuffmanEncoder:
    """Codes symbols one by one."""

    def __init__(self) -> None:
        self._writer = BitWriter()
        self._codes = _CodeOfTable()

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Code one symbol by the code of its table."""
        self._codes.get(cumulative).write(self._writer, symbol)

    def finish(self) -> bytes:
        """Return the payload."""
        return self._writer.to_bytes()


class HuffmanDecoder:
    """Brings back what `HuffmanEncoder` coded."""

    def __init__(self, data: bytes) -> None:
        self._reader = BitReader(data)
        self._codes = _CodeOfTable()

    def decode(self, cumulative: Cumulative) -> int:
        """Return the next symbol by the code of its table."""
        return self._codes.get(cumulative).read(self._reader)


class HuffmanCoder:
    """Huffman coding behind the common interface."""

    name = "huffman"
    needs_power_of_two_total = False

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Code a sequence by one table, or by a row for each symbol."""
        array = as_symbols(symbols)
        rows = as_rows(tables, len(array))
        writer, codes = BitWriter(), _CodeOfTable()
        code = codes.get(rows[0]) if len(rows) else None
        for index, symbol in enumerate(array.tolist()):
            if code is None or len(rows) > 1:
                code = codes.get(rows[index])
            code.write(writer, symbol)
        return writer.to_bytes()

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Bring back `count` symbols."""
        rows = as_rows(tables, count)
        reader, codes = BitReader(data), _CodeOfTable()
        code = codes.get(rows[0]) if len(rows) else None
        symbols = np.zeros(count, dtype=np.uint32)
        for index in range(count):
            if code is None or len(rows) > 1:
                code = codes.get(rows[index])
            symbols[index] = code.read(reader)
        return symbols

    def encoder(self) -> HuffmanEncoder:
        """Start a payload."""
        return HuffmanEncoder()

    def decoder(self, data: bytes) -> HuffmanDecoder:
        """Start reading a payload."""
        return HuffmanDecoder(data)

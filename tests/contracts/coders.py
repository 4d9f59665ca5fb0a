"""Every entropy coder that the contract suite runs on, with what may be expected of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from predzip.coding import binary
from predzip.coding.base import EntropyCoder
from predzip.coding.checked import CheckedCoder
from predzip.coding.code_length import code_length_bits
from predzip.coding.frequencies import Cumulative, Symbols, as_rows, as_symbols
from predzip.coding.huffman import HuffmanCode, HuffmanCoder
from predzip.coding.range_coder import RangeCoder
from predzip.coding.rans import RansCoder
from predzip.coding.reference import ReferenceCoder
from predzip.errors import UsageError
from predzip.jit import kernel


def _depth(alphabet_size: int) -> int:
    return max(alphabet_size - 1, 0).bit_length()


def _node_probability(cumulative: Cumulative, first: int, half: int) -> int:
    """16-bit probability that the symbol lies in the upper half of [first, first + 2 * half)."""
    last = len(cumulative) - 1
    low, middle, high = (int(cumulative[min(i, last)]) for i in (first, first + half, first + 2 * half))
    if high == low:
        return 32768  # garbage led here; no valid symbol does
    return min(max(((high - middle) * 65536 + (high - low) // 2) // (high - low), 1), 65535)


class _BinarySymbols:
    """Codes a symbol by binary decisions, highest bit first; the state says in which direction."""

    def __init__(self, data: bytes | None = None) -> None:
        if data is None:
            self.buffer = np.zeros(1 << 12, dtype=np.uint8)
            self.state = binary.new_encoder()
        else:
            self.buffer = binary.payload_buffer(data)
            self.state = binary.new_decoder(self.buffer)

    def code(self, cumulative: Cumulative, symbol: int) -> int:
        first = 0
        for level in reversed(range(_depth(len(cumulative) - 1))):
            p1 = _node_probability(cumulative, first, 1 << level)
            first += binary.code_bit(self.state, self.buffer, p1, symbol >> level & 1) << level
        # A damaged payload may name a number behind the alphabet.
        return min(first, len(cumulative) - 2)

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        if not 0 <= symbol < len(cumulative) - 1:
            raise UsageError("no such symbol")
        if binary.output_bytes(self.state) + binary.room_bytes(32) > len(self.buffer):
            self.buffer = np.concatenate([self.buffer, self.buffer])
        self.code(cumulative, symbol)

    def decode(self, cumulative: Cumulative) -> int:
        return self.code(cumulative, 0)

    def finish(self) -> bytes:
        return self.buffer[: binary.finish(self.state, self.buffer)].tobytes()


@kernel
def _code_rows(state, buffer, probabilities, bits):
    for index in range(len(bits)):
        bits[index] = binary.code_bit(state, buffer, probabilities[index], bits[index])


class BinarySymbolCoder:
    """The binary coder behind the common interface: 8 decisions for a byte."""

    name = "binary"
    needs_power_of_two_total = False

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        array = as_symbols(symbols)
        rows = as_rows(tables, len(array))
        encoder = self.encoder()
        if len(rows) == 1 and len(array) > 10_000:  # the same decisions, from a table of them, in one kernel
            probabilities, bits = _decisions(array, rows[0])
            encoder.buffer = np.zeros(binary.room_bytes(len(bits)), dtype=np.uint8)
            _code_rows(encoder.state, encoder.buffer, probabilities, bits)
            return encoder.finish()
        for index, symbol in enumerate(array.tolist()):
            encoder.encode(symbol, rows[index % len(rows)])
        return encoder.finish()

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        rows = as_rows(tables, count)
        decoder = self.decoder(data)
        return as_symbols([decoder.decode(rows[index % len(rows)]) for index in range(count)])

    def encoder(self) -> _BinarySymbols:
        return _BinarySymbols()

    def decoder(self, data: bytes) -> _BinarySymbols:
        return _BinarySymbols(data)


def _decisions(symbols: Symbols, cumulative: Cumulative):
    """All decisions that code a sequence by one table: their probabilities of a 1, and the bits."""
    depth = _depth(len(cumulative) - 1)
    table = np.zeros((len(cumulative) - 1, depth), dtype=np.int64)
    for symbol in range(len(cumulative) - 1):
        for level in range(depth):
            first = symbol >> (level + 1) << (level + 1)
            table[symbol, depth - 1 - level] = _node_probability(cumulative, first, 1 << level)
    bits = (symbols[:, None] >> np.arange(depth - 1, -1, -1, dtype=np.uint32) & 1).astype(np.uint8)
    return table[symbols].reshape(-1), bits.reshape(-1)


def _binary_ideal_bits(symbols: ArrayLike, tables: Cumulative) -> float:
    array = as_symbols(symbols)
    rows = as_rows(tables, len(array))
    bits_total = 0.0
    for index in range(len(rows)):
        mine = array if len(rows) == 1 else array[index : index + 1]
        p1, bits = _decisions(mine, rows[index])
        bits_total -= float(np.log2(np.where(bits == 1, p1, 65536 - p1) / 65536).sum())
    return bits_total


def _huffman_ideal_bits(symbols: ArrayLike, tables: Cumulative) -> float:
    array = as_symbols(symbols)
    rows = as_rows(tables, len(array))
    if len(rows) == 1:
        return float(np.array(HuffmanCode.from_cumulative(rows[0]).lengths)[array].sum())
    codes = [HuffmanCode.from_cumulative(row) for row in rows]
    return float(sum(code.lengths[symbol] for code, symbol in zip(codes, array.tolist(), strict=True)))


@dataclass(frozen=True)
class CoderUnderTest:
    make: Callable[[], EntropyCoder]
    ideal_bits: Callable[[ArrayLike, Cumulative], float] = code_length_bits
    fast: bool = False
    """Whether a megabyte takes well under a second."""
    largest_alphabet: int = 300_000
    slack_bytes: float = 1.01
    """Greatest excess over the rounded-down ideal of one short payload: the byte begun, and the rounding."""


CODERS = {
    "range": CoderUnderTest(RangeCoder, fast=True),
    "rans": CoderUnderTest(RansCoder, fast=True, slack_bytes=5.01),  # and its first step's log2(total) bits
    "reference": CoderUnderTest(ReferenceCoder, slack_bytes=1.26),  # ends with two bits
    "binary": CoderUnderTest(BinarySymbolCoder, _binary_ideal_bits, largest_alphabet=4096),
    "huffman": CoderUnderTest(HuffmanCoder, _huffman_ideal_bits, largest_alphabet=60_000),
    "checked range": CoderUnderTest(lambda: CheckedCoder(RangeCoder()), fast=True),
    "checked rans": CoderUnderTest(lambda: CheckedCoder(RansCoder()), fast=True, slack_bytes=5.01),
}

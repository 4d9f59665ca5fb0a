"""What an entropy coder is: the one interface behind which range coder, rANS, Huffman and the oracle stand.

Whole arrays go through `EntropyCoder.encode` and `decode`. Where the next table depends on the symbols so far
(an adaptive predictor), the incremental objects take one symbol at a time:

    encoder = coder.encoder()                        decoder = coder.decoder(payload)
    for symbol in message:                           for _ in range(count):
        table = accumulate(predictor.predict())          table = accumulate(predictor.predict())
        encoder.encode(symbol, table)                    symbol = decoder.decode(table)
        predictor.update(symbol)                         predictor.update(symbol)
    payload = encoder.finish()

A payload does not say how many symbols it holds or where it ends: the caller stores both. A decoder given
garbage returns some symbols or raises `CorruptError`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.typing import ArrayLike

from predzip.coding.frequencies import Cumulative, Symbols


class SymbolEncoder(Protocol):
    """Codes symbols one by one."""

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Code one symbol by its cumulative table, shape (n + 1,).

        Raises:
            UsageError: where the table gives the symbol no room.
        """

    def finish(self) -> bytes:
        """Return the payload; the encoder cannot be used any more."""


class SymbolDecoder(Protocol):
    """Brings symbols back one by one, in the order in which they were coded."""

    def decode(self, cumulative: Cumulative) -> int:
        """Return the next symbol; the table must be the encoder's.

        Raises:
            CorruptError: where the payload cannot come from the encoder.
        """


@runtime_checkable
class EntropyCoder(Protocol):
    """Turns (distribution, symbol) into bits and back."""

    name: str

    needs_power_of_two_total: bool
    """Whether each table must sum to a power of two."""

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Code a sequence by one table of shape (n + 1,), or by a row for each symbol, (count, n + 1)."""

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Bring back `count` symbols, given the tables of the encoder."""

    def encoder(self) -> SymbolEncoder:
        """Start a payload."""

    def decoder(self, data: bytes) -> SymbolDecoder:
        """Start reading a payload."""

"""A wrapper that checks what goes into a coder and what comes out; for tests and for whoever writes a predictor.

Before coding: the four guarantees of every table (`frequencies`), and that the symbol exists. After `finish`: the
payload is decoded again and compared. Slow: leave it off in production.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from predzip.coding.base import EntropyCoder, SymbolDecoder, SymbolEncoder
from predzip.coding.frequencies import Cumulative, Symbols, as_rows, as_symbols, check_guarantees
from predzip.errors import PredzipError, UsageError


class CheckFailedError(PredzipError, AssertionError):
    """A coder broke its promise: a defect of predzip, or a table that changed between two calls."""


def _check_table(cumulative: Cumulative, needs_power_of_two: bool) -> None:
    check_guarantees(cumulative)
    totals = cumulative[..., -1]
    if needs_power_of_two and (totals & (totals - totals.dtype.type(1))).any():
        raise UsageError("this coder needs totals that are powers of two")


def _check_symbol(symbol: int, alphabet_size: int) -> None:
    if not 0 <= symbol < alphabet_size:
        raise UsageError(f"symbol {symbol} is not in an alphabet of {alphabet_size}")


class CheckedEncoder:
    """Passes symbols on, remembers them, and decodes them all when the payload is finished."""

    def __init__(self, coder: EntropyCoder) -> None:
        self._coder = coder
        self._encoder: SymbolEncoder = coder.encoder()
        self._seen: list[tuple[int, Cumulative]] = []

    def encode(self, symbol: int, cumulative: Cumulative) -> None:
        """Check, then code one symbol."""
        _check_table(cumulative, self._coder.needs_power_of_two_total)
        _check_symbol(symbol, len(cumulative) - 1)
        self._seen.append((symbol, cumulative.copy()))
        self._encoder.encode(symbol, cumulative)

    def finish(self) -> bytes:
        """Return the payload after decoding it."""
        payload = self._encoder.finish()
        decoder = self._coder.decoder(payload)
        for index, (symbol, cumulative) in enumerate(self._seen):
            decoded = decoder.decode(cumulative)
            if decoded != symbol:
                raise CheckFailedError(f"{self._coder.name}: symbol {index} was {symbol}, decoded as {decoded}")
        return payload


class CheckedDecoder:
    """Passes decoded symbols on after checking that they exist."""

    def __init__(self, coder: EntropyCoder, data: bytes) -> None:
        self._coder = coder
        self._decoder: SymbolDecoder = coder.decoder(data)

    def decode(self, cumulative: Cumulative) -> int:
        """Check the table, decode, check the symbol."""
        _check_table(cumulative, self._coder.needs_power_of_two_total)
        symbol = self._decoder.decode(cumulative)
        if not 0 <= symbol < len(cumulative) - 1:
            raise CheckFailedError(f"{self._coder.name} decoded {symbol}, which the alphabet does not have")
        return symbol


class CheckedCoder:
    """Any entropy coder, checked."""

    def __init__(self, coder: EntropyCoder) -> None:
        self._coder = coder
        self.name = coder.name
        self.needs_power_of_two_total = coder.needs_power_of_two_total

    def _check_tables(self, tables: Cumulative, count: int) -> Cumulative:
        rows = as_rows(tables, count)
        _check_table(rows, self.needs_power_of_two_total)
        return rows

    def encode(self, symbols: ArrayLike, tables: Cumulative) -> bytes:
        """Check, code, decode and compare."""
        array = as_symbols(symbols)
        rows = self._check_tables(tables, len(array))
        if array.size:
            _check_symbol(int(array.max()), rows.shape[1] - 1)
        payload = self._coder.encode(array, tables)
        if (self._coder.decode(payload, len(array), tables) != array).any():
            raise CheckFailedError(f"{self.name}: the payload does not decode to the symbols it was made of")
        return payload

    def decode(self, data: bytes, count: int, tables: Cumulative) -> Symbols:
        """Check the tables, decode, check the symbols."""
        rows = self._check_tables(tables, count)
        symbols = self._coder.decode(data, count, tables)
        if len(symbols) != count or (count and int(symbols.max()) >= rows.shape[1] - 1):
            raise CheckFailedError(f"{self.name} decoded symbols which the alphabet does not have")
        return symbols

    def encoder(self) -> CheckedEncoder:
        """Start a payload."""
        return CheckedEncoder(self._coder)

    def decoder(self, data: bytes) -> CheckedDecoder:
        """Start reading a payload."""
        return CheckedDecoder(self._coder, data)

"""What a recurrent prior consists of: widths, layers and the tables of its hashed contexts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from predzip.errors import ModelError

_WIDEST = 4096
_MOST_LAYERS = 64
_MOST_TABLES = 16
_MOST_ROW_BITS = 24


@dataclass(frozen=True)
class RecurrentConfig:
    """Sizes of the network; all widths are multiples of 16."""

    width: int
    """D, numbers in the residual stream."""
    state: int
    """H, numbers in the state of one layer."""
    hidden: int
    """M, numbers in the hidden layer of the feed-forward part."""
    layers: int
    table_width: int
    """Numbers in a row of a table."""
    orders: tuple[tuple[int, int], ...]
    """(n, log2 of rows) of each table of the last n bytes, n at most 8."""
    word_bits: int
    """log2 of rows of the two word tables: the word so far, and it with the word before. 0: none."""

    def __post_init__(self) -> None:
        widths = (self.width, self.state, self.hidden, self.table_width)
        if not all(isinstance(size, int) and 16 <= size <= _WIDEST and size % 16 == 0 for size in widths):
            raise ModelError(f"widths must be multiples of 16 up to {_WIDEST}")
        if not 1 <= self.layers <= _MOST_LAYERS:
            raise ModelError(f"layers must be 1 to {_MOST_LAYERS}")
        if not all(1 <= order <= 8 and 1 <= bits <= _MOST_ROW_BITS for order, bits in self.orders):
            raise ModelError(f"tables must be of 1 to 8 bytes and have at most 2^{_MOST_ROW_BITS} rows")
        if not 0 <= self.word_bits <= _MOST_ROW_BITS or not 1 <= len(self.row_bits) <= _MOST_TABLES:
            raise ModelError(f"there must be 1 to {_MOST_TABLES} tables of at most 2^{_MOST_ROW_BITS} rows")

    @property
    def row_bits(self) -> tuple[int, ...]:
        """log2 of the rows of every table: the byte tables, then the two word tables."""
        return tuple(bits for _, bits in self.orders) + (self.word_bits, self.word_bits) * (self.word_bits > 0)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RecurrentConfig:
        """Read the `architecture` part of a description.

        Raises:
            ModelError: where a field is missing, unknown or out of range.
        """
        try:
            orders = tuple((int(order), int(bits)) for order, bits in values["orders"])
            return cls(**{**values, "orders": orders})
        except (TypeError, ValueError, KeyError) as error:
            raise ModelError(f"the description of the recurrent model is not one: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """The `architecture` part of a description."""
        return {**asdict(self), "orders": [list(pair) for pair in self.orders]}

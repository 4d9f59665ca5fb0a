from __future__ import annotations

import numpy as np
import pytest

from predzip.coding.base import EntropyCoder
from predzip.coding.checked import CheckedCoder, CheckFailedError
from predzip.coding.frequencies import accumulate
from predzip.coding.range_coder import RangeCoder, RangeDecoder
from predzip.coding.rans import RansCoder
from predzip.errors import UsageError

_TABLE = accumulate(np.array([1, 2, 5], dtype=np.uint32))


class _BrokenDecoder(RangeDecoder):
    def decode(self, cumulative):
        return super().decode(cumulative) ^ 1


class _FarDecoder(RangeDecoder):
    def decode(self, cumulative):
        return 99


class _BrokenCoder(RangeCoder):
    """Decodes another symbol than was coded."""

    name = "broken"
    decoder_class: type[RangeDecoder] = _BrokenDecoder

    def decode(self, data, count, tables):
        decoder = self.decoder(data)
        return np.array([decoder.decode(tables) for _ in range(count)], dtype=np.uint32)

    def decoder(self, data):
        return self.decoder_class(data)


class _FarCoder(_BrokenCoder):
    decoder_class = _FarDecoder


def test_it_is_a_coder_with_the_same_payload():
    coder = CheckedCoder(RangeCoder())
    assert isinstance(coder, EntropyCoder)
    assert coder.encode([0, 1, 2], _TABLE) == RangeCoder().encode([0, 1, 2], _TABLE)


def test_a_payload_that_decodes_otherwise_is_noticed():
    coder = CheckedCoder(_BrokenCoder())
    with pytest.raises(CheckFailedError):
        coder.encode([0, 1, 0], _TABLE)
    encoder = coder.encoder()
    encoder.encode(1, _TABLE)
    with pytest.raises(CheckFailedError, match="symbol 0 was 1, decoded as 0"):
        encoder.finish()


def test_a_decoded_symbol_outside_the_alphabet_is_noticed():
    coder = CheckedCoder(_FarCoder())
    with pytest.raises(CheckFailedError):
        coder.decode(b"abc", 2, _TABLE)
    with pytest.raises(CheckFailedError):
        coder.decoder(b"abc").decode(_TABLE)


@pytest.mark.parametrize(
    "table",
    [
        np.array([0, 1, 1], dtype=np.uint64),
        np.array([0, 2, 1], dtype=np.uint64),
        np.array([1, 2, 3], dtype=np.uint64),
        np.array([0, 1, (1 << 32) + 1], dtype=np.uint64),
        np.array([0, 1, 2], dtype=np.int64),
        np.array([0], dtype=np.uint64),
    ],
)
def test_broken_tables_are_refused_in_both_directions(table):
    coder = CheckedCoder(RangeCoder())
    with pytest.raises(UsageError):
        coder.encoder().encode(0, table)
    with pytest.raises(UsageError):
        coder.decoder(b"abc").decode(table)


def test_a_row_that_falls_inside_is_refused():
    rows = np.array([[0, 1, 2, 3], [0, 2, 2, 3]], dtype=np.uint64)
    RangeCoder().encode([0, 0], rows)  # the plain coder does not look at all entries
    with pytest.raises(UsageError, match="at least 1"):
        CheckedCoder(RangeCoder()).encode([0, 0], rows)
    with pytest.raises(UsageError, match="at least 1"):
        CheckedCoder(RangeCoder()).decode(b"abc", 2, rows)


def test_powers_of_two_where_the_coder_needs_them():
    with pytest.raises(UsageError, match="powers of two"):
        CheckedCoder(RansCoder()).encoder().encode(0, accumulate(np.array([1, 2], dtype=np.uint32)))
    CheckedCoder(RangeCoder()).encoder().encode(0, accumulate(np.array([1, 2], dtype=np.uint32)))


@pytest.mark.parametrize("symbol", [-1, 3])
def test_unknown_symbols(symbol):
    with pytest.raises(UsageError):
        CheckedCoder(RangeCoder()).encoder().encode(symbol, _TABLE)
    with pytest.raises(UsageError):
        CheckedCoder(RangeCoder()).encode([symbol], _TABLE)


def test_a_table_changed_after_coding_does_not_confuse_the_check():
    frequencies = np.array([1, 1], dtype=np.uint32)
    encoder = CheckedCoder(RangeCoder()).encoder()
    table = accumulate(frequencies)
    for _ in range(50):
        encoder.encode(1, table)
        table[1:] += np.uint64(1)
    assert encoder.finish()

from __future__ import annotations

import numpy as np
import pytest

from predzip.coding.frequencies import accumulate
from predzip.coding.rans import RansCoder, RansDecoder
from predzip.errors import CorruptError, UsageError

_TABLE = accumulate(np.array([1, 2, 5, 8], dtype=np.uint64))


def test_a_short_message_by_hand():
    # x = 0 -> symbol 3 (start 8): 8 -> symbol 1 (start 1, freq 2): 8 // 2 * 16 + 1 + 0 = 65.
    assert RansCoder().encode([1, 3], _TABLE) == bytes([65])
    assert RansCoder().decode(bytes([65]), 2, _TABLE).tolist() == [1, 3]


@pytest.mark.parametrize("frequencies", [[1, 2], [3], [1, (1 << 32) - 2]])
def test_totals_must_be_powers_of_two(frequencies):
    table = accumulate(np.array(frequencies, dtype=np.uint64))
    with pytest.raises(UsageError, match="power of two"):
        RansCoder().encode([0], table)
    encoder = RansCoder().encoder()
    encoder.encode(0, table)
    with pytest.raises(UsageError, match="power of two"):
        encoder.finish()
    with pytest.raises(UsageError, match="power of two"):
        RansCoder().decode(b"abc", 1, table)
    with pytest.raises(UsageError, match="power of two"):
        RansDecoder(b"abc").decode(table)


def test_what_is_left_over_is_noticed():
    rng = np.random.default_rng(0)
    symbols = rng.choice(4, 500, p=[1 / 16, 2 / 16, 5 / 16, 8 / 16])
    payload = RansCoder().encode(symbols, _TABLE)
    with pytest.raises(CorruptError, match="does not end"):
        RansCoder().decode(payload + b"\x01", 500, _TABLE)
    with pytest.raises(CorruptError, match="does not end"):
        RansCoder().decode(payload, 400, _TABLE)


@pytest.mark.parametrize("count", range(40))
def test_every_length_around_the_first_bytes(count):
    # The state passes 2^55, where the decoder decides how many bytes to take first.
    table = accumulate(np.full(16, 1 << 10, dtype=np.uint64))
    for symbol in (0, 1, 15):
        payload = RansCoder().encode([symbol] * count, table)
        assert RansCoder().decode(payload, count, table).tolist() == [symbol] * count


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x80, 0xFF])
def test_a_state_exactly_at_its_lower_bound(byte):
    # With even odds each symbol doubles x and adds itself. From the end: 1 and 54 zeros give x = 2^54; eight symbols
    # leave again as `byte`; a 0 then takes x to 2^55. The decoder meets that and must not read `byte` yet.
    table = accumulate(np.array([1, 1], dtype=np.uint64))
    symbols = [1, 0, *(byte >> shift & 1 for shift in range(8)), *[0] * 54, 1]
    payload = RansCoder().encode(symbols, table)
    assert payload == ((1 << 56) + 1).to_bytes(8, "big") + bytes([byte])
    assert RansCoder().decode(payload, len(symbols), table).tolist() == symbols

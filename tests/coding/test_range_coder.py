from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.frequencies import accumulate
from predzip.coding.range_coder import RangeCoder, RangeDecoder, RangeEncoder
from predzip.errors import CorruptError, UsageError


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(1, (1 << 32) // 9), min_size=9, max_size=9), max_size=40), st.data())
def test_frequencies_and_cumulative_tables_give_the_same_payload(rows, data):
    symbols = [data.draw(st.integers(0, 8)) for _ in rows]
    by_table, by_frequencies = RangeEncoder(), RangeEncoder()
    arrays = [np.array(row, dtype=np.uint32) for row in rows]
    for symbol, array in zip(symbols, arrays, strict=True):
        by_table.encode(symbol, accumulate(array))
        by_frequencies.encode_frequencies(symbol, array)
    payload = by_table.finish()
    assert payload == by_frequencies.finish()
    decoder = RangeDecoder(payload)
    assert [decoder.decode_frequencies(array) for array in arrays] == symbols
    decoder = RangeDecoder(payload)
    assert [decoder.decode(accumulate(array)) for array in arrays] == symbols


def test_an_adaptive_loop_over_bytes():
    data = b"abracadabra " * 50
    encoder, counts = RangeEncoder(), np.ones(256, dtype=np.uint32)
    for byte in data:
        encoder.encode_frequencies(byte, counts)
        counts[byte] += 32
    payload = encoder.finish()
    assert len(payload) < len(data) // 2
    decoder, counts, decoded = RangeDecoder(payload), np.ones(256, dtype=np.uint32), bytearray()
    for _ in data:
        decoded.append(decoder.decode_frequencies(counts))
        counts[decoded[-1]] += 32
    assert bytes(decoded) == data


def test_arrays_and_single_symbols_may_alternate():
    table = accumulate(np.arange(1, 101, dtype=np.uint32))
    symbols = np.random.default_rng(0).integers(0, 100, 2000)
    encoder = RangeEncoder()
    encoder.encode_array(symbols[:900], table)
    encoder.encode(int(symbols[900]), table)
    encoder.encode_array(symbols[901:], np.stack([table] * 1099))
    payload = encoder.finish()
    assert payload == RangeCoder().encode(symbols, table)
    decoder = RangeDecoder(payload)
    first = decoder.decode_array(900, table)
    assert decoder.decode(table) == symbols[900]
    assert (np.concatenate([first, symbols[900:901], decoder.decode_array(1099, table)]) == symbols).all()


@pytest.mark.parametrize(
    "frequencies", [[0, 0], [0, 5], [(1 << 32) - 1, 2], []], ids=["none", "not this", "too many", "empty"]
)
def test_unusable_frequencies(frequencies):
    array = np.array(frequencies, dtype=np.uint32)
    with pytest.raises(UsageError, match="no room"):
        RangeEncoder().encode_frequencies(0, array)


@pytest.mark.parametrize("symbol", [-1, 3, 1 << 40])
def test_symbols_that_do_not_exist(symbol):
    with pytest.raises(UsageError, match="no room"):
        RangeEncoder().encode_frequencies(symbol, np.array([1, 2, 3], dtype=np.uint32))


def test_a_decoder_refuses_an_unusable_table():
    for frequencies in ([0, 0], [(1 << 32) - 1, 2]):
        with pytest.raises(CorruptError):
            RangeDecoder(b"abc").decode_frequencies(np.array(frequencies, dtype=np.uint32))
        with pytest.raises(CorruptError):
            RangeDecoder(b"abc").decode(accumulate(np.array(frequencies, dtype=np.uint32)))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=20), st.integers(1, 50))
def test_garbage_by_frequencies_gives_symbols_of_the_alphabet(payload, size):
    frequencies = np.arange(1, size + 1, dtype=np.uint32)
    for data in (payload, b"\xff" * 40):  # all ones point behind the last symbol
        decoder = RangeDecoder(data)
        by_table = RangeDecoder(data)
        for _ in range(60):
            symbol = decoder.decode_frequencies(frequencies)
            assert 0 <= symbol < size
            assert by_table.decode(accumulate(frequencies)) == symbol


def test_falling_tables_neither_hang_nor_crash():
    falling = np.array([0, 1 << 31, 7, 3, 1 << 32], dtype=np.uint64)
    decoder = RangeDecoder(bytes(range(200)))
    for _ in range(2000):
        try:
            assert 0 <= decoder.decode(falling) < 4
        except CorruptError:
            break


def test_no_other_payload_of_fewer_bytes_decodes_alike():
    table = accumulate(np.array([3, 1, 4], dtype=np.uint32))
    for seed in range(30):
        symbols = np.random.default_rng(seed).integers(0, 3, 12)
        payload = RangeCoder().encode(symbols, table)
        shorter = len(payload) - 1
        for value in range(1 << (8 * shorter)) if shorter in (0, 1) else []:
            candidate = value.to_bytes(shorter, "big")
            assert (RangeCoder().decode(candidate, 12, table) != symbols).any()
        head = int.from_bytes(payload[:-1], "big")
        for value in (head, head + 1):
            if value < 1 << (8 * shorter):
                candidate = value.to_bytes(shorter, "big")
                assert (RangeCoder().decode(candidate, 12, table) != symbols).any()


# Changing these bytes breaks every file ever written.
GOLDEN = "0000008f1149c01fc3a59fcc2fe6c1674e441b717f8283a12107cad5063a62f42fbe4f001d1ab82ef87882b94e"


def test_golden_payload():
    table = accumulate(np.arange(1, 257, dtype=np.uint32))
    symbols = [(i * i + 7 * i) % 256 for i in range(40)]
    assert RangeCoder().encode(symbols, table).hex() == GOLDEN

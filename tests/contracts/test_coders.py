"""The contract of `coding.base.EntropyCoder`, run on every coder."""

from __future__ import annotations

import constriction
import numpy as np
import pytest
from coders import CODERS, CoderUnderTest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.coding.base import EntropyCoder
from predzip.coding.code_length import code_length_bits
from predzip.coding.frequencies import Cumulative, accumulate
from predzip.coding.quantize import quantize
from predzip.errors import CorruptError, UsageError

_FAST = [name for name in CODERS if CODERS[name].fast]


@pytest.fixture(params=CODERS)
def entry(request) -> CoderUnderTest:
    return CODERS[request.param]


@pytest.fixture
def coder(entry) -> EntropyCoder:
    return entry.make()


def _table(alphabet_size: int, seed: int = 0, total: int = 1 << 32, concentration: float = 0.3) -> Cumulative:
    rng = np.random.default_rng(seed)
    return accumulate(quantize(rng.gamma(concentration, size=alphabet_size) + 1e-12, total))


def _draw(cumulative: Cumulative, count: int, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).integers(0, int(cumulative[-1]), count, dtype=np.uint64)
    return np.searchsorted(cumulative, points, side="right") - 1


def _from(frequencies: list[int]) -> Cumulative:
    return accumulate(np.array(frequencies, dtype=np.uint64))


_FLAT = accumulate(np.full(256, 1 << 24, dtype=np.uint64))
_RNG = np.random.default_rng(7)
CASES: dict[str, tuple[object, Cumulative]] = {
    "empty": ([], _FLAT),
    "empty rows": ([], np.zeros((0, 257), dtype=np.uint64)),
    "one symbol": ([3], _table(256)),
    "alphabet of one": ([0] * 1000, _from([1])),
    "alphabet of two": (_draw(_from([1, 3]), 1000), _from([1, 3])),
    "all bytes": (np.arange(256), _FLAT),
    "random, no redundancy": (_RNG.integers(0, 256, 2000), _FLAT),
    "drawn from the table": (_draw(_table(256), 2000), _table(256)),
    "worst symbols of the table": (np.full(300, int(np.argmin(np.diff(_table(256))))), _table(256)),
    "long run": (np.full(5000, 65), _table(256)),
    "only the first": ([0] * 500, _table(256, seed=3)),
    "only the last": ([255] * 500, _table(256, seed=3)),
    "1 of 2^32, never": ([1] * 5000, _from([1, (1 << 32) - 1])),
    "1 of 2^32, always": ([0] * 500, _from([1, (1 << 32) - 1])),
    "1 of 2^32, at the end": ([1] * 999 + [0], _from([1, (1 << 32) - 1])),
    "1 of 2^32, at the top": ([1] * 200, _from([(1 << 32) - 1, 1])),
    "underflow: about the middle": ([1] * 700, _from([(1 << 31) - 1, 2, (1 << 31) - 1])),
    "underflow, then up": ([1] * 700 + [2], _from([(1 << 31) - 1, 2, (1 << 31) - 1])),
    "underflow, then down": ([1] * 700 + [0], _from([(1 << 31) - 1, 2, (1 << 31) - 1])),
    "small total": (_RNG.integers(0, 4, 1000), _from([1, 1, 1, 1])),
    "a row for each symbol": (
        _RNG.integers(0, 16, 300),
        accumulate(quantize(_RNG.gamma(0.3, size=(300, 16)) + 1e-12)),
    ),
    "rows of different totals": (
        [1] * 200,
        np.array([_from([1 << e, 1 << e]) for e in _RNG.integers(0, 32, 200)]),
    ),
    "alphabet of 4,096": (_draw(_table(4096), 300), _table(4096)),
    "alphabet of 50,257": (_draw(_table(50_257), 2000), _table(50_257)),
    "alphabet of 300,000": (_draw(_table(300_000), 2000), _table(300_000)),
}


@pytest.mark.parametrize(
    ("name", "case"),
    [(n, c) for n in CODERS for c in CASES if CASES[c][1].shape[-1] <= CODERS[n].largest_alphabet + 1],
)
def test_round_trip_and_length(name, case):
    entry, coder = CODERS[name], CODERS[name].make()
    symbols, tables = CASES[case]
    payload = coder.encode(symbols, tables)
    decoded = coder.decode(payload, len(symbols), tables)
    assert decoded.dtype == np.uint32
    assert decoded.tolist() == list(symbols)
    assert len(payload) <= entry.ideal_bits(symbols, tables) / 8 * 1.0001 + entry.slack_bytes


@pytest.mark.parametrize("case", [c for c in CASES if "300,000" not in c and "50,257" not in c])
def test_symbol_by_symbol_gives_the_same_payload(coder, case):
    symbols, tables = CASES[case]
    rows = [tables] * len(symbols) if tables.ndim == 1 else list(tables)
    encoder = coder.encoder()
    for symbol, row in zip(symbols, rows, strict=True):
        encoder.encode(int(symbol), row)
    payload = encoder.finish()
    assert payload == coder.encode(symbols, tables)
    decoder = coder.decoder(payload)
    assert [decoder.decode(row) for row in rows] == list(symbols)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("name", CODERS)
def test_any_message_by_any_tables(name, data):
    coder = CODERS[name].make()
    count = data.draw(st.integers(0, 20))
    size = data.draw(st.integers(2, 9))
    bits = data.draw(st.sampled_from([4, 16, 32]))
    weights = data.draw(st.lists(st.sampled_from([0.0, 1e-9, 0.1, 1.0, 1e9]), min_size=size, max_size=size))
    rows = accumulate(quantize(np.array([[*weights, 1.0]] * count).reshape(count, size + 1), 1 << bits))
    symbols = data.draw(st.lists(st.integers(0, size), min_size=count, max_size=count))
    payload = coder.encode(symbols, rows)
    assert coder.decode(payload, count, rows).tolist() == symbols


@settings(deadline=None, max_examples=60)
@given(payload=st.binary(max_size=40))
@pytest.mark.parametrize("table", [_FLAT, _table(5), CASES["underflow, then up"][1], _from([1, (1 << 32) - 1])])
@pytest.mark.parametrize("name", CODERS)
def test_garbage_gives_symbols_or_an_error(name, table, payload):
    coder = CODERS[name].make()
    try:
        symbols = coder.decode(payload, 150, table)
    except CorruptError:
        pass
    else:
        assert len(symbols) == 150
        assert symbols.max() < len(table) - 1
    decoder = coder.decoder(payload)
    for _ in range(20):
        try:
            assert 0 <= decoder.decode(table) < len(table) - 1
        except CorruptError:
            break


def test_damaged_payloads_give_symbols_or_an_error(coder):
    symbols, table = CASES["drawn from the table"]
    payload = coder.encode(symbols[:300], table)
    rng = np.random.default_rng(1)
    damaged = [payload[:length] for length in range(len(payload))]
    for _ in range(100):
        copy = bytearray(payload)
        copy[rng.integers(0, len(copy))] ^= 1 << rng.integers(0, 8)
        damaged.append(bytes(copy))
    for broken in damaged:
        try:
            decoded = coder.decode(broken, 300, table)
        except CorruptError:
            continue
        assert decoded.max() < 256


@pytest.mark.parametrize(
    ("symbols", "tables"),
    [
        ([256], _FLAT),
        ([-1], _FLAT),
        ([0.5], _FLAT),
        ([[1, 2]], _FLAT),
        ([0, 1], np.stack([_FLAT] * 3)),
        ([0], _from([1, 0, 3])),
        ([0], np.array([0, 2, 1], dtype=np.uint64)),
        ([0], np.array([1, 2, 4], dtype=np.uint64)),
        ([0], np.array([0], dtype=np.uint64)),
        ([0], _from([1 << 32, 1 << 32])),
        ([1, 1], np.array([[0, 2, 2], [0, 1, 2]], dtype=np.uint64)),
    ],
)
@pytest.mark.parametrize("name", [*_FAST, "reference"])
def test_what_cannot_be_coded_is_refused(name, symbols, tables):
    with pytest.raises(UsageError):
        CODERS[name].make().encode(symbols, tables)


@pytest.mark.parametrize("symbol", [-1, 256, 1 << 40])
def test_an_unknown_symbol_is_refused(coder, symbol):
    with pytest.raises(UsageError):
        coder.encoder().encode(symbol, _FLAT)


@pytest.mark.parametrize("concentration", [0.02, 0.3, 5.0])
@pytest.mark.parametrize("name", _FAST)
def test_overhead_on_a_megabyte(name, concentration):
    coder = CODERS[name].make()
    table = _table(256, concentration=concentration)
    symbols = _draw(table, 1_000_000)
    payload = coder.encode(symbols, table)
    assert (coder.decode(payload, len(symbols), table) == symbols).all()
    assert len(payload) <= code_length_bits(symbols, table) / 8 * 1.0001 + 2


def test_binary_overhead_on_a_megabyte():
    entry = CODERS["binary"]
    table = _table(256)
    symbols = _draw(table, 1_000_000)
    payload = entry.make().encode(symbols, table)
    assert len(payload) <= entry.ideal_bits(symbols, table) / 8 * 1.0001 + 2


@pytest.mark.parametrize(("name", "bar_bytes"), [("range", 1), ("reference", 1), ("rans", 4.5)])
def test_mean_overhead_on_chunks(name, bar_bytes):
    coder = CODERS[name].make()
    table = _table(256)
    excess = []
    for seed in range(5 if name == "reference" else 200):
        symbols = _draw(table, 2048, seed)
        excess.append(len(coder.encode(symbols, table)) - code_length_bits(symbols, table) / 8)
    assert np.mean(excess) <= bar_bytes
    assert min(excess) > -1  # a payload far below the ideal would mean that it cannot be decoded


@pytest.mark.parametrize("alphabet_size", [2, 256, 50_257])
def test_lengths_agree_with_constriction(alphabet_size):
    # constriction rounds probabilities to 24 bits, so the table has a total of 2^24 and suits it exactly.
    table = _table(alphabet_size, total=1 << 24)
    symbols = _draw(table, 20_000).astype(np.int32)
    probabilities = np.diff(table).astype(np.float64) / float(1 << 24)
    model = constriction.stream.model.Categorical(probabilities, perfect=False)
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(symbols, model)
    theirs = 4 * len(encoder.get_compressed())
    for name in ("range", "rans"):
        ours = len(CODERS[name].make().encode(symbols, table))
        assert theirs * 0.9999 - 8 <= ours <= theirs * 1.0001 + 4


def test_the_names_differ():
    names = [entry.make().name for key, entry in CODERS.items() if not key.startswith("checked")]
    assert len(set(names)) == len(names)
    assert all(isinstance(entry.make(), EntropyCoder) for entry in CODERS.values())

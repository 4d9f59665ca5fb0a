from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.coding import binary
from predzip.errors import UsageError
from predzip.jit import kernel


@kernel
def _code_all(state, buffer, p1, bits):
    for index in range(len(p1)):
        bits[index] = binary.code_bit(state, buffer, p1[index], bits[index])


def _encode(p1: NDArray[np.int64], bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = np.full(binary.room_bytes(len(p1)), 0xAA, dtype=np.uint8)
    state = binary.new_encoder()
    given_bits = bits.copy()
    _code_all(state, buffer, p1, given_bits)
    assert (given_bits == bits).all()
    length = binary.finish(state, buffer)
    assert length <= len(buffer)
    return buffer[:length].copy()


def _decode(payload: NDArray[np.uint8], p1: NDArray[np.int64]) -> NDArray[np.uint8]:
    bits = np.zeros(len(p1), dtype=np.uint8)
    _code_all(binary.new_decoder(payload), payload, p1, bits)
    return bits


def _ideal_bytes(p1: NDArray[np.int64], bits: NDArray[np.uint8]) -> float:
    probability = np.where(bits == 1, p1, 65536 - p1) / 65536
    return float(-np.log2(probability).sum()) / 8


_PROBABILITIES = st.one_of(st.integers(1, 65535), st.sampled_from([1, 2, 32767, 32768, 32769, 65534, 65535]))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(_PROBABILITIES, st.integers(0, 1)), max_size=300))
def test_round_trip_and_length(decisions):
    p1 = np.array([p for p, _ in decisions], dtype=np.int64)
    bits = np.array([b for _, b in decisions], dtype=np.uint8)
    payload = _encode(p1, bits)
    assert (_decode(payload, p1) == bits).all()
    assert len(payload) <= math.ceil(_ideal_bytes(p1, bits) + 0.001) + 1


@pytest.mark.parametrize("p1", [1, 16, 655, 32768, 65000, 65535])
def test_overhead_on_long_streams(p1):
    rng = np.random.default_rng(p1)
    count = 4_000_000
    rows = np.full(count, p1, dtype=np.int64)
    bits = (rng.random(count) * 65536 < p1).astype(np.uint8)
    payload = _encode(rows, bits)
    assert (_decode(payload, rows) == bits).all()
    assert len(payload) <= _ideal_bytes(rows, bits) * 1.0001 + 2


def test_the_improbable_bit_every_time():
    p1 = np.full(20_000, 65535, dtype=np.int64)
    bits = np.zeros(20_000, dtype=np.uint8)
    payload = _encode(p1, bits)
    assert (_decode(payload, p1) == bits).all()
    assert len(payload) <= 40_000 * 1.0001 + 2


def _straddle(count: int, seed: int) -> tuple[list[int], list[int]]:
    """Decisions that keep the middle of the code space inside the interval, by integers of any size."""
    rng = np.random.default_rng(seed)
    low, span, middle = 0, (1 << 64) - 1, 1 << 63
    p1, bits = [], []
    for _ in range(count):
        p = int(rng.integers(1, 65536))
        part = (span >> 16) * p
        bit = int(low + part > middle)
        p1.append(p)
        bits.append(bit)
        low, span = (low, part) if bit else (low + part, span - part)
        if span < 1 << 32:
            low, span, middle = low << 32, span << 32, middle << 32
        assert low < middle < low + span
    return p1, bits


@pytest.mark.parametrize("last", [0, 1])
def test_carry_runs_through_long_chains(last):
    p1, bits = _straddle(10_000, 1)
    # The last decisions choose a side of the middle: 0x80 0x00 ... or 0x7F 0xFF ...
    p1, bits = p1 + [32768] * 40, bits + [last] * 40
    payload = _encode(np.array(p1), np.array(bits, dtype=np.uint8))
    assert payload[0] == (0x7F if last else 0x80)
    chain = payload[1:-24]
    assert len(chain) > 500
    assert (chain == (0xFF if last else 0x00)).all()
    assert _decode(payload, np.array(p1)).tolist() == bits


def test_carry_reaches_bytes_of_a_buffer_that_was_swapped():
    p1, bits = _straddle(2_000, 2)
    p1, bits = p1 + [32768] * 40, bits + [0] * 40
    state = binary.new_encoder()
    buffer = np.zeros(64, dtype=np.uint8)
    for p, bit in zip(p1, bits, strict=True):
        if binary.output_bytes(state) + 12 > len(buffer):
            buffer = np.concatenate([buffer, np.full(64, 255, dtype=np.uint8)])
        binary.encode_bit(state, buffer, p, bit)
    payload = buffer[: binary.finish(state, buffer)].copy()
    assert payload.tobytes() == _encode(np.array(p1), np.array(bits, dtype=np.uint8)).tobytes()
    decoder = binary.new_decoder(payload)
    assert [binary.decode_bit(decoder, payload, p) for p in p1] == bits


def test_a_read_only_payload_is_refused():
    with pytest.raises(UsageError, match="payload_buffer"):
        binary.new_decoder(np.frombuffer(b"abc", dtype=np.uint8))


def test_no_shorter_payload_decodes_alike():
    rng = np.random.default_rng(3)
    for count in range(40):
        p1 = rng.integers(1, 65536, count).astype(np.int64)
        bits = rng.integers(0, 2, count).astype(np.uint8)
        payload = _encode(p1, bits)
        if len(payload) == 0:
            continue
        # Every string one byte shorter is a multiple of 256 in the last place: its two neighbours suffice.
        head = int.from_bytes(payload[:-1].tobytes(), "big")
        for value in (head, head + 1):
            if value < 256 ** (len(payload) - 1):
                shorter = binary.payload_buffer(value.to_bytes(len(payload) - 1, "big"))
                assert not (_decode(shorter, p1) == bits).all()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60), st.lists(_PROBABILITIES, max_size=400))
def test_garbage_decodes_to_some_bits(payload, p1):
    bits = _decode(binary.payload_buffer(payload), np.array(p1, dtype=np.int64))
    assert set(bits.tolist()) <= {0, 1}


# Changing these bytes breaks every file ever written.
_GOLDEN = "00008fb8731851cbe34a7ce24ece4dd52065d4184d16f3fb3a30807034cb456fb47b489884416d0c209ea6a97ff92e922ff962ccd878"


def test_golden_payload():
    p1 = np.array([(7919 * i) % 65535 + 1 for i in range(300)])
    bits = np.array([(i * i + i // 7) % 3 == 0 for i in range(300)], dtype=np.uint8)
    assert _encode(p1, bits).tobytes().hex() == _GOLDEN

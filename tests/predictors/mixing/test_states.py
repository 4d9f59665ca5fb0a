from __future__ import annotations

import hashlib

import numpy as np
import pytest

from predzip.predictors.mixing import states
from predzip.predictors.mixing.states import NEXT_RECENT, NEXT_STATE, RECENT_MAP, STATE_MAP, TOTALS

PAIRS = states._PAIRS
COUNT = len(PAIRS)


def p1(entry: int) -> int:
    return int(entry) >> 16


def test_every_transition_leads_to_a_pair_that_exists() -> None:
    assert COUNT <= 256
    assert (NEXT_STATE[:COUNT] < COUNT).all()
    assert (NEXT_STATE[:COUNT] > 0).all()  # only the empty history is 0, and nothing leads back to it
    assert (NEXT_STATE[COUNT:] == 0).all()


def test_counts_are_sensible() -> None:
    for state, (zeros, ones) in enumerate(PAIRS):
        for bit in (0, 1):
            next_zeros, next_ones = PAIRS[NEXT_STATE[state, bit]]
            seen, next_seen = (ones, next_ones) if bit else (zeros, next_zeros)
            other, next_other = (zeros, next_zeros) if bit else (ones, next_ones)
            assert max(seen - 6, 1) <= next_seen <= seen + 1  # a bound of the pairs may cut what was seen
            assert next_other <= other
            if seen + other < 3:
                assert (next_seen, next_other) == (seen + 1, other)


def test_a_large_count_is_cut_by_the_other_bit() -> None:
    state = 0
    for _ in range(100):
        state = NEXT_STATE[state, 0]
    assert PAIRS[state] == (states._LARGER_COUNT_BOUNDS[0], 0)
    assert PAIRS[NEXT_STATE[state, 1]] == (states._KEPT_COUNT_MAX, 1)


def test_zeros_and_ones_are_mirrored() -> None:
    index = {pair: state for state, pair in enumerate(PAIRS)}
    for state, (zeros, ones) in enumerate(PAIRS):
        mirror = index[ones, zeros]
        assert PAIRS[NEXT_STATE[mirror, 1]] == PAIRS[NEXT_STATE[state, 0]][::-1]
        assert abs(p1(STATE_MAP[mirror]) + p1(STATE_MAP[state]) - 65536) <= 1


def test_a_one_never_lowers_the_estimate() -> None:
    for state in range(COUNT):
        assert p1(STATE_MAP[NEXT_STATE[state, 1]]) >= p1(STATE_MAP[state])
        assert p1(STATE_MAP[NEXT_STATE[state, 0]]) <= p1(STATE_MAP[state])


def test_totals_are_the_sums_of_the_pairs() -> None:
    assert TOTALS[:COUNT].tolist() == [zeros + ones for zeros, ones in PAIRS]
    assert TOTALS[0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_recent_bits_are_the_last_seven(seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, 60).tolist()
    history = 0
    for length, bit in enumerate(bits, start=1):
        history = int(NEXT_RECENT[history, bit])
        last = bits[max(0, length - 7) : length]
        assert history == int("1" + "".join(map(str, last)), 2)


def test_recent_bits_start_from_their_share_of_ones() -> None:
    for history in range(1, 256):
        bits = bin(history)[3:]
        expected = (bits.count("1") + 0.4) / (len(bits) + 0.8)
        assert abs(p1(RECENT_MAP[history]) / 65536 - expected) < 1 / 1000


def test_the_tables_are_format() -> None:
    # They decide bits: another digest is another format.
    digest = hashlib.sha256()
    for table, dtype in (
        (NEXT_STATE, "u1"),
        (NEXT_RECENT, "u1"),
        (TOTALS, "u1"),
        (STATE_MAP, "<u4"),
        (RECENT_MAP, "<u4"),
    ):
        digest.update(table.astype(dtype).tobytes())
    assert digest.hexdigest()[:16] == "1e3a9b2a0988642d"

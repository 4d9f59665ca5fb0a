from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.match import (
    BUCKETS,
    LENGTH,
    MAX_LENGTH,
    MODELS,
    POINTER,
    WORDS,
    match_bucket,
    match_index,
    match_misses,
    new_match_maps,
    predicted_byte,
    update_match,
)
from predzip.predictors.mixing.registers import LAST_8, LAST_16, MATCH, POSITION, new_registers

TABLE_BITS = 20
"""Far more slots than positions: the reference knows no collisions."""


class NaiveMatch:
    """The match model by definition: a dictionary of the last place behind each string of `least` bytes."""

    def __init__(self, least: int) -> None:
        self.least, self.last_place = least, {}
        self.pointer = self.length = self.misses = 0

    def update(self, data: bytes) -> None:
        """`data` is everything so far."""
        if self.pointer:
            hit = data[self.pointer] == data[-1]
            self.length = min(self.length + 1, MAX_LENGTH) if hit else 0
            self.misses = self.misses << 1 & 0xFF | (not hit)
            self.pointer = 0 if self.misses == 0xFF else self.pointer + 1
        key = data[-self.least :].rjust(self.least, b"\0")
        candidate = self.last_place.get(key, 0)
        if self.length < self.least and candidate:
            common = 0
            while common < min(40, candidate) and data[candidate - common - 1] == data[len(data) - common - 1]:
                common += 1
            if common > self.length and common >= min(self.least, 5):
                self.pointer, self.length, self.misses = candidate, common, 0
        self.last_place[key] = len(data)


def compare(data: bytes, least: int, model: int) -> None:
    r = new_registers(1, len(data))[0]
    array = np.frombuffer(bytearray(data) + bytes(8), np.uint8)
    positions = np.zeros(1 << TABLE_BITS, np.uint32)
    naive = NaiveMatch(least)
    base = MATCH + WORDS * model
    for end in range(1, len(data) + 1):
        r[LAST_16] = int.from_bytes(data[max(0, end - 16) : max(0, end - 8)], "big")
        r[LAST_8] = int.from_bytes(data[max(0, end - 8) : end], "big")
        r[POSITION] = end
        update_match(r, array, positions, 64 - TABLE_BITS, least, len(data), model)
        naive.update(data[:end])
        assert (int(r[base + POINTER]), int(r[base + LENGTH])) == (naive.pointer, naive.length), end
        assert match_misses(r, model) == naive.misses & 7
        # What a match claims is true: the last `length` bytes stand in front of the pointer too.
        claimed = min(naive.length, 40)
        assert data[naive.pointer - claimed : naive.pointer] == data[end - claimed : end]
        expected = data[naive.pointer] if naive.length else -1
        assert predicted_byte(r, array, model) == expected
    other = MATCH + WORDS * (1 - model)
    assert not r[other : other + WORDS].any()


@pytest.mark.parametrize(("least", "model"), [(5, 0), (6, 0), (12, 1), (8, 1)])
def test_matches_are_those_of_a_naive_search(least: int, model: int) -> None:
    random = Random(least)
    pieces = [random.randbytes(30) for _ in range(5)] + [b"the same words again and again, ", b"\0" * 20]
    data = b"".join(random.choice(pieces)[: random.randrange(5, 30)] for _ in range(120))
    compare(data, least, model)


@settings(deadline=None, max_examples=50)
@given(data=st.lists(st.sampled_from([b"a", b"ab", b"abcabc", b"xyzxyzxyz"]), max_size=40).map(b"".join))
def test_also_on_small_alphabets(data: bytes) -> None:
    compare(data, 5, 0)


def test_a_lane_verifies_its_own_bytes_only() -> None:
    # Lane 1 repeats lane 0 from its very first byte: the match may reach back to the lanes' starts, not beyond.
    lane = Random(1).randbytes(30)
    data = np.frombuffer(bytearray(lane + lane) + bytes(8), np.uint8)
    registers, positions = new_registers(2, 30), np.zeros(1 << 12, np.uint32)
    for step in range(1, 13):
        for number, r in enumerate(registers):
            r[LAST_8] = int.from_bytes(lane[max(0, step - 8) : step], "big")
            r[LAST_16] = int.from_bytes(lane[: max(0, step - 8)], "big")
            r[POSITION] = 30 * number + step
            update_match(r, data, positions, 64 - 12, 6, 30, 0)
    assert registers[1, MATCH + POINTER] == 12
    assert registers[1, MATCH + LENGTH] == 12


def test_the_pointer_never_leaves_the_data() -> None:
    # A shorter last lane ends first; whoever follows it meets the zeros behind the data and then its end.
    data = np.zeros(20 + 8, np.uint8)
    r = new_registers(1, 20)[0]
    r[MATCH + POINTER], r[MATCH + LENGTH] = 18, 9
    for position in range(5, 19):
        r[POSITION] = position
        update_match(r, data, np.zeros(1 << 10, np.uint32), 64 - 10, 6, 20, 0)
        assert r[MATCH + POINTER] < len(data)
    assert predicted_byte(r, data, 0) in (-1, 0)


def test_buckets_grow_with_the_length() -> None:
    r = new_registers(1, 1)[0]
    found = []
    for length in [*range(2000), MAX_LENGTH]:
        r[MATCH + LENGTH] = length
        found.append(match_bucket(r, 0))
    assert found == sorted(found)
    assert found[:3] == [0, 1, 2]
    assert 20 < found[-1] < BUCKETS


def test_a_longer_match_is_trusted_more_from_the_start() -> None:
    maps = new_match_maps()
    indexes = {match_index(b, m, e) for b in range(BUCKETS) for m in range(8) for e in (0, 1)}
    assert indexes == set(range(maps.shape[1]))
    assert maps.shape[0] == MODELS
    p1 = [int(maps[0, match_index(bucket, 0, 1)]) >> 16 for bucket in range(1, BUCKETS)]
    p0 = [int(maps[0, match_index(bucket, 0, 0)]) >> 16 for bucket in range(1, BUCKETS)]
    assert p1 == sorted(p1)
    assert p1[0] > 32768
    assert [a + b for a, b in zip(p0, p1, strict=True)] == [65536] * len(p1)

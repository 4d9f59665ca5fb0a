"""Lanes and priors: the door by which a neural prior will enter. Decoders start from garbage (see `lane_driver`)."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_driver import decode_lanes, encode_lanes
from numpy.typing import NDArray

from predzip.predictors.lane_counts import LaneCounts
from predzip.predictors.mixing.settings import BINARY, EXECUTABLE, FAMILIES, LEVELS, TEXT

WORDS = b"it was the best of times, it was the worst (of times): 12; 13\n".split(b" ")
PROSE = b" ".join(Random(2).choices(WORDS, k=900))
RECORDS = b"".join(bytes([i & 255, i >> 8, 7, 0]) + Random(i).randbytes(2) for i in range(500))

INPUTS = {
    "text": (TEXT, PROSE),
    "short lines": (TEXT, b"ab\n" * 400 + b"c\n" * 200),
    "records": (BINARY, RECORDS),
    "machine code": (EXECUTABLE, bytes.fromhex("554889e5e8100000008b45fc0f8410020000c3") * 60),
    "zeros": (BINARY, bytes(2500)),
    "fewer bytes than lanes": (TEXT, b"abc"),
    "nothing": (TEXT, b""),
}


@pytest.mark.parametrize("lanes", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("level", LEVELS)
def test_round_trip(level: int, name: str, lanes: int) -> None:
    family, data = INPUTS[name]
    payload = encode_lanes(data, level, family, lanes)
    assert decode_lanes(payload, len(data), level, family, lanes) == data


@pytest.mark.parametrize("lanes", [1, 2, 7])
@pytest.mark.parametrize("name", ["text", "records", "fewer bytes than lanes"])
def test_round_trip_with_a_prior(name: str, lanes: int) -> None:
    family, data = INPUTS[name]
    payload = encode_lanes(data, 2, family, lanes, (LaneCounts(),))
    assert decode_lanes(payload, len(data), 2, family, lanes, (LaneCounts(),)) == data


def test_two_priors_at_once() -> None:
    def priors() -> tuple[LaneCounts, LaneCounts]:
        return LaneCounts(4), LaneCounts(7)

    payload = encode_lanes(PROSE, 1, TEXT, 3, priors())
    assert decode_lanes(payload, len(PROSE), 1, TEXT, 3, priors()) == PROSE


@settings(deadline=None, max_examples=40)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=6),
    picks=st.lists(st.integers(0, 5), max_size=40),
    lanes=st.integers(1, 9),
    family=st.sampled_from(FAMILIES),
)
def test_round_trip_of_anything(pieces: list[bytes], picks: list[int], lanes: int, family: int) -> None:
    data = b"".join(pieces[pick % len(pieces)] for pick in picks)
    assert decode_lanes(encode_lanes(data, 3, family, lanes), len(data), 3, family, lanes) == data


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("name", ["text", "records", "zeros"])
def test_slices_do_not_change_the_bytes(name: str, lanes: int) -> None:
    family, data = INPUTS[name]
    whole = encode_lanes(data, 2, family, lanes)
    for slice_steps in (1, 7, 64, 1000):
        assert encode_lanes(data, 2, family, lanes, slice_steps=slice_steps) == whole
        assert decode_lanes(whole, len(data), 2, family, lanes, slice_steps=slice_steps) == data


class Oracle:
    """A prior that knows what comes: the upper bound of what one can gain."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def reset(self, lanes: int) -> None:
        self._lane_bytes = -(-len(self._data) // lanes)
        self._starts = range(0, lanes * self._lane_bytes, self._lane_bytes)
        self._step = 0

    def predict(self) -> NDArray[np.uint16]:
        rows = np.ones((len(self._starts), 256), np.uint16)
        for row, start in zip(rows, self._starts, strict=True):
            if start + self._step < len(self._data):
                row[self._data[start + self._step]] = 60000
        return rows

    def update(self, symbols: NDArray[np.uint8]) -> None:
        self._step += 1


@pytest.mark.parametrize("lanes", [1, 4])
def test_what_a_prior_knows_is_used(lanes: int) -> None:
    data = Random(4).randbytes(1500)  # nothing to learn but from the prior
    alone, told = (len(encode_lanes(data, 1, BINARY, lanes, priors)) for priors in ((), (Oracle(data),)))
    assert alone >= len(data)
    assert told < len(data) / 8


def test_a_useless_prior_costs_little() -> None:
    class Flat(Oracle):
        def predict(self) -> NDArray[np.uint16]:
            return np.full((len(self._starts), 256), 256, np.uint16)

    alone = len(encode_lanes(PROSE, 1, TEXT))
    assert len(encode_lanes(PROSE, 1, TEXT, 1, (Flat(PROSE),))) < alone * 1.02 + 8


def test_lanes_learn_from_each_other() -> None:
    # Two lanes of the same text: the second costs little, though neither has seen it before.
    piece = Random(6).randbytes(1000)
    once, twice = (len(encode_lanes(data, 1, BINARY, lanes)) for data, lanes in ((piece, 1), (piece + piece, 2)))
    assert twice < once * 1.5

"""Skipping: long matches in one decision, and what happens when they break off."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from lane_driver import decode_lanes, encode_lanes

from predzip.coding.binary import new_encoder, room_bytes
from predzip.predictors.mixing.model import new_model, padded
from predzip.predictors.mixing.settings import BINARY, TEXT
from predzip.predictors.mixing.skip import SKIP_BYTES
from predzip.predictors.mixing.step import code_bytes

NO_PRIORS = np.zeros((0, 0, 1, 256), np.uint16)
PIECE = Random(5).randbytes(1500)


def broken(copies: int, where: int) -> bytes:
    """Copies of one piece, with a wrong byte in each."""
    parts = []
    for number in range(copies):
        part = bytearray(PIECE)
        part[(where + 97 * number) % len(part)] ^= 0x55
        parts.append(bytes(part))
    return b"".join(parts)


CASES = {
    "zeros": bytes(30_000),
    "a period of two": b"ab" * 10_000,
    "a period above a step": PIECE[: SKIP_BYTES + 7] * 150,
    "copies": PIECE * 8,
    "copies with a wrong byte each": broken(8, 600),
    "the break is the last of a step": bytes(500) + bytes(SKIP_BYTES * 3 - 1) + b"\1" + bytes(900),
    "ends within a step": bytes(SKIP_BYTES * 20 + 5),
    "back to an older piece": PIECE + bytes(3000) + PIECE + bytes(3000) + PIECE,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("level", "family"), [(1, TEXT), (3, BINARY)])
def test_round_trip(case: str, level: int, family: int) -> None:
    data = CASES[case]
    payload = encode_lanes(data, level, family)
    assert decode_lanes(payload, len(data), level, family) == data


@pytest.mark.parametrize("length", [100_000, 400_000])
def test_a_long_run_costs_next_to_nothing(length: int) -> None:
    assert len(encode_lanes(bytes(length), 1, TEXT)) < 40


def test_a_copy_costs_little_even_where_it_breaks() -> None:
    once, often = len(encode_lanes(PIECE, 1, BINARY)), len(encode_lanes(broken(8, 600), 1, BINARY))
    assert often - once < 8 * 40


def _steps(data: bytes, learned: int) -> list[int]:
    """Where code_bytes goes on after each single step, once `learned` bytes are coded."""
    array = padded(data)
    coder, buffer = new_encoder(), np.zeros(room_bytes(9 * len(data)), np.uint8)
    model = new_model(1, TEXT, len(data))
    t = int(code_bytes(model, coder, buffer, array, NO_PRIORS, 0, learned))
    steps = []
    while t < len(data):
        following = int(code_bytes(model, coder, buffer, array, NO_PRIORS, t, t + 1))
        steps.append(following - t)
        t = following
    assert t == len(data)
    return steps


def test_a_step_passes_the_end_by_one_skip_at_most() -> None:
    steps = _steps(bytes(2000), 600)
    assert set(steps) == {1, SKIP_BYTES}
    assert steps[0] == SKIP_BYTES
    assert steps.count(1) < SKIP_BYTES  # only what is too short at the end


def test_after_a_wrong_guess_it_asks_again_only_later() -> None:
    # A wrong byte soon in every skip: each costs one decision and then SKIP_BYTES plain steps.
    data = bytearray(bytes(600) + (b"\0" * 50 + b"\1" + b"\0" * 13) * 4)
    steps = _steps(bytes(data), 600)
    assert set(steps) == {1}


def test_lanes_stay_in_step() -> None:
    data = bytes(4000)
    array, lanes = padded(data), 2
    coder, buffer = new_encoder(), np.zeros(room_bytes(9 * len(data)), np.uint8)
    model = new_model(1, TEXT, len(data), lanes)
    nothing = np.zeros((0, 0, lanes, 256), np.uint16)
    for begin in range(0, 2000, 100):
        assert code_bytes(model, coder, buffer, array, nothing, begin, begin + 100) == begin + 100

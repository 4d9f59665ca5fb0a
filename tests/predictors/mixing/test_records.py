"""The record length that is found while coding, against the rule in plain Python."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from predzip.predictors.mixing.binary_contexts import LONGEST_RECORD, update_record
from predzip.predictors.mixing.registers import POSITION, RECORD, new_registers

RECORD_FIRST = 4


class NaiveRecord:
    def __init__(self) -> None:
        self.scores = [0] * (LONGEST_RECORD + 1)
        self.record = RECORD_FIRST

    def update(self, data: bytes, position: int) -> None:
        """`position` bytes of the lane are known."""
        if position < 2:
            return
        if data[position - 1] != data[position - 2]:
            for distance in range(1, min(position - 1, LONGEST_RECORD) + 1):
                hit = 4096 if data[position - 1 - distance] == data[position - 1] else 0
                self.scores[distance] += (hit - self.scores[distance]) >> 7
        if position % 32 == 0:
            most = self.scores[self.record] + 64
            for distance in range(2, LONGEST_RECORD + 1):
                if self.scores[distance] > most:
                    most = self.scores[distance] + (self.scores[distance] >> 5)
                    self.record = distance


def rows(width: int, count: int, seed: int = 1) -> bytes:
    """Records whose first bytes repeat and whose last two are random."""
    random = Random(seed)
    head = random.randbytes(width - 2)
    return b"".join(head + random.randbytes(2) for _ in range(count))


def run(data: bytes, lane_start: int = 0) -> tuple[int, list[int]]:
    array = np.frombuffer(bytearray(b"\x11" * lane_start + data) + bytes(8), np.uint8)
    r = new_registers(1, 1)[0]
    scores = np.zeros(LONGEST_RECORD + 1, np.int32)
    for position in range(1, len(data) + 1):
        r[POSITION] = lane_start + position
        update_record(r, array, lane_start, scores)
    return int(r[RECORD]), scores.tolist()


@pytest.mark.parametrize("data", [b"", b"a", b"ab" * 50, rows(24, 20), Random(3).randbytes(700), bytes(300)])
def test_scores_and_length_follow_the_rule(data: bytes) -> None:
    naive = NaiveRecord()
    for position in range(1, len(data) + 1):
        naive.update(data, position)
    assert run(data) == (naive.record, naive.scores)


@pytest.mark.parametrize("width", [6, 12, 33, 100, 512, LONGEST_RECORD])
def test_the_length_of_a_record_is_found(width: int) -> None:
    found, _ = run(rows(width, max(40, 3000 // width)))
    assert found == width


def test_a_lane_knows_only_itself() -> None:
    data = rows(24, 30)
    assert run(data, 32 * 5) == run(data)

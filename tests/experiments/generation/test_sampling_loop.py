"""The loop that draws, held against sources whose answers are known."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates
from predzip.experiments.generation.sampling import Segment, drawn_bytes, run


class Scripted:
    """Weighs the same candidates every time, and remembers what it was told."""

    name, about = "scripted", "by hand"

    def __init__(self, continuations: list[bytes], bits: list[float]) -> None:
        self.step_bytes = len(continuations[0])
        self._candidates = Candidates(continuations, np.array(bits))
        self.told: list[bytes] = []
        self.expected = -1

    def start(self, expected_bytes: int) -> None:
        self.told, self.expected = [], expected_bytes

    def take(self, data: bytes) -> None:
        self.told.append(data)

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        return self._candidates


def test_probabilities_are_powers_of_two_of_the_lengths() -> None:
    candidates = Candidates([b"a", b"b", b"c"], np.array([5.0, 6.0, 6.0]))
    assert candidates.probabilities().tolist() == [0.5, 0.25, 0.25]
    assert candidates.probabilities(0.5).tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert candidates.probabilities(0).tolist() == [1, 0, 0]
    hot = candidates.probabilities(1e9)
    assert hot.max() - hot.min() < 1e-6


def test_draws_come_as_often_as_they_should() -> None:
    candidates = Candidates([b"a", b"b", b"c"], np.array([1.0, 2.0, 2.0]))
    random = Random(1)
    counts = Counter(candidates.draw(random) for _ in range(8000))
    assert counts[0] == pytest.approx(4000, abs=200)  # 4.5 standard deviations
    assert counts[1] == pytest.approx(2000, abs=180)


@pytest.mark.parametrize(
    ("continuations", "bits"), [([], []), ([b"a"], [1.0, 2.0]), ([b"a", b"bc"], [1, 1]), ([b""], [1])]
)
def test_candidates_that_make_no_sense(continuations: list[bytes], bits: list[float]) -> None:
    with pytest.raises(UsageError):
        Candidates(continuations, np.array(bits, float))


def test_what_was_drawn_comes_back_and_given_bytes_stand_between() -> None:
    source = Scripted([b"xy", b"zw"], [1, 1])
    steps = list(run(source, [Segment(b"first", 4), Segment(b"second", 2)], Random(3)))
    drawn = drawn_bytes(steps)
    assert len(drawn) == 6
    assert source.told == [b"first", drawn[:2], drawn[2:4], b"second", drawn[4:]]
    assert source.expected == 5 + 4 + 6 + 2
    assert [step.offset for step in steps] == [0, 2, 4]
    assert all(step.rank is None and step.entropy_bits == 1.0 for step in steps)


def test_teacher_forcing_tells_the_truth_whatever_is_drawn() -> None:
    source = Scripted([b"a", b"b", b"c", b"d"], [3, 1, 3, 3])
    steps = list(run(source, [Segment(b"given", 3, b"abd")], Random(1), 0, forced=True))
    assert source.told == [b"given", b"a", b"b", b"d"]
    assert drawn_bytes(steps) == b"bbb"
    assert [step.truth for step in steps] == [b"a", b"b", b"d"]
    assert [step.truth_bits for step in steps] == [3, 1, 3]
    assert [step.rank for step in steps] == [3, 1, 3]  # three share the places 2, 3 and 4


def test_the_seed_decides_everything() -> None:
    source = Scripted([bytes([value]) for value in range(256)], [8.0] * 256)
    draws = [drawn_bytes(run(source, [Segment(b"", 50)], Random(seed))) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize(
    ("segment", "temperature", "forced"),
    [(Segment(b"", -1), 1, False), (Segment(b"", 3), 1, True), (Segment(b"", 3), -1, False)],
)
def test_runs_that_make_no_sense(segment: Segment, temperature: float, forced: bool) -> None:
    with pytest.raises(UsageError):
        list(run(Scripted([b"a"], [0]), [segment], Random(1), temperature, forced=forced))
    with pytest.raises(UsageError):
        list(run(Scripted([b"a"], [0]), [Segment(b"", 1)], Random(1), float("nan")))

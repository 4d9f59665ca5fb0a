"""Counts instead of lists: the same sums, in any order, in little memory."""

from __future__ import annotations

import random
import statistics
import tracemalloc

import pytest

from predzip.experiments.paper.tally import Tally
from predzip.experiments.paper.work import Part


def part(index: int, *units: tuple[int, float]) -> Part:
    return Part("key", index, tuple(units), 10 + index, 0.5, 1.0)


def test_order_does_not_matter_to_the_last_bit() -> None:
    generator = random.Random(1)
    parts = [part(index, *((2048, generator.random() * 1000) for _ in range(50))) for index in range(40)]
    one, other = Tally(), Tally()
    for each in parts:
        one.add(each)
    generator.shuffle(parts)
    for each in parts:
        other.add(each)
    assert one.compressed_bytes() == other.compressed_bytes()
    assert one.original_bytes() == 40 * 50 * 2048
    assert one.framing_bytes == other.framing_bytes == 10


def test_a_part_that_came_twice_counts_once() -> None:
    tally = Tally()
    for _ in range(2):
        tally.add(part(0, (2048, 700), (2048, 701)))
    assert (tally.compressed_bytes(), tally.cpu_seconds) == (1401, 0.5)
    assert isinstance(tally.compressed_bytes(), int)


def test_a_curve() -> None:
    sizes = [5, 7, 7, 9]
    tally = Tally()
    for index, size in enumerate(sizes):
        tally.add(part(index, (8, float(size)), (16, 10.0)))
    (first, second) = tally.curve()
    rates = [size / 8 for size in sizes]
    assert first[:2] == (8, statistics.fmean(rates))
    assert first[2] == pytest.approx(statistics.stdev(rates) / 2, abs=1e-6)
    assert second == (16, 0.625, 0.0)
    assert (tally.original_bytes(8), tally.compressed_bytes(8)) == (32, 28)


def test_half_a_million_units_take_little() -> None:
    generator = random.Random(2)
    tracemalloc.start()
    tally = Tally()
    for index in range(1000):
        tally.add(part(index, *((2048, generator.randrange(600, 1200)) for _ in range(128))))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(tally.units.values()) == 128_000
    assert kept < 400_000

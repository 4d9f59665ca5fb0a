"""Derived figures and totals."""

from __future__ import annotations

import dataclasses

import pytest

from predzip.experiments.bench.results import Measurement, totals


def test_derived_figures(rows: list[Measurement]) -> None:
    row = rows[0]
    assert row.bits_per_byte == pytest.approx(1.6)
    assert row.raw_rate == pytest.approx(0.2)
    assert row.compress_bytes_per_second == pytest.approx(500)
    assert row.peak_memory_bytes == 30_000_000
    record = row.record()
    assert record["bits_per_byte"] == 1.6
    assert record["compress"]["runs"] == 3
    assert "bits_per_byte" not in rows[2].record()


def test_totals_cover_every_file_or_say_so(rows: list[Measurement]) -> None:
    by_codec = {row.codec: row for row in totals(rows)}
    assert by_codec["predzip-3"].compressed_bytes == 500
    assert by_codec["predzip-3"].compress_bytes_per_second == pytest.approx(500)
    assert by_codec["gzip"].original_bytes == 2000
    assert not by_codec["png"].ok
    assert by_codec["png"].message == "1 of 2 files, not in the total"


def test_empty_file_has_no_rate(rows: list[Measurement]) -> None:
    empty = dataclasses.replace(rows[0], original_bytes=0)
    assert (empty.bits_per_byte, empty.raw_rate, empty.compress_bytes_per_second) == (0.0, 0.0, 0.0)
    assert totals([]) == []

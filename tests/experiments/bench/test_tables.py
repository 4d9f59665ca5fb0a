"""The same measurements in four forms."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import Any

from predzip.experiments.bench.results import Measurement
from predzip.experiments.bench.tables import render


def test_text_fits_80_columns_smallest_first(rows: list[Measurement], where: dict[str, Any]) -> None:
    text = render(rows, "text", where)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "a.txt, 1,000 bytes"
    assert [line.split()[0] for line in lines[3:5]] == ["predzip-3", "gzip"]
    assert lines[3].split() == ["predzip-3", "200", "1.600", "20.00", "%", "500", "B/s", "500", "B/s", "30", "MB"]
    assert "  png: not a picture" in lines
    assert "total of 2 files, 2,000 bytes" in lines
    assert "  png: 1 of 2 files, not in the total" in lines
    assert "\x1b" not in text


def test_wide_figures_are_not_cut(rows: list[Measurement], where: dict[str, Any]) -> None:
    large = dataclasses.replace(
        rows[0], codec="predzip-frequency", original_bytes=99_999_999, compressed_bytes=98_765_432
    )
    text = render([large], "text", where)
    assert "98,765,432" in text
    assert "…" not in text


def test_terminal_shows_own_rows_bold(rows: list[Measurement], where: dict[str, Any]) -> None:
    assert "\x1b[1mpredzip-3" in render(rows, "text", where, terminal=True)


def test_markdown(rows: list[Measurement], where: dict[str, Any]) -> None:
    lines = render(rows, "md", where).splitlines()
    assert lines[0] == "### a.txt, 1,000 bytes"
    assert lines[2] == "| codec | bytes | bits/byte | rate | compress | decompress | memory |"
    assert lines[3] == "|---|---:|---:|---:|---:|---:|---:|"
    assert lines[4] == "| predzip-3 | 200 | 1.600 | 20.00 % | 500 B/s | 500 B/s | 30 MB |"
    assert lines[-1] == (
        "Measured 2026-01-02 with predzip 1.2.3 (0123456789ab), Python 3.14.1, numpy 2.4, on Some CPU, 2 cores, "
        "Linux x86_64: `predzip bench a.txt b.pgm`"
    )


def test_csv_has_totals_too(rows: list[Measurement], where: dict[str, Any]) -> None:
    read = list(csv.DictReader(io.StringIO(render(rows, "csv", where))))
    assert [row["file"] for row in read] == ["a.txt"] * 3 + ["b.pgm"] * 3 + ["total"] * 3
    assert read[0]["compressed_bytes"] == "200"
    assert read[2]["status"] == "skipped"
    assert read[6]["raw_rate"] == "0.25"


def test_json_lines_stand_alone(rows: list[Measurement], where: dict[str, Any]) -> None:
    records = [json.loads(line) for line in render(rows, "json", where).splitlines()]
    assert len(records) == len(rows)
    assert all(record["environment"]["commit"] == "0123456789abcdef" for record in records)
    assert records[1]["compress"] == {
        "cpu_seconds": 0.5,
        "wall_seconds": 1.0,
        "peak_memory_bytes": 30_000_000,
        "runs": 3,
    }


def test_failures_are_loud(rows: list[Measurement], where: dict[str, Any]) -> None:
    failed = dataclasses.replace(rows[1], status="failed", message="decompressing gave other bytes")
    for form in ("text", "md"):
        assert "gzip: FAILED: decompressing gave other bytes" in render([rows[0], failed], form, where)

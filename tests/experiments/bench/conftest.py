"""Measurements made up for the tests of tables and charts."""

from __future__ import annotations

from typing import Any

import pytest

from predzip.experiments.bench.results import Direction, Measurement


def made_up(file: str, codec: str, compressed_bytes: int, seconds: float = 0.5) -> Measurement:
    side = Direction(cpu_seconds=seconds, wall_seconds=2 * seconds, peak_memory_bytes=30_000_000, runs=3)
    return Measurement(
        file=file, original_bytes=1000, codec=codec, compressed_bytes=compressed_bytes, compress=side, decompress=side
    )


@pytest.fixture
def rows() -> list[Measurement]:
    return [
        made_up("a.txt", "predzip-3", 200, 2.0),
        made_up("a.txt", "gzip", 400),
        Measurement("a.txt", 1000, "png", status="skipped", message="not a picture"),
        made_up("b.pgm", "predzip-3", 300, 2.0),
        made_up("b.pgm", "gzip", 500),
        made_up("b.pgm", "png", 350),
    ]


@pytest.fixture
def where(where: dict[str, Any]) -> dict[str, Any]:
    return where | {"command": "predzip bench a.txt b.pgm"}

"""One measurement, and sums of them: the record that every table and chart is drawn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from predzip.units import BITS_PER_BYTE, bits_per_byte, raw_rate

Status = Literal["ok", "skipped", "failed"]


@dataclass(frozen=True)
class Direction:
    """What one direction took: the best of `runs` in a process of its own."""

    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    """Of the whole process, Python and the codec's library included."""
    runs: int


@dataclass(frozen=True)
class Measurement:
    """One codec on one file; or on all files, in a total."""

    file: str
    original_bytes: int
    codec: str
    settings: str = ""
    note: str = ""
    status: Status = "ok"
    message: str = ""
    """Why it was skipped or failed."""
    compressed_bytes: int = 0
    compress: Direction | None = None
    decompress: Direction | None = None
    files: int = 1

    @property
    def ok(self) -> bool:
        """True where the file came back byte for byte."""
        return self.status == "ok"

    @property
    def bits_per_byte(self) -> float:
        """Compressed bits for each original byte."""
        return bits_per_byte(self.compressed_bytes * BITS_PER_BYTE, self.original_bytes)

    @property
    def raw_rate(self) -> float:
        """Compressed over original bytes."""
        return raw_rate(self.compressed_bytes, self.original_bytes)

    @property
    def compress_bytes_per_second(self) -> float:
        """Original bytes a second of processor time, compressing."""
        return _speed(self.original_bytes, self.compress)

    @property
    def decompress_bytes_per_second(self) -> float:
        """Original bytes a second of processor time, decompressing."""
        return _speed(self.original_bytes, self.decompress)

    @property
    def peak_memory_bytes(self) -> int:
        """The larger of both directions."""
        return max((side.peak_memory_bytes for side in (self.compress, self.decompress) if side), default=0)

    def record(self) -> dict[str, Any]:
        """Everything as plain values, derived figures included."""
        derived = {
            "bits_per_byte": round(self.bits_per_byte, 5),
            "raw_rate": round(self.raw_rate, 6),
            "compress_bytes_per_second": round(self.compress_bytes_per_second),
            "decompress_bytes_per_second": round(self.decompress_bytes_per_second),
            "peak_memory_bytes": self.peak_memory_bytes,
        }
        return {**dataclasses.asdict(self), **(derived if self.ok else {})}


def totals(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Sum over files, codec by codec; one that did not manage every file is marked as skipped."""
    by_codec: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_codec.setdefault(measurement.codec, []).append(measurement)
    file_count = max((len(rows) for rows in by_codec.values()), default=0)
    return [_total(rows, file_count) for rows in by_codec.values()]


def _total(rows: list[Measurement], file_count: int) -> Measurement:
    done = [row for row in rows if row.ok]
    complete = len(done) == file_count
    return Measurement(
        file="total",
        original_bytes=sum(row.original_bytes for row in done),
        codec=rows[0].codec,
        settings=rows[0].settings,
        note=rows[0].note,
        status="ok" if complete else "skipped",
        message="" if complete else f"{len(done)} of {file_count} files, not in the total",
        compressed_bytes=sum(row.compressed_bytes for row in done),
        compress=_sum_directions(row.compress for row in done),
        decompress=_sum_directions(row.decompress for row in done),
        files=len(done),
    )


def _sum_directions(directions: Iterable[Direction | None]) -> Direction | None:
    listed = [direction for direction in directions if direction]
    if not listed:
        return None
    return Direction(
        cpu_seconds=sum(direction.cpu_seconds for direction in listed),
        wall_seconds=sum(direction.wall_seconds for direction in listed),
        peak_memory_bytes=max(direction.peak_memory_bytes for direction in listed),
        runs=min(direction.runs for direction in listed),
    )


def _speed(original_bytes: int, direction: Direction | None) -> float:
    if direction is None or direction.cpu_seconds <= 0:
        return 0.0
    return original_bytes / direction.cpu_seconds

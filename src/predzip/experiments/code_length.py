"""Bits per byte of models and levels without coding: the loop and the tables of `predzip bench --code-length`."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import predzip
from predzip.api import resolve_model
from predzip.predictors.neural import cards, catalogue
from predzip.units import adjusted_rate, bits_per_byte, bits_to_bytes, format_bytes, raw_rate

_HEADINGS = ("model", "bytes", "bits/byte", "rate", "adjusted", "speed")
_EXPLANATION = (
    "Code length: nothing was coded. Adjusted: the model's files count as output.\n"
    "Speed: original bytes per second of processor time."
)


@dataclass(frozen=True)
class Contender:
    """A model by name or path, or a level by number."""

    name: str
    model: str | None = None
    level: int | None = None


@dataclass(frozen=True)
class Estimate:
    """The code length of one file, or of all, under one model or level."""

    file: str
    original_bytes: int
    model: str
    chunk_bytes: int | None
    """None: the whole file in one piece."""
    code_length_bits: float
    cpu_seconds: float
    parameters: int = 0
    model_bytes: int = 0
    """What the model takes on disk; 0 for a level."""
    fingerprint: str = ""

    @property
    def bits_per_byte(self) -> float:
        """Bits of code length for each original byte."""
        return bits_per_byte(self.code_length_bits, self.original_bytes)

    @property
    def raw_rate(self) -> float:
        """Code length over original length."""
        return raw_rate(bits_to_bytes(self.code_length_bits), self.original_bytes)

    @property
    def adjusted_rate(self) -> float:
        """The same with the model's bytes on disk counted as output."""
        return adjusted_rate(bits_to_bytes(self.code_length_bits), self.model_bytes, self.original_bytes)

    @property
    def bytes_per_second(self) -> float:
        """Original bytes for each second of processor time."""
        return self.original_bytes / self.cpu_seconds if self.cpu_seconds > 0 else 0.0

    def record(self) -> dict[str, Any]:
        """Everything as plain values, derived figures included."""
        derived = {
            "bits_per_byte": round(self.bits_per_byte, 5),
            "raw_rate": round(self.raw_rate, 6),
            "adjusted_rate": round(self.adjusted_rate, 6),
            "bytes_per_second": round(self.bytes_per_second),
        }
        return {**dataclasses.asdict(self), **derived}


def contenders(models: Iterable[str], levels: Iterable[int] = ()) -> list[Contender]:
    """Models and levels as they were named; all models that are installed where nothing was.

    Raises:
        ModelError: there is no such model, or none at all.
    """
    named, numbers = [resolve_model(word) or word for word in models], list(levels)
    chosen = [Contender(catalogue.locate(word).name, model=word) for word in named]
    if not named and not numbers:
        chosen = [Contender(found.name, model=found.name) for found in catalogue.installed()]
    chosen += [Contender(f"level {level}", level=level) for level in numbers]
    if not chosen:
        raise predzip.ModelError("no model is installed; name one by its path")
    return list(dict.fromkeys(chosen))


def estimates(
    files: Iterable[Path],
    chosen: list[Contender],
    chunk_bytes: int | None = None,
    started: Callable[[Path, str], None] | None = None,
) -> Iterator[Estimate]:
    """Measure every contender on every file.

    Args:
        files: what to measure.
        chosen: as `contenders` gives them.
        chunk_bytes: length of pieces without history; None: whole files.
        started: called before each measurement, for a progress display.
    """
    for file in files:
        data = file.read_bytes()
        for contender in chosen:
            if started is not None:
                started(file, contender.name)
            if len(data):  # loads and compiles before the clock starts
                predzip.code_length(data[:1], model=contender.model, level=contender.level)
            begin = time.process_time()
            bits = predzip.code_length(data, model=contender.model, level=contender.level, chunk_bytes=chunk_bytes)
            seconds = time.process_time() - begin
            estimate = Estimate(file.as_posix(), len(data), contender.name, chunk_bytes, bits, seconds)
            yield dataclasses.replace(estimate, **_facts(contender))


def _facts(contender: Contender) -> dict[str, Any]:
    if contender.model is None:
        return {}
    weights = catalogue.load(contender.model)
    return {
        "parameters": cards.parameters(weights.config),
        "model_bytes": cards.bytes_on_disk(catalogue.locate(contender.model).stem),
        "fingerprint": weights.fingerprint.hex(),
    }


def totals(rows: Iterable[Estimate]) -> list[Estimate]:
    """Sum over files, model by model; the model's own bytes count once."""
    by_model: dict[str, list[Estimate]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    return [
        dataclasses.replace(
            parts[0],
            file="total",
            original_bytes=sum(part.original_bytes for part in parts),
            code_length_bits=sum(part.code_length_bits for part in parts),
            cpu_seconds=sum(part.cpu_seconds for part in parts),
        )
        for parts in by_model.values()
    ]


def render(rows: list[Estimate], form: str, environment: dict[str, Any]) -> str:
    """Write estimates as "text", "md", "csv" or "json" (lines)."""
    several = len({row.file for row in rows}) > 1
    with_totals = [*rows, *(totals(rows) if several else [])]
    if form == "json":
        return "".join(json.dumps({**row.record(), "environment": environment}) + "\n" for row in rows)
    if form == "csv":
        output = io.StringIO()
        writer = csv.DictWriter(output, list(rows[0].record()), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.record() for row in with_totals)
        return output.getvalue()
    by_file: dict[str, list[Estimate]] = {}
    for row in with_totals:
        by_file.setdefault(row.file, []).append(row)
    lines = []
    for file, parts in by_file.items():
        lines += _section(file, sorted(parts, key=lambda part: part.code_length_bits), form == "md")
    return "\n".join([*lines, _EXPLANATION]) + "\n"


def _section(file: str, rows: list[Estimate], markdown: bool) -> list[str]:
    name = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in file)
    chunks = f", in chunks of {rows[0].chunk_bytes:,} bytes" if rows[0].chunk_bytes else ""
    title = f"{name}, {rows[0].original_bytes:,} bytes{chunks}"
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    if markdown:
        table = [f"| {' | '.join(line)} |" for line in cells]
        return [f"### {title}", "", table[0], "|---" + "|---:" * (len(_HEADINGS) - 1) + "|", *table[1:], ""]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    table = ["  ".join((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:]))) for line in cells]
    return [title, *table, ""]


def _cells(row: Estimate) -> tuple[str, ...]:
    return (
        row.model,
        f"{bits_to_bytes(row.code_length_bits):,.0f}",
        f"{row.bits_per_byte:.4f}",
        f"{row.raw_rate:.2%}".replace("%", " %"),
        f"{row.adjusted_rate:.2%}".replace("%", " %") if row.model_bytes else "-",
        f"{format_bytes(row.bytes_per_second)}/s",
    )

"""Measurements as text, Markdown, CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from predzip.experiments.bench.contenders import OWN_PREFIX
from predzip.experiments.bench.results import Measurement, totals
from predzip.units import format_bytes

if TYPE_CHECKING:
    from rich.table import Table

FORMATS = ("text", "md", "csv", "json")
_HEADINGS = ("codec", "bytes", "bits/byte", "rate", "compress", "decompress", "memory")
_CSV_COLUMNS = (
    *("file", "original_bytes", "codec", "settings", "status", "message", "compressed_bytes", "bits_per_byte"),
    *("raw_rate", "compress_bytes_per_second", "decompress_bytes_per_second", "peak_memory_bytes"),
)
_EXPLANATION = "Speed: original bytes per second of processor time. Memory: peak of the whole process."


def render(
    measurements: list[Measurement], form: str, environment: dict[str, Any], width: int = 80, *, terminal: bool = False
) -> str:
    """Write measurements in one of `FORMATS`; width and terminal (bold rows) are for text."""
    if form == "csv":
        return _csv(measurements)
    if form == "json":
        return _json_lines(measurements, environment)
    if form == "md":
        return _markdown(measurements, environment)
    return _text(measurements, width, terminal=terminal)


def sections(measurements: list[Measurement]) -> list[tuple[str, list[Measurement]]]:
    """Rows of each file, then of the total if there are several files."""
    by_file: dict[str, list[Measurement]] = {}
    for row in measurements:
        by_file.setdefault(row.file, []).append(row)
    listed = [(f"{_printable(file)}, {rows[0].original_bytes:,} bytes", rows) for file, rows in by_file.items()]
    if len(by_file) > 1:
        original_bytes = sum(rows[0].original_bytes for rows in by_file.values())
        listed.append((f"total of {len(by_file)} files, {original_bytes:,} bytes", totals(measurements)))
    return listed


def _printable(name: str) -> str:
    """A file name that can neither forge a line nor move the cursor."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def _cells(row: Measurement) -> tuple[str, ...]:
    return (
        row.codec,
        f"{row.compressed_bytes:,}",
        f"{row.bits_per_byte:.3f}",
        f"{row.raw_rate:.2%}".replace("%", " %"),
        f"{format_bytes(row.compress_bytes_per_second)}/s",
        f"{format_bytes(row.decompress_bytes_per_second)}/s",
        format_bytes(row.peak_memory_bytes),
    )


def _ranked(rows: Iterable[Measurement]) -> list[Measurement]:
    return sorted((row for row in rows if row.ok), key=lambda row: row.compressed_bytes)


def _remarks(rows: Iterable[Measurement]) -> list[str]:
    """One line for each reason why a codec has no row."""
    codecs: dict[str, list[str]] = {}
    for row in rows:
        if not row.ok:
            reason = f"FAILED: {row.message}" if row.status == "failed" else row.message
            codecs.setdefault(reason, []).append(row.codec)
    return [f"{', '.join(names)}: {reason}" for reason, names in codecs.items()]


def _notes(measurements: Iterable[Measurement]) -> list[str]:
    return list(dict.fromkeys(f"{row.codec}: {row.note}" for row in measurements if row.ok and row.note))


def _text(measurements: list[Measurement], width: int, *, terminal: bool) -> str:
    from rich.console import Console
    from rich.text import Text

    output = io.StringIO()
    console = Console(
        file=output,
        width=width,
        highlight=False,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        no_color=True,
    )
    for title, rows in sections(measurements):
        console.print(Text(title, style="underline"), soft_wrap=True)
        console.print(_text_table(rows))
        for remark in _remarks(rows):
            console.print(Text(f"  {remark}"))
        console.print()
    for line in (_EXPLANATION, *_notes(measurements)):
        console.print(Text(line))
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


def _text_table(rows: list[Measurement]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading == "codec" else "right", no_wrap=True)
    for row in _ranked(rows):
        table.add_row(*_cells(row), style="bold" if row.codec.startswith(OWN_PREFIX) else "")
    return table


def _markdown(measurements: list[Measurement], environment: dict[str, Any]) -> str:
    lines = []
    for title, rows in sections(measurements):
        lines += [f"### {title}", "", f"| {' | '.join(_HEADINGS)} |", "|---" + "|---:" * (len(_HEADINGS) - 1) + "|"]
        lines += [f"| {' | '.join(_cells(row))} |" for row in _ranked(rows)]
        lines += ["", *(f"- {remark}" for remark in _remarks(rows))]
        lines += [""] if lines[-1] else []
    lines += [_EXPLANATION, *(f"{note}." for note in _notes(measurements)), "", describe_environment(environment)]
    return "\n".join(lines) + "\n"


def describe_environment(environment: dict[str, Any]) -> str:
    """One paragraph for the foot of a page."""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    commit = f" ({environment['commit'][:12]})" if environment["commit"] else ""
    return (
        f"Measured {environment['date'][:10]} with predzip {environment['predzip']}{commit}, "
        f"Python {environment['python']}, {packages}, on {environment['processor']}, "
        f"{environment['cores']} cores, {environment['system']}: `{environment['command']}`"
    )


def _csv(measurements: list[Measurement]) -> str:
    output = io.StringIO()
    writer = csv.DictWriter(output, _CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    several = len({row.file for row in measurements}) > 1
    for row in [*measurements, *(totals(measurements) if several else [])]:
        writer.writerow(row.record())
    return output.getvalue()


def _json_lines(measurements: list[Measurement], environment: dict[str, Any]) -> str:
    return "".join(json.dumps({**row.record(), "environment": environment}) + "\n" for row in measurements)

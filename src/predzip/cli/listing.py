"""`predzip -l`: a table of what is in `.pz` files; decodes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import click

from predzip.cli import files
from predzip.cli.columns import aligned
from predzip.cli.files import printable
from predzip.cli.messages import Messages
from predzip.cli.run import operands, refuse_input_terminal
from predzip.cli.settings import Settings
from predzip.inspection import CHECK_NAME, FileSummary, inspect
from predzip.units import bits_per_byte, raw_rate

_TITLES = ("compressed", "original", "rate", "bits/byte", "blocks", "method", "check", "name")
_TEXT_AT_THE_END = re.compile(rb"[ -~]{4,}\Z")
_TEXT_COLUMNS = {"method", "check", "name"}


def list_files(names: tuple[str, ...], settings: Settings) -> int:
    """Print the table; return the exit code."""
    messages = Messages(quiet=settings.quiet, verbose=settings.verbose)
    found: list[tuple[str, FileSummary]] = []
    for source in operands(names, settings, messages):
        name = files.STDIN_NAME if source is None else printable(source)
        with messages.reporting(name):
            found.append((name, _summary(source, settings)))
    if found:
        rows = [_row(name, summary) for name, summary in found]
        if len(found) > 1:
            rows.append(_total_row([summary for _, summary in found]))
        click.echo(aligned([_TITLES, *rows], _TEXT_COLUMNS))
    if settings.verbose:
        for name, summary in found:
            click.echo(_details(name, summary))
    return 1 if messages.error_count else 0


def _summary(source: Path | None, settings: Settings) -> FileSummary:
    if source is None:
        refuse_input_terminal(settings)
        return inspect(files.standard_input())
    files.check_source(source, derives_name=False, force=settings.force)
    return inspect(source)


def _row(name: str, summary: FileSummary) -> tuple[str, ...]:
    sizes = _size_columns(summary.compressed_bytes, summary.original_bytes)
    return (*sizes, str(summary.block_count), summary.method, CHECK_NAME, name)


def _total_row(summaries: list[FileSummary]) -> tuple[str, ...]:
    sizes = _size_columns(
        sum(summary.compressed_bytes for summary in summaries), sum(summary.original_bytes for summary in summaries)
    )
    return (*sizes, str(sum(summary.block_count for summary in summaries)), "", "", f"{len(summaries)} files")


def _size_columns(compressed_bytes: int, original_bytes: int) -> tuple[str, ...]:
    rate = f"{raw_rate(compressed_bytes, original_bytes):.1%}" if original_bytes else "-"
    spent = f"{bits_per_byte(8 * compressed_bytes, original_bytes):.3f}" if original_bytes else "-"
    return (str(compressed_bytes), str(original_bytes), rate, spent)


def _parameters(parameters: bytes) -> str:
    """Numbers in hexadecimal digits, and the text behind them as it is."""
    text = _TEXT_AT_THE_END.search(parameters)
    numbers = parameters[: text.start()] if text else parameters
    return " ".join(filter(None, (numbers.hex(), text[0].decode("ascii") if text else ""))) or "none"


def _details(name: str, summary: FileSummary) -> str:
    lines = [f"\n{name}"]
    for number, frame in enumerate(summary.frames, 1):
        lines.append(
            f"  frame {number} at byte {frame.offset}: method {frame.method} (id {frame.method_id}, parameters"
            f" {_parameters(frame.parameters)}), {frame.block_count} blocks of which {frame.stored_block_count} stored,"
            f" {frame.original_bytes} -> {frame.compressed_bytes} bytes"
        )
        if frame.model or frame.fingerprint:
            lines.append("    model " + " ".join(filter(None, (frame.model, frame.fingerprint.hex()))))
    return "\n".join(lines)

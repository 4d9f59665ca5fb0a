"""Rows of a listing as lines of text, column below column."""

from __future__ import annotations

from collections.abc import Collection


def aligned(rows: list[tuple[str, ...]], text_columns: Collection[str]) -> str:
    """Lines for `rows`, the titles first; columns named in `text_columns` to the left, numbers to the right."""
    titles = rows[0]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (
            cell.ljust(width) if title in text_columns else cell.rjust(width)
            for cell, width, title in zip(row, widths, titles, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)

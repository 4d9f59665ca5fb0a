"""One page for any experiments: sections of words, tables and figures to a single HTML file.

The file needs no network and no other file: figures stand in it, and so does the style. It reads on a phone: text
wraps, tables and figures scroll by themselves. An experiment adds itself by making a `Section`.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from predzip.errors import UsageError

_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
_SOUNDS = {".wav": "audio/wav", ".flac": "audio/flac"}
_STYLE = """
:root { color-scheme: light dark; --line: #cbd5e1; --soft: #64748b; --mark: #c2410c; }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
body { overflow-wrap: anywhere; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th.word, td.word { text-align: left; }
figure { margin: 1rem 0; overflow-x: auto; }
img { max-width: max(100%, 40rem); min-width: min(40rem, 100vw * 3); height: auto; background: #fff; }
figcaption, .notes, footer { color: var(--soft); font-size: .875rem; }
pre { overflow-x: auto; white-space: pre-wrap; }
""".strip()


class Table(Protocol):
    """What a section needs of a table; `experiments.paper.tables.Grid` is one."""

    @property
    def title(self) -> str:
        """Above the table."""

    @property
    def headings(self) -> list[str]:
        """Names of the columns."""

    @property
    def rows(self) -> list[list[str]]:
        """Cells."""

    @property
    def notes(self) -> list[str]:
        """Below the table."""

    @property
    def text_columns(self) -> int:
        """So many columns at the left hold words, the others numbers."""


@dataclass(frozen=True)
class Figure:
    """A picture (PNG, SVG, JPEG) or a sound (WAV, FLAC) on disk."""

    path: Path
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    """Plain text; how the numbers were made belongs here."""
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    samples: list[tuple[str, str]] = field(default_factory=list)
    """(caption, text) of passages that are shown as they are, such as generated text."""


def page(title: str, introduction: Iterable[str], sections: list[Section], environment: dict[str, Any]) -> str:
    """Build the page.

    Args:
        title: of the page.
        introduction: paragraphs above the first section.
        sections: in order.
        environment: as `experiments.bench.environment.environment` gives it; the foot of the page.

    Raises:
        UsageError: a figure is of a kind that no browser shows.
    """
    links = "".join(
        f'<a href="#s{number}">{html.escape(section.title)}</a> ' for number, section in enumerate(sections, 1)
    )
    body = "\n".join(_section(number, section) for number, section in enumerate(sections, 1))
    words = "\n".join(f"<p>{html.escape(text)}</p>" for text in introduction)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n{words}\n<nav>{links}</nav>\n{body}\n{_foot(environment)}\n</body>\n</html>\n"
    )


def _section(number: int, section: Section) -> str:
    parts = [f'<section id="s{number}">', f"<h2>{html.escape(section.title)}</h2>"]
    parts += [f"<p>{html.escape(text)}</p>" for text in section.paragraphs]
    parts += [_figure(figure) for figure in section.figures]
    parts += [_table(table) for table in section.tables]
    parts += [
        f"<figure><pre>{html.escape(text)}</pre><figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, text in section.samples
    ]
    return "\n".join([*parts, "</section>"])


def _figure(figure: Figure) -> str:
    suffix = figure.path.suffix.lower()
    kind = _TYPES.get(suffix) or _SOUNDS.get(suffix)
    if kind is None:
        raise UsageError(f"{figure.path} cannot stand in a page; figures are {', '.join([*_TYPES, *_SOUNDS])}")
    data = f"data:{kind};base64,{base64.b64encode(figure.path.read_bytes()).decode('ascii')}"
    caption = html.escape(figure.caption)
    if suffix in _SOUNDS:
        shown = f'<audio controls src="{data}"></audio>'
    else:
        shown = f'<img alt="{caption or html.escape(figure.path.stem)}" src="{data}">'
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _table(table: Table) -> str:
    def line(tag: str, cells: list[str]) -> str:
        kinds = [' class="word"' if column < table.text_columns else "" for column in range(len(cells))]
        return "".join(f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    rows = "\n".join(f"<tr>{line('td', row)}</tr>" for row in table.rows)
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
    return (
        f'<div class="scroll"><table><caption>{html.escape(table.title)}</caption>\n'
        f"<thead><tr>{line('th', table.headings)}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
        + (f'\n<ul class="notes">{notes}</ul>' if notes else "")
    )


def _foot(environment: dict[str, Any]) -> str:
    from predzip.experiments.bench.tables import describe_environment

    return f"<footer><p>{html.escape(describe_environment(environment))}</p></footer>"

"""A table of strings, and its forms: text, Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "≈": r"$\approx$",
    "†": r"$\dagger$",
    "∞": r"$\infty$",
}


@dataclass(frozen=True)
class Grid:
    """Cells with a title and notes."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    text_columns: int = 1
    """So many at the left are words, the rest numbers."""

    def text(self, most_columns: int | None = None) -> str:
        """For a screen.

        Args:
            most_columns: of the screen; numbers that do not fit go on below, beside the same words. None: any width.
        """
        cells = [self.headings, *self.rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.headings))]
        lines = [self.title]
        for columns in self._blocks(widths, most_columns):
            lines.append("")
            for number, row in enumerate(cells):
                parts = [
                    row[column].ljust(widths[column])
                    if column < self.text_columns
                    else row[column].rjust(widths[column])
                    for column in columns
                ]
                lines.append("  ".join(parts).rstrip())
                if number == 0:
                    lines.append("-" * (sum(widths[column] for column in columns) + 2 * (len(columns) - 1)))
        notes = [line for note in self.notes for line in (wrap(note, most_columns) if most_columns else [note])]
        return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"

    def _blocks(self, widths: list[int], most_columns: int | None) -> list[list[int]]:
        """Columns that stand beside each other; the words at the left are in every block."""
        words = list(range(self.text_columns))
        room = sum(widths[: self.text_columns]) + 2 * (self.text_columns - 1)
        blocks = [list(words)]
        used = room
        for column in range(self.text_columns, len(widths)):
            if most_columns is not None and used + 2 + widths[column] > most_columns and blocks[-1] != words:
                blocks.append(list(words))
                used = room
            blocks[-1].append(column)
            used += 2 + widths[column]
        return blocks

    def markdown(self) -> str:
        """For a page."""
        rule = "|" + "".join("---|" if column < self.text_columns else "---:|" for column in range(len(self.headings)))
        lines = [
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (self.headings, *self.rows)
        ]
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([f"### {self.title}", "", lines[0], rule, *lines[1:], *notes]) + "\n"

    def latex(self) -> str:
        """A booktabs table."""
        columns = "l" * self.text_columns + "r" * (len(self.headings) - self.text_columns)
        lines = [r"\begin{table}", r"\centering", rf"\caption{{{_latex(self.title)}}}"]
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _latex_row(self.headings), r"\midrule"]
        lines += [_latex_row(row) for row in self.rows]
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\smallskip {_latex(note)}" for note in self.notes]
        return "\n".join([*lines, r"\end{table}"]) + "\n"

    def csv(self) -> str:
        """For another program; the notes stay behind."""
        output = io.StringIO()
        writer = csv.writer(output, lineterminator="\n")
        writer.writerows([self.headings, *self.rows])
        return output.getvalue()


def _latex(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in text)


def _latex_row(cells: list[str]) -> str:
    return " & ".join(_latex(cell) for cell in cells) + r" \\"


def write(grids: list[Grid], folder: Path, stem: str) -> list[Path]:
    """Write Markdown and LaTeX with all grids, and a CSV for each; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        f"{stem}.md": "\n".join(grid.markdown() for grid in grids),
        f"{stem}.tex": "% needs \\usepackage{booktabs}\n" + "\n".join(grid.latex() for grid in grids),
    }
    for number, grid in enumerate(grids, 1):
        contents[f"{stem}.csv" if number == 1 else f"{stem}-{number}.csv"] = grid.csv()
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]

"""Tables in all their forms."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from predzip.experiments.paper.tables import Grid, write

GRID = Grid(
    "Rates, 100 %", ["chunk", "data_x", "a|b"], [["∞", "gzip", "≈1.5†"], ["2,048", "R & D", "10"]], ["† short"], 2
)


def test_text() -> None:
    assert GRID.text().splitlines() == [
        "Rates, 100 %",
        "",
        "chunk  data_x    a|b",
        "--------------------",
        "∞      gzip    ≈1.5†",
        "2,048  R & D      10",
        "",
        "† short",
    ]


def test_markdown() -> None:
    lines = GRID.markdown().splitlines()
    assert lines[2:4] == ["| chunk | data_x | a|b |".replace("a|b", "a\\|b"), "|---|---|---:|"]
    assert lines[-1] == "- † short"


def test_csv() -> None:
    assert list(csv.reader(io.StringIO(GRID.csv()))) == [GRID.headings, *GRID.rows]


def test_latex_escapes_what_is_special() -> None:
    text = GRID.latex()
    assert r"\begin{tabular}{llr}" in text
    assert r"$\infty$ & gzip & $\approx$1.5$\dagger$ \\" in text
    assert r"R \& D" in text
    assert r"data\_x" in text
    assert r"100 \%" in text
    assert text.count("{") == text.count("}")


def test_files(tmp_path: Path) -> None:
    paths = write([GRID, GRID], tmp_path / "new", "t")
    assert sorted(path.name for path in paths) == ["t-2.csv", "t.csv", "t.md", "t.tex"]
    assert (tmp_path / "new" / "t.md").read_text(encoding="utf-8").count("### Rates") == 2


def test_a_narrow_screen_gets_the_table_in_blocks() -> None:
    grid = Grid("Rates", ["who", "a", "b", "c"], [["gzip", "11.1", "22.2", "33.3"]], ["one two three four five"])
    assert grid.text(16).splitlines() == [
        "Rates",
        "",
        "who      a     b",
        "----------------",
        "gzip  11.1  22.2",
        "",
        "who      c",
        "----------",
        "gzip  33.3",
        "",
        "one two three",
        "four five",
    ]
    assert "33.3" in grid.text(3)  # no screen is too narrow for one number
    assert grid.text().splitlines()[4] == "gzip  11.1  22.2  33.3"

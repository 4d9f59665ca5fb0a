"""The chart is drawn, and names nobody twice in one place."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from predzip.errors import UsageError
from predzip.experiments.bench import chart
from predzip.experiments.bench.results import Measurement

from .conftest import made_up

pytest.importorskip("matplotlib")


def test_kinds_of_files(rows: list[Measurement], tmp_path: Path) -> None:
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        target = tmp_path / f"chart{suffix}"
        chart.draw(rows, target)
        assert target.read_bytes().startswith(magic)


def test_refusals(rows: list[Measurement], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not '\.docx'"):
        chart.draw(rows, tmp_path / "chart.docx")
    with pytest.raises(UsageError, match="nothing was measured"):
        chart.draw(rows[2:3], tmp_path / "chart.png")


def test_labels_keep_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [made_up("a", f"codec-{index}", 200 + index % 3, 0.5 + 0.002 * index) for index in range(9)]
    boxes: list[list[tuple[float, ...]]] = []
    place = chart._place_labels

    def place_and_look(axes: object, renderer: object) -> None:
        place(axes, renderer)
        boxes.append([tuple(text.get_window_extent(renderer).extents) for text in axes.texts])  # type: ignore[attr-defined]

    monkeypatch.setattr(chart, "_place_labels", place_and_look)
    chart.draw(crowd, tmp_path / "chart.png")
    assert [len(panel) for panel in boxes] == [9, 9]
    for panel in boxes:
        assert not [pair for pair in itertools.combinations(panel, 2) if chart._overlap(*pair)]

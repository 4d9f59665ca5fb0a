from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from predzip.training.card import render_card, write_card
from predzip.training.log import Log
from training.tiny_models import tiny_recurrent


def records(measurements: int) -> list[dict[str, Any]]:
    start = {
        **{"event": "start", "step": 0, "kind": "recurrent", "architecture": {"width": 16, "table_width": 8}},
        **{"command": "predzip train wiki=a:3 code=b:1", "processes": 2, "device": "cpu"},
        "licence": "CC BY-SA 4.0",
        "data": {
            "wiki": {"weight": 3.0, "bytes": 9_000_000, "held_out": 300_000},
            "code": {"weight": 1.0, "bytes": 5_000_000, "held_out": 300_000},
        },
    }
    middle: list[dict[str, Any]] = [
        {
            **{
                "event": "held_out",
                "step": 10 * i,
                "seconds": 60.0 * i,
                "seen": 1000 * i,
                "bits_per_byte": 3 - i / 100,
            },
            **{"mean": 4 - i / 100, "kinds": {"wiki": 3.5 - i / 100, "code": 4.5 - i / 100}},
        }
        for i in range(1, measurements)
    ]
    end = {
        **{"event": "end", "step": 990, "seconds": 6000.0, "seen": 2_500_000, "bits_per_byte": 2.1},
        **{"mean": 2.5, "kinds": {"wiki": 2.25, "code": 2.75}},
    }
    return [start, *middle, end]


def test_card_says_what_people_ask() -> None:
    card = render_card(records(40), tiny_recurrent())
    assert "| wiki | 9 MB | 300 KB | 75% |" in card
    assert "    predzip train wiki=a:3 code=b:1" in card
    assert "| wiki | 2.250 |\n| code | 2.750 |\n| mean | 2.500 |" in card
    assert "- trained: 990 steps, 2.5 MB, 1 h 40 min on 2 x cpu" in card
    assert "- table width: 8" in card
    assert "\n\nCC BY-SA 4.0\n\n" in card
    assert [heading for heading in card.splitlines() if heading.startswith("## ")] == [
        *("## Data", "## How to train it again", "## Rates of held-out bytes", "## Curve", "## Limits")
    ]


@pytest.mark.parametrize("measurements", [1, 2, 13, 200])
def test_curve_has_few_rows_and_the_last(measurements: int) -> None:
    curve = render_card(records(measurements), tiny_recurrent()).split("## Curve")[1].split("## Limits")[0]
    rows = curve.strip().splitlines()[2:]
    assert 1 <= len(rows) <= 13
    assert rows[-1].startswith("| 990 |")


def test_card_and_picture_are_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    log = Log(tmp_path / "log.jsonl", None)
    for record in records(5):
        log.write(**record)
    path = write_card(tmp_path, tiny_recurrent(), None)
    assert path.name == "tiny.md"
    assert "![Curve](curve.png)" in path.read_text()
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_card_of_a_run_without_held_out_data() -> None:
    start, end = records(1)
    card = render_card([start, {**end, "mean": None, "kinds": {}}], tiny_recurrent())
    assert "| 990 | 2.5 MB | 1 h 40 min | 2.100 |  |" in card

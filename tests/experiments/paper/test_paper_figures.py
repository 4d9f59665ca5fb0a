"""Figures: the numbers behind them against independent arithmetic, and files that open."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models
from predzip.errors import MissingExtraError, UsageError
from predzip.experiments import drawing
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import fig1, fig2, fig6, figures, weights
from predzip.experiments.paper.executors import Engine, SerialExecutor
from predzip.experiments.paper.fig2 import Point
from predzip.experiments.paper.rows import Results, Row
from predzip.experiments.paper.runner import run
from predzip.experiments.paper.work import CHUNKED
from predzip.predictors.neural import catalogue


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_DOTS_PER_INCH", 20)


def test_the_papers_example() -> None:
    picture = fig1.trace()
    last = picture.steps[-1]
    assert (round(float(last.low), 3), round(float(last.high), 3)) == (0.322, 0.341)
    assert picture.bits == "0101010"
    assert float(last.low) <= int("0101010", 2) / 128 < float(last.high) - 1 / 128
    assert picture.ideal_bits == pytest.approx(-math.log2(0.45 * 0.6 * 0.2 * 0.35))


def test_any_message_narrows_as_floats_say() -> None:
    message, shares = "abca", {"a": 0.5, "b": 0.125, "c": 0.375}
    picture = fig1.trace(message, ["a=1/2,b=0.125,c=3/8"])
    low, width = 0.0, 1.0
    for letter, step in zip(message, picture.steps, strict=True):
        low += width * sum(share for symbol, share in shares.items() if symbol < letter)
        width *= shares[letter]
        assert (float(step.low), float(step.high)) == pytest.approx((low, low + width))
    assert len(picture.bits) <= math.ceil(picture.ideal_bits) + 1


@pytest.mark.parametrize(
    ("message", "distribution", "words"),
    [
        ("a", "a=0.5,b=0.4", "sum up to 0.9"),
        ("a", "a=1,b=0", "gives no symbol"),
        ("a", "ab=1", "gives no symbol"),
        ("a", "a=x", "gives no symbol"),
        ("z", "a=0.5,b=0.5", "'z' has no probability"),
        ("", "a=1", "1 to 12 symbols"),
        ("a" * 13, "a=0.5,b=0.5", "1 to 12 symbols"),
    ],
)
def test_what_cannot_be_drawn(message: str, distribution: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fig1.trace(message, [distribution])


def opens(paths: list[Path]) -> None:
    assert [path.suffix for path in paths] == [".png", ".pdf"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_bytes().startswith(b"%PDF")


def test_figure_1_is_drawn_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = fig1.trace()
    first, second = (fig1.draw(picture, tmp_path / name) for name in "ab")
    opens(first)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert fig1.grid(picture).rows[-1] == ["I", "0.35", "0.3222", "0.3411"]


def row(name: str, parameters: int, rate: float, **changes: Any) -> Row:
    fields: dict[str, Any] = {
        "key": name,
        "dataset": "text",
        "kind": "text",
        "dataset_sha256": "",
        "source": "",
        "licence": "",
        "cut": CHUNKED,
        "chunk_bytes": 2048,
        "compressor": name,
        "settings": "",
        "version": "",
        "original_bytes": 1_000_000,
        "compressed_bytes": rate * 1_000_000,
        "parameters": parameters,
    }
    return Row(**{**fields, **changes})


MODELS = [row("model:s", 100_000, 0.5), row("model:m", 1_000_000, 0.4), row("model:l", 10_000_000, 0.32)]


def test_critical_points_move_with_the_data() -> None:
    found = fig2.points([*MODELS, row("gzip", 0, 0.3), row("model:x", 9, 0.1, kind="image")])["text"]
    assert [point.name for point in found] == ["s", "m", "l"]
    assert found[1].adjusted(10**7) == pytest.approx(0.4 + 0.2)
    best = [fig2.critical(found, size).name for size in (10**6, 10**7, 10**8, 10**9)]
    assert best == ["s", "s", "m", "l"]
    grid = fig2.grid({"text": found}, MODELS)
    assert [cells[4:] for cells in grid.rows] == [
        ["52.00 *", "50.20", "50.02"],
        ["60.00", "42.00 *", "40.20"],
        ["232.00", "52.00", "34.00 *"],
    ]


def test_the_dotted_line_is_a_power_law() -> None:
    points = [Point(str(size), size, 3 * size**-0.2) for size in (10**5, 10**6, 10**7)]
    a, b = fig2.trend(points) or (0.0, 0.0)
    assert (a, b) == pytest.approx((3, 0.2))
    assert fig2.trend([Point("a", 10, 0.2), Point("b", 100, 0.3)]) is None  # larger and worse: no trend
    assert fig2.trend(points[:1]) is None


def test_figure_2_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    opens(fig2.draw(fig2.points(MODELS), tmp_path))


def test_figure_6(text: Dataset, tmp_path: Path) -> None:
    stem = tiny_models.write_transformer(tmp_path)
    short = text.prefix(3 * 2048)
    cells = fig6.cells([short], ["gzip", "png", f"model:{stem}"])
    rows = run(cells, Results(tmp_path), Engine(SerialExecutor), {})
    assert [each.message for each in rows] == ["", "", ""]
    assert run(cells, Results(tmp_path), Engine(SerialExecutor), {}) == rows  # curves come back from disk too
    grid = fig6.grid(rows)
    assert grid.headings[2:6] == ["1", "2", "4", "8"]
    assert grid.headings[-1] == "2048"
    chunks = [gzip.compress(short.read(at, at + 2048), 9) for at in range(0, 3 * 2048, 2048)]
    assert grid.rows[0][-1] == f"{100 * sum(len(each) - 18 for each in chunks) / (3 * 2048):.1f}"
    assert grid.rows[2][1] == "≈tiny"
    import predzip

    bits = [predzip.code_length(short.read(at, at + 32), model=str(stem)) for at in range(0, 3 * 2048, 2048)]
    assert dict((length, mean) for length, mean, _ in rows[2].curve)[32] == pytest.approx(sum(bits) / 3 / 256, abs=1e-6)
    pytest.importorskip("matplotlib")
    opens(fig6.draw(rows, tmp_path))


def test_weights_in_float16(tmp_path: Path) -> None:
    stem = tiny_models.write_transformer(tmp_path)
    loaded = catalogue.load(str(stem))
    data = weights.float16_bytes(loaded)
    assert len(data) == 2 * tiny_models.TRANSFORMER.parameters()
    tensor, scale = loaded.tensors["layers.0.down.weight"], loaded.tensors["layers.0.down.scale"]
    expected = (tensor.astype(np.float32) * scale[:, None]).astype("<f2").tobytes()
    assert expected in data
    grid = weights.grid([str(stem)])
    assert grid.rows[0][-2:] == ["92.2", "89.1"]  # the paper's
    assert grid.rows[1][3] == f"{100 * len(gzip.compress(data, 9)) / len(data):.1f}"


def test_colours_tell_whose_it_is() -> None:
    palette = figures.colours(["gzip", "7bit:gzip", "predzip-1", "model:small"])
    assert palette["predzip-1"] in figures.OWN_COLOURS
    assert palette["model:small"] in figures.MODEL_COLOURS
    assert palette["7bit:gzip"] in figures.COLOURS


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="plot"):
        drawing.new_figure(1, 1)

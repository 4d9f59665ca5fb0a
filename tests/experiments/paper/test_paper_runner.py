"""The loop: the same rows whoever works, whatever stops or dies in the middle."""

from __future__ import annotations

import dataclasses
import json
import signal
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from experiments.paper import deadly_work
from experiments.paper.conftest import make_dataset
from predzip.errors import CorruptError, UsageError
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import executors, runner, work
from predzip.experiments.paper.executors import Engine, SerialExecutor, open_engine
from predzip.experiments.paper.rows import PARTS, RESULTS, Results, Row
from predzip.experiments.paper.runner import cell_of, run
from predzip.experiments.paper.work import CHUNKED, CURVE, WHOLE, Cell, measure

TIMES = ("cpu_seconds", "wall_seconds", "environment")


@pytest.fixture
def cells(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    monkeypatch.setattr(work, "GROUP_CHUNKS", 2)  # nine chunks in five pieces of work
    return [cell_of(text, cut, name) for cut in (WHOLE, CHUNKED) for name in ("gzip", "lzma2")]


def plain(rows: list[Row]) -> list[dict[str, Any]]:
    return [{name: value for name, value in dataclasses.asdict(row).items() if name not in TIMES} for row in rows]


def serial(cells: list[Cell], results: Results | None = None, **options: Any) -> list[Row]:
    return run(cells, results or Results(None), Engine(SerialExecutor), {"machine": "this"}, **options)


class Stopped(BaseException):
    """Ctrl-C, or the end of the world."""


def stop_after(count: int) -> Any:
    left = count

    def progress(_size: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Stopped

    return progress


def test_rows_say_what_was_done(cells: list[Cell], text: Dataset) -> None:
    seen: list[str] = []
    done: list[int] = []
    rows = serial(cells, progress=done.append, finished=lambda row: seen.append(row.compressor))
    assert [(row.cut, row.compressor) for row in rows] == [(cell.cut, cell.compressor) for cell in cells]
    assert len(seen) == 4
    assert sum(done) == 4 * text.total_bytes == runner.total_bytes(cells, Results(None))
    chunked = rows[2]
    assert (chunked.units, chunked.original_bytes, chunked.framing_bytes) == (9, 9 * 2048, 18)
    assert chunked.interval_low is not None
    assert chunked.interval_low < chunked.raw_rate < (chunked.interval_high or 0)
    assert rows[0].interval_low is None  # one number has no spread
    assert chunked.environment == {"machine": "this"}
    assert "zlib" in chunked.version


@pytest.mark.parametrize("count", [1, 3, 6, 11])
def test_a_run_that_was_stopped_goes_on(cells: list[Cell], tmp_path: Path, count: int) -> None:
    with pytest.raises(Stopped):
        serial(cells, Results(tmp_path / "out"), progress=stop_after(count))
    again = Results(tmp_path / "out")
    left: list[int] = []
    rows = serial(cells, again, progress=left.append)
    assert len(left) == 12 - count  # 1 + 1 + 5 + 5 pieces, none done twice
    assert plain(rows) == plain(serial(cells))
    assert not (tmp_path / "out" / PARTS).exists()
    assert serial(cells, Results(tmp_path / "out"), progress=stop_after(1)) == rows  # nothing left to do
    assert len((tmp_path / "out" / RESULTS).read_text().splitlines()) == 4


def test_a_line_that_was_cut_off_is_done_again(cells: list[Cell], tmp_path: Path) -> None:
    rows = serial(cells, Results(tmp_path))
    file = tmp_path / RESULTS
    strange = b'{"key": "of another release"}\n[1]\n'
    file.write_bytes(strange + file.read_bytes()[:-40] + b"\xff")
    (tmp_path / PARTS).write_bytes(strange)
    again = serial(cells, Results(tmp_path))
    assert plain(again) == plain(rows)
    good = [line for line in file.read_bytes().splitlines() if line.endswith(b"}")]
    assert len([json.loads(line) for line in good]) == 4 + 1
    assert len(Results(tmp_path).rows) == 4


def test_resume_can_be_refused(cells: list[Cell], tmp_path: Path) -> None:
    serial(cells, Results(tmp_path))
    assert Results(tmp_path, resume=False).rows == {}
    assert not (tmp_path / RESULTS).exists()


def test_other_data_or_another_version_is_another_key(cells: list[Cell], text: Dataset) -> None:
    cell = cells[2]
    others = [
        dataclasses.replace(cell, version="zlib 9"),
        dataclasses.replace(cell, dataset=text.prefix(2048)),
        dataclasses.replace(cell, dataset=dataclasses.replace(text, chunk_bytes=1024)),
        dataclasses.replace(cell, dataset=dataclasses.replace(text, kind="image")),
        cells[3],
        cells[0],
    ]
    assert len({each.key for each in [cell, *others]}) == 7
    renamed = dataclasses.replace(text, name="other", path=Path("elsewhere"))
    assert dataclasses.replace(cell, dataset=renamed).key == cell.key  # the same bytes


def test_a_compressor_that_fails_has_a_row_and_is_tried_again(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(item: work.Item) -> work.Part:
        if item.compressor == "lzma2" and item.cut == CHUNKED:
            raise CorruptError("it lost a byte")
        return measure(item)

    engine = Engine(SerialExecutor, function=broken)
    rows = run(cells, Results(tmp_path), engine, {})
    assert [row.message for row in rows] == ["", "", "", "it lost a byte"]
    assert len(Results(tmp_path).rows) == 3
    assert all(row.ok for row in serial(cells, Results(tmp_path)))


def test_processes_give_the_same_rows(cells: list[Cell]) -> None:
    with open_engine(2) as engine:
        rows = run(cells, Results(None), engine, {})
    assert plain(rows) == plain(serial(cells))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_worker_that_is_killed_changes_nothing(cells: list[Cell], tmp_path: Path) -> None:
    engine = Engine(lambda: executors._pool(2), 2, deadly=(BrokenProcessPool,), function=deadly_work.once)
    rows = run(cells, Results(tmp_path / "out"), engine, {})
    engine.close()
    assert (tmp_path / deadly_work.MARK).exists()
    assert plain(rows) == plain(serial(cells))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_work_that_always_kills_fails_alone(cells: list[Cell]) -> None:
    engine = Engine(lambda: executors._pool(2), 2, deadly=(BrokenProcessPool,), function=deadly_work.always)
    rows = run(cells[2:], Results(None), engine, {})
    engine.close()
    assert "its worker died" in rows[0].message
    assert plain(rows)[1] == plain(serial(cells))[3]


def test_bytes_travel_where_files_are_not_seen(cells: list[Cell]) -> None:
    items: list[work.Item] = []

    def elsewhere(item: work.Item) -> work.Part:
        items.append(item)
        return measure(item if item.data is None else dataclasses.replace(item, path=Path("not here")))

    engine = Engine(SerialExecutor, ships_bytes=True, function=elsewhere)
    assert plain(run(cells, Results(None), engine, {})) == plain(serial(cells))
    assert [item.data is None for item in items] == [True, True] + [False] * 10  # all in one piece stays behind
    with pytest.raises(UsageError, match="does not see"):
        measure(dataclasses.replace(items[0], path=Path("not here")))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_dask_worker_that_is_killed_changes_nothing(cells: list[Cell], tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with open_engine(1, "local") as engine:
        engine._function = deadly_work.once
        rows = run(cells, Results(None), engine, {})
    assert (tmp_path / deadly_work.MARK).exists()
    assert plain(rows) == plain(serial(cells))


def test_a_curve_is_the_mean_over_prefixes(tmp_path: Path) -> None:
    import zlib

    data = make_dataset(tmp_path, "text", 5 * 256, 256)
    (row,) = serial([cell_of(data, CURVE, "gzip")])
    assert [length for length, _, _ in row.curve] == [1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256]
    sizes = []
    for start in range(0, 5 * 256, 256):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        sizes.append(len(packer.compress(data.read(start, start + 96)) + packer.flush()))
    assert dict((length, mean) for length, mean, _ in row.curve)[96] == pytest.approx(sum(sizes) / 5 / 96, abs=1e-6)
    assert row.original_bytes == 5 * 256

"""Table 1: one cell recomputed by hand, and the adjusted rate from the files on disk."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

import tiny_models
from experiments.paper.conftest import make_dataset
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import table1
from predzip.experiments.paper.executors import Engine, SerialExecutor
from predzip.experiments.paper.published import PARAMETERS, TABLE_1, TITLES, published
from predzip.experiments.paper.rows import Results, Row
from predzip.experiments.paper.runner import cell_of, run
from predzip.experiments.paper.slow import most_bytes
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.work import CHUNKED, SLIDING, WHOLE

CHUNK = 64
"""As long as the context of the tiny model."""


def rows_of(cells: list[Any]) -> list[Row]:
    return run(cells, Results(None), Engine(SerialExecutor), {})


def cell(grid: Grid, compressor: str, chunk: str, column: str) -> str:
    (row,) = [row for row in grid.rows if row[:2] == [chunk, compressor]]
    return row[grid.headings.index(column)]


def test_a_cell_by_hand(text: Dataset) -> None:
    """The independent script: cut, compress, drop 18 bytes of framing from all but the first, divide."""
    data = text.path.read_bytes()[: text.total_bytes]
    sizes = [len(gzip.compress(data[at : at + 2048], 9)) for at in range(0, len(data), 2048)]
    by_hand = 100 * (sum(sizes) - 18 * (len(sizes) - 1)) / len(data)
    grid = table1.grids(rows_of([cell_of(text, CHUNKED, "gzip"), cell_of(text, WHOLE, "gzip")]))[0]
    assert cell(grid, "gzip", "2,048", "text") == f"{by_hand:.2f}"
    assert cell(grid, "gzip", "∞", "text") == f"{100 * len(gzip.compress(data, 9)) / len(data):.2f}"
    assert cell(grid, "gzip", "2,048", "paper") == "48.1"


@pytest.fixture
def model_rows(tmp_path: Path) -> tuple[list[Row], Path, Dataset]:
    stem = tiny_models.write_transformer(tmp_path)
    data = make_dataset(tmp_path, "text", 40 * CHUNK, CHUNK)
    name = f"model:{stem}"
    rows = rows_of([cell_of(data, CHUNKED, name), cell_of(data, SLIDING, name), cell_of(data, CHUNKED, "gzip")])
    assert [row.message for row in rows] == ["", "", ""]
    return rows, stem, data


def test_the_adjusted_rate_from_the_weights_on_disk(model_rows: tuple[list[Row], Path, Dataset]) -> None:
    rows, stem, data = model_rows
    coded = rows[0].compressed_bytes
    on_disk = sum(os.path.getsize(f"{stem}{suffix}") for suffix in (".json", ".safetensors"))
    tensors = json.loads(stem.with_suffix(".safetensors").read_bytes()[8:].split(b"}}")[0] + b"}}")
    parameters = 0
    for name, entry in tensors.items():
        if name != "__metadata__" and not name.endswith(".scale"):
            count = 1
            for side in entry["shape"]:
                count *= side
            parameters += count
    assert rows[0].shipped_rate == pytest.approx((coded + on_disk) / data.total_bytes)
    assert rows[0].adjusted_rate == pytest.approx((coded + 2 * parameters) / data.total_bytes)
    assert rows[2].adjusted_rate == rows[2].raw_rate  # gzip has no parameters


def test_a_model_in_chunks_is_what_predzip_writes(model_rows: tuple[list[Row], Path, Dataset]) -> None:
    import predzip

    rows, stem, data = model_rows
    frame = predzip.compress(data.read(0, data.total_bytes), method=f"chunks:chunk={CHUNK}", model=str(stem))
    assert rows[0].compressed_bytes == len(frame)  # 40 chunks are one unit: one frame, with its framing
    assert rows[0].units == 1
    ideal = predzip.code_length(data.read(0, data.total_bytes), model=str(stem), chunk_bytes=CHUNK) / 8
    assert ideal < rows[0].compressed_bytes < ideal * 1.001 + 30


def test_a_window_that_slides_sees_more(model_rows: tuple[list[Row], Path, Dataset]) -> None:
    rows, _, data = model_rows
    assert rows[1].code_length
    assert rows[1].original_bytes == data.total_bytes
    assert rows[1].units == 80
    grid = table1.grids(rows)[0]
    assert cell(grid, "tiny", "sliding", "text").startswith("≈")


def test_a_recurrent_model_goes_the_same_ways(tmp_path: Path) -> None:
    import predzip
    from predzip.experiments.paper import weights
    from predzip.experiments.paper.sliding import prefix_bits, window_bits

    stem = str(tiny_models.write_recurrent(tmp_path))
    data = make_dataset(tmp_path, "text", 8 * CHUNK, CHUNK)
    rows = rows_of([cell_of(data, cut, f"model:{stem}") for cut in (CHUNKED, SLIDING)])
    assert [row.message for row in rows] == ["", ""]
    shown = data.read(0, CHUNK)
    for length in (1, 7, CHUNK):
        expected = predzip.code_length(shown[:length], model=stem)
        assert prefix_bits(stem, shown)[length - 1] == pytest.approx(expected, abs=1e-6)
    whole = predzip.code_length(shown, model=stem)
    (first, second) = window_bits(stem, shown, 0, CHUNK)  # the second half with the first as its history
    assert (first[0], second[0]) == (CHUNK // 2, CHUNK // 2)
    assert first[1] + second[1] == pytest.approx(whole, abs=1e-6)
    assert window_bits(stem, shown, CHUNK // 2, CHUNK) == [second]
    assert [row[2] for row in weights.grid([stem]).rows] == ["float16", "8 bits"]  # the paper's, and this


def test_marks_and_notes(text: Dataset) -> None:
    short = text.prefix(4096)
    rows = rows_of([cell_of(text, CHUNKED, "gzip"), cell_of(short, CHUNKED, "lzma2")])
    grid = table1.grids(rows)[0]
    assert cell(grid, "lzma2", "2,048", "text").endswith("†")
    assert any(note.startswith("† the first 4,096") for note in grid.notes)
    twice = table1.grids([*rows_of([cell_of(text.prefix(size), CHUNKED, "lzma2") for size in (2048, 8192)]), rows[0]])
    longest = [row for row in twice[0].rows if row[1] == "lzma2"]
    assert len(longest) == 1
    assert longest[0][2].endswith("†")
    assert any(note.startswith("† the first 8,192 bytes") for note in twice[0].notes)
    assert any("framing, counted once, is more than" in note for note in grid.notes)
    assert [row[1] for row in grid.rows][-1] == "Chinchilla 70B (paper)"
    assert [each.title.split(":")[0] for each in table1.grids(rows)] == [
        "Table 1",
        "Table 1",
        "Raw rate in percent on equal data",
        "Rates in detail",
    ]


def test_which_cells(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = tiny_models.write_transformer(tmp_path)
    wide = make_dataset(tmp_path, "audio16", 8192)
    names = ["gzip", "png", f"model:{stem}"]
    found = table1.cells([text, wide], names, (WHOLE, CHUNKED, SLIDING), 2048)
    shown = [(cell.dataset.name, cell.cut, cell.compressor.partition(":")[0]) for cell in found]
    assert ("audio16", CHUNKED, "png") not in shown  # no picture of 16 bits
    assert ("text", WHOLE, "model") not in shown
    assert ("text", SLIDING, "gzip") not in shown
    assert ("text", SLIDING, "model") in shown
    assert [cell.dataset.total_bytes for cell in found if cell.compressor.startswith("model")] == [2048] * 4
    assert len(shown) == len(found) == len({cell.key for cell in found})
    chunked = [cell.dataset.total_bytes for cell in found if (cell.compressor, cell.cut) == ("gzip", CHUNKED)]
    assert chunked == [9 * 2048, 2048, 8192, 2048]  # the others see what the model sees too
    assert len(table1.cells([text], ["gzip", "png"], (WHOLE, CHUNKED), 2048)) == 4  # nobody is slow: no second set
    levels = table1.cells([text, wide], ["predzip-1", "predzip-5", f"model:{stem}"], (CHUNKED,), 2048)
    sizes: dict[tuple[str, str], list[int]] = {}
    for each in levels:
        sizes.setdefault((each.dataset.name, each.compressor.partition(":")[0]), []).append(each.dataset.total_bytes)
    assert sizes["text", "predzip-1"] == [9 * 2048, 2048]
    assert sizes["text", "predzip-5"] == [4 * 2048, 2048]  # slow on text: more than the model, but not all
    assert sizes["audio16", "predzip-5"] == [8192, 2048]  # quick on sound
    assert sizes["text", "model"] == sizes["audio16", "model"] == [2048]
    assert {each.dataset.total_bytes for each in table1.cells([text], ["predzip-5"], (CHUNKED,), None)} == {9 * 2048}
    assert shown.index(("audio16", WHOLE, "gzip")) < shown.index(("text", CHUNKED, "model"))  # the slow ones last


@pytest.mark.parametrize(
    ("name", "text", "image"),
    [
        ("gzip", None, None),
        ("predzip-3", None, None),
        ("predzip-5", 400, None),
        ("predzip-6", 400, 400),  # on pictures it does what the default does
        ("7bit:predzip-6", 400, 400),
        ("predzip-ppm", None, None),
        ("model:small", 100, 100),
    ],
)
def test_how_much_slow_ones_see(name: str, text: int | None, image: int | None) -> None:
    assert most_bytes(name, "text", 100) == text
    assert most_bytes(name, "image", 100) == image
    assert name.startswith("model:") or most_bytes(name, "text", None) is None


def test_when_models_pay(model_rows: tuple[list[Row], Path, Dataset]) -> None:
    rows, _, _ = model_rows
    (grid,) = [grid for grid in table1.grids(rows) if grid.title.startswith("When a model pays")]
    assert {row[2] for row in grid.rows} == {"gzip"}
    assert [row[1] for row in grid.rows] == ["tiny"]


def test_the_papers_numbers_agree_with_themselves() -> None:
    """2 bytes a parameter on 1 GB are what stands between the two halves of its table, to the digit it prints."""
    for row in TABLE_1:
        added = {round(adjusted - raw, 1) for raw, adjusted in zip(row.raw, row.adjusted, strict=True)}
        assert len(added) == 1, row.title
        if row.title in PARAMETERS:
            exact = 100 * 2 * PARAMETERS[row.title] / 1_000_000_000
            assert added.pop() == pytest.approx(exact, abs=0.06)
    assert published(CHUNKED, "model:paper-800k") is not None
    assert published(WHOLE, "model:paper-800k") is None
    assert set(TITLES.values()) <= {row.title for row in TABLE_1}


def test_whole_data_streams(text: Dataset) -> None:
    """Pieces of any size give one file; nothing is held but hashes."""
    from predzip.errors import CorruptError, MissingExtraError
    from predzip.experiments.paper.compressors import compressor
    from predzip.experiments.paper.whole import _STREAMS, streams, whole_bytes

    data = text.read(0, text.total_bytes)
    for name in [*_STREAMS, "predzip-frequency"]:
        chosen = compressor(name)
        try:
            chosen.check_installed()
        except MissingExtraError:
            continue
        assert streams(chosen)
        coded = chosen.encode(data, "text", len(data))
        size = whole_bytes(chosen, (data[at : at + 1000] for at in range(0, len(data), 1000)), "text")
        assert size == pytest.approx(len(coded.payload) + coded.framing_bytes, abs=8), name
    assert whole_bytes(compressor("gzip"), [data], "text") == len(gzip.compress(data, 9))
    assert not streams(compressor("png"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(_STREAMS, "gzip", lambda: (zlib.compressobj(), lambda packed: b"?"))
        with pytest.raises(CorruptError, match="gzip did not bring back"):
            whole_bytes(compressor("gzip"), [data], "text")
    assert sys.getsizeof(data) > 0

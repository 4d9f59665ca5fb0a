"""Models over tokens in the experiments: rows of table 1, prefixes, windows, figure 6, who is measured on what."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import predzip
import tiny_models
from experiments.paper.conftest import make_dataset
from predzip.errors import ModelError
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import continued, fig6, session, slow, table1, weights
from predzip.experiments.paper.compressors import compressor
from predzip.experiments.paper.executors import Engine, SerialExecutor
from predzip.experiments.paper.framing import frame_payload
from predzip.experiments.paper.own import OwnCompressor, rows_of_model
from predzip.experiments.paper.rows import Results, Row
from predzip.experiments.paper.runner import cell_of, run
from predzip.experiments.paper.seven_bits import split
from predzip.experiments.paper.sliding import prefix_bits, window_bits
from predzip.experiments.paper.slow import most_bytes, most_sequences
from predzip.experiments.paper.work import CHUNKED, SLIDING, WHOLE, Cell
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.vocabulary import Vocabulary

CHUNK = 48
WORDS = b"".join(tiny_models.WORDS)


@pytest.fixture
def stem(tmp_path: Path) -> str:
    return str(tiny_models.write_token_model(tmp_path))


@pytest.fixture
def pictures(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path, "image", 6 * CHUNK, CHUNK)


def rows_of(cells: list[Cell]) -> list[Row]:
    rows = run(cells, Results(None), Engine(SerialExecutor), {})
    assert [row.message for row in rows] == [""] * len(cells)
    return rows


def cells_of(data: Dataset, model: str, slow_bytes: int | None = None) -> list[Cell]:
    return table1.cells([data], rows_of_model(model), (WHOLE, CHUNKED, SLIDING), slow_bytes)


def test_which_rows_a_model_stands_for(stem: str, tmp_path: Path) -> None:
    assert rows_of_model(stem) == [f"model:{stem}", f"7bit:model:{stem}", f"predzip+{stem}"]
    bytes_alone = str(tiny_models.write_transformer(tmp_path))
    assert rows_of_model(bytes_alone) == [f"model:{bytes_alone}"]
    names, lines = session.choose("gzip", [stem])
    assert names == ["gzip", *rows_of_model(stem)]
    assert not lines


def test_text_is_read_as_it_is_and_the_rest_in_both_ways(tmp_path: Path, stem: str, pictures: Dataset) -> None:
    text = make_dataset(tmp_path, "text", 6 * CHUNK, CHUNK)
    found = {(cell.cut, cell.compressor.removesuffix(stem)) for cell in cells_of(text, stem)}
    assert found == {(WHOLE, "predzip+"), (CHUNKED, "model:"), (SLIDING, "model:")}
    found = {(cell.cut, cell.compressor.removesuffix(stem)) for cell in cells_of(pictures, stem)}
    assert found == {(CHUNKED, "model:"), (CHUNKED, "7bit:model:"), (SLIDING, "model:")}


def test_the_row_of_a_text(tmp_path: Path, stem: str) -> None:
    """Mostly tokens that the model knows, so that it is shorter than the data."""
    path = tmp_path / "words"
    path.write_bytes((b" the and of" * 200)[: 20 * CHUNK])
    data = dataclasses.replace(make_dataset(tmp_path, "text", 20 * CHUNK, CHUNK), path=path)
    whole, chunked, sliding = rows_of(
        [cell_of(data, WHOLE, f"predzip+{stem}"), *(cell_of(data, cut, f"model:{stem}") for cut in (CHUNKED, SLIDING))]
    )
    content = path.read_bytes()
    frame = predzip.compress(content, method=f"chunks:chunk={CHUNK}", model=stem)
    assert chunked.compressed_bytes == len(frame) < len(content)
    assert whole.compressed_bytes == len(predzip.compress(content, model=stem))
    assert not chunked.code_length
    assert sliding.code_length
    assert sliding.units == 2 * 20
    parameters = chunked.parameters
    assert parameters == whole.parameters > 0
    files = sum(Path(f"{stem}{suffix}").stat().st_size for suffix in (".json", ".safetensors"))
    assert chunked.adjusted_rate == pytest.approx((len(frame) + 2 * parameters) / len(content))
    assert chunked.shipped_rate == pytest.approx((len(frame) + files) / len(content))
    grid = table1.grids([whole, chunked, sliding])[0]
    shown = {tuple(row[:2]) for row in grid.rows}
    assert {("∞", "predzip+tiny-tokens"), (str(CHUNK), "tiny-tokens")} <= shown
    papers = {row[1] for row in grid.rows if row[1].endswith("(paper)")}
    assert {f"Chinchilla {size} (paper)" for size in ("1B", "7B", "70B")} | {"Llama 2 (7B) (paper)"} <= papers


def test_pictures_as_text_of_seven_bits(stem: str, pictures: Dataset) -> None:
    raw, seven = rows_of([cell_of(pictures, CHUNKED, f"{prefix}model:{stem}") for prefix in ("", "7bit:")])
    content = pictures.read(0, pictures.total_bytes)
    kept, lost = split(content, "image")
    for row, data, extra in ((raw, content, b""), (seven, kept, lost)):
        frame = predzip.compress(data, method=f"chunks:chunk={CHUNK}", model=stem)
        assert row.compressed_bytes == len(frame_payload(frame)) + len(extra) + row.framing_bytes
    assert raw.compressed_bytes <= len(content) + raw.framing_bytes  # what does not shrink is stored


def test_how_much_models_over_tokens_see(stem: str) -> None:
    for name in rows_of_model(stem):
        assert most_bytes(name, "text", 1000) == 1000
        assert most_bytes(name, "image", 1000) == 250
        assert most_bytes(name, "random", None) is None
        assert most_sequences(name) == slow.TOKENS_CURVE_SEQUENCES
    assert most_sequences("gzip") == most_sequences("model:paper-200k") == slow.CURVE_SEQUENCES


def test_who_makes_tokens_is_part_of_a_result(stem: str) -> None:
    before = compressor(f"model:{stem}").version
    assert before.endswith("longest tokens")
    Path(f"{stem}.tokenizer.json").write_text("{}")
    pytest.importorskip("tokenizers")
    assert "tokenizers " in compressor(f"model:{stem}").version


def test_a_model_in_floats_has_no_chunks(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "runs_in_floats", lambda _stem: True)
    with pytest.raises(ModelError, match=r"predzip\+"):
        compressor(f"model:{stem}").check_installed()
    assert isinstance(compressor(f"predzip+{stem}"), OwnCompressor)
    assert rows_of_model(stem) == [f"model:{stem}", f"predzip+{stem}"]


def chain_bits(model: str, tokens: list[int]) -> list[float]:
    """What each token costs behind those before, by the other engine."""
    rows = TransformerPredictor(catalogue.load(model)).evaluate_fine(np.array([tokens]))[0].astype(np.float64)
    chosen = rows[np.arange(len(tokens)), tokens]
    return (np.log2(rows.sum(axis=1)) - np.log2(chosen)).tolist()


def test_prefixes_end_inside_tokens(stem: str) -> None:
    """All tokens that begin like the rest count together; at the end of a token, it alone."""
    vocabulary = Vocabulary.from_weights(catalogue.load(stem))
    names = [vocabulary.token(number) for number in range(len(vocabulary))]
    data = b" that was\xfe the"
    expected_tokens = [b" that", b" was", b"", b" the"]
    tokens = [names.index(token) for token in expected_tokens]
    costs = chain_bits(stem, tokens)
    bits = prefix_bits(stem, data)
    assert len(bits) == len(data)
    assert bits[4] == pytest.approx(costs[0])
    assert bits[8] == pytest.approx(costs[0] + costs[1])
    assert bits[9] == pytest.approx(sum(costs[:3]) + 8)  # the escape, and the byte
    assert bits[-1] == pytest.approx(sum(costs) + 8)
    rows = TransformerPredictor(catalogue.load(stem)).evaluate_fine(np.array([tokens]))[0].astype(np.float64)
    for t, start, known in ((0, 0, b" "), (0, 0, b" tha"), (1, 5, b" w"), (3, 10, b" th")):
        together = sum(rows[t, n] for n, name in enumerate(names) if name.startswith(known))
        before = bits[start - 1] if start else 0.0
        assert bits[start + len(known) - 1] - before == pytest.approx(np.log2(rows[t].sum() / together))
    assert (np.diff(bits) >= -1e-9).all()


def test_windows_are_measured_behind_their_history(stem: str) -> None:
    vocabulary = Vocabulary.from_weights(catalogue.load(stem))
    names = [vocabulary.token(number) for number in range(len(vocabulary))]
    data = b" the and" + b" of that" + b"\xc0 was of"
    first, second, third = window_bits(stem, data, 0, 16)
    assert [size for size, _ in (first, second, third)] == [8, 8, 8]
    tokens = [names.index(token) for token in (b" the", b" and", b" of", b" that")]
    costs = chain_bits(stem, tokens)
    assert first[1] == pytest.approx(sum(costs[:2]))
    assert second[1] == pytest.approx(sum(costs[2:]))
    again = [names.index(token) for token in (b" of", b" that", b"", b" was", b" of")]
    assert third[1] == pytest.approx(sum(chain_bits(stem, again)[2:]) + 8)
    assert window_bits(stem, data, 8, 16) == [second, third]  # the first half is history alone


def test_figure_6(stem: str, pictures: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "TOKENS_CURVE_SEQUENCES", 2)
    cells = fig6.cells([pictures], ["gzip", *rows_of_model(stem)])
    assert len(cells) == 3  # none for what works on all of a text
    gzip, raw, seven = rows_of(cells)
    assert (gzip.code_length, raw.code_length, seven.code_length) == (False, True, True)
    starts = [0, 3 * CHUNK]
    for row, as_seven in ((raw, False), (seven, True)):
        assert row.units // len(row.curve) == 2
        for length, mean, _ in row.curve:
            sizes = []
            for start in starts:
                chunk = pictures.read(start, start + CHUNK)
                kept, lost = split(chunk[:length], "image") if as_seven else (chunk[:length], b"")
                whole = split(chunk, "image")[0] if as_seven else chunk
                assert whole.startswith(kept)
                sizes.append(prefix_bits(stem, whole)[length - 1] / 8 + len(lost))
            assert mean == pytest.approx(sum(sizes) / 2 / length, abs=1e-6)
    assert fig6.grid([gzip, raw, seven]).notes[0].startswith("Mean of 6 sequences, of 2 for models over tokens")


def test_tokens_are_no_parameters(stem: str) -> None:
    loaded = catalogue.load(stem)
    data = weights.float16_bytes(loaded)
    (row,) = rows_of([cell_of_model(stem)])
    assert len(data) == 2 * row.parameters
    part = weights.float16_bytes(loaded, 0.5)
    assert 0.4 * len(data) < len(part) < 0.6 * len(data)


def cell_of_model(stem: str) -> Cell:
    return cell_of(make_dataset(Path(stem).parent, "text", CHUNK, CHUNK), CHUNKED, f"model:{stem}")


def test_large_models_are_measured_in_part(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MOST_BYTES", 4000)
    monkeypatch.setattr(weights, "_PIECE_BYTES", 500)
    measured: list[int] = []
    monkeypatch.setattr(weights, "rates_of", lambda data: (measured.append(len(data)) or 0.5, 0.5))
    grid = weights.grid([stem])
    assert [row[2] for row in grid.rows] == ["float16", "float16", "8 bits"]
    assert all(2000 < size <= 4500 for size in measured)


@pytest.mark.parametrize(("name", "kind"), [("fig3", "text"), ("fig4", "audio"), ("fig5", "image")])
def test_figures_3_to_5(stem: str, name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("predzip.experiments.drawing._DOTS_PER_INCH", 20)
    data = make_dataset(tmp_path, kind, 2048)
    names = rows_of_model(stem)
    run_of = session.Session(
        [data], names, Results(None), Engine(SerialExecutor), {}, tmp_path / "out", compressors_named=True
    )
    section = continued.run(name, run_of)
    (grid,) = section.tables
    assert [row[:2] for row in grid.rows] == [["tiny-tokens", "autoregressive"], ["tiny-tokens", "teacher-forced"]]
    assert grid.rows[1][-1] == "256"
    assert all(path.exists() for path in run_of.written)

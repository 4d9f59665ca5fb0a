"""`predzip paper` as people call it."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from conftest import CommandLine

sys.path.insert(0, str(Path(__file__).parent.parent))

import tiny_models

ARGUMENTS = ("--bytes", "5KB", "--models", "none", "--compressors", "gzip,lzma2")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREDZIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("predzip.experiments.drawing._DOTS_PER_INCH", 20)


def test_table1(predzip_run: CommandLine, book: Path) -> None:
    done = predzip_run("paper", "table1", "--data", f"text={book}", "--data", "random", *ARGUMENTS, "--out", "r")
    assert done.code == 0, done.err
    lines = done.out.decode().splitlines()
    assert lines[0] == "Table 1: raw rate in percent"
    assert lines[2].split() == ["chunk", "compressor", "text", "paper", "random", "paper"]
    assert "table1: random, lzma2, whole: " in done.err
    rows = [json.loads(line) for line in Path("r/results.jsonl").read_text().splitlines()]
    assert {(row["dataset"], row["cut"], row["compressor"]) for row in rows} == {
        (data, cut, name)
        for data in ("text book", "random")
        for cut in ("whole", "chunks")
        for name in ("gzip", "lzma2")
    }
    for row in rows:
        assert row["original_bytes"] == 4096
        assert row["environment"]["command"]
        assert row["environment"]["python"]
        assert row["bootstrap_seed"] == 1
        assert row["wall_seconds"] >= 0
    table = list(csv.reader(Path("r/table1.csv").read_text(encoding="utf-8").splitlines()))
    assert table[1][:2] == ["∞", "gzip"]
    again = predzip_run("paper", "table1", "--data", f"text={book}", "--data", "random", *ARGUMENTS, "--out", "r")
    assert again.out == done.out
    assert "table1: random" not in again.err  # nothing was measured again
    assert len(Path("r/results.jsonl").read_text().splitlines()) == 8


def test_a_model_over_tokens(predzip_run: CommandLine, tmp_path: Path) -> None:
    stem = tiny_models.write_token_model(tmp_path)
    (tmp_path / "words.txt").write_bytes(b" the and of that was she in" * 20)
    arguments = ("--data", "text=words.txt", "--data", "random", "--bytes", 500, "--compressors", "gzip", "--out", "r")
    done = predzip_run("paper", "table1", *arguments, "--models", f"./{stem.name}")
    assert done.code == 0, done.err
    shown = [line.split()[:2] for line in done.out.decode().splitlines()]
    for row in (["∞", "predzip+tiny-tokens"], ["2,048", "tiny-tokens"], ["2,048", "7bit:model:tiny-tokens"]):
        assert row in shown
    rows = [json.loads(line) for line in Path("r/results.jsonl").read_text().splitlines()]
    sizes = {(row["dataset"], row["compressor"]): row["original_bytes"] for row in rows}
    assert sizes["text words", "model:tiny-tokens"] == 500


def test_everything_in_one_page(predzip_run: CommandLine, book: Path) -> None:
    pytest.importorskip("matplotlib")
    done = predzip_run("paper", "all", "--data", f"text={book}", *ARGUMENTS, "--out", "r")
    assert done.code == 0, done.err
    page = Path("r/report.html").read_text(encoding="utf-8")
    for word in ("Table 1", "Figure 1", "Figure 6", "Section 3.2", "0101010", "data:image/png;base64,"):
        assert word in page
    assert "Figure 3: a text continued" in page
    assert "No data is audio: nothing to continue." in page
    assert Path("r/fig3-gzip-teacher-forced.txt").stat().st_size == 100
    assert "nothing to draw" in page  # figure 2 without models
    for name in ("fig1.png", "fig1.pdf", "fig6.png", "fig6.pdf", "fig6.csv", "weights.md", "table1.tex"):
        assert Path("r", name).stat().st_size
    assert "wrote r" in done.err


def test_fig1(predzip_run: CommandLine) -> None:
    pytest.importorskip("matplotlib")
    done = predzip_run("paper", "fig1", "--message", "aba", "--distribution", "a=3/4,b=1/4", "--out", "r")
    assert done.code == 0, done.err
    assert "Code 1001: 4 bits; the ideal code length is 2.83 bits." in done.out.decode()
    assert Path("r/fig1.pdf").exists()


def test_what_is_missing_says_so(predzip_run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, words in (
        ((), "name data: --data enwik8"),
        (("--data", "text=gone.txt"), "gone.txt does not exist"),
        (("--data", "random", "--compressors", "rar"), "no compressor 'rar'"),
        (("--data", "random", "--models", "none", "--compressors", "none"), "nothing to measure"),
        (("--data", "random", "--cuts", "thin"), "'thin' is unknown"),
        (("--data", "random", "-j", "-1"), "threads must be"),
        (("--data", "random", "--bytes", "many"), "is not a size"),
        (("--data", "random", "--data", "random"), "are called 'random'"),
    ):
        done = predzip_run("paper", "table1", *arguments)
        assert done.code == 2, arguments
        assert words in done.err
    done = predzip_run("paper", "table1", "--data", "random", "--models", "nobody")
    assert done.code == 1
    assert "no model is named 'nobody'" in done.err
    assert predzip_run("paper", "fig1", "--message", "x").code == 2


def test_a_failure_is_seen(predzip_run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes, *_arguments: object, **_options: object) -> bytes:
        raise ValueError("no more bits")

    monkeypatch.setattr("predzip.experiments.paper.framing.gzip_payload", broken)
    done = predzip_run("paper", "table1", "--data", "random", *ARGUMENTS, "--cuts", "chunks", "--out", "r")
    assert done.code == 1
    assert "gzip on random FAILED: ValueError: no more bits" in done.err
    assert "FAILED" in done.out.decode()


def test_help_lists_the_words_for_data(predzip_run: CommandLine) -> None:
    text = predzip_run("paper", "table1", "--help").out.decode()
    assert "image=PATH" in text
    assert "--dask" in text
    assert "predzip paper" in predzip_run("--help").out.decode()

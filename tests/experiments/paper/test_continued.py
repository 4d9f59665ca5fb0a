"""Figures 3 to 5 on data of a run: what is given, who draws, what stands in the report."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.paper.conftest import make_dataset
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import continued
from predzip.experiments.paper.executors import Engine, SerialExecutor
from predzip.experiments.paper.rows import Results
from predzip.experiments.paper.session import Session


def session(folder: Path, datasets: list[Dataset], names: list[str], **options: Any) -> Session:
    return Session(datasets, names, Results(None), Engine(SerialExecutor), {"command": "x"}, folder, **options)


def test_text_is_given_up_to_the_last_hundred(text: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said: list[str] = []
    run = session(tmp_path, [text], ["gzip", "png", "7bit:gzip"], compressors_named=True, say=said.append)
    section = continued.run("fig3", run)
    assert [row[:2] for row in section.tables[0].rows] == [["gzip", "autoregressive"], ["gzip", "teacher-forced"]]
    assert said == ["fig3: gzip, autoregressive; 1 of at most 2", "fig3: gzip, teacher-forced; 2 of at most 2"]
    page = (tmp_path / "fig3.md").read_text(encoding="utf-8")
    assert "of 1,948 bytes" in page
    assert (
        text.read(4 * 2048 + 2000, 5 * 2048).decode().replace("\r\n", "\n") in page
    )  # the end of the chunk in the middle
    assert all(path.exists() for path in run.written)
    said.clear()
    continued.run("fig3", run)
    assert not said  # all was there
    continued.run("fig3", session(tmp_path, [text], ["gzip"], compressors_named=True, say=said.append, resume=False))
    assert len(said) == 2


def test_sounds_stand_in_the_report(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    wide = make_dataset(tmp_path, "audio16", 4 * 2048)
    section = continued.run("fig4", session(tmp_path, [wide], ["zlib"], compressors_named=True))
    assert [figure.path.suffix for figure in section.figures] == [".png", ".wav", ".wav", ".wav"]
    number, chunk = continued.chosen_chunk(wide)
    spreads = [
        min(np.frombuffer(wide.read(start, start + 1024), "<i2").std() for start in (at, at + 1024))
        for at in range(0, 4 * 2048, 2048)
    ]
    assert spreads[number] == max(spreads)
    with wave.open(str(tmp_path / "fig4-original.wav")) as file:
        assert file.readframes(2000) == bytes(value ^ 0x80 for value in chunk[1::2])


def test_who_draws(tmp_path: Path) -> None:
    usual = session(tmp_path, [], ["gzip", "lzma2", "zstd", "predzip-1", "model:paper-200k"])
    assert continued.sources("text", usual) == ["gzip", "lzma", "ppm", "predzip", "model:paper-200k"]
    named = session(tmp_path, [], ["predzip-ppm", "bz2", "predzip-1", "predzip-5", "flac"], compressors_named=True)
    assert continued.sources("text", named) == ["ppm", "bz2", "predzip"]


def test_without_data_or_a_package(text: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = session(tmp_path, [text], ["gzip"], compressors_named=True)
    assert continued.run("fig5", run).paragraphs == ["No data is image: nothing to continue."]
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert "Figure 3 is left out" in continued.run("fig3", run).paragraphs[0]
    assert run.missing

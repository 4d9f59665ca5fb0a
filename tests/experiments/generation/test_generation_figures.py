"""Figures 3 to 5 at a size that is quick: what is written, and that a second run makes nothing again."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.experiments.generation.figures import audio_figure, default_sources, image_figure, text_figure
from predzip.experiments.generation.outputs import fenced, readable, to_8_bits
from predzip.experiments.generation.records import Settings

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

SOURCES = ["ppm", "zlib"]
SETTINGS = Settings(seed=3, candidates=8)
CONTEXT = "the cat sat on the mat, and the dog sat on the log: 5 $ or 5 \u20ac. ".encode() * 4


def test_text(tmp_path: Path) -> None:
    started: list[tuple[str, str]] = []
    truth = b"the cat sat on the log"
    made = [
        text_figure(CONTEXT, truth, tmp_path, SOURCES, SETTINGS, started=lambda *what: started.append(what))
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(started) == 4  # none in the second run
    results = tmp_path / "fig3.jsonl"
    records = [json.loads(line) for line in results.read_text().splitlines()]
    results.write_text(results.read_text()[:-40])  # a run that was stopped while it wrote the last line
    assert [record["source"] for record in records] == ["ppm", "ppm", "zlib", "zlib"]
    assert {record["environment"]["python"] for record in records}
    for record, result in zip(records, made[0], strict=True):
        drawn = (tmp_path / f"fig3-{result.source}-{result.mode}.txt").read_bytes()
        assert bytes.fromhex(record["drawn"]) == drawn == result.drawn
        assert len(drawn) == len(truth)
    forced = [result for result in made[0] if result.mode == "teacher-forced"]
    assert all(result.truth_bits_per_byte and result.mean_rank for result in forced)
    assert "the cat sat on the log" in (tmp_path / "fig3.md").read_text()
    assert (tmp_path / "fig3.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "fig3.pdf").read_bytes().startswith(b"%PDF")
    for settings, count in ((SETTINGS, 5), (Settings(seed=4, candidates=8), 9), (SETTINGS, 9)):
        text_figure(CONTEXT, truth, tmp_path, SOURCES, settings, started=lambda *what: started.append(what))
        assert len(started) == count


def test_audio(tmp_path: Path) -> None:
    samples = (8000 * np.sin(np.arange(300) / 5)).astype(np.int16)
    results = audio_figure(samples, tmp_path, SOURCES, SETTINGS, sample_rate=8000)
    with wave.open(str(tmp_path / "fig4-zlib-autoregressive.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 1, 8000)
        sound = file.readframes(1000)
    drawn = next(each.drawn for each in results if (each.source, each.mode) == ("zlib", "autoregressive"))
    assert sound == to_8_bits(samples)[:150].tobytes() + drawn
    assert (tmp_path / "fig4.png").exists()


def test_image(tmp_path: Path) -> None:
    patch = np.add.outer(np.arange(6), np.arange(10)).astype(np.uint8) * 8
    results = image_figure(patch, tmp_path, SOURCES, SETTINGS)
    for result in results:
        picture = np.asarray(Image.open(tmp_path / f"fig5-{result.source}-{result.mode}.png"))
        assert (picture[:, :5] == patch[:, :5]).all()
        assert picture[:, 5:].tobytes() == result.drawn
    assert (np.asarray(Image.open(tmp_path / "fig5-original.png")) == patch).all()
    assert "mean difference" in (tmp_path / "fig5.md").read_text()


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        text_figure(b"", b"x", tmp_path)
    with pytest.raises(UsageError):
        audio_figure(np.zeros(10, np.float64), tmp_path)
    with pytest.raises(UsageError):
        image_figure(np.zeros((3, 3, 3), np.uint8), tmp_path)
    with pytest.raises(UsageError):
        Settings(modes=("forwards",))
    assert list(tmp_path.iterdir()) == []


def test_16_bits_become_8_as_in_the_paper() -> None:
    samples = np.array([-32768, -1, 0, 255, 256, 32767], np.int16)
    assert to_8_bits(samples).tolist() == [0, 127, 128, 128, 129, 255]


def test_shown_text_does_no_harm() -> None:
    assert readable(b"a\x1b[2J\r\nb\xff") == "a\\x1b[2J\nb\ufffd"
    assert fenced(b"x ```` y")[0] == "`````text"


def test_default_sources_have_the_compressor_of_their_kind() -> None:
    assert "flac" in default_sources("audio")
    assert "png" in default_sources("image")
    assert "ppm" in default_sources("text")

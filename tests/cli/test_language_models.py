"""--model with a model over tokens: what is said before, --lanes and --context, the number alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tiny_models
from conftest import TEXT, CommandLine
from predzip.inspection import inspect

DATA = TEXT[:3000]


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path / "models"))
    stem = tiny_models.write_token_model(tmp_path / "models")
    (tmp_path / "text").write_bytes(DATA)
    return stem


def test_there_and_back(predzip_run: CommandLine, tmp_path: Path) -> None:
    done = predzip_run("-v", "--model", "tiny-tokens", "text")
    assert done.code == 0
    assert "tiny-tokens: 1 lane, about " in done.err
    assert " of memory" in done.err
    assert predzip_run("-d", "-o", "back", "text.pz").code == 0
    assert (tmp_path / "back").read_bytes() == DATA


def test_lanes_and_context_stand_in_the_frame(predzip_run: CommandLine, tmp_path: Path) -> None:
    assert predzip_run("--model", "tiny-tokens", "--lanes", "3", "--context", "64", "text").code == 0
    with (tmp_path / "text.pz").open("rb") as file:
        (frame,) = inspect(file).frames
    assert frame.parameters == b"\3\x40\0tiny-tokens"
    assert predzip_run("-d", "-f", "text.pz").code == 0
    assert (tmp_path / "text").read_bytes() == DATA


@pytest.mark.parametrize(
    "arguments",
    [
        ("--lanes", "2", "text"),
        ("--context", "64", "-d", "text.pz"),
        ("--lanes", "2", "--model", "small", "text"),
        ("--lanes", "1000", "--model", "tiny-tokens", "text"),
        ("--context", "9", "--model", "tiny-tokens", "text"),
        ("--lanes", "2", "--method", "tokens:context=64", "--model", "tiny-tokens", "text"),
    ],
)
def test_lanes_where_they_mean_nothing(predzip_run: CommandLine, arguments: tuple[str, ...]) -> None:
    done = predzip_run(*arguments)
    assert done.code == 2
    assert "lanes" in done.err


def test_only_the_number(predzip_run: CommandLine) -> None:
    done = predzip_run("bench", "--code-length", "--model", "tiny-tokens", "--format", "json", "text")
    assert done.code == 0
    row = json.loads(done.out)
    assert row["model"] == "tiny-tokens"
    assert 1 < row["bits_per_byte"] < 12


@pytest.mark.parametrize("source", ["nothing.gguf", "hf:a/b/c", "folder"])
def test_what_is_no_model(predzip_run: CommandLine, tmp_path: Path, source: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").write_text("{}")
    done = predzip_run("--model", source, "text")
    assert done.code in (1, 2)
    assert done.err.count("\n") <= 2
    assert "unexpected" not in done.err
    assert not (tmp_path / "text.pz").exists()

"""`predzip classify` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import CommandLine

TEXTS = {
    "birds": "the wren sang in the hedge while the heron stood in the shallow water; ",
    "engines": "torque rises with boost pressure until the injectors limit the fuel flow; ",
}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for kind, text in TEXTS.items():
        for name, part in (("train", text * 4), ("test", text[10:50] * 3)):
            place = tmp_path / name / kind
            place.mkdir(parents=True)
            (place / "1.txt").write_text(part)
    return tmp_path


def test_files(predzip_run: CommandLine, folders: Path) -> None:
    (folders / "note.txt").write_text("the heron and the wren stood in the hedge")
    finished = predzip_run("classify", "--train", "train", "note.txt", "test/engines/1.txt")
    assert finished.code == 0, finished.err
    lines = finished.out.decode().splitlines()
    assert lines[0].startswith("note.txt: birds (")
    assert "bits/byte; next engines" in lines[0]
    assert lines[1].startswith("test/engines/1.txt: engines (")


@pytest.mark.parametrize("how", [(), ("--method", "gzip"), ("--knn", 1), ("--knn", 1, "--method", "ngram")])
def test_accuracy(predzip_run: CommandLine, folders: Path, how: tuple[object, ...]) -> None:
    finished = predzip_run("classify", "--train", "train", "--test", "test", *how)
    assert finished.code == 0, finished.err
    assert "100.0% of 2 texts right" in finished.out.decode()
    as_json = predzip_run("classify", "--train", "train", "--test", "test", "--json", *how)
    *verdicts, summary = (json.loads(line) for line in as_json.out.splitlines())
    assert [each["best"] for each in verdicts] == [["birds"], ["engines"]]
    assert summary["accuracy"] == 1.0
    assert summary["confusion"]["birds"] == {"birds": 1.0, "engines": 0.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--train", "train"), "one of both"),
        (("--train", "train", "--test", "test", "train/birds/1.txt"), "one of both"),
        (("--train", "train", "--test", "test", "--method", "nobody"), "no method 'nobody'"),
        (("--train", "train", "--test", "more"), "no examples of class fish"),
        (("train/birds/1.txt",), "--train"),
    ],
)
def test_wrong_usage(predzip_run: CommandLine, folders: Path, arguments: tuple[object, ...], message: str) -> None:
    (folders / "more" / "fish").mkdir(parents=True)
    (folders / "more" / "fish" / "1").write_text("x")
    finished = predzip_run("classify", *arguments)
    assert finished.code == 2
    assert message in finished.err

"""`predzip bench` as people call it."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from predzip.cli.bench import _progress, bench, encodable
from predzip.errors import UsageError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "some.txt"
    path.write_bytes(b"one line after another, each much like the last\n" * 200)
    return path


def test_table_on_standard_output(text_file: Path) -> None:
    result = run(text_file, "--levels", "none", "--codecs", "gzip,bz2,png")
    assert result.exit_code == 0, result.output
    assert f"{text_file.as_posix()}, 9,600 bytes" in result.stdout.splitlines()
    assert {"gzip", "bz2"} <= {line.split(" ")[0] for line in result.stdout.splitlines()}
    assert "png: not a picture" in result.stdout
    assert result.stderr == ""


def test_files_by_suffix(text_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "results.jsonl"
    result = run(text_file, "--levels", "none", "--codecs", "gzip", "-o", target)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    (record,) = [json.loads(line) for line in target.read_text().splitlines()]
    assert record["codec"] == "gzip"
    assert record["environment"]["python"]


def test_picture_with_hint_and_chart(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("matplotlib")
    raw = tmp_path / "raw.grey"
    raw.write_bytes(bytes(range(64)) * 64)
    chart = tmp_path / "chart.svg"
    result = run(
        raw,
        "--levels",
        "none",
        "--codecs",
        "png,zlib",
        "--image",
        "64",
        "--format",
        "csv",
        "--plot",
        chart,
        "--repeat",
        2,
    )
    assert result.exit_code == 0, result.output
    rows = {row["codec"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows["png"]["status"] == "ok"
    assert chart.stat().st_size > 1000


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.txt"],
        [__file__, "--image", "wide"],
        [__file__, "--image", "3", "--audio", "16"],
        [__file__, "--repeat", "0"],
        [__file__, "--format", "xml"],
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_library_errors_reach_the_dispatcher(text_file: Path) -> None:
    result = run(text_file, "--codecs", "rar")
    assert isinstance(result.exception, UsageError)
    assert isinstance(run(text_file, "--plot", "chart.docx").exception, UsageError)


def test_failed_codec_gives_exit_code_1(text_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predzip.experiments.bench.runner._run_worker", lambda job: {"error": "broken"})
    result = run(text_file, "--levels", "none", "--codecs", "gzip")
    assert result.exit_code == 1
    assert "gzip: FAILED: broken" in result.stdout


def test_strange_names_and_screens(tmp_path: Path) -> None:
    strange = tmp_path / "line\nbreak \udcff.txt"
    strange.write_bytes(b"x" * 100)
    result = run(strange, "--levels", "none", "--codecs", "zlib")
    assert result.exit_code == 0, result.output
    assert "line\\nbreak \\udcff.txt, 100 bytes" in result.stdout
    assert encodable("── é\udcff", "ascii") == "-- \\xe9\\udcff"
    assert encodable("── é", "utf-8") == "── é"


def test_progress_shows_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for screen, expected in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", screen)
        with _progress(2) as started:
            started(Path("some/file.txt"), "gzip")
        assert ("gzip file.txt" in screen.getvalue()) is expected

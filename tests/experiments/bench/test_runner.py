"""The loop, with real processes."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from predzip.codecs.media import Layout
from predzip.errors import UsageError
from predzip.experiments.bench import runner
from predzip.experiments.bench.environment import environment


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(b"row after row after row\n" * 300)
    return path


def test_files_and_codecs(text_file: Path) -> None:
    picture = text_file.with_name("b.pgm")
    picture.write_bytes(b"P5 16 16 255 " + bytes(range(256)))
    seen: list[tuple[str, str]] = []
    rows = list(
        runner.measure_files(
            [text_file, picture],
            ["gzip", "png"],
            hint=runner.MediaHint(),
            started=lambda path, name: seen.append((path.name, name)),
        )
    )
    assert [(Path(row.file).name, row.codec, row.status) for row in rows] == [
        ("a.txt", "gzip", "ok"),
        ("a.txt", "png", "skipped"),
        ("b.pgm", "gzip", "ok"),
        ("b.pgm", "png", "ok"),
    ]
    assert len(seen) == 4
    assert rows[0].compressed_bytes < 200
    assert rows[0].compress is not None
    assert rows[0].compress.peak_memory_bytes > 0


def test_own_method_in_its_own_process(text_file: Path) -> None:
    (row,) = runner.measure_files([text_file], ["predzip-frequency"])
    assert row.ok, row.message
    assert 0 < row.compressed_bytes < row.original_bytes


def test_a_crash_is_a_failed_row(text_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\necho boom >&2\nexit 3\n")
    crashing.chmod(crashing.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", os.fspath(crashing))
    (row,) = runner.measure_files([text_file], ["gzip"])
    assert row.status == "failed"
    assert row.message == "the process ended with code 3: boom"


def test_hints_come_after_headers() -> None:
    hint = runner.MediaHint(image=(4, 1))
    assert hint.layout(bytes(10)) == Layout("picture", 0, 8, width=4)
    with_header = hint.layout(b"P5 2 2 255 abcd")
    assert with_header is not None
    assert with_header.width == 2
    sound = runner.MediaHint(audio=(16, 2)).layout(bytes(10))
    assert sound == Layout("sound", 0, 8, channels=2, sample_bytes=2)


def test_folders_stand_for_their_files(text_file: Path) -> None:
    (text_file.parent / "folder").mkdir()
    (text_file.parent / ".hidden").touch()
    assert runner.expand([text_file.parent, text_file]) == [text_file, text_file]
    with pytest.raises(UsageError, match="no file"):
        runner.expand([text_file.parent / "folder"])


def test_missing_packages_leave_codecs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    names, lines = runner.installed(["gzip", "brotli"])
    assert names == ["gzip"]
    assert lines == ["brotli is left out: brotli is not installed; run: pip install 'predzip[bench]'"]


def test_environment_is_plain_values() -> None:
    where = environment("predzip bench x")
    assert json.loads(json.dumps(where)) == where
    assert where["command"] == "predzip bench x"
    assert "numpy" in where["packages"]

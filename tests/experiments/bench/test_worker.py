"""One job: measured, verified, and honest about failure."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from predzip.errors import CorruptError
from predzip.experiments.bench import worker

DATA = b"to be or not to be, that is the question. " * 100


def job(folder: Path, **changes: object) -> dict[str, Any]:
    source = folder / "source"
    source.write_bytes(DATA)
    return {
        "name": "gzip",
        "direction": "compress",
        "source": str(source),
        "original": str(source),
        "target": str(folder / "target"),
        "layout": None,
        "original_bytes": len(DATA),
        "digest": hashlib.sha256(DATA).hexdigest(),
        "repeat": 2,
        **changes,
    }


def test_there_and_back(tmp_path: Path) -> None:
    packed = worker.run(job(tmp_path))
    assert packed["bytes"] == (tmp_path / "target").stat().st_size < len(DATA) // 10
    assert packed["runs"] >= 2
    assert 0 < packed["cpu_seconds"] < 1
    assert packed["peak_memory_bytes"] > 5_000_000
    unpacked = worker.run(job(tmp_path, direction="decompress", source=str(tmp_path / "target")))
    assert unpacked["bytes"] == len(DATA)


def test_other_bytes_are_a_failure(tmp_path: Path) -> None:
    worker.run(job(tmp_path))
    with pytest.raises(CorruptError, match="other bytes"):
        worker.run(job(tmp_path, direction="decompress", source=str(tmp_path / "target"), digest="0" * 64))


def test_bytes_that_change_between_runs_are_a_failure() -> None:
    outputs = iter([b"a", b"b"])
    with pytest.raises(CorruptError, match="two runs"):
        worker.best_of(lambda: next(outputs), 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "rar"}, "no codec 'rar'"),
        ({"source": "missing"}, "FileNotFoundError"),
        ({"name": "png"}, "not a picture"),
    ],
)
def test_errors_are_outcomes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    message: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(job(tmp_path, **changes))))
    worker.main()
    assert message in json.loads(capsys.readouterr().out)["error"]

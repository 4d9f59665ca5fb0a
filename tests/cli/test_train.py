"""`predzip train` as people call it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import CommandLine
from predzip.training.log import read_log

torch = pytest.importorskip("torch")

SMALL_RUN = ("--preset", "paper-200k", "--batch", 256, "--threads", 1)


@pytest.fixture(autouse=True)
def memory_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predzip.training.run.keep_freed_memory", lambda: False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "text"
    path.write_bytes(b"one line after another, each much like the last\n" * 400)
    return path


def test_train_resume_and_look(predzip_run: CommandLine, data: Path) -> None:
    finished = predzip_run("train", f"lines={data}:1", *SMALL_RUN, "--steps", 2, "--out", "run", "--name", "mine")
    assert finished.code == 0, finished.err
    assert re.search(r"step 2: held out, bits/byte: mean \d\.\d+  lines \d\.\d+", finished.err)
    assert {each.name for each in Path("run").iterdir()} >= {
        *("checkpoint.pt", "log.jsonl", "mine.json", "mine.safetensors", "mine.md")
    }
    again = predzip_run("train", f"lines={data}:1", *SMALL_RUN, "--steps", 3, "--out", "run", "--name", "mine")
    assert again.code == 2
    assert "--resume" in again.err
    resumed = ("--steps", 3, "--out", "run", "--name", "mine", "--resume", "-q")
    quiet = predzip_run("train", f"lines={data}:1", *SMALL_RUN, *resumed)
    assert (quiet.code, quiet.err) == (0, "")
    assert read_log(Path("run/log.jsonl"))[-1]["step"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "paper-200k", "--out", "run"), "how many minutes or how many steps"),
        (
            ("--preset", "paper-200k", "--out", "run", "--steps", 1, "--minutes", 1),
            "how many minutes or how many steps",
        ),
        (("--preset", "nothing", "--out", "run", "--steps", 1), "no preset is called 'nothing'"),
        (("--preset", "paper-200k", "--steps", 1), "Missing option '--out'"),
        (("--preset", "paper-200k", "--out", "run", "--steps", 0), "not in the range"),
    ],
)
def test_wrong_usage(predzip_run: CommandLine, data: Path, arguments: tuple[Any, ...], message: str) -> None:
    finished = predzip_run("train", data, *arguments)
    assert finished.code == 2
    assert message in finished.err
    assert not Path("run").exists()


def test_missing_data(predzip_run: CommandLine) -> None:
    finished = predzip_run("train", "missing", *SMALL_RUN, "--steps", 1, "--out", "run")
    assert (finished.code, finished.err.splitlines()[0]) == (2, "predzip: missing: no such file or folder")


def test_without_torch(predzip_run: CommandLine, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    finished = predzip_run("train", data, *SMALL_RUN, "--steps", 1, "--out", "run")
    assert finished.code == 1
    assert finished.err == "predzip: torch is not installed; run: pip install 'predzip[train]'\n"


def test_help_names_presets_without_torch(predzip_run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    finished = predzip_run("train", "--help")
    assert finished.code == 0
    assert b"paper-3.2m" in finished.out
    assert b"--resume" in finished.out


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
def test_interrupted(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["train", data, *SMALL_RUN, "--minutes", 10, "--out", folder]
    process = subprocess.Popen(
        [sys.executable, "-m", "predzip", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while not any(record["event"] == "train" for record in read_log(folder / "log.jsonl")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "--resume goes on from there" in errors
    assert errors.endswith("predzip: interrupted\n")
    assert (folder / "checkpoint.pt").exists()
    assert not (folder / "paper-200k.safetensors").exists()

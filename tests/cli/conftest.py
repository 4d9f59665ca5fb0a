"""Runs the command line in this process, with standard streams that can pretend to be terminals."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the stand-in codec

import standin
from predzip.cli.main import run

standin.register()
TEXT = b"".join(b"line %d of a text\n" % (number * 7919 % 1000) for number in range(9000))


@dataclass
class Finished:
    code: int
    out: bytes
    err: str


class _Stream(io.TextIOWrapper):
    def __init__(self, data: bytes, terminal: bool) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", errors="backslashreplace")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


CommandLine = Callable[..., Finished]


@pytest.fixture
def predzip_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    """Call with arguments; `terminals` names the streams that are one. The working folder is a new one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object, stdin: bytes = b"", terminals: tuple[str, ...] = ()) -> Finished:
        streams = {
            name: _Stream(stdin if name == "stdin" else b"", name in terminals)
            for name in ("stdin", "stdout", "stderr")
        }
        with monkeypatch.context() as patch:
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            code = run([str(argument) for argument in arguments])
            for stream in streams.values():
                stream.flush()
        out, err = (streams[name].buffer.getvalue() for name in ("stdout", "stderr"))
        return Finished(code, out, err.decode())

    return call


@pytest.fixture
def pz(predzip_run: CommandLine) -> CommandLine:
    """The command line with the codec that is quick to test with."""
    return lambda *arguments, **options: predzip_run("--method", standin.NAME, *arguments, **options)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_bytes(TEXT)
    return path


def leftovers(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())

"""Standard input and output, and terminals in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

import predzip
import standin
from conftest import TEXT, CommandLine, leftovers
from predzip.cli.progress import Bar

PACKED = predzip.compress(TEXT, method=standin.NAME)


@pytest.mark.parametrize("arguments", [(), ("-",), ("-c",), ("-c", "-"), ("-o", "-"), ("-", "-T2")])
def test_a_pipe_gives_the_bytes_of_a_file(pz: CommandLine, arguments: tuple[str, ...]) -> None:
    finished = pz(*arguments, stdin=TEXT)
    assert (finished.code, finished.out, finished.err) == (0, PACKED, "")
    finished = pz("-d", *arguments, stdin=PACKED)
    assert (finished.code, finished.out, finished.err) == (0, TEXT, "")


def test_files_and_pipes_mixed(pz: CommandLine, book: Path) -> None:
    assert pz("book.txt", "-o", "-").out == PACKED
    assert pz("-c", "book.txt", "-", "book.txt", stdin=b"x").out == (
        PACKED + predzip.compress(b"x", method=standin.NAME) + PACKED
    )
    assert pz(stdin=TEXT).out == PACKED
    assert pz("-o", "x.pz", stdin=TEXT).code == 0
    assert Path("x.pz").read_bytes() == PACKED
    assert pz("-dc", "x.pz").out == TEXT
    assert leftovers(Path()) == ["book.txt", "x.pz"]


def test_empty_input(pz: CommandLine) -> None:
    packed = pz().out
    assert 0 < len(packed) < 40
    assert pz("-d", stdin=packed).out == b""
    finished = pz("-d")
    assert (finished.code, finished.err) == (1, "predzip: (stdin): the input is empty, not a predzip file\n")


def test_damage_in_a_pipe(pz: CommandLine) -> None:
    finished = pz("-d", stdin=PACKED[:-5])
    assert finished.code == 1
    assert "predzip: (stdin): the input ends inside a frame" in finished.err


def test_terminals_are_refused(pz: CommandLine, book: Path) -> None:
    Path("x.pz").write_bytes(PACKED)
    for arguments in (("-c", "book.txt"), ("-",), ("-o", "-", "book.txt")):
        finished = pz(*arguments, stdin=TEXT, terminals=("stdout",))
        assert (finished.code, finished.out) == (1, b"")
        assert "not written to a terminal" in finished.err
    assert pz("-fc", "book.txt", terminals=("stdout",)).out == PACKED
    assert pz("-dc", "x.pz", terminals=("stdout",)).out == TEXT
    for mode in ("-d", "-t", "-l"):
        finished = pz(mode, "-", stdin=PACKED, terminals=("stdin",))
        assert finished.code == 1
        assert "not read from a terminal" in finished.err
    assert pz("-df", stdin=PACKED, terminals=("stdin",)).out == TEXT


def test_nothing_at_all(predzip_run: CommandLine) -> None:
    finished = predzip_run(terminals=("stdin", "stdout", "stderr"))
    assert finished.code == 2
    assert "nothing to do" in finished.err


def test_rm_needs_a_name(pz: CommandLine) -> None:
    finished = pz("--rm", "-o", "x.pz", stdin=TEXT)
    assert (finished.code, finished.err) == (1, "predzip: (stdin): --rm cannot remove standard input\n")
    assert leftovers(Path()) == []


def test_the_bar(predzip_run: CommandLine, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predzip.cli.progress._PATIENCE_SECONDS", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")  # the same as a terminal, for rich
    monkeypatch.setenv("TERM", "xterm")
    with Bar("a long name, [b]marked[/b]", 1000, shown=True) as bar:
        bar(500)
    drawn = capfd.readouterr().err
    assert "50%" in drawn
    assert "0.5/1.0 kB" in drawn
    assert "…ong name, [b]marked[/b]" in drawn
    with Bar("x", None, shown=True) as bar:
        bar(500)
    assert "500/? bytes" in capfd.readouterr().err
    with Bar("x", 1000, shown=False) as bar:
        bar(500)
    assert capfd.readouterr().err == ""


def test_when_the_bar_is_drawn(pz: CommandLine, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    plain = Bar.__init__

    def note(self: Bar, name: str, total_bytes: int | None, *, shown: bool) -> None:
        seen.append(shown)
        plain(self, name, total_bytes, shown=False)

    seen = shown
    monkeypatch.setattr(Bar, "__init__", note)
    everything = ("stdout", "stderr")
    for arguments, terminals, expected in (
        (("book.txt",), ("stderr",), True),
        (("book.txt",), (), False),
        (("book.txt", "-q"), ("stderr",), False),
        (("book.txt", "--no-progress"), ("stderr",), False),
        (("book.txt", "--progress"), (), True),
        (("-dc", "book.txt.pz"), everything, False),
        (("-dc", "book.txt.pz"), ("stderr",), True),
        (("-d", "book.txt.pz"), everything, True),
    ):
        assert pz("-f", *arguments, terminals=terminals).code == 0
        assert seen.pop() is expected


@pytest.mark.parametrize("cached", [True, False])
def test_compiling_is_announced_once(
    predzip_run: CommandLine, book: Path, monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    monkeypatch.setattr("predzip.codecs.mixing.kernels_cached", lambda: cached)
    for name in ("a", "b"):
        Path(name).write_bytes(b"little")
    expected = 0 if cached else 1
    assert predzip_run("-1", "a", "b", terminals=("stderr",)).err.count("predzip: compiling kernels, once") == expected
    assert predzip_run("-d", "a.pz", "-o", "c", terminals=("stderr",)).err.count("compiling") == expected
    assert predzip_run("-d", stdin=Path("a.pz").read_bytes(), terminals=("stderr",)).err.count("compiling") == expected
    assert predzip_run("-1c", "a").err == ""  # nobody is looking
    assert predzip_run("-1qc", "a", terminals=("stderr",)).err == ""
    assert predzip_run("-l", "a.pz", terminals=("stderr",)).err == ""
    assert predzip_run("--method", standin.NAME, "-c", "a", terminals=("stderr",)).err == ""

"""The options: their letters, which of two counts, and what does not go together."""

from __future__ import annotations

from pathlib import Path

import pytest

import predzip
import standin
from conftest import TEXT, CommandLine, leftovers
from predzip.cli import main
from predzip.cli.settings import Settings, parse_size
from predzip.errors import UsageError

PACKED = predzip.compress(TEXT, method=standin.NAME)


@pytest.fixture
def parsed(predzip_run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Give the settings and the operands that a command line comes down to."""
    seen: list[tuple[Settings, tuple[str, ...]]] = []

    def note(files: tuple[str, ...], settings: Settings) -> int:
        seen.append((settings, files))
        return 0

    monkeypatch.setattr(main, "run_files", note)
    monkeypatch.setattr(main, "list_files", note)

    def parse(*arguments: str) -> tuple[Settings, tuple[str, ...]]:
        assert predzip_run(*arguments).code == 0
        return seen.pop()

    return parse


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("-d", {"mode": "decompress"}),
        ("-t -d", {"mode": "decompress"}),
        ("-d -t", {"mode": "test"}),
        ("-d -t -d", {"mode": "decompress"}),
        ("-dlz", {"mode": "compress"}),
        ("--list", {"mode": "list"}),
        ("-1", {"level": 1}),
        ("-9 -2", {"level": 2}),
        ("-2 -9", {"level": 9}),
        ("--fast", {"level": 1}),
        ("--best", {"level": 9}),
        ("--level 4 -1", {"level": 1}),
        ("-1 --level 4", {"level": 4}),
        ("--level=7", {"level": 7}),
        ("-dckf", {"mode": "decompress", "stdout": True, "force": True}),
        ("-T0", {"threads": 0}),
        ("-T 4", {"threads": 4}),
        ("-1vT2", {"level": 1, "threads": 2, "verbose": True}),
        ("--threads=3", {"threads": 3}),
        ("--rm", {"remove": True}),
        ("--rm -k", {}),
        ("-k --rm", {"remove": True}),
        ("-r -q --no-progress", {"recursive": True, "quiet": True, "progress": False}),
        ("-o out", {"output": "out"}),
        ("-oout", {"output": "out"}),
        ("--verify", {"verify": True}),
        ("--no-verify", {"verify": False}),
        ("--method ppm", {"method": "ppm"}),
        ("-M 1KiB", {"memory_limit": 1024}),
        ("--memory none", {"memory_limit": None}),
    ],
)
def test_what_options_mean(parsed: CommandLine, line: str, expected: dict[str, object]) -> None:
    for arguments in ([*line.split(), "f"], ["f", *line.split()]):  # options may follow operands
        assert parsed(*arguments) == (Settings(**expected), ("f",))


def test_operands(parsed: CommandLine) -> None:
    assert parsed("--", "-d", "--rm") == (Settings(), ("-d", "--rm"))
    assert parsed("a", "-", "-d", "b") == (Settings(mode="decompress"), ("a", "-", "b"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--no-such f", "No such option"),
        ("-X f", "No such option"),
        ("--level 10 f", "levels are 1 to 9"),
        ("--level x f", "not a valid integer"),
        ("-T x f", "not a valid integer"),
        ("-T 1000 f", "threads must be 0"),
        ("--method ppn f", "did you mean ppm"),
        ("-M lots f", "is not a size"),
        ("-o", "requires an argument"),
        ("-c -o x f", "two outputs"),
        ("-o x a b", "one output"),
        ("-o x -r a", "one output"),
        ("-t -c f", "writes no file"),
        ("-l -o x f", "writes no file"),
        ("-l --rm f", "does not go with --list"),
        ("-c --rm f", "standard output"),
        ("-o - --rm f", "standard output"),
        ("--rm --no-verify f", "not verified"),
        ("-c --verify f", "reads the output again"),
    ],
)
def test_wrong_usage(predzip_run: CommandLine, line: str, reason: str) -> None:
    for name in ("f", "a", "b"):
        Path(name).write_bytes(TEXT)
    finished = predzip_run(*line.split())
    assert finished.code == 2
    assert finished.err.startswith("predzip: ")
    assert reason in finished.err
    assert finished.err.endswith("\nTry 'predzip --help'.\n")
    assert leftovers(Path()) == ["a", "b", "f"]


def test_sizes() -> None:
    assert [parse_size(text) for text in ("0", "5", "2K", "3MB", "1gib", "None")] == [
        0,
        5,
        2000,
        3 * 10**6,
        2**30,
        None,
    ]
    for wrong in ("", "K", "-1", "1.5M", "2X"):
        with pytest.raises(UsageError):
            parse_size(wrong)


def test_help(predzip_run: CommandLine) -> None:
    for name in ("-h", "--help"):
        finished = predzip_run(name)
        text = finished.out.decode()
        assert (finished.code, finished.err) == (0, "")
        assert max(map(len, text.splitlines())) <= 80
        for part in ("-d, --decompress", "-6 to -9", "Examples:", "predzip bench", "Exit code: 0"):
            assert part in text


def test_version(predzip_run: CommandLine) -> None:
    assert predzip_run("-V").out.decode() == f"predzip {predzip.__version__}\n"


def test_words(predzip_run: CommandLine, pz: CommandLine) -> None:
    assert b"predzip bench" in predzip_run("bench", "--help").out
    finished = predzip_run("bench", "--no-such")
    assert (finished.code, finished.err.splitlines()[-1]) == (2, "Try 'predzip bench --help'.")
    Path("bench").write_bytes(TEXT)
    assert pz("--", "bench").code == pz("-f", "./bench").code == 0
    assert Path("bench.pz").read_bytes() == PACKED


def test_memory_limit(pz: CommandLine) -> None:
    Path("x.pz").write_bytes(PACKED)
    finished = pz("-d", "-M", "10K", "x.pz")
    assert finished.err == "predzip: x.pz: a block needs 66.5 KB of memory; 10 KB are allowed\n"
    assert leftovers(Path()) == ["x.pz"]
    assert pz("-d", "-M", "67K", "x.pz").code == 0


def test_listing(pz: CommandLine, book: Path) -> None:
    Path("a.pz").write_bytes(PACKED)
    Path("empty.pz").write_bytes(predzip.compress(b"", method=standin.NAME))
    Path("two.pz").write_bytes(PACKED + predzip.compress(b"x", method=standin.NAME))
    finished = pz("-l", "a.pz", "empty.pz", "two.pz")
    assert finished.code == 0
    rows = [line.split() for line in finished.out.decode().splitlines()]
    assert rows[0] == ["compressed", "original", "rate", "bits/byte", "blocks", "method", "check", "name"]
    rate = f"{len(PACKED) / len(TEXT):.1%}"
    spent = f"{8 * len(PACKED) / len(TEXT):.3f}"
    assert rows[1] == [str(len(PACKED)), str(len(TEXT)), rate, spent, "3", "standin", "BLAKE2b", "a.pz"]
    assert rows[2][1:] == ["0", "-", "-", "1", "standin", "BLAKE2b", "empty.pz"]
    assert rows[3][4:] == ["4", "standin", "BLAKE2b", "two.pz"]
    assert rows[4][1] == str(2 * len(TEXT) + 1)
    assert rows[4][-2:] == ["3", "files"]
    assert pz("-l", "a.pz").out.count(b"\n") == 2  # no totals for one
    assert f"frame 2 at byte {len(PACKED)}".encode() in pz("-lv", "two.pz").out
    assert pz("-l", stdin=PACKED).out.decode().split()[-1] == "(stdin)"


def test_testing(pz: CommandLine) -> None:
    Path("a.pz").write_bytes(PACKED)
    damaged = bytearray(PACKED)
    damaged[50] ^= 4
    Path("b.pz").write_bytes(damaged)
    finished = pz("-tv", "a.pz", "b.pz")
    assert finished.code == 1
    first, second = finished.err.splitlines()
    assert first.startswith("a.pz: ok")
    assert second.startswith("predzip: b.pz: ")
    assert pz("-t", stdin=PACKED).code == 0
    assert leftovers(Path()) == ["a.pz", "b.pz"]


def test_what_is_told(pz: CommandLine, book: Path) -> None:
    assert pz("book.txt").err == ""  # nobody is looking
    assert pz("-qf", "book.txt", terminals=("stderr",)).err == ""
    figures = f"{len(TEXT):,} -> {len(PACKED):,} bytes, {len(PACKED) / len(TEXT):.1%}, "
    for told in (pz("-f", "book.txt", terminals=("stderr",)).err, pz("-vf", "book.txt").err):
        assert told.startswith(f"book.txt: {figures}")
        assert told.endswith("B/s\n")
        assert len(told) <= 81
    assert pz("-v", "book.txt", "-o", "x").err.startswith(f"book.txt -> x: {figures}")
    assert pz("-df", "book.txt.pz", "-v").err.startswith(f"book.txt.pz: {len(PACKED):,} -> {len(TEXT):,} bytes")
    Path("b").write_bytes(b"")
    assert "\n2 files: " in pz("-vf", "book.txt", "b").err

"""What happens to files: names, refusals, modes and times, and that inputs are never harmed."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

import predzip
import standin
from conftest import TEXT, CommandLine, leftovers

PACKED = predzip.compress(TEXT, method=standin.NAME)


def test_there_and_back(pz: CommandLine, book: Path) -> None:
    assert pz("book.txt").code == 0
    assert Path("book.txt.pz").read_bytes() == PACKED
    assert book.read_bytes() == TEXT  # kept
    book.unlink()
    finished = pz("-d", "book.txt.pz")
    assert (finished.code, finished.out, finished.err) == (0, b"", "")
    assert book.read_bytes() == TEXT
    assert leftovers(Path()) == ["book.txt", "book.txt.pz"]


def test_two_threads_give_the_same_file(pz: CommandLine, book: Path) -> None:
    assert pz("-T2", "book.txt").code == 0
    assert Path("book.txt.pz").read_bytes() == PACKED
    assert pz("-dT0", "book.txt.pz", "-o", "back").code == 0
    assert Path("back").read_bytes() == TEXT


def test_mode_and_time_are_kept(pz: CommandLine, book: Path) -> None:
    book.chmod(0o640)
    os.utime(book, (1_000_000_000, 981_158_400))
    pz("book.txt")
    book.unlink()
    pz("-d", "book.txt.pz")
    for name in ("book.txt", "book.txt.pz"):
        status = Path(name).stat()
        assert stat.S_IMODE(status.st_mode) == 0o640
        assert status.st_mtime == 981_158_400


def test_a_file_that_may_not_be_written_can_be_compressed(pz: CommandLine, book: Path) -> None:
    book.chmod(0o400)
    assert pz("book.txt").code == 0
    assert stat.S_IMODE(Path("book.txt.pz").stat().st_mode) == 0o400


def test_new_files_follow_the_umask(pz: CommandLine) -> None:
    before = os.umask(0o027)
    try:
        assert pz("-o", "x.pz", stdin=TEXT).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("x.pz").stat().st_mode) == 0o640


def test_existing_output(pz: CommandLine, book: Path) -> None:
    Path("book.txt.pz").write_bytes(b"precious")
    finished = pz("book.txt")
    assert (finished.code, finished.err) == (
        1,
        "predzip: book.txt: book.txt.pz exists; not overwritten (-f does)\n",
    )
    assert Path("book.txt.pz").read_bytes() == b"precious"
    assert pz("-f", "book.txt").code == 0
    assert Path("book.txt.pz").read_bytes() == PACKED
    Path("folder.pz").mkdir()
    assert "folder.pz is a folder" in pz("-f", "book.txt", "-o", "folder.pz").err


def test_rm(pz: CommandLine, book: Path) -> None:
    assert pz("--rm", "book.txt").code == 0
    assert leftovers(Path()) == ["book.txt.pz"]
    assert pz("-d", "--rm", "book.txt.pz").code == 0
    assert leftovers(Path()) == ["book.txt"]
    assert pz("--rm", "-k", "book.txt").code == 0  # the last one counts
    assert leftovers(Path()) == ["book.txt", "book.txt.pz"]


def test_rm_only_after_verifying(pz: CommandLine, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standin.StandinCodec, "decode_block", lambda self, payload, size, progress: bytes(size))
    finished = pz("--rm", "book.txt")
    assert finished.code == 1
    assert "checksum does not match" in finished.err
    assert leftovers(Path()) == ["book.txt"]
    assert pz("--verify", "book.txt").code == 1
    assert leftovers(Path()) == ["book.txt"]
    assert pz("book.txt").code == 0  # not verified unless asked


def test_suffixes(pz: CommandLine, book: Path) -> None:
    assert "has not the suffix .pz" in pz("-d", "book.txt").err
    Path("x.pz").write_bytes(PACKED)
    finished = pz("x.pz")
    assert (finished.code, finished.err) == (1, "predzip: x.pz: already has the suffix .pz (-f compresses it again)\n")
    assert pz("-f", "x.pz").code == 0
    assert predzip.decompress(Path("x.pz.pz").read_bytes()) == PACKED
    Path("foreign").write_bytes(PACKED)
    assert pz("-d", "foreign", "-o", "out").code == 0
    assert pz("-dc", "foreign").out == TEXT


def test_going_on_after_a_bad_one(pz: CommandLine, book: Path) -> None:
    Path("folder").mkdir()
    Path("other").write_bytes(b"other")
    finished = pz("missing", "folder", "book.txt", "other")
    assert finished.code == 1
    assert finished.err.splitlines() == [
        "predzip: missing: No such file or directory",
        "predzip: folder: is a folder (-r works through it)",
    ]
    assert leftovers(Path()) == ["book.txt", "book.txt.pz", "other", "other.pz"]


def test_folders(pz: CommandLine) -> None:
    Path("a/b").mkdir(parents=True)
    for name in ("a/1", "a/b/2", "a/b/done.pz", "a/.predzip-0123456789ab.tmp"):
        Path(name).write_bytes(PACKED)
    Path("a/link").symlink_to("1")
    assert pz("-r", "a").code == 0
    Path("a/.predzip-0123456789ab.tmp").unlink()  # of another run, left alone
    assert leftovers(Path()) == ["a/1", "a/1.pz", "a/b/2", "a/b/2.pz", "a/b/done.pz", "a/link"]
    for name in ("a/1", "a/b/2"):
        Path(name).unlink()
    assert pz("-rd", "--rm", "a").code == 0
    assert leftovers(Path()) == ["a/1", "a/b/2", "a/b/done", "a/link"]


def test_links_and_what_is_no_file(pz: CommandLine, book: Path) -> None:
    Path("link").symlink_to("book.txt")
    Path("dangling").symlink_to("nowhere")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("socket")
    listening.close()
    finished = pz("link", "dangling", "socket")
    assert finished.code == 1
    assert finished.err.splitlines() == [
        "predzip: link: is a symbolic link, skipped (-f follows it)",
        "predzip: dangling: No such file or directory",
        "predzip: socket: is not a regular file (use -c or -o)",
    ]
    assert predzip.decompress(pz("-c", "link").out) == TEXT
    assert pz("-f", "link").code == 0
    assert Path("link.pz").read_bytes() == PACKED


def test_a_device_is_written_to_and_not_replaced(pz: CommandLine, book: Path) -> None:
    assert pz("book.txt", "-o", os.devnull).code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    finished = pz("--rm", "book.txt", "-o", os.devnull)
    assert "--rm would lose the input" in finished.err
    assert book.exists()


def test_input_as_output(pz: CommandLine, book: Path) -> None:
    Path("hard").hardlink_to(book)
    for name in ("book.txt", "hard"):
        assert "the same file" in pz("-f", "book.txt", "-o", name).err
    assert book.read_bytes() == TEXT


@pytest.mark.parametrize("mode", ["-d", "-t", "-l"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the input is empty"),
        (b"\x1f\x8b\x08 gzip", "not a predzip file"),
        (PACKED[:-3], "ends inside a frame"),
        (PACKED + b"tail", "is no frame"),
    ],
)
def test_foreign_and_cut_off_files(pz: CommandLine, mode: str, content: bytes, reason: str) -> None:
    Path("bad.pz").write_bytes(content)
    Path("good.pz").write_bytes(predzip.compress(b"good", method=standin.NAME))
    finished = pz(mode, "bad.pz", "good.pz")
    assert finished.code == 1
    assert finished.err.startswith("predzip: bad.pz: ")
    assert reason in finished.err
    assert finished.err.count("\n") == 1
    assert Path("bad.pz").read_bytes() == content
    assert leftovers(Path()) == (["bad.pz", "good", "good.pz"] if mode == "-d" else ["bad.pz", "good.pz"])


def test_a_bug_is_one_line(pz: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x").write_bytes(standin.FAULTY_MARK)
    finished = pz("x")
    assert finished.code == 1
    assert finished.err == (
        "predzip: x: unexpected error: ZeroDivisionError: a bug in the codec (PREDZIP_DEBUG=1 shows where)\n"
    )
    assert leftovers(Path()) == ["x"]
    monkeypatch.setenv("PREDZIP_DEBUG", "1")
    assert "Traceback" in pz("x").err


def test_no_permission(pz: CommandLine, book: Path) -> None:
    Path().chmod(0o755)
    Path("closed").mkdir()
    Path("closed").chmod(0o500)
    Path("secret").write_bytes(b"x")
    Path("secret").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # the superuser may do everything
    try:
        finished = [pz("book.txt", "-o", "closed/x"), pz("book.txt"), pz("secret")]
    finally:
        os.seteuid(user)
    assert [each.code for each in finished] == [1, 1 if user == 0 else 0, 1]
    assert finished[0].err == "predzip: closed/x: Permission denied\n"
    assert finished[2].err == "predzip: secret: Permission denied\n"
    assert "closed/x" not in leftovers(Path())


AWKWARD_NAMES = ["-dash", "new\nline", "bell\a", "[bold]", "ü", b"\xff\xfe", "x" * 252, "bench", "help"]


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_awkward_names(pz: CommandLine, name: str) -> None:
    path = Path(os.fsdecode(name))
    path.write_bytes(TEXT)
    finished = pz("-v", "--", os.fsdecode(name))
    assert finished.code == 0
    assert finished.err.count("\n") == 1
    assert finished.err.isascii() or "ü" in finished.err
    path.unlink()
    assert pz("-d", "-v", "--", f"{path}.pz").code == 0
    assert path.read_bytes() == TEXT


def test_a_name_that_is_too_long(pz: CommandLine) -> None:
    Path("x" * 254).write_bytes(b"x")
    finished = pz("x" * 254)
    assert (finished.code, finished.err) == (1, f"predzip: {'x' * 254}.pz: File name too long\n")
    assert len(leftovers(Path())) == 1

"""Names and outputs on disk: suffixes, refusals, and a target that appears whole or not at all.

Input is never written to. Output goes to a temporary name beside the target and is renamed when it is complete, so
whatever happens before (an error, Ctrl-C, a full disk) leaves no partial file and no damage to an older target.
"""

from __future__ import annotations

import abc
import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Self, TextIO

from predzip.errors import PredzipError

SUFFIX = ".pz"
_TEMPORARY = re.compile(r"\.predzip-[0-9a-f]{12}\.tmp")
STDIN_NAME = "(stdin)"
STDOUT_NAME = "(stdout)"


class Refusal(PredzipError):
    """The command line declines to touch a file; the message says what would make it do so."""


class OutputError(PredzipError):
    """Writing failed; the message names the output, not the input that was being worked on."""


class StandardOutputError(OutputError):
    """Standard output failed: what follows would fail too."""


def printable(name: str | os.PathLike[str]) -> str:
    """Write a file name so that it cannot move the cursor, forge a line or fail to encode."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end; None is a stream that was closed before we began."""
    return stream is not None and stream.isatty()


def standard_input() -> BinaryIO:
    """Give standard input as bytes."""
    if sys.stdin is None:
        raise Refusal("standard input is closed")
    return sys.stdin.buffer


def reason(error: BaseException) -> str:
    """Say in a few words why something failed."""
    if isinstance(error, OSError) and error.strerror and not isinstance(error, PredzipError):
        return error.strerror
    if isinstance(error, MemoryError):
        return "out of memory"
    return str(error) or type(error).__name__


def compressed_name(source: Path, *, force: bool) -> Path:
    """Name of the output of compressing."""
    if source.suffix == SUFFIX and not force:
        raise Refusal(f"already has the suffix {SUFFIX} (-f compresses it again)")
    return source.with_name(source.name + SUFFIX)


def original_name(source: Path) -> Path:
    """Name of the output of decompressing."""
    if source.suffix != SUFFIX:
        raise Refusal(f"has not the suffix {SUFFIX}: name the output with -o, or use -c")
    return source.with_suffix("")


def check_source(source: Path, *, derives_name: bool, force: bool) -> os.stat_result:
    """Refuse what is no input, or none from which an output name may be derived."""
    status = source.stat()  # a missing file or a forbidden folder shows here
    if stat.S_ISDIR(status.st_mode):
        raise Refusal("is a folder (-r works through it)")
    if derives_name and not force and source.is_symlink():
        raise Refusal("is a symbolic link, skipped (-f follows it)")
    if derives_name and not stat.S_ISREG(status.st_mode):
        raise Refusal("is not a regular file (use -c or -o)")
    return status


def walk(folder: Path, *, compressed: bool) -> Iterator[Path]:
    """List the files under a folder, those with our suffix or the others, in a fixed order; links are not followed."""

    def fail(error: OSError) -> None:
        raise error

    for root, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_symlink() or not path.is_file() or _TEMPORARY.fullmatch(name):
                continue
            if (path.suffix == SUFFIX) == compressed:
                yield path


class Output(abc.ABC):
    """Where a result goes; failures name this place, not the input."""

    error_class: type[OutputError] = OutputError

    def __init__(self, name: str) -> None:
        self.name = name
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> int:
        """Write all of `data`, or raise `OutputError`."""
        assert self._file is not None  # noqa: S101 - inside `with`
        with self._errors():
            return self._file.write(data)

    def __enter__(self) -> Self:
        try:
            with self._errors():
                self._file = self._open()
        except BaseException:  # a signal may come between the file's making and the body of the `with`
            self._clean_up()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                with self._errors():
                    self._complete()
        finally:
            self._clean_up()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self.error_class(f"{self.name}: {reason(error)}") from error

    @abc.abstractmethod
    def _open(self) -> IO[bytes]: ...

    @abc.abstractmethod
    def _complete(self) -> None: ...

    @abc.abstractmethod
    def _clean_up(self) -> None:
        """Leave nothing behind, whether `_complete` came first or not; never raise."""


class StandardOutput(Output):
    """Standard output; nothing is closed, nothing can be taken back."""

    error_class = StandardOutputError

    def __init__(self) -> None:
        super().__init__(STDOUT_NAME)

    def _open(self) -> IO[bytes]:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "standard output is closed")
        return sys.stdout.buffer

    def _complete(self) -> None:
        sys.stdout.buffer.flush()

    def _clean_up(self) -> None:
        pass


class Device(Output):
    """A device or named pipe that exists already: renaming would put a file in its place."""

    def __init__(self, target: Path) -> None:
        super().__init__(printable(target))
        self._target = target

    def _open(self) -> IO[bytes]:
        return self._target.open("wb")

    def _complete(self) -> None:
        assert self._file is not None  # noqa: S101 - inside `with`
        self._file.close()

    def _clean_up(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()


class NewFile(Output):
    """A file that gets its name when it is complete.

    Args:
        target: its final name.
        force: replace what has that name.
        like: take over mode and times of this input.
        durable: the bytes must be on the disk, not on their way there, before the file gets its name.
    """

    def __init__(self, target: Path, *, force: bool, like: os.stat_result | None, durable: bool) -> None:
        super().__init__(printable(target))
        self._target = target
        self._force = force
        self._like = like
        self._durable = durable
        # Not made of the target's name, which may be as long as names can be.
        self._temporary = target.with_name(f".predzip-{secrets.token_hex(6)}.tmp")
        self._created = False
        refuse_existing(target, force=force)

    def read_back(self) -> BinaryIO:
        """Open what has been written so far, to verify it."""
        assert self._file is not None  # noqa: S101 - inside `with`
        with self._errors():
            self._file.flush()
        return self._temporary.open("rb")

    def _open(self) -> IO[bytes]:
        # Never more open than the input, not even while it is being written.
        mode = 0o666 if self._like is None else stat.S_IMODE(self._like.st_mode) & 0o777 | stat.S_IWUSR
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        self._created = True  # before it is: a signal may come right behind the call, and the name is ours alone
        descriptor = os.open(self._temporary, flags, mode)
        return os.fdopen(descriptor, "wb")

    def _complete(self) -> None:
        assert self._file is not None  # noqa: S101 - inside `with`
        self._file.flush()
        if self._durable:
            os.fsync(self._file.fileno())
        self._file.close()
        if self._like is not None:
            _take_over(self._temporary, self._like)
        refuse_existing(self._target, force=self._force)  # it may have come while we were busy
        self._temporary.replace(self._target)
        self._created = False

    def _clean_up(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):  # a full disk fails again here, after it was reported
                self._file.close()
        if self._created:
            with contextlib.suppress(OSError):
                self._temporary.unlink()


def open_output(target: Path, *, force: bool, like: os.stat_result | None, durable: bool) -> NewFile | Device:
    """Choose how to write to a path; the arguments are those of `NewFile`."""
    if target.exists() and not target.is_file() and not target.is_dir():
        return Device(target)
    return NewFile(target, force=force, like=like, durable=durable)


def refuse_existing(target: Path, *, force: bool) -> None:
    """Refuse a name that is taken, unless forced; a folder always."""
    if target.is_dir():
        raise Refusal(f"{printable(target)} is a folder")
    if not force and os.path.lexists(target):
        raise Refusal(f"{printable(target)} exists; not overwritten (-f does)")


def _take_over(path: Path, like: os.stat_result) -> None:
    mode = stat.S_IMODE(like.st_mode) & 0o777
    if hasattr(os, "chown"):
        try:
            os.chown(path, like.st_uid, like.st_gid)
        except OSError:  # who may not give files away keeps them; the group then is another one
            mode &= 0o707
    with contextlib.suppress(OSError):  # file systems without modes
        path.chmod(mode)
    os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))

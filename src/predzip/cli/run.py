"""Compressing, decompressing and testing operands: one after the other, going on after a bad one."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from predzip.cli import files
from predzip.cli.files import NewFile, Refusal, StandardOutput, is_terminal, printable
from predzip.cli.messages import Messages
from predzip.cli.progress import Bar
from predzip.cli.settings import Settings
from predzip.codecs.registry import MIXING_ID, choose_codec
from predzip.errors import FormatError, UsageError
from predzip.inspection import inspect
from predzip.parallel import resolve_threads
from predzip.streams import Sizes, compress_stream, decompress_stream
from predzip.units import bits_per_byte, format_bytes, raw_rate


def operands(names: tuple[str, ...], settings: Settings, messages: Messages) -> Iterator[Path | None]:
    """Go through what was named, folders too if asked; None stands for standard input."""
    for name in names or ("-",):
        if name == "-":
            yield None
        elif settings.recursive and os.path.isdir(name):
            with messages.reporting(printable(name)):
                yield from files.walk(Path(name), compressed=settings.mode != "compress")
        else:
            yield Path(name)


def refuse_input_terminal(settings: Settings) -> None:
    """Compressed data is not typed by hand."""
    if is_terminal(sys.stdin) and not settings.force:
        raise Refusal("compressed data is not read from a terminal (predzip --help for help)")


def run_files(names: tuple[str, ...], settings: Settings) -> int:
    """Work on all operands; return the exit code."""
    if settings.output not in (None, "-") and (len(names) > 1 or settings.recursive):
        raise UsageError("-o names one output and goes with one input; use -c to join several")
    choose_codec(settings.level, settings.method)  # what is wrong here is one error, not one for each file
    resolve_threads(settings.threads)
    messages = Messages(quiet=settings.quiet, verbose=settings.verbose)
    run = _Run(settings, messages)
    for source in operands(names, settings, messages):
        name = files.STDIN_NAME if source is None else printable(source)
        with messages.reporting(name):
            run.work_on(source, name)
    run.tell_totals()
    return 1 if messages.error_count else 0


class _Run:
    """What every operand needs, and the totals."""

    def __init__(self, settings: Settings, messages: Messages) -> None:
        self._settings = settings
        self._messages = messages
        self._compressing = settings.mode == "compress"
        self._done: list[Sizes] = []
        self._seconds = 0.0
        self._kernels_checked = False
        wanted = is_terminal(sys.stderr) if settings.progress is None else settings.progress
        # A bar and decompressed text on the same screen would spoil each other.
        self._bar_shown = wanted and not settings.quiet and not (settings.to_stdout and is_terminal(sys.stdout))

    def work_on(self, source: Path | None, name: str) -> None:
        """Do one operand, or raise."""
        settings = self._settings
        target = None if settings.output in (None, "-") else Path(str(settings.output))
        if source is None:
            if not self._compressing:
                refuse_input_terminal(settings)
            if settings.remove:
                raise Refusal("--rm cannot remove standard input")
            self._convert(files.standard_input(), name, None, target)
            return
        status = files.check_source(source, derives_name=settings.derives_name, force=settings.force)
        if settings.derives_name:
            target = (
                files.compressed_name(source, force=settings.force)
                if self._compressing
                else files.original_name(source)
            )
        if target is not None and target.exists() and os.path.samestat(status, target.stat()):
            raise Refusal("input and output are the same file")
        with source.open("rb") as file:
            self._convert(file, name, status if stat.S_ISREG(status.st_mode) else None, target)
        if settings.remove:
            source.unlink()

    def _convert(self, file: BinaryIO, name: str, status: os.stat_result | None, target: Path | None) -> None:
        """Work on an open input; `status` is that of a regular file, `target` None for standard output."""
        settings = self._settings
        total_bytes = self._look_ahead(file, status)
        if settings.mode == "test":
            with Bar(name, total_bytes, shown=self._bar_shown) as bar:
                sizes = decompress_stream(
                    file, None, threads=settings.threads, memory_limit=settings.memory_limit, progress=bar
                )
            self._tell(name, None, sizes, bar.seconds)
            return
        if target is None:
            if self._compressing and is_terminal(sys.stdout) and not settings.force:
                raise Refusal("compressed data is not written to a terminal (-o names a file, -f does it anyway)")
            output: files.Output = StandardOutput()
        else:
            output = files.open_output(target, force=settings.force, like=status, durable=settings.remove)
            if settings.remove and not isinstance(output, NewFile):
                raise Refusal(f"{output.name} is not a regular file: --rm would lose the input")
        with output, Bar(name, total_bytes, shown=self._bar_shown) as bar:
            if self._compressing:
                sizes = compress_stream(
                    file, output, settings.level, method=settings.method, threads=settings.threads, progress=bar
                )
                if settings.verifies and isinstance(output, NewFile):
                    self._verify(output, name, sizes)
            else:
                sizes = decompress_stream(
                    file, output, threads=settings.threads, memory_limit=settings.memory_limit, progress=bar
                )
        self._tell(name, output, sizes, bar.seconds)

    def _verify(self, output: NewFile, name: str, sizes: Sizes) -> None:
        """Decode what was written; its checksums are those of the original as it was read."""
        with output.read_back() as written, Bar(f"verify {name}", sizes.original_bytes, shown=self._bar_shown) as bar:
            decoded = decompress_stream(written, None, threads=self._settings.threads, memory_limit=None, progress=bar)
        if decoded != sizes:
            raise FormatError("verification failed: the output does not decode to the input")

    def _look_ahead(self, file: BinaryIO, status: os.stat_result | None) -> int | None:
        """Find out how much work there is, as far as that is cheap; announce kernels that must be compiled."""
        if not (self._messages.talks or self._bar_shown):
            return None
        if self._compressing:
            self._announce_kernels({choose_codec(self._settings.level, self._settings.method).codec.method_id})
            return status.st_size if status else None
        if status is None:
            self._announce_kernels({MIXING_ID})
            return None
        try:
            summary = inspect(file)
        except FormatError:
            return None  # decoding says it better
        finally:
            file.seek(0)
        self._announce_kernels({frame.method_id for frame in summary.frames})
        return summary.original_bytes

    def _announce_kernels(self, method_ids: set[int]) -> None:
        if self._kernels_checked or MIXING_ID not in method_ids:
            return
        self._kernels_checked = True
        mixing = import_module("predzip.codecs.mixing")
        if hasattr(mixing, "kernels_cached") and not mixing.kernels_cached():
            folder = import_module("predzip.jit").cache_folder()
            self._messages.note(f"compiling kernels, once, about half a minute; they are kept in {printable(folder)}")

    def _tell(self, name: str, output: files.Output | None, sizes: Sizes, seconds: float) -> None:
        self._done.append(sizes)
        self._seconds += seconds
        if isinstance(output, StandardOutput) and not self._settings.verbose:
            return
        target = f" -> {output.name}" if output and not self._settings.derives_name else ""
        ok = " ok," if output is None else ""
        self._messages.result(f"{name}{target}:{ok} {self._figures(sizes, seconds)}")

    def tell_totals(self) -> None:
        """Sum up, where there was more than one operand."""
        if len(self._done) > 1:
            sizes = Sizes(
                sum(each.original_bytes for each in self._done), sum(each.compressed_bytes for each in self._done)
            )
            self._messages.result(f"{len(self._done)} files: {self._figures(sizes, self._seconds)}")

    def _figures(self, sizes: Sizes, seconds: float) -> str:
        original, compressed = f"{sizes.original_bytes:,}", f"{sizes.compressed_bytes:,}"
        change = f"{original} -> {compressed}" if self._compressing else f"{compressed} -> {original}"
        rate = raw_rate(sizes.compressed_bytes, sizes.original_bytes)
        spent = bits_per_byte(8 * sizes.compressed_bytes, sizes.original_bytes)
        speed = format_bytes(sizes.original_bytes / seconds) if seconds > 0 else "?"
        return f"{change} bytes, {rate:.1%}, {spent:.3f} bits/byte, {speed}/s"

"""Compressing, decompressing and testing operands: one after the other, going on after a bad one."""

from __future__ import annotations

import os
import stat
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from predzip.api import resolve_model
from predzip.cli import files
from predzip.cli.cluster import open_cluster
from predzip.cli.files import NewFile, Refusal, StandardOutput, is_terminal, printable
from predzip.cli.messages import Messages
from predzip.cli.progress import Bar
from predzip.cli.settings import Settings
from predzip.codecs.registry import FLOAT_ID, MIXING_ID, MIXTURE_ID, TOKENS_ID, CodecReference, choose_codec
from predzip.errors import FormatError, UsageError
from predzip.inspection import inspect
from predzip.parallel import Workers, resolve_threads
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import is_source
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


_COMPILED = {
    MIXING_ID: "predzip.codecs.mixing",
    MIXTURE_ID: "predzip.codecs.mixture",
    TOKENS_ID: "predzip.codecs.tokens",
    FLOAT_ID: "predzip.codecs.tokens",
}
"""Codecs whose kernels take long to compile, by method."""


def run_files(names: tuple[str, ...], settings: Settings) -> int:
    """Work on all operands; return the exit code."""
    if settings.output not in (None, "-") and (len(names) > 1 or settings.recursive):
        raise UsageError("-o names one output and goes with one input; use -c to join several")
    messages = Messages(quiet=settings.quiet, verbose=settings.verbose)
    settings = _with_model(settings, messages)
    if settings.model is not None and settings.mode != "compress":
        catalogue.offer(settings.model)
    if settings.mode == "compress":
        choose_codec(settings.level, settings.method, settings.model)  # what is wrong here is one error, not one a file
    resolve_threads(settings.threads)
    if settings.dask is None:
        run = _Run(settings, messages)
        _one_by_one(run, operands(names, settings, messages), messages)
    else:
        with open_cluster(settings.dask, settings.threads) as workers:
            run = _Run(settings, messages, workers)
            several = not settings.to_stdout and settings.output is None
            work = _side_by_side if several else _one_by_one
            work(run, operands(names, settings, messages), messages)
    run.tell_totals()
    return 1 if messages.error_count else 0


def _with_model(settings: Settings, messages: Messages) -> Settings:
    """Settings with a model of predzip's in place of one that had to be converted, and its options in the method."""
    if settings.model is None:
        return settings
    if is_source(settings.model):
        messages.note(f"{printable(settings.model)}: converted when it is named first, which takes a minute")
        settings = replace(settings, model=resolve_model(settings.model))
    options = [f"{name}={value}" for name in ("lanes", "context") if (value := getattr(settings, name))]
    if not options:
        return settings
    stem = catalogue.locate(settings.model or "").stem
    if not catalogue.is_over_tokens(stem) or (settings.method and ":" in settings.method):
        raise UsageError("--lanes and --context are for models over tokens, and go with no other options of a method")
    method = settings.method or ("float" if catalogue.runs_in_floats(stem) else "tokens")
    return replace(settings, method=f"{method}:{','.join(options)}")


def _named(sources: Iterator[Path | None]) -> Iterator[tuple[Path | None, str]]:
    for source in sources:
        yield source, files.STDIN_NAME if source is None else printable(source)


def _one_by_one(run: _Run, sources: Iterator[Path | None], messages: Messages) -> None:
    for source, name in _named(sources):
        with messages.reporting(name):
            run.tell(run.work_on(source, name))


def _side_by_side(run: _Run, sources: Iterator[Path | None], messages: Messages) -> None:
    """Several operands at a time, each in a thread that waits for workers; told in the order of the operands."""
    count = run.workers.count if run.workers else 1
    pool = ThreadPoolExecutor(count)
    waiting: deque[tuple[str, Future[Done]]] = deque()

    def tell_oldest() -> None:
        name, future = waiting.popleft()
        with messages.reporting(name):
            run.tell(future.result())

    try:
        for source, name in _named(sources):
            # What is named twice meets what came of it the first time, as it does one by one.
            while len(waiting) >= 2 * count or any(name == other for other, _ in waiting):
                tell_oldest()
            waiting.append((name, pool.submit(run.work_on, source, name)))
        while waiting:
            tell_oldest()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class Done:
    """What there is to tell of one operand."""

    name: str
    output: files.Output | None
    sizes: Sizes
    seconds: float


class _Run:
    """What every operand needs, and the totals."""

    def __init__(self, settings: Settings, messages: Messages, workers: Workers | None = None) -> None:
        self._settings = settings
        self._messages = messages
        self.workers = workers
        self._compressing = settings.mode == "compress"
        self._done: list[Sizes] = []
        self._seconds = 0.0
        self._kernels_checked = False
        wanted = is_terminal(sys.stderr) if settings.progress is None else settings.progress
        # A bar and decompressed text on the same screen would spoil each other, and so would several bars.
        alone = workers is None and not (settings.to_stdout and is_terminal(sys.stdout))
        self._bar_shown = wanted and not settings.quiet and alone

    def work_on(self, source: Path | None, name: str) -> Done:
        """Do one operand, or raise."""
        settings = self._settings
        target = None if settings.output in (None, "-") else Path(str(settings.output))
        if source is None:
            if not self._compressing:
                refuse_input_terminal(settings)
            if settings.remove:
                raise Refusal("--rm cannot remove standard input")
            return self._convert(files.standard_input(), name, None, target)
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
            done = self._convert(file, name, status if stat.S_ISREG(status.st_mode) else None, target)
        if settings.remove:
            source.unlink()
        return done

    def _convert(self, file: BinaryIO, name: str, status: os.stat_result | None, target: Path | None) -> Done:
        """Work on an open input; `status` is that of a regular file, `target` None for standard output."""
        settings = self._settings
        total_bytes = self._look_ahead(file, status)
        if settings.mode == "test":
            with Bar(name, total_bytes, shown=self._bar_shown) as bar:
                sizes = self._decompress(file, None, settings.memory_limit, bar)
            return Done(name, None, sizes, bar.seconds)
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
                    file,
                    output,
                    settings.level,
                    method=settings.method,
                    model=settings.model,
                    threads=settings.threads,
                    progress=bar,
                    workers=self.workers,
                )
                if settings.verifies and isinstance(output, NewFile):
                    self._verify(output, name, sizes)
            else:
                sizes = self._decompress(file, output, settings.memory_limit, bar)
        return Done(name, output, sizes, bar.seconds)

    def _decompress(self, file: BinaryIO, output: files.Output | None, memory_limit: int | None, bar: Bar) -> Sizes:
        return decompress_stream(
            file,
            output,
            threads=self._settings.threads,
            memory_limit=memory_limit,
            progress=bar,
            workers=self.workers,
        )

    def _verify(self, output: NewFile, name: str, sizes: Sizes) -> None:
        """Decode what was written; its checksums are those of the original as it was read."""
        with output.read_back() as written, Bar(f"verify {name}", sizes.original_bytes, shown=self._bar_shown) as bar:
            decoded = self._decompress(written, None, None, bar)
        if decoded != sizes:
            raise FormatError("verification failed: the output does not decode to the input")

    def _look_ahead(self, file: BinaryIO, status: os.stat_result | None) -> int | None:
        """Find out how much work there is, as far as that is cheap; announce kernels that must be compiled."""
        if not (self._messages.talks or self._bar_shown):
            return None
        if self._compressing:
            choice = choose_codec(self._settings.level, self._settings.method, self._settings.model)
            self._announce_kernels({choice.codec.method_id})
            if choice.codec.method_id == TOKENS_ID:
                self._announce_memory(
                    choice.codec, min(status.st_size if status else choice.block_bytes, choice.block_bytes)
                )
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

    def _announce_memory(self, codec: CodecReference, length: int) -> None:
        """Say what a language model will take before it takes it."""
        from predzip.codecs.tokens import outlook
        from predzip.predictors.neural.weights import read_config

        found = catalogue.locate(str(self._settings.model))
        lanes, needed = outlook(read_config(found.stem), codec.parameters, length)
        self._messages.note(
            f"{printable(found.name)}: {lanes} lane{'s' * (lanes > 1)}, about {format_bytes(needed)} of memory"
        )

    def _announce_kernels(self, method_ids: set[int]) -> None:
        needed = [module for number, module in _COMPILED.items() if number in method_ids]
        if self._kernels_checked or not needed:
            return
        self._kernels_checked = True
        from predzip import jit

        if not all(import_module(module).kernels_cached() for module in needed):
            folder = jit.cache_folder()
            self._messages.note(f"compiling kernels, once, about half a minute; they are kept in {printable(folder)}")

    def tell(self, done: Done) -> None:
        """Say what came of one operand, and count it."""
        name, output, sizes, seconds = done.name, done.output, done.sizes, done.seconds
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

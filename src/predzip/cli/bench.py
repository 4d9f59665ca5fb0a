"""`predzip bench`: arguments and screen; the measuring is in `experiments.bench`."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

_FORMATS = ("text", "md", "csv", "json")
_FORMAT_OF_SUFFIX = {".md": "md", ".csv": "csv", ".json": "json", ".jsonl": "json"}
_MIN_WIDTH = 80


class _Shape(click.ParamType[tuple[int, int]]):
    """Two numbers joined by an x; the second may be left out and is then 1."""

    name = "shape"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """See click."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,6})(?:x(\d))?", value)
        if match is None:
            self.fail(f"{value!r} is not a number, nor two numbers like 640x3", param, ctx)
        return int(match[1]), int(match[2] or 1)


@click.command(
    short_help="Measure levels and other codecs on files of yours.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80},
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--levels", metavar="1,2,...", help="Levels of predzip to measure, or none.  [default: all]")
@click.option(
    "--codecs",
    metavar="NAME,...",
    default="all",
    show_default=True,
    help="Other codecs or families to measure, or none.",
)
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Form of the results.  [default: by suffix, or text]"
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File for the results.")
@click.option(
    "--plot", metavar="FILE.png", type=click.Path(dir_okay=False, path_type=Path), help="Draw size against speed."
)
@click.option(
    "--repeat", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs at least; the best one counts."
)
@click.option("--image", metavar="WIDTH[xCHANNELS]", type=_Shape(), help="The files are raw 8-bit pixels.")
@click.option("--audio", metavar="BITS[xCHANNELS]", type=_Shape(), help="The files are raw samples of 8 or 16 bits.")
@click.option("--code-length", is_flag=True, help="Bits per byte of models (and --levels) without coding.")
@click.option(
    "--model", "models", metavar="NAME|PATH", multiple=True, help="A model for --code-length.  [default: all]"
)
@click.option(
    "--chunk",
    "chunk_bytes",
    metavar="BYTES",
    type=click.IntRange(1),
    help="Start anew for each piece.  [default: never]",
)
def bench(
    files: tuple[Path, ...],
    levels: str | None,
    codecs: str,
    form: str | None,
    output: Path | None,
    plot: Path | None,
    repeat: int,
    image: tuple[int, int] | None,
    audio: tuple[int, int] | None,
    code_length: bool,
    models: tuple[str, ...],
    chunk_bytes: int | None,
) -> None:
    """Measure predzip's levels and other codecs on FILEs.

    A folder stands for the files in it. Each codec compresses and decompresses every file in processes of its own,
    and every result is compared with the original. Speed is original bytes per second of processor time on one core;
    memory is the peak of the whole process.

    PNG, JPEG-XL, JPEG-LS and FLAC take part where a file is a picture or a sound: by its header (PGM, PPM, WAV), by
    --image or --audio, or by its looks.

    With --code-length nothing is coded: each model gives the probability of every byte, and the table shows what a
    perfect coder would make of that; with --chunk 2048 in pieces without history, as papers do.
    """
    from predzip.experiments.bench import contenders, runner, tables
    from predzip.experiments.bench.environment import environment

    if image and audio:
        raise click.UsageError("--image and --audio exclude each other")
    form = form or _FORMAT_OF_SUFFIX.get(output.suffix.lower() if output else "", "text")
    if code_length:
        if plot is not None or image is not None or audio is not None or codecs not in ("all", "none"):
            raise click.UsageError("--code-length goes with --model, --levels, --chunk, --format and -o")
        report = _code_lengths(runner.expand(files), models, levels, chunk_bytes, form)
        _write(report, output)
        return
    if models or chunk_bytes:
        raise click.UsageError("--model and --chunk go with --code-length")
    names = contenders.select(contenders.default_levels() if levels is None else levels, codecs)
    paths = runner.expand(files)
    if plot is not None:
        from predzip.experiments.bench import chart

        chart.check_target(plot)
    names, lines = runner.installed(names)
    for line in lines:
        click.echo(f"predzip: {line}", err=True)
    with _progress(len(paths) * len(names)) as started:
        hint = runner.MediaHint(image, audio)
        rows = list(runner.measure_files(paths, names, repeat=repeat, hint=hint, started=started))
    terminal = output is None and sys.stdout.isatty()
    width = max(_MIN_WIDTH, shutil.get_terminal_size().columns) if terminal else _MIN_WIDTH
    report = tables.render(rows, form, environment(_command_line()), width, terminal=terminal)
    _write(report, output)
    if plot is not None:
        chart.draw(rows, plot)
    if any(row.status == "failed" for row in rows):
        click.get_current_context().exit(1)


def _code_lengths(
    paths: list[Path], models: tuple[str, ...], levels: str | None, chunk_bytes: int | None, form: str
) -> str:
    from predzip.experiments import code_length
    from predzip.experiments.bench import contenders
    from predzip.experiments.bench.environment import environment

    chosen = code_length.contenders(models, contenders.level_numbers(levels or "none"))
    with _progress(len(paths) * len(chosen)) as started:
        rows = list(code_length.estimates(paths, chosen, chunk_bytes, started))
    return code_length.render(rows, form, environment(_command_line()))


def _write(report: str, output: Path | None) -> None:
    if output is None:
        click.echo(encodable(report, sys.stdout.encoding), nl=False)
    else:
        output.write_text(encodable(report, "utf-8"), encoding="utf-8")


def encodable(report: str, encoding: str | None) -> str:
    """The report without what a screen or file cannot hold: old code pages have no rules, UTF-8 no broken names."""
    encoding = encoding or "ascii"
    try:
        "─".encode(encoding)
    except UnicodeEncodeError:
        report = report.replace("─", "-")
    return report.encode(encoding, "backslashreplace").decode(encoding)


def _command_line() -> str:
    return shlex.join(["predzip", *sys.argv[1:]])


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[Path, str], None]]:
    """A bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _file, _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total, completed=-1)

        def started(file: Path, name: str) -> None:
            progress.update(task, description=f"{name} {file.name}", advance=1)

        yield started

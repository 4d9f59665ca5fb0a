"""`predzip paper`: arguments and screen; the experiments are in `experiments.paper`."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from predzip.cli.files import is_terminal
from predzip.cli.messages import say
from predzip.cli.paper_training import training_options
from predzip.cli.progress import Bar
from predzip.cli.settings import parse_size

if TYPE_CHECKING:
    from predzip.experiments.paper.everything import Outcome
    from predzip.experiments.paper.rows import Row
    from predzip.experiments.paper.session import Session
    from predzip.experiments.paper.work import Cell

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80}
_Function = TypeVar("_Function", bound=Callable[..., Any])
_DATA = """\b
Data:
  enwik8, enwik9, enwik7   Wikipedia, downloaded once (36 MB, 323 MB)
  text=PATH                a file, a .zip, or a folder of files
  image=PATH               pictures in a folder or tar archive; or raw .gray
  audio=PATH, audio16=PATH speech: .flac, .wav, raw .pcm; folder or tar archive
  random, random=SEED      bytes that nothing shrinks
  file=PATH                anything"""


@click.group(
    short_help="Repeat the experiments of the paper.", context_settings=_SETTINGS, subcommand_metavar="EXPERIMENT ..."
)
def paper() -> None:
    """Repeat the experiments of "Language Modeling Is Compression".

    On data of your own or the paper's, with the paper's numbers beside. Results, tables and figures go to a folder;
    a run that was stopped goes on where it was.
    """


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    return None if value is None else parse_size(value)


_OUT = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default="paper-results",
    show_default=True,
    help="Where to write.",
)
_OPTIONS = (
    click.option("--data", "words", metavar="WORD", multiple=True, help="What to measure on, see below; repeat it."),
    click.option("--bytes", "limit_bytes", metavar="SIZE", callback=_size, help="Only so much of each, such as 10MB."),
    click.option(
        "--compressors",
        metavar="NAME,...",
        help="gzip, lzma2, png, flac, zstd, brotli, bz2, ppmd, jpeg-xl, jpeg-ls, predzip-LEVEL, predzip-METHOD,"
        " predzip+MODEL, 7bit:NAME, import:MODULE:NAME, or none.  [default: the first nine, and the fastest, the"
        " default and the strongest level]",
    ),
    click.option(
        "--models",
        metavar="NAME|PATH,...",
        multiple=True,
        help="Models, or none; one over tokens has up to three rows.  [default: all installed]",
    ),
    click.option(
        "--slow-bytes",
        metavar="SIZE",
        callback=_size,
        default="65536",
        show_default=True,
        help="How much of each the models see, those over tokens a quarter of what is no text; levels 4 and up see 4"
        " times as much of text, levels above the default of other data too. none: all.",
    ),
    _OUT,
    click.option("-j", "--jobs", type=int, default=1, show_default=True, metavar="N", help="Processes; 0: all cores."),
    click.option("--dask", metavar="ADDRESS|local", help="Work on a Dask cluster, or on one of N local workers."),
    click.option("--resume/--no-resume", default=True, help="Keep results that are in DIR (the default)."),
)


class _Experiment(click.Command):
    """Lists the words for data below the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(f"\n{_DATA.removeprefix(chr(8)).lstrip()}\n")


def _experiment(name: str, short_help: str) -> Callable[[_Function], click.Command]:
    def decorate(function: _Function) -> click.Command:
        wrapped: Callable[..., Any] = function
        for option in reversed(_OPTIONS):
            wrapped = option(wrapped)
        return paper.command(name, cls=_Experiment, short_help=short_help, context_settings=_SETTINGS)(wrapped)

    return decorate


@contextlib.contextmanager
def _session(options: dict[str, Any], cuts: str = "whole,chunks") -> Iterator[Session]:
    """Everything that the shared options stand for."""
    from predzip.experiments.bench.environment import environment
    from predzip.experiments.paper import session
    from predzip.experiments.paper.executors import open_engine
    from predzip.experiments.paper.rows import Results

    datasets = session.open_datasets(options["words"], options["limit_bytes"], say)
    names, lines = session.choose(options["compressors"], options["models"])
    for line in lines:
        say(line)
    where = environment(shlex.join(["predzip", *sys.argv[1:]]))
    results = Results(options["out"], resume=options["resume"])
    with open_engine(options["jobs"], options["dask"]) as engine:
        yield session.Session(
            datasets,
            names,
            results,
            engine,
            where,
            options["out"],
            session.check_cuts(cuts),
            options["slow_bytes"],
            compressors_named=options["compressors"] is not None,
            resume=options["resume"],
            say=say,
        )


@contextlib.contextmanager
def _bare_session(out: Path) -> Iterator[Session]:
    """A session without data, for what needs none."""
    from predzip.experiments.bench.environment import environment
    from predzip.experiments.paper.executors import open_engine
    from predzip.experiments.paper.rows import Results
    from predzip.experiments.paper.session import Session

    with open_engine() as engine:
        where = environment(shlex.join(["predzip", *sys.argv[1:]]))
        yield Session([], [], Results(None), engine, where, out)


@contextlib.contextmanager
def _progress(session: Session, name: str, total: int) -> Iterator[None]:
    """A bar on a terminal, a line for each finished number elsewhere."""
    terminal = sys.stderr.isatty()
    started = time.monotonic()
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        bar(size)

    def tell(row: Row) -> None:
        if not row.ok:
            say(f"{row.compressor} on {row.dataset} FAILED: {row.message}")
        elif not terminal:
            left = (time.monotonic() - started) * (total - done) / done if done else 0
            say(
                f"{name}: {row.dataset}, {row.compressor}, {row.cut}: {row.raw_rate:.1%};"
                f" {done / max(total, 1):.0%} done, {left:.0f} s left"
            )

    with Bar(name, total, shown=terminal) as bar:
        session.progress, session.finished = count, tell
        yield


def _run(name: str, session: Session) -> Outcome:
    """Run one experiment behind a progress bar."""
    from predzip.experiments.paper import everything, runner

    cells: list[Cell] = []
    if name in ("table1", "fig2"):
        cells = session.cells()
    elif name == "fig6":
        cells = _curves(session)
    with _progress(session, name, runner.total_bytes(cells, session.results)):
        return everything.EXPERIMENTS[name](session)


def _curves(session: Session) -> list[Cell]:
    from predzip.experiments.paper import fig6

    return fig6.cells(session.datasets, session.names)


def _show(outcome: Outcome, session: Session, count: int | None = None) -> int:
    """Print the tables, say what was written; return the exit code."""
    from predzip.cli.bench import encodable
    from predzip.experiments.paper.tables import Grid

    grids = [table for table in outcome.section.tables if isinstance(table, Grid)][:count]
    columns = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    click.echo(encodable("\n".join(grid.text(columns) for grid in grids), sys.stdout.encoding), nl=False)
    return _tell_files(session, outcome.failed)


def _tell_files(session: Session, failed: list[Row]) -> int:
    for line in session.missing:
        say(line)
    for path in session.written:
        say(f"wrote {path}")
    return 1 if failed else 0


_CUTS = click.option(
    "--cuts",
    metavar="WAY,...",
    default="whole,chunks",
    show_default=True,
    help="whole, chunks, sliding (models alone).",
)


@_experiment("table1", "Every compressor on every kind of data.")
@_CUTS
def table1(cuts: str, **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Measure every compressor on every data set, in chunks of 2,048 bytes and in one piece.

    Raw and adjusted rates, with the paper's beside. Every result is decoded and compared.
    """
    with _session(options, cuts) as session:
        return _show(_run("table1", session), session, 2)


@_experiment("table2", "Tokenization as compression.")
@training_options
def table2(
    sizes: str,
    minutes: float | None,
    steps: int | None,
    step_tokens: int,
    seed: int,
    threads: int | None,
    device: str,
    **options: Any,  # noqa: ANN401
) -> int:
    """Compare bytes with byte-pair alphabets of 1,000 to 20,000 symbols on text.

    Alphabets are trained on the first half and measured on the second: symbols, and what they cost when they are merely
    counted. With --sizes (and the extra train) Transformers are trained on each alphabet, as in the paper. How long
    all of it takes is said first; a model that was trained is not trained again, a training that was stopped goes on.
    """
    from predzip.experiments.paper.plan import new_plan

    plan = new_plan(
        sizes, minutes=minutes, steps=steps, step_tokens=step_tokens, seed=seed, threads=threads, device=device
    )
    with _session({**options, "models": ("none",)}) as session:
        session.plan = plan
        return _show(_run("table2", session), session)


@paper.command("fig1", short_help="Draw arithmetic coding of a short message.", context_settings=_SETTINGS)
@click.option("--message", metavar="TEXT", help="What to code.  [default: AIXI]")
@click.option(
    "--distribution",
    "distributions",
    metavar="A=0.45,...",
    multiple=True,
    help="Probabilities of the first symbol, the second, ...; the last one stays.  [default: the paper's example]",
)
@_OUT
def fig1(message: str | None, distributions: tuple[str, ...], out: Path) -> int:
    """Draw how arithmetic coding narrows an interval, with the exact fractions of the reference coder."""
    from predzip.experiments.paper import everything
    from predzip.experiments.paper import fig1 as experiment

    if message is not None and not distributions:
        raise click.UsageError("--message needs --distribution")
    with _bare_session(out) as session:
        outcome = everything.run_fig1(session, message or experiment.MESSAGE, list(distributions) or None)
        return _show(outcome, session)


@_experiment("fig2", "Adjusted rate against the size of a model.")
def fig2(**options: Any) -> int:  # noqa: ANN401
    """Draw adjusted rates of the models on text, for data as large as enwik7, enwik8 and enwik9.

    Raw rates are measured, as in table1; the sizes of data and the dotted line are extrapolations and say so.
    """
    with _session(options, "chunks") as session:
        return _show(_run("fig2", session), session)


@_experiment("fig3", "Text continued by compressors and models.")
def fig3(**options: Any) -> int:  # noqa: ANN401
    """Continue 1,948 bytes of text by 100 drawn from compressors, predictors and models.

    Without --compressors: gzip, LZMA, PPM and predzip's adaptive model.
    """
    with _session(options) as session:
        return _show(_run("fig3", session), session)


@_experiment("fig4", "Speech continued by compressors and models.")
def fig4(**options: Any) -> int:  # noqa: ANN401
    """Draw the second half of 2,048 samples of speech from compressors, predictors and models.

    Without --compressors: gzip, LZMA, FLAC and predzip's adaptive model.
    """
    with _session(options) as session:
        return _show(_run("fig4", session), session)


@_experiment("fig5", "A picture completed by compressors and models.")
def fig5(**options: Any) -> int:  # noqa: ANN401
    """Draw the right half of each row of a patch of 32 x 64 pixels from compressors, predictors and models.

    Without --compressors: gzip, LZMA, PNG and predzip's adaptive model.
    """
    with _session(options) as session:
        return _show(_run("fig5", session), session)


@_experiment("fig6", "Rate along the context.")
def fig6(**options: Any) -> int:  # noqa: ANN401
    """Draw the rate of every compressor on the first 1, 2, 4, ... 2,048 bytes, mean of 100 sequences."""
    with _session(options) as session:
        return _show(_run("fig6", session), session)


@_experiment("weights", "gzip and LZMA2 on the parameters of models.")
def weights(**options: Any) -> int:  # noqa: ANN401
    """Compress the parameters of models, in float16 and as shipped (section 3.2)."""
    with _session({**options, "words": ("random",), "limit_bytes": 1}) as session:
        return _show(_run("weights", session), session)


@_experiment("all", "Everything, and a report in HTML.")
@_CUTS
def everything(cuts: str, **options: Any) -> int:  # noqa: ANN401
    """Run every experiment and write DIR/report.html: one page with all tables and figures."""
    from predzip.experiments.paper import everything as experiments

    with _session(options, cuts) as session:
        outcomes = [_run(name, session) for name in experiments.EXPERIMENTS]
        experiments.write_report(session, [outcome.section for outcome in outcomes])
        return _tell_files(session, [row for outcome in outcomes for row in outcome.failed])

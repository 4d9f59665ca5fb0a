"""`predzip generate`: arguments and screen; the sampling is in `experiments.generation`."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import click

from predzip.api import resolve_model
from predzip.cli.files import is_terminal, standard_input
from predzip.errors import UsageError

if TYPE_CHECKING:
    from predzip.experiments.generation.sampling import Step

_DEFAULT_BYTES = 200
_KEPT_CONTROLS = "\n\t"


@click.command(
    short_help="Continue a text with a model or compressor.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80},
)
@click.argument("prompt", metavar="[PROMPT]...", nargs=-1)
@click.option(
    "-f",
    "--file",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The prompt is what stands in FILE.",
)
@click.option("--model", metavar="NAME|PATH", help="A model; see predzip models.  [default: base or small, if there]")
@click.option("--method", metavar="NAME", help="A method: ppm, ctw, ngram, predzip, gzip, lzma ...  [default: ppm]")
@click.option(
    "-n",
    "--bytes",
    "count_bytes",
    metavar="N",
    type=click.IntRange(0),
    default=_DEFAULT_BYTES,
    show_default=True,
    help="How many bytes to draw.",
)
@click.option(
    "--temperature",
    metavar="X",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1 prefers what is likely; 0 takes the likeliest.",
)
@click.option("--seed", metavar="N", type=int, help="Same seed, same bytes.  [default: another each time]")
@click.option(
    "--look-ahead",
    metavar="K",
    type=click.IntRange(1, 64),
    help="For compressors: bytes of a candidate.  [default: 8]",
)
@click.option(
    "--candidates",
    metavar="N",
    type=click.IntRange(2, 65536),
    help="For compressors: continuations that each step weighs.  [default: 64]",
)
@click.option("--echo", is_flag=True, help="Write the prompt first.")
@click.option("-v", "--verbose", is_flag=True, help="Say what drew, with which seed, and how likely it was.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the bytes to FILE.",
)
def generate(
    prompt: tuple[str, ...],
    file: Path | None,
    model: str | None,
    method: str | None,
    count_bytes: int,
    temperature: float,
    seed: int | None,
    look_ahead: int | None,
    candidates: int | None,
    echo: bool,
    verbose: bool,
    output: Path | None,
) -> None:
    """Continue PROMPT with what a model or a compressor expects next, byte by byte or token by token.

    Without PROMPT and -f, the prompt comes from standard input. A predictor (ppm, ctw, ngram) and predzip's own
    adaptive model know nothing but the prompt: give them a page or more. A model brings what it was trained on.
    A compressor (gzip, lzma) is asked how long its output becomes for each of some candidates of several bytes.

    On a terminal, bytes that are no text are shown as escapes or replacement signs; a pipe and -o get them as they are.
    """
    from predzip.experiments.generation.exact import LaneSource, PredictorSource
    from predzip.experiments.generation.lengths import DEFAULT_LOOK_AHEAD
    from predzip.experiments.generation.sampling import Segment, run
    from predzip.experiments.generation.sources import DEFAULT_CANDIDATES, default_name, find_source
    from predzip.experiments.generation.tokens import TokenSource

    if model is not None and method is not None:
        raise UsageError("--model and --method each name what draws: leave one out")
    given = _prompt(prompt, file)
    name = f"model:{resolve_model(model)}" if model is not None else method or default_name()
    source = find_source(name, look_ahead=look_ahead or DEFAULT_LOOK_AHEAD, candidates=candidates or DEFAULT_CANDIDATES)
    if isinstance(source, PredictorSource | LaneSource | TokenSource) and (look_ahead or candidates):
        raise UsageError(f"--look-ahead and --candidates are for compressors; {source.name} knows its probabilities")
    seed = Random().getrandbits(32) if seed is None else seed  # noqa: S311 - nothing secret
    steps: list[Step] = []
    with _Sink(output) as sink:
        if echo:
            sink.write(given)
        for step in run(source, [Segment(given, count_bytes)], Random(seed), temperature):  # noqa: S311
            sink.write(step.drawn)
            steps.append(step)
    if verbose:
        bits = sum(step.drawn_bits for step in steps)
        click.echo(
            f"predzip: {source.name} ({source.about}), temperature {temperature:g}, seed {seed}:"
            f" {count_bytes} bytes of {bits / max(1, count_bytes):.2f} bits each",
            err=True,
        )


def _prompt(words: tuple[str, ...], file: Path | None) -> bytes:
    if words and file is not None:
        raise UsageError("PROMPT and -f name two prompts")
    if words:
        return " ".join(words).encode("utf-8", "surrogateescape")
    if file is not None:
        return file.read_bytes()
    if is_terminal(sys.stdin):
        raise UsageError("no prompt: write one, name a file with -f, or send it through a pipe")
    return standard_input().read()


class _Sink:
    """Where the bytes go as they are drawn: a file, a pipe, or a terminal that must not be harmed."""

    def __init__(self, output: Path | None) -> None:
        self._output = output
        self._close: Callable[[], None] = lambda: None
        self.write: Callable[[bytes], None] = lambda _data: None

    def __enter__(self) -> _Sink:
        if self._output is not None:
            file = self._output.open("wb")
            self._close = file.close
            self.write = lambda data: void(file.write(data))
        elif is_terminal(sys.stdout):
            self._to_terminal()
        else:
            self.write = _to_pipe
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _to_terminal(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def write(data: bytes) -> None:
            show(decoder.decode(data))

        def close() -> None:
            show(decoder.decode(b"", final=True) + "\n")

        self.write, self._close = write, close


def void(_result: object) -> None:
    """Drop a result."""


def _to_pipe(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def show(text: str) -> None:
    """Write text to the terminal, controls as escapes: a drawn byte may be the start of a command to the terminal."""
    safe = "".join(
        char if char.isprintable() or char in _KEPT_CONTROLS else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(safe.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()

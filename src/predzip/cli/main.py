"""Entry point: options, commands by word, and the way from any error to one line and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from predzip import __version__
from predzip.cli import help as help_text
from predzip.cli.files import StandardOutputError, is_terminal
from predzip.cli.listing import list_files
from predzip.cli.messages import explain, say, show_traceback
from predzip.cli.run import run_files
from predzip.cli.settings import Settings, parse_size
from predzip.codecs.levels import DEFAULT_LEVEL
from predzip.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])

EXIT_ERROR = 1
EXIT_USAGE = 2


class _FileCommand(click.Command):
    """Click's command with a help text whose tables keep their lines."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n" + help_text.epilog())


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    return Settings.memory_limit if value is None else parse_size(value)


def _flag(*names: str, dest: str, value: object, help: str) -> Callable[[_Function], _Function]:
    return click.option(*names, dest, flag_value=value, help=help)


def _level_flags(command: _Function) -> _Function:
    for level in range(9, 0, -1):
        names = {1: ("-1", "--fast"), 9: ("-9", "--best")}.get(level, (f"-{level}",))
        command = click.option(*names, "level", flag_value=level, type=int, hidden=True)(command)
    return command


@click.command(
    cls=_FileCommand,
    help=help_text.INTRODUCTION,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80},
    options_metavar="[OPTION]...",
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@_flag("-z", "--compress", dest="mode", value="compress", help="Compress (the default).")
@_flag("-d", "--decompress", dest="mode", value="decompress", help="Decompress.")
@_flag("-t", "--test", dest="mode", value="test", help="Decompress, compare checksums, write nothing.")
@_flag("-l", "--list", dest="mode", value="list", help="Show sizes and methods of .pz files.")
@_level_flags
@click.option(
    "--level",
    type=int,
    default=DEFAULT_LEVEL,
    metavar="N",
    help="How hard to try; also -1 (--fast) to -9 (--best).",
)
@click.option("--method", metavar="NAME", help="Another way of predicting: frequency, ngram, ppm, ctw.")
@click.option(
    "--model",
    metavar="NAME|PATH",
    help="Other weights (see predzip models), or a language model: hf:ORG/NAME, FILE.gguf, a folder.",
)
@click.option("--lanes", type=click.IntRange(1), metavar="N", help="Parts of a text that such a model reads at a time.")
@click.option("--context", type=click.IntRange(1), metavar="N", help="Tokens that it looks back at.")
@click.option("-c", "--stdout", is_flag=True, help="Write to standard output.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE; - is standard output.")
@click.option("-f", "--force", is_flag=True, help="Overwrite; follow links; use a terminal.")
@_flag("-k", "--keep", dest="remove", value=False, help="Keep the input (the default).")
@_flag("--rm", dest="remove", value=True, help="Remove each input after its output was verified.")
@click.option("-r", "--recursive", is_flag=True, help="Work through folders.")
@click.option(
    "-T",
    "--threads",
    type=int,
    default=1,
    metavar="N",
    help="Blocks to work on at a time, each in a process; 0: all cores. Same output.",
)
@click.option("--dask", metavar="ADDRESS|local", help="Spread files and blocks over a Dask cluster. Same output.")
@click.option(
    "--verify/--no-verify", default=None, help="Decode what was written before it gets its name (default: with --rm)."
)
@click.option(
    "-M",
    "--memory",
    "memory_limit",
    metavar="SIZE",
    callback=_size,
    help="Most memory a process may take to decode, such as 500M (default: 2 GiB).",
)
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Results also where no terminal listens; details with -l.")
@click.option("--progress/--no-progress", default=None, help="Progress bar (default: on a terminal).")
@click.version_option(__version__, "-V", "--version", prog_name="predzip", message="%(prog)s %(version)s")
def file_command(files: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Run over files; the help text is in predzip.cli.help."""
    unset = {name for name, value in options.items() if value is None} - {"memory_limit"}
    settings = Settings(**{name: value for name, value in options.items() if name not in unset})
    if not (files or settings.stdout or settings.force) and is_terminal(sys.stdin) and is_terminal(sys.stdout):
        raise UsageError("nothing to do: name a FILE, or send data through a pipe")
    return list_files(files, settings) if settings.mode == "list" else run_files(files, settings)


class _Terminated(BaseException):
    """A signal asks us to end; raised in the main thread so that everything is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


_INSISTENT = 3
"""So many signals end even a run that is cleaning up."""


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    count = 0

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 1 or count >= _INSISTENT:  # a second one while cleaning up changes nothing
            raise _Terminated(number)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {}
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs keep what they asked for
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _command(arguments: Sequence[str]) -> tuple[click.Command, list[str], str]:
    """Find the command that the first argument names; else the one that works on files."""
    if arguments and arguments[0] in help_text.WORDS:
        module, _, attribute = help_text.WORDS[arguments[0]][0].partition(":")
        return getattr(import_module(module), attribute), list(arguments[1:]), f"predzip {arguments[0]}"
    return file_command, list(arguments), "predzip"


def _drop_standard_output() -> None:
    # What is still in the buffer cannot be written; Python would try again on exit, and complain.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error is one line on standard error."""
    program = "predzip"
    try:
        with _signals():
            command, rest, program = _command(arguments)
            # Not command.main: it would answer a closed pipe in its own way.
            with command.make_context(program, rest) as context:
                result = command.invoke(context)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    except _Terminated as ended:
        say("interrupted" if ended.exit_code == 130 else "terminated")
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        _drop_standard_output()
        return 128 + 13
    except (click.UsageError, UsageError) as error:
        text = error.format_message() if isinstance(error, click.UsageError) else str(error)
        say(f"{text}\nTry '{program} --help'.")
        return EXIT_USAGE
    except click.ClickException as error:
        say(error.format_message())
        return EXIT_ERROR
    except Exception as error:
        if isinstance(error, StandardOutputError | OSError):
            _drop_standard_output()
        say(explain(error))
        show_traceback(error)
        return EXIT_ERROR


def main() -> NoReturn:
    """Entry point of the `predzip` program."""
    sys.exit(run(sys.argv[1:]))

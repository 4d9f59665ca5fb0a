"""What the command line says on standard error: `predzip: FILE: reason`, one line each, never a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator

from predzip.cli.files import OutputError, StandardOutputError, is_terminal, printable, reason
from predzip.errors import PredzipError

DEBUG_VARIABLE = "PREDZIP_DEBUG"


def say(text: str) -> None:
    """Write one line to standard error; where that is closed, nobody hears it."""
    _write(f"predzip: {text}")


def _write(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def explain(error: BaseException) -> str:
    """Say why something failed; what nobody expected says so and how to see more."""
    if isinstance(error, PredzipError | OSError | MemoryError):
        return reason(error)
    return f"unexpected error: {type(error).__name__}: {reason(error)} ({DEBUG_VARIABLE}=1 shows where)"


def show_traceback(error: BaseException) -> None:
    """Print the traceback, for whoever asked for it in the environment."""
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(error)


class Messages:
    """Reports errors and counts them; tells notes and results to whoever wants to know.

    Args:
        quiet: errors only.
        verbose: notes and results also where standard error is no terminal.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self.error_count = 0
        self.talks = not quiet and (verbose or is_terminal(sys.stderr))

    def note(self, text: str) -> None:
        """Tell something that is good to know."""
        if self.talks:
            say(text)

    def result(self, text: str) -> None:
        """Tell what came out; without the name of the program, since it is no complaint."""
        if self.talks:
            _write(text)

    @contextlib.contextmanager
    def reporting(self, name: str) -> Iterator[None]:
        """Report what goes wrong with one operand, so that the next can follow."""
        try:
            yield
        except (BrokenPipeError, StandardOutputError):
            raise  # concerns all operands
        except OutputError as error:
            self._count(error, str(error))  # names the output itself
        except Exception as error:
            if isinstance(error, OSError) and isinstance(error.filename, str | bytes):
                name = printable(os.fsdecode(error.filename))
            self._count(error, f"{name}: {explain(error)}")

    def _count(self, error: Exception, text: str) -> None:
        self.error_count += 1
        say(text)
        show_traceback(error)

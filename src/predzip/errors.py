"""Every error that predzip raises on purpose.

    PredzipError
    |-- FormatError            the bytes are not what docs/format.md says
    |   |-- TruncatedError       ... they end too early
    |   |-- CorruptError         ... a checksum or an invariant does not hold
    |   `-- UnsupportedError     ... a version, method or flag that this release does not know
    |-- LimitError             decoding would need more memory than allowed
    |-- ModelError             the model a frame asks for is missing or another one
    |-- MissingExtraError      an optional dependency is not installed; names the install line
    `-- UsageError             arguments that make no sense together

Anything else that escapes from the library on damaged input is a bug.
"""

from __future__ import annotations


class PredzipError(Exception):
    """Base class of all errors raised by predzip."""


class FormatError(PredzipError, ValueError):
    """The input is not a valid predzip frame."""


class TruncatedError(FormatError, EOFError):
    """The input ends before the frame does."""


class CorruptError(FormatError):
    """A checksum or an invariant of the format does not hold."""


class UnsupportedError(FormatError):
    """The frame uses a version, method or flag that this release does not know."""


class LimitError(PredzipError):
    """Decoding would take more memory than the caller allows."""


class ModelError(PredzipError):
    """The model that a frame was made with is missing or differs."""


class MissingExtraError(PredzipError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'predzip[{extra}]'")
        self._names = (package, extra)

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        # Worker processes send errors to their parent; the default would call __init__ with the message alone.
        return type(self), self._names


class UsageError(PredzipError, ValueError):
    """Arguments that do not go together."""

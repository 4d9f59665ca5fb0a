"""Who takes part: names on the command line to codecs.

Adds predzip itself to `codecs.baselines`, behind the same interface and through the same calls that users make.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import predzip
from predzip.codecs.baselines import BASELINE_NAMES, MEDIA_NAMES, Baseline, baseline
from predzip.codecs.levels import LEVELS
from predzip.codecs.media import Layout
from predzip.errors import UsageError

OWN_PREFIX = "predzip-"
WARM_UP_BYTES = 1 << 15
"""How much of a file a codec sees before it is measured."""
_NO_CODECS = "none"
_ALL_CODECS = "all"


@dataclass(frozen=True)
class OwnCodec:
    """A level or a method of predzip."""

    name: str
    level: int
    method: str | None = None
    note: str = ""

    @property
    def settings(self) -> str:
        """See `Baseline`."""
        return f"-{self.level}" if self.method is None else f"--method {self.method}"

    def check_installed(self) -> None:
        """Nothing to check: this is predzip."""

    def compress(self, data: bytes) -> bytes:
        """See `Baseline`."""
        return predzip.compress(data, self.level, method=self.method)

    def decompress(self, payload: bytes, original_bytes: int) -> bytes:
        """See `Baseline`."""
        return predzip.decompress(payload)


def build(name: str, layout: Layout | None = None) -> Baseline:
    """Make the codec of a name: predzip-3, predzip-ppm, or a baseline.

    Raises:
        UsageError: nobody has that name, or the codec does not fit the layout.
    """
    if not name.startswith(OWN_PREFIX):
        return baseline(name, layout)
    rest = name.removeprefix(OWN_PREFIX)
    if rest.isdigit():
        return OwnCodec(name, int(rest))
    return OwnCodec(name, predzip.DEFAULT_LEVEL, rest)


def select(levels: str, codecs: str) -> list[str]:
    """Turn two lists separated by commas into names, predzip's own first.

    A name also stands for its family ("zstd" for zstd-19 and zstd-22); "all" and "none" say what they mean.

    Raises:
        UsageError: a name or level is unknown, or nobody is left.
    """
    own = [f"{OWN_PREFIX}{number}" for number in level_numbers(levels)]
    chosen = list(dict.fromkeys([*own, *(name for word in _words(codecs) for name in _family(word))]))
    if not chosen:
        raise UsageError("nothing to measure: both --levels and --codecs are empty")
    return chosen


def level_numbers(levels: str) -> list[int]:
    """Levels separated by commas, or "none", as numbers.

    Raises:
        UsageError: one is no level.
    """
    numbers = []
    for word in _words(levels):
        if not (word.isdigit() and 1 <= int(word) <= 9):
            raise UsageError(f"--levels: {word!r} is not a level from 1 to 9")
        numbers.append(int(word))
    return numbers


def default_levels() -> str:
    """All levels that differ, as the command line writes them."""
    return ",".join(str(level) for level in sorted(LEVELS))


def fits(name: str, layout: Layout | None) -> bool:
    """Say whether a codec can code a file of this layout at all."""
    if name not in MEDIA_NAMES:
        return True
    return layout is not None and layout.kind == ("sound" if name == "flac" else "picture")


def warm_up(codec: Baseline, head: bytes) -> None:
    """Load and compile what the first call loads and compiles, so that no measurement pays for it."""
    codec.check_installed()
    if codec.name not in MEDIA_NAMES:
        codec.decompress(codec.compress(head), len(head))


def _words(text: str) -> Iterable[str]:
    return (word for word in (part.strip() for part in text.split(",")) if word and word != _NO_CODECS)


def _family(word: str) -> list[str]:
    if word == _ALL_CODECS:
        return list(BASELINE_NAMES)
    if word.startswith(OWN_PREFIX):
        from predzip.codecs.registry import choose_codec

        own = word.removeprefix(OWN_PREFIX)
        choose_codec(int(own)) if own.isdigit() else choose_codec(method=own)  # refuses an unknown one
        return [word]
    members = [name for name in BASELINE_NAMES if name == word or name.startswith(f"{word}-")]
    if not members:
        raise UsageError(f"no codec {word!r}; there are {', '.join(BASELINE_NAMES)}")
    return members

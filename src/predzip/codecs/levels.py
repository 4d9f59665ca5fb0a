"""The table of levels: the one place that says what -1 to -9 mean.

A level names a method and a block size. Both decide the bytes of a `.pz` file, so a change of either is a change
of output; old files stay readable, because the frame header says what the decoder needs. The measured columns are
for people who choose a level; `benchmarks/` says how such figures are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from predzip.errors import UsageError

_MIB = 1 << 20
DEFAULT_LEVEL = 5
"""What `predzip FILE` and `predzip.compress` use when no level is named."""

MIXING_LEVELS = (1, 2, 3, 4)
"""Strengths of the adaptive mixing codec; each is one permanent value of its parameter byte."""

PRIOR_LEVELS = (4,)
"""Those of them that can be mixed with a prior in a file."""


@dataclass(frozen=True)
class Level:
    """One row of the table."""

    level: int
    name: str
    mixing_level: int
    """Strength of the adaptive model."""
    prior: str
    """Model of the package that is mixed in; empty: none."""
    block_bytes: int
    """Original bytes of a full block. Blocks are coded alone: bigger is smaller output, but fewer can run at once."""
    memory_bytes: int
    """What one process takes at most while it works on a full block; a test holds it against the codec."""
    rate: float
    """Compressed over original bytes, measured on a megabyte of English prose."""
    bytes_per_second: int
    """Speed of either direction on a megabyte of English prose; levels with a prior use a second core."""
    description: str


LEVELS: dict[int, Level] = {
    row.level: row
    for row in (
        Level(1, "fast", 1, "", 8 * _MIB, 300_000_000, 0.231, 1_040_000, "few contexts, large files"),
        Level(2, "good", 2, "", 16 * _MIB, 450_000_000, 0.222, 458_000, "words, records, more orders"),
        Level(3, "strong", 3, "", 16 * _MIB, 800_000_000, 0.215, 157_000, "all contexts, two layers"),
        Level(4, "wide", 4, "", 16 * _MIB, 870_000_000, 0.212, 72_000, "more contexts"),
        Level(5, "prior", 4, "small", 16 * _MIB, 880_000_000, 0.195, 51_600, "a neural prior"),
        Level(6, "best", 4, "base", 16 * _MIB, 910_000_000, 0.189, 23_900, "a larger one"),
    )
}


def level_row(level: int) -> Level:
    """Look up a level; 7 to 9 mean the strongest that exists.

    Raises:
        UsageError: for anything but 1 to 9.
    """
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= 9:
        raise UsageError(f"level {level!r} does not exist; levels are 1 to 9")
    return LEVELS[min(level, max(LEVELS))]

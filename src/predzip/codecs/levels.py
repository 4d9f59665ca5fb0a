"""The table of levels: the one place that says what -1 to -9 mean.

A level names a method and a block size. Both decide the bytes of a `.pz` file, so a change of either is a change
of output; old files stay readable, because the frame header says what the decoder needs. The measured columns are
for people who choose a level; `benchmarks/` says how such figures are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from predzip.errors import UsageError

_MIB = 1 << 20
DEFAULT_LEVEL = 3
"""What `predzip FILE` and `predzip.compress` use when no level is named."""

MIXING_LEVELS = (1, 2, 3)
"""Strengths of the adaptive mixing codec; each is one permanent value of its parameter byte."""


@dataclass(frozen=True)
class Level:
    """One row of the table."""

    level: int
    name: str
    mixing_level: int
    """Strength of the mixing codec; the level's number until neural priors come."""
    block_bytes: int
    """Original bytes of a full block. Blocks are coded alone: bigger is smaller output, but fewer can run at once."""
    memory_bytes: int
    """What one process takes at most while it works on a full block; a test holds it against the codec."""
    rate: float
    """Compressed over original bytes, measured on a megabyte of English prose."""
    bytes_per_second: int
    """Speed of one core, either direction, measured on a megabyte of English prose."""
    description: str


LEVELS: dict[int, Level] = {
    row.level: row
    for row in (
        Level(1, "fast", 1, 8 * _MIB, 300_000_000, 0.231, 950_000, "few contexts, large files"),
        Level(2, "good", 2, 16 * _MIB, 450_000_000, 0.222, 430_000, "words, records, more orders"),
        Level(3, "best", 3, 16 * _MIB, 800_000_000, 0.215, 120_000, "all contexts, two layers"),
    )
}


def level_row(level: int) -> Level:
    """Look up a level; 4 to 9 mean the strongest that exists.

    Raises:
        UsageError: for anything but 1 to 9.
    """
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= 9:
        raise UsageError(f"level {level!r} does not exist; levels are 1 to 9")
    return LEVELS[min(level, max(LEVELS))]

"""The help text around click's list of options: the table of levels and examples."""

from __future__ import annotations

from predzip.codecs.levels import DEFAULT_LEVEL, LEVELS
from predzip.units import format_bytes

INTRODUCTION = """Compress FILEs by prediction, each to FILE.pz; with -d bring back the same bytes.

The input is kept. Without FILE, or where FILE is -, standard input goes to standard output."""

EXAMPLES = (
    ("predzip book.txt", "book.txt -> book.txt.pz"),
    ("predzip -d book.txt.pz", "and back"),
    ("predzip -1 -T0 *.log", "fast level, all cores"),
    ("tar c dir | predzip > dir.tar.pz", "in a pipe"),
    ("predzip -dc dir.tar.pz | tar x", "and back"),
    ("predzip -l *.pz", "sizes, without decoding"),
    ("predzip -r --rm logs", "a whole folder, in place, verified"),
)

WORDS = {
    "bench": ("predzip.cli.bench:bench", "measure levels and other compressors"),
    "classify": ("predzip.cli.classify:classify", "sort files into classes by code length"),
    "generate": ("predzip.cli.generate:generate", "continue a text with a model or compressor"),
    "models": ("predzip.cli.models:models", "list, show and verify models"),
    "paper": ("predzip.cli.paper:paper", "repeat the experiments of the paper"),
    "train": ("predzip.cli.train:train", "train a model on data of yours"),
}
"""First arguments that are commands of their own: where they live, and what they do."""


def levels_table() -> str:
    """The levels with their measured figures."""
    rows = [("level", "rate", "speed", "memory", "block", "")]
    for number, level in LEVELS.items():
        last = number == max(LEVELS)
        rows.append(
            (
                f"-{number} to -9" if last else f"-{number}",
                f"{level.rate:.1%}",
                f"{format_bytes(level.bytes_per_second)}/s",
                format_bytes(level.memory_bytes),
                f"{level.block_bytes >> 20} MiB",
                f"{level.name}: {level.description}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def epilog() -> str:
    """Everything that follows the options."""
    width = max(len(command) for command, _ in EXAMPLES)
    examples = "\n".join(f"  {command:{width}}  {what}" for command, what in EXAMPLES)
    words = "\n".join(f"  predzip {word:{width - 8}}  {what}" for word, (_, what) in WORDS.items())
    return (
        f"Levels (measured on a megabyte of English; -{DEFAULT_LEVEL} is the default):\n{levels_table()}\n\n"
        f"Examples:\n{examples}\n\n"
        f"Commands (a file of that name is ./bench):\n{words}\n\n"
        "Exit code: 0 all well, 1 something failed, 2 wrong usage, 130 interrupted.\n"
    )

"""Table 2: tokenization as compression. Does a larger alphabet help by itself?

Alphabets are trained on the first half of the data (at most 4 MB) and measured on the start of the second. A larger one
gives fewer symbols, each of which may cost more; how much is left to a predictor shows how much work it took over:

    fixed      every symbol costs log2(alphabet size) bits
    adaptive   symbols are counted while they come, without any context (code length)

The paper asked Transformers of 200K, 6.4M and 38M parameters; its rates stand beside, by the same alphabets. Ours are
in tables of their own, where training was asked for: see `trained`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from predzip.codecs.entropy import code_length_bits
from predzip.experiments.paper.halves import Halves, alphabet_name
from predzip.experiments.paper.published import TABLE_2, TOKENIZERS
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.tokenization import proven_tokens
from predzip.predictors.frequency import AdaptiveFrequency
from predzip.units import bits_to_bytes


@dataclass(frozen=True)
class Tokenized:
    """One alphabet on one dataset."""

    dataset: str
    alphabet: str
    alphabet_size: int
    model_bytes: int
    original_bytes: int
    symbols: int
    fixed_bytes: float
    adaptive_bytes: float


def measure(halves: Halves, sizes: tuple[int | str, ...] = TOKENIZERS) -> Iterator[Tokenized]:
    """Train and measure each alphabet.

    Args:
        halves: the text.
        sizes: symbols of the alphabets; a word stands for bytes.
    """
    data = halves.measured()
    for size in sizes:
        alphabet = halves.alphabet(size)
        tokens = proven_tokens(alphabet, data)
        adaptive = code_length_bits(AdaptiveFrequency(tokens.alphabet_size), tokens.symbols)
        yield Tokenized(
            halves.dataset.name,
            alphabet.name,
            tokens.alphabet_size,
            alphabet.model_bytes,
            len(data),
            len(tokens.symbols),
            bits_to_bytes(len(tokens.symbols) * math.log2(tokens.alphabet_size)),
            bits_to_bytes(adaptive),
        )


def published_rates(alphabet: str) -> list[str]:
    """The paper's rates in percent for an alphabet, one for each of its models; empty where it has none."""
    names = [alphabet_name(size) for size in TOKENIZERS]
    if alphabet not in names:
        return [""] * len(TABLE_2)
    return [f"{rates[names.index(alphabet)]:.1f}" for rates in TABLE_2.values()]


def grid(rows: list[Tokenized]) -> Grid:
    """The table, with the paper's rates."""
    body = []
    for row in rows:
        body.append(
            [
                row.dataset,
                row.alphabet,
                f"{row.alphabet_size:,}",
                f"{row.symbols:,}",
                f"{row.original_bytes / row.symbols:.2f}",
                f"≈{100 * row.fixed_bytes / row.original_bytes:.1f}",
                f"≈{100 * row.adaptive_bytes / row.original_bytes:.1f}",
                f"≈{100 * (row.adaptive_bytes + row.model_bytes) / row.original_bytes:.1f}",
                *published_rates(row.alphabet),
            ]
        )
    measured = ", ".join(sorted({f"{row.original_bytes:,}" for row in rows}))
    return Grid(
        "Table 2: rate in percent by alphabet",
        [
            *("data", "alphabet", "symbols known", "symbols", "bytes/symbol", "fixed", "adaptive"),
            *("with alphabet", *(f"paper {model}" for model in TABLE_2)),
        ],
        body,
        [
            f"Measured on {measured} bytes that no alphabet was trained on; every alphabet brought them back.",
            "≈ code length. With alphabet: 4 bytes a merge count as output.",
            "Paper: Transformers on tokens, trained on enwik8; ours, where they were trained, in the next table.",
        ],
        text_columns=2,
    )

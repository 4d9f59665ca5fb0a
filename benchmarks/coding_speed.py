"""Measure the entropy coders alone: speed in both directions, and bytes above the ideal code length.

    python benchmarks/coding_speed.py

Prints the tables and writes them to results/coding_speed.md, with machine and versions. Times are processor time, the
best of several runs, without compilation. Every payload is decoded and compared. Distributions are drawn from a fixed
seed, and the symbols from the distributions, so sizes are the same everywhere; speeds are not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predzip.coding import binary
from predzip.coding.base import EntropyCoder
from predzip.coding.code_length import code_length_bits
from predzip.coding.frequencies import Cumulative, Symbols, accumulate
from predzip.coding.huffman import HuffmanCoder
from predzip.coding.quantize import quantize
from predzip.coding.range_coder import RangeCoder, RangeDecoder, RangeEncoder
from predzip.coding.rans import RansCoder
from predzip.coding.reference import ReferenceCoder
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment
from predzip.jit import kernel

RESULT = Path(__file__).resolve().parent / "results" / "coding_speed.md"
ALPHABET_SIZE = 256
RUNS = 5

SYMBOL_BAR = 1.5e6
DECISION_BAR = 20e6


def table(total: int = 1 << 32) -> Cumulative:
    """One skewed distribution over bytes."""
    weights = np.random.default_rng(0).gamma(0.3, size=ALPHABET_SIZE) + 1e-12
    return accumulate(quantize(weights, total))


def draw(cumulative: Cumulative, count: int, seed: int = 0) -> Symbols:
    """Symbols that follow the distribution."""
    points = np.random.default_rng(seed).integers(0, int(cumulative[-1]), count, dtype=np.uint64)
    return (np.searchsorted(cumulative, points, side="right") - 1).astype(np.uint32)


def best_seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Processor time of the fastest run."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def million(count: int, seconds: float) -> str:
    """Rate in millions a second."""
    rate = count / seconds / 1e6
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.3f}"


def symbol_row(coder: EntropyCoder, label: str, symbols: Symbols, tables: Cumulative, runs: int = RUNS) -> list[str]:
    """Speed of one coder on one message, and its excess over the ideal code length."""
    count = len(symbols)
    payload = coder.encode(symbols, tables)
    if (coder.decode(payload, count, tables) != symbols).any():
        raise SystemExit(f"{label}: decoded something else")
    encoding = best_seconds(lambda: coder.encode(symbols, tables), runs)
    decoding = best_seconds(lambda: coder.decode(payload, count, tables), runs)
    excess = len(payload) - code_length_bits(symbols, tables) / 8
    return [label, f"{count:,}", million(count, encoding), million(count, decoding), f"{excess:+,.1f}"]


def one_by_one_row(count: int) -> list[str]:
    """The loop of an adaptive predictor in Python: frequencies that change at each step."""
    rows = quantize(np.random.default_rng(1).gamma(0.3, size=(count, ALPHABET_SIZE)) + 1e-12)
    symbols = [int(draw(accumulate(row), 1, seed)[0]) for seed, row in enumerate(rows)]
    payload = b""

    def encode() -> None:
        nonlocal payload
        encoder = RangeEncoder()
        for symbol, row in zip(symbols, rows, strict=True):
            encoder.encode_frequencies(symbol, row)
        payload = encoder.finish()

    def decode() -> list[int]:
        decoder = RangeDecoder(payload)
        return [decoder.decode_frequencies(row) for row in rows]

    encode()
    if decode() != symbols:
        raise SystemExit("one by one: decoded something else")
    encoding, decoding = best_seconds(encode), best_seconds(decode)
    excess = len(payload) - code_length_bits(symbols, accumulate(rows)) / 8
    label = "range, one call a symbol, new frequencies each"
    return [label, f"{count:,}", million(count, encoding), million(count, decoding), f"{excess:+,.1f}"]


@kernel
def _code_all(
    state: NDArray[np.uint64], buffer: NDArray[np.uint8], p1: NDArray[np.uint16], bits: NDArray[np.uint8]
) -> None:
    for index in range(len(bits)):
        bits[index] = np.uint8(binary.code_bit(state, buffer, int(p1[index]), int(bits[index])))


def decision_row(label: str, p1: NDArray[np.uint16]) -> list[str]:
    """Speed of the binary coder in a jitted loop with ready probabilities."""
    count = len(p1)
    bits = (np.random.default_rng(2).integers(0, 65536, count) < p1).astype(np.uint8)
    buffer = np.zeros(binary.room_bytes(count), dtype=np.uint8)
    payload = buffer
    decoded = np.zeros_like(bits)

    def encode() -> None:
        nonlocal payload
        state = binary.new_encoder()
        _code_all(state, buffer, p1, bits)
        payload = buffer[: binary.finish(state, buffer)]

    def decode() -> None:
        _code_all(binary.new_decoder(payload), payload, p1, decoded)

    encode()
    decode()
    if (decoded != bits).any():
        raise SystemExit(f"{label}: decoded something else")
    encoding, decoding = best_seconds(encode), best_seconds(decode)
    excess = len(payload) + np.log2(np.where(bits == 1, p1, 65536 - p1.astype(np.int64)) / 65536).sum() / 8
    return [label, f"{count:,}", million(count, encoding), million(count, decoding), f"{excess:+,.1f}"]


def chunk_row(coder: EntropyCoder, label: str, tables: Cumulative, chunks: int = 300) -> list[str]:
    """Mean excess of a coder on chunks of 2,048 symbols, as the paper cuts its data."""
    excess = []
    for seed in range(chunks):
        symbols = draw(tables, 2048, seed)
        excess.append(len(coder.encode(symbols, tables)) - code_length_bits(symbols, tables) / 8)
    return [label, f"{chunks:,}", f"{np.mean(excess):+.2f}"]


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table with its numbers to the right."""
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(line(cells) for cells in [header, rule, *rows])


def main() -> int:
    """Measure, print, write; exit code 1 where a bar is missed."""
    one = table()
    many = accumulate(quantize(np.random.default_rng(3).gamma(0.3, size=(100_000, ALPHABET_SIZE)) + 1e-12))
    each = np.array([draw(row, 1, seed)[0] for seed, row in enumerate(many)], dtype=np.uint32)
    megabyte = draw(one, 1_000_000)
    speeds = [
        symbol_row(RangeCoder(), "range, one table", megabyte, one),
        symbol_row(RangeCoder(), "range, a table for each symbol", each, many),
        symbol_row(RansCoder(), "rANS, one table", megabyte, one),
        symbol_row(RansCoder(), "rANS, a table for each symbol", each, many),
        one_by_one_row(20_000),
        symbol_row(HuffmanCoder(), "Huffman (plain Python)", megabyte[:50_000], one, 2),
        symbol_row(ReferenceCoder(), "reference (plain Python)", megabyte[:20_000], one, 2),
    ]
    rng = np.random.default_rng(4)
    decisions = [
        decision_row("even odds", np.full(10_000_000, 32768, dtype=np.uint16)),
        decision_row("any odds", rng.integers(1, 65536, 10_000_000).astype(np.uint16)),
        decision_row("99 to 1", np.full(10_000_000, 655, dtype=np.uint16)),
        decision_row("65535 to 1", np.full(10_000_000, 1, dtype=np.uint16)),
    ]
    small = table(1 << 16)
    chunks = [
        chunk_row(RangeCoder(), "range, total 2^32", one),
        chunk_row(RansCoder(), "rANS, total 2^32", one),
        chunk_row(RansCoder(), "rANS, total 2^16", small),
        chunk_row(HuffmanCoder(), "Huffman", one, 20),
    ]
    columns = ["symbols", "encode, M/s", "decode, M/s", "bytes above ideal"]
    command = "python benchmarks/coding_speed.py"
    text = "\n\n".join(
        [
            "# Entropy coders alone",
            f"Written by `{command}`. Speed is in millions of symbols or decisions a second of processor time on one "
            "core, the best of several runs; every payload was decoded and compared.",
            describe_environment(environment(command)),
            f"## Symbols ({ALPHABET_SIZE}, frequency tables ready)\n\n" + markdown(["coder", *columns], speeds),
            "## Binary decisions (16-bit probabilities, in a jitted loop)\n\n"
            + markdown(["odds", "decisions", *columns[1:]], decisions),
            "## Chunks of 2,048 symbols\n\n" + markdown(["coder", "chunks", "mean bytes above ideal"], chunks),
        ]
    )
    print(text)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text + "\n", encoding="utf-8")
    slow = [row[0] for row in speeds[:2] if min(float(row[2]), float(row[3])) * 1e6 < SYMBOL_BAR]
    slow += [row[0] for row in decisions if min(float(row[2]), float(row[3])) * 1e6 < DECISION_BAR]
    if slow:
        print("\nBelow the bar: " + ", ".join(slow), file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

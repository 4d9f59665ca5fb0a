"""One piece of work, small enough for one process and the same wherever it runs: what travels to workers.

    Cell    one number of a table: data, way of cutting, compressor
    Item    a group of its chunks (or all of the data in one piece), with the bytes or the place where they are
    Part    what came out of an item

Groups are cut by these rules alone, never by the number of workers: so results do not depend on who did the work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from predzip.errors import UsageError
from predzip.experiments.datasets.dataset import READ_BYTES, Dataset
from predzip.experiments.paper.compressors import (
    MODEL_PREFIX,
    SEVEN_BITS_PREFIX,
    TableCompressor,
    coded_and_compared,
    compressor,
    is_model,
)
from predzip.experiments.paper.slow import CURVE_SEQUENCES, most_sequences
from predzip.units import BITS_PER_BYTE

CHUNKED, WHOLE, SLIDING = "chunks", "whole", "sliding"
CUTS = (CHUNKED, WHOLE, SLIDING)
CURVE = "curve"
"""Not a row of table 1: prefixes of some chunks, for figure 6."""
GROUP_CHUNKS = 128
"""Chunks of an item: 256 KiB, a multiple of every unit."""


@dataclass(frozen=True)
class Cell:
    """A number to measure."""

    dataset: Dataset
    cut: str
    compressor: str
    """What builds it: a model may be a path here, so that every process finds it."""
    version: str
    title: str
    """The compressor's own name, wherever its weights lie."""

    @property
    def key(self) -> str:
        """What must be equal for an earlier result to stand: data, cutting, compressor and its version."""
        data = self.dataset
        cut = WHOLE if self.cut == WHOLE else f"{self.cut} {data.chunk_bytes}"
        return " | ".join((data.sha256, data.kind, cut, self.title, self.version))

    def items(self) -> Iterator[Item]:
        """Cut the work."""
        data = self.dataset
        if self.cut == CURVE:
            for index, start in enumerate(curve_starts(data, most_sequences(self.compressor))):
                yield self._item(index, start, start, min(start + data.chunk_bytes, data.total_bytes))
            return
        step = data.total_bytes if self.cut == WHOLE else GROUP_CHUNKS * data.chunk_bytes
        for index, start in enumerate(range(0, data.total_bytes, step)):
            stop = min(start + step, data.total_bytes)
            shown = max(0, start - data.chunk_bytes // 2) if self.cut == SLIDING else start
            yield self._item(index, shown, start, stop)

    def _item(self, index: int, shown: int, start: int, stop: int) -> Item:
        data = self.dataset
        return Item(
            self.key, index, self.compressor, self.cut, data.kind, data.chunk_bytes, data.path, shown, start, stop
        )


@dataclass(frozen=True)
class Item:
    """Work for one call of `measure`."""

    key: str
    index: int
    compressor: str
    cut: str
    kind: str
    chunk_bytes: int
    path: Path
    shown: int
    """Where the bytes that are needed begin: before `start` only where a window slides."""
    start: int
    stop: int
    data: bytes | None = field(default=None, repr=False)
    """The bytes shown..stop - 1, for workers that do not see the file."""

    @property
    def size_bytes(self) -> int:
        """Bytes that are measured."""
        return self.stop - self.start

    def loaded(self) -> Item:
        """The same with its bytes, for a worker on another machine."""
        return replace(self, data=b"".join(self.pieces()))

    def pieces(self) -> Iterator[bytes]:
        """The bytes shown..stop - 1."""
        if self.data is not None:
            yield self.data
            return
        try:
            with self.path.open("rb") as file:
                file.seek(self.shown)
                left = self.stop - self.shown
                while left and (piece := file.read(min(READ_BYTES, left))):
                    left -= len(piece)
                    yield piece
        except FileNotFoundError:
            raise UsageError(
                f"this worker does not see {self.path}; put the data, and PREDZIP_CACHE, in a folder that all share"
            ) from None
        if left:
            raise UsageError(f"{self.path} became shorter while it was read")


@dataclass(frozen=True)
class Part:
    """What an item gave."""

    key: str
    index: int
    units: tuple[tuple[int, float], ...]
    """(original bytes, compressed bytes) of each unit, in order; fractions where it is a code length."""
    framing_bytes: int
    """Of its first unit; counted once for all of the data."""
    cpu_seconds: float
    wall_seconds: float


def measure(item: Item) -> Part:
    """Do one piece of work, in whatever process.

    Raises:
        CorruptError: a compressor did not bring back its input.
    """
    chosen = compressor(item.compressor)
    cpu, wall = time.process_time(), time.perf_counter()
    framing_bytes = 0
    units: list[tuple[int, float]]
    if item.cut == WHOLE:
        from predzip.experiments.paper.whole import whole_bytes

        units = [(item.size_bytes, whole_bytes(chosen, item.pieces(), item.kind))]
    elif item.cut == SLIDING:
        units = _sliding_units(chosen, item)
    elif item.cut == CURVE:
        units = _curve_units(chosen, item)
    else:
        data = b"".join(item.pieces())
        size = chosen.unit_chunks * item.chunk_bytes
        units = []
        for start in range(0, len(data), size):
            coded = coded_and_compared(chosen, data[start : start + size], item.kind, item.chunk_bytes)
            framing_bytes = framing_bytes or coded.framing_bytes
            units.append((min(size, len(data) - start), len(coded.payload)))
    return Part(
        item.key,
        item.index,
        tuple(units),
        framing_bytes,
        round(time.process_time() - cpu, 6),
        round(time.perf_counter() - wall, 6),
    )


def curve_starts(dataset: Dataset, most: int = CURVE_SEQUENCES) -> list[int]:
    """Where the sequences of a curve begin, `most` at most: chunks spread evenly over the data."""
    chunks = max(1, dataset.total_bytes // dataset.chunk_bytes)
    count = min(most, chunks)
    return [number * chunks // count * dataset.chunk_bytes for number in range(count)]


def curve_lengths(chunk_bytes: int) -> list[int]:
    """Lengths of the prefixes: powers of two, from 64 on the steps half-way between them too."""
    powers = [1 << exponent for exponent in range(chunk_bytes.bit_length()) if 1 << exponent <= chunk_bytes]
    between = [3 * power // 2 for power in powers if power >= 64 and 3 * power // 2 < chunk_bytes]
    return sorted({*powers, *between, chunk_bytes})


def _curve_units(chosen: TableCompressor, item: Item) -> list[tuple[int, float]]:
    """(length, compressed bytes) of each prefix of one chunk: coded and compared; a code length for models."""
    data = b"".join(item.pieces())
    lengths = [length for length in curve_lengths(item.chunk_bytes) if length <= len(data)]
    if chosen.model is not None and is_model(chosen.name):
        from predzip.experiments.paper.seven_bits import split
        from predzip.experiments.paper.sliding import prefix_bits

        kept, lost_bytes = data, dict.fromkeys(lengths, 0)
        if chosen.name.startswith(SEVEN_BITS_PREFIX):
            kept = split(data, item.kind)[0]
            lost_bytes = {length: len(split(data[:length], item.kind)[1]) for length in lengths}
        bits = prefix_bits(chosen.model, kept)
        return [(length, float(bits[length - 1]) / BITS_PER_BYTE + lost_bytes[length]) for length in lengths]
    return [
        (length, len(coded_and_compared(chosen, data[:length], item.kind, item.chunk_bytes).payload))
        for length in lengths
    ]


def _sliding_units(chosen: TableCompressor, item: Item) -> list[tuple[int, float]]:
    """Windows as long as a chunk that move by half of it: each byte is predicted from half a chunk at least."""
    from predzip.experiments.paper.sliding import window_bits

    if chosen.model is None or not chosen.name.startswith(MODEL_PREFIX):
        raise UsageError(f"{chosen.name}: the sliding window is for models; other compressors slide by themselves")
    data = b"".join(item.pieces())
    bits = window_bits(chosen.model, data, item.start - item.shown, item.chunk_bytes)
    return [(length, value / BITS_PER_BYTE) for length, value in bits]

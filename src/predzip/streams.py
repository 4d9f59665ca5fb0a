"""Whole streams: adds reading, writing and sizes to `predzip.api`, in bounded memory; the command line's work."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from predzip.api import DEFAULT_MEMORY_LIMIT, Compressor, decoded_blocks
from predzip.codecs.base import Progress
from predzip.codecs.levels import DEFAULT_LEVEL
from predzip.parallel import Workers

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class Sizes:
    """What went through `compress_stream` or `decompress_stream`."""

    original_bytes: int
    compressed_bytes: int


class Sink(Protocol):
    """Anything with a `write` that takes all it is given."""

    def write(self, data: bytes, /) -> object:
        """Write all of `data`, or raise."""


class _CountedReads:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def __call__(self, size: int) -> bytes:
        data = self._file.read(size)
        self.count += len(data)
        return data


def compress_stream(
    source: BinaryIO,
    sink: Sink,
    level: int = DEFAULT_LEVEL,
    *,
    method: str | None = None,
    model: str | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> Sizes:
    """Compress all of `source` into `sink`, in bounded memory; the arguments are those of `predzip.compress`."""
    compressor = Compressor(level, method=method, model=model, threads=threads, progress=progress, workers=workers)
    read = _CountedReads(source)
    written = 0
    try:
        while data := read(_PIECE_BYTES):
            ready = compressor.compress(data)
            if ready:
                sink.write(ready)
                written += len(ready)
        ready = compressor.flush()
        sink.write(ready)
    except BaseException:
        compressor.close()
        raise
    return Sizes(read.count, written + len(ready))


def decompress_stream(
    source: BinaryIO,
    sink: Sink | None,
    *,
    threads: int = 1,
    memory_limit: int | None = DEFAULT_MEMORY_LIMIT,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> Sizes:
    """Decompress all of `source` into `sink`, in bounded memory, or only test it where that is None."""
    read = _CountedReads(source)
    written = 0
    blocks = decoded_blocks(read, threads=threads, memory_limit=memory_limit, progress=progress, workers=workers)
    with contextlib.closing(blocks):
        for original in blocks:
            if sink is not None:
                sink.write(original)
            written += len(original)
    return Sizes(written, read.count)

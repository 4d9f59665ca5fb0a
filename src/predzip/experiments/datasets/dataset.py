"""What an experiment reads: a stretch of a file on disk with a name, a hash and a licence.

Whatever the data comes from, it is one file of plain bytes by the time it is measured: the person's own file where that
is possible, a prepared one in the cache otherwise. So any part can be read by any process, and memory does not grow
with the size of the data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from predzip.errors import UsageError

CHUNK_BYTES = 2048
"""The paper's chunk: 2,048 bytes of text, a patch of 32 x 64 pixels, 128 ms of speech at 8 bits."""
PATCH_ROWS, PATCH_COLUMNS = 32, 64
READ_BYTES = 1 << 20

Kind = Literal["text", "image", "audio", "audio16", "random", "file"]


@dataclass(frozen=True)
class Dataset:
    """A stream of bytes.

    The bytes are `path[:total_bytes]`, always a whole number of chunks: the paper drops what is left at the end, and
    both ways of cutting must see the same bytes. Only data shorter than a chunk is taken as it is.
    """

    name: str
    kind: Kind
    path: Path
    total_bytes: int
    sha256: str
    """Of exactly these bytes."""
    licence: str
    source: str
    """Where it came from and what was done to it, for people."""
    chunk_bytes: int = CHUNK_BYTES

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes start..stop - 1.

        Raises:
            UsageError: the file has become shorter.
        """
        stop = min(stop, self.total_bytes)
        with self.path.open("rb") as file:
            file.seek(start)
            data = file.read(stop - start)
        if len(data) != stop - start:
            raise UsageError(f"{self.path} became shorter while it was read")
        return data

    def pieces(self, piece_bytes: int = READ_BYTES) -> Iterator[bytes]:
        """Read everything from the start, piece by piece."""
        with self.path.open("rb") as file:
            left = self.total_bytes
            while left:
                data = file.read(min(piece_bytes, left))
                if not data:
                    raise UsageError(f"{self.path} became shorter while it was read")
                left -= len(data)
                yield data

    def chunks(self) -> Iterator[bytes]:
        """Read everything in chunks."""
        yield from self.pieces(self.chunk_bytes)

    def prefix(self, total_bytes: int) -> Dataset:
        """The first bytes alone, as whole chunks; itself where it is no longer than that."""
        total_bytes = whole_chunks(min(total_bytes, self.total_bytes), self.chunk_bytes)
        if total_bytes == self.total_bytes:
            return self
        return replace(self, total_bytes=total_bytes, sha256=hash_prefix(self.path, total_bytes))


def whole_chunks(total_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> int:
    """Round down to whole chunks; less than one chunk stays as it is."""
    return total_bytes - total_bytes % chunk_bytes if total_bytes >= chunk_bytes else total_bytes


def hash_prefix(path: Path, total_bytes: int) -> str:
    """SHA-256 of the first bytes of a file, in hex, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = total_bytes
        while left and (data := file.read(min(READ_BYTES, left))):
            digest.update(data)
            left -= len(data)
    return digest.hexdigest()


def from_file(
    path: Path, name: str, kind: Kind, *, limit_bytes: int | None, licence: str, source: str, chunk_bytes: int
) -> Dataset:
    """See a file of plain bytes as a dataset.

    Raises:
        UsageError: the file is empty.
    """
    size = path.stat().st_size
    total_bytes = whole_chunks(size if limit_bytes is None else min(size, limit_bytes), chunk_bytes)
    if total_bytes == 0:
        raise UsageError(f"{path} holds nothing to measure")
    return Dataset(name, kind, path, total_bytes, hash_prefix(path, total_bytes), licence, source, chunk_bytes)

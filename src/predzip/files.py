"""Files: adds paths, file objects and seeking to `predzip.api`.

`open` and `PredzipFile` behave as in `gzip` and `lzma`, with one thing more: because blocks are independent, a seek
in a file that can seek decodes only the block it lands in.
"""

from __future__ import annotations

import builtins
import io
import os
from bisect import bisect_right
from collections.abc import Generator
from dataclasses import replace
from typing import Any, BinaryIO, Literal, TextIO, TypedDict, Unpack, cast, overload

from predzip.api import DEFAULT_MEMORY_LIMIT, Compressor, bytes_view, decoded_blocks, decoding_task
from predzip.codecs.levels import DEFAULT_LEVEL
from predzip.container import BlockReady, EndOfInput, FrameReader, NeedData
from predzip.errors import TruncatedError, UsageError
from predzip.parallel import OrderedWork

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
BinaryMode = Literal["r", "rb", "w", "wb", "x", "xb", "a", "ab"]
TextMode = Literal["rt", "wt", "xt", "at"]
_PIECE_BYTES = 1 << 18
_BINARY_MODES = {"r": "rb", "rb": "rb", "w": "wb", "wb": "wb", "x": "xb", "xb": "xb", "a": "ab", "ab": "ab"}
_TEXT_MODES = ("rt", "wt", "xt", "at")


class Options(TypedDict, total=False):
    """What `open` passes on to `PredzipFile`."""

    level: int
    method: str | None
    model: str | None
    threads: int
    memory_limit: int | None


class TextOptions(Options, total=False):
    """What `open` takes in text modes besides, as in `io.TextIOWrapper`."""

    encoding: str | None
    errors: str | None
    newline: str | None


@overload
def open(file: Path | BinaryIO, mode: BinaryMode = "rb", **options: Unpack[Options]) -> PredzipFile: ...


@overload
def open(file: Path | BinaryIO, mode: TextMode, **options: Unpack[TextOptions]) -> TextIO: ...


@overload
def open(file: Path | BinaryIO, mode: str, **options: Unpack[TextOptions]) -> PredzipFile | TextIO: ...


def open(
    file: Path | BinaryIO,
    mode: str = "rb",
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> PredzipFile | TextIO:
    """Open a `.pz` file for reading or writing.

    Args:
        file: a path, or a binary file object, which `close` then leaves open.
        mode: "r", "w", "x" (must not exist) or "a" (adds a frame), with "b" (default) or "t" for text.
        encoding: for text, as in `io.TextIOWrapper`.
        errors: likewise.
        newline: likewise.
        options: `level`, `method`, `model`, `threads`, `memory_limit`, as for `PredzipFile`.
    """
    if mode not in _TEXT_MODES:
        if (encoding, errors, newline) != (None, None, None):
            raise UsageError("encoding, errors and newline are for text modes")
        return PredzipFile(file, mode, **options)
    binary = PredzipFile(file, mode[0] + "b", **options)
    return cast(TextIO, io.TextIOWrapper(binary, io.text_encoding(encoding), errors, newline))


class PredzipFile(io.BufferedIOBase):
    """A file object over `.pz` data.

    Args:
        file: a path, or a binary file object, which is then left open by `close`.
        mode: "rb", "wb", "xb" or "ab"; the "b" may be left out.
        level: as for `predzip.compress`; for writing.
        method: as for `predzip.compress`; for writing.
        model: as for `predzip.compress`; for writing.
        threads: processes that work on blocks; 0 takes all cores.
        memory_limit: as for `predzip.decompress`; for reading.
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        mode: str = "rb",
        *,
        level: int = DEFAULT_LEVEL,
        method: str | None = None,
        model: str | None = None,
        threads: int = 1,
        memory_limit: int | None = DEFAULT_MEMORY_LIMIT,
    ) -> None:
        self._raw: BinaryIO | None = None
        self._reader: io.BufferedReader | None = None
        self._compressor: Compressor | None = None
        self._written_bytes = 0
        if mode not in _BINARY_MODES:
            raise UsageError(f"mode {mode!r} is unknown; modes are rb, wb, xb, ab")
        self.mode = _BINARY_MODES[mode]
        writing = self.mode != "rb"
        if writing:  # before the file is opened: a wrong level must not truncate it
            self._compressor = Compressor(level, method=method, model=model, threads=threads)
        self._owns_raw = isinstance(file, str | bytes | os.PathLike)
        if self._owns_raw:
            self._raw = cast(BinaryIO, builtins.open(cast(Path, file), self.mode))  # noqa: SIM115
        else:
            if not hasattr(file, "write" if writing else "read"):
                raise TypeError("file must be a path or a binary file object")
            self._raw = cast(BinaryIO, file)
        if not writing:
            self._reader = io.BufferedReader(_DecodedFile(self._raw, threads, memory_limit), _PIECE_BYTES)

    @property
    def name(self) -> Any:  # noqa: ANN401 - a path, or what the file object calls its name
        """Name of the compressed file."""
        return getattr(self._file, "name", None)

    @property
    def _file(self) -> BinaryIO:
        if self._raw is None:
            raise ValueError("I/O operation on closed file")
        return self._raw

    @property
    def _decoded(self) -> io.BufferedReader:
        if self._raw is None:
            raise ValueError("I/O operation on closed file")
        if self._reader is None:
            raise io.UnsupportedOperation("the file is open for writing")
        return self._reader

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._raw is None

    def close(self) -> None:
        """Finish the frame, and close the file if this object opened it."""
        raw, self._raw = self._raw, None
        if raw is None:
            return
        try:
            if self._reader is not None:
                self._reader.close()
            elif self._compressor is not None:
                raw.write(self._compressor.flush())
        finally:
            self._compressor = self._reader = None
            if self._owns_raw:
                raw.close()
            super().close()

    def fileno(self) -> int:
        """Return the descriptor of the compressed file."""
        return self._file.fileno()

    def readable(self) -> bool:
        """Whether the file was opened for reading."""
        return self._file is not None and self._reader is not None

    def writable(self) -> bool:
        """Whether the file was opened for writing."""
        return self._file is not None and self._compressor is not None

    def seekable(self) -> bool:
        """Whether the file is read and its file object can seek."""
        return self.readable() and self._file.seekable()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` decompressed bytes, all where it is negative or None."""
        return self._decoded.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes without waiting for more than one block."""
        return self._decoded.read1(_PIECE_BYTES if size < 0 else size)

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        """Read into a buffer; return how many bytes."""
        return self._decoded.readinto(buffer)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read one line."""
        return self._decoded.readline(-1 if size is None else size)

    def peek(self, size: int = -1, /) -> bytes:
        """Look at the next bytes without moving on."""
        return self._decoded.peek(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position in the decompressed data."""
        return self._decoded.seek(offset, whence)

    def tell(self) -> int:
        """Return the position in the decompressed data."""
        return self._written_bytes if self._file and self._reader is None else self._decoded.tell()

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        """Compress bytes; they reach the file block by block."""
        file = self._file
        if self._compressor is None:
            raise io.UnsupportedOperation("the file is open for reading")
        view = bytes_view(data)
        ready = self._compressor.compress(view)
        if ready:
            file.write(ready)
        self._written_bytes += len(view)
        return len(view)


class _DecodedFile(io.RawIOBase):
    """The decompressed side of a file, as raw reads and seeks.

    Reading starts as a stream. The first seek that leaves the current block lists all blocks, which decodes none,
    and reading goes on from the block it lands in.

    Invariant: `_block` is the last block that was produced, `_next` the number of the one that `_blocks` gives next.
    """

    def __init__(self, file: BinaryIO, threads: int, memory_limit: int | None) -> None:
        self._file = file
        self._can_seek = hasattr(file, "seekable") and file.seekable()
        self._threads = threads
        self._memory_limit = memory_limit
        self._file_start = file.tell() if self._can_seek else 0
        self._blocks = self._streamed_blocks()
        self._next = 0
        self._block = memoryview(b"")
        self._block_start = 0
        self._position = 0
        self._index: list[BlockReady] | None = None
        self._starts: list[int] = []  # of each block of the index in the content, and at last its whole length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._can_seek

    def close(self) -> None:
        self._blocks.close()
        super().close()

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        view = bytes_view(buffer)
        while len(view) and self._position >= self._block_start + len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._block_start += len(self._block)
            self._block = memoryview(block)
            self._next += 1
        begin = self._position - self._block_start
        piece = self._block[begin : begin + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if not self._can_seek:
            raise io.UnsupportedOperation("the compressed file cannot seek")
        if whence == io.SEEK_END:
            self._list_blocks()
            offset += self._starts[-1]
        elif whence == io.SEEK_CUR:
            offset += self._position
        elif whence != io.SEEK_SET:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        if offset < 0:
            raise ValueError(f"cannot seek to {offset}")
        # Up to the end of the block at hand nothing moves: whoever reads there asks for the next block as always.
        if not self._block_start <= offset <= self._block_start + len(self._block):
            self._list_blocks()
            number = min(bisect_right(self._starts, offset), len(self._starts)) - 1
            self._restart(number, self._starts[number])
        self._position = offset
        return offset

    def _restart(self, number: int, start: int) -> None:
        self._blocks.close()
        self._blocks = self._listed_blocks(number)
        self._next, self._block, self._block_start = number, memoryview(b""), start

    def _list_blocks(self) -> None:
        if self._index is not None:
            return
        index: list[BlockReady] = []
        starts = [0]
        reader = FrameReader(keep_payloads=False)
        self._file.seek(self._file_start)
        while not isinstance(event := reader.next_event(), EndOfInput):
            if isinstance(event, NeedData):
                data = self._file.read(_PIECE_BYTES)
                if data:
                    reader.feed(data)
                else:
                    reader.close()
            elif isinstance(event, BlockReady):
                index.append(event)
                starts.append(starts[-1] + event.original_length)
        self._index, self._starts = index, starts
        # The stream has lost its place in the file: go on by the list.
        self._blocks.close()
        self._blocks = self._listed_blocks(self._next)

    def _streamed_blocks(self) -> Generator[bytes, None, None]:
        return decoded_blocks(self._file.read, threads=self._threads, memory_limit=self._memory_limit)

    def _listed_blocks(self, number: int) -> Generator[bytes, None, None]:
        """Decode from block `number` of the list on; in this process, since a seek rarely wants many."""
        work: OrderedWork[BlockReady] = OrderedWork(1)
        for listed in (self._index or [])[number:]:
            self._file.seek(self._file_start + listed.payload_offset)
            payload = self._file.read(listed.payload_length)
            if len(payload) != listed.payload_length:
                raise TruncatedError("the file became shorter while it was read")
            block = replace(listed, payload=payload)
            for _, original in work.put(block, decoding_task(block, self._memory_limit)):
                block.verify(original)
                yield original

"""What a `.pz` file says about itself: adds listing to `predzip.api`. Decodes nothing and loads no codec."""

from __future__ import annotations

import builtins
import io
import os
from dataclasses import dataclass
from typing import BinaryIO

from predzip.api import Buffer, bytes_view
from predzip.codecs.registry import method_name, model_name
from predzip.container import BlockReady, EndOfInput, FrameEnded, FrameReader, FrameStarted, NeedData
from predzip.units import bits_per_byte, raw_rate

CHECK_NAME = "BLAKE2b"
_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class FrameSummary:
    """One frame, without its content."""

    offset: int
    method_id: int
    method: str
    parameters: bytes
    fingerprint: bytes
    model: str
    """Name of the model that decoding needs; empty where it needs none, or one whose name is not known here."""
    block_count: int
    stored_block_count: int
    compressed_bytes: int
    original_bytes: int


@dataclass(frozen=True)
class FileSummary:
    """A whole `.pz` file."""

    frames: tuple[FrameSummary, ...]
    compressed_bytes: int
    """Size of the file, metadata between frames included."""

    @property
    def original_bytes(self) -> int:
        """Bytes that decompressing gives."""
        return sum(frame.original_bytes for frame in self.frames)

    @property
    def block_count(self) -> int:
        """Blocks of all frames."""
        return sum(frame.block_count for frame in self.frames)

    @property
    def method(self) -> str:
        """Names of the methods, each once."""
        return "+".join(dict.fromkeys(frame.method for frame in self.frames)) or "none"

    @property
    def raw_rate(self) -> float:
        """Compressed over original bytes."""
        return raw_rate(self.compressed_bytes, self.original_bytes)

    @property
    def bits_per_byte(self) -> float:
        """Bits spent for each original byte."""
        return bits_per_byte(8 * self.compressed_bytes, self.original_bytes)


def inspect(file: str | os.PathLike[str] | Buffer | BinaryIO) -> FileSummary:
    """List the frames of a file: sizes, methods, blocks. The structure is checked, the content is not.

    Args:
        file: a path, the bytes themselves, or a binary file object, read to its end.

    Raises:
        FormatError: it is no predzip file, or damaged, as far as that shows without decoding.
    """
    if isinstance(file, str | os.PathLike):
        with builtins.open(file, "rb") as opened:
            return _inspect(opened)
    if isinstance(file, bytes | bytearray | memoryview):
        return _inspect(io.BytesIO(bytes_view(file)))
    return _inspect(file)


def _inspect(file: BinaryIO) -> FileSummary:
    reader = FrameReader(keep_payloads=False)
    frames: list[FrameSummary] = []
    offset = stored_count = size = 0
    while not isinstance(event := reader.next_event(), EndOfInput):
        if isinstance(event, NeedData):
            data = file.read(_PIECE_BYTES)
            size += len(data)
            if data:
                reader.feed(data)
            else:
                reader.close()
        elif isinstance(event, FrameStarted):
            offset, stored_count = event.offset, 0
        elif isinstance(event, BlockReady):
            stored_count += event.stored
        elif isinstance(event, FrameEnded):
            header = event.header
            frames.append(
                FrameSummary(
                    offset=offset,
                    method_id=header.method_id,
                    method=method_name(header.method_id),
                    parameters=header.parameters,
                    fingerprint=header.fingerprint,
                    model=model_name(header.method_id, header.parameters, header.fingerprint),
                    block_count=event.block_count,
                    stored_block_count=stored_count,
                    compressed_bytes=event.frame_length,
                    original_bytes=event.original_length,
                )
            )
    return FileSummary(tuple(frames), size)

"""Data compressed in one go, without holding it: what comes out is decoded at once, and only hashes are kept.

Adds streaming to `compressors` for the codecs that can: gzip, xz, zstd, bz2, brotli and predzip. The others (PPMd, PNG,
FLAC, JPEG-XL) take the data in one call, so their memory grows with it.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import predzip
from predzip.api import DEFAULT_MEMORY_LIMIT
from predzip.codecs import baselines
from predzip.errors import CorruptError
from predzip.experiments.paper.compressors import TableCompressor, coded_and_compared
from predzip.experiments.paper.own import CHUNKS, OwnCompressor

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ZSTD_LEVEL = 19


class _Packer(Protocol):
    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...


class _Brotli:
    """Brotli's two objects with the names that the others have."""

    def __init__(self) -> None:
        module = baselines.load_extra("brotli", "brotli", "bench")
        self._packer, self._unpacker = module.Compressor(quality=11, lgwin=24), module.Decompressor()

    def compress(self, data: bytes) -> bytes:
        return bytes(self._packer.process(data))

    def flush(self) -> bytes:
        return bytes(self._packer.finish())

    def decompress(self, data: bytes) -> bytes:
        return bytes(self._unpacker.process(data))


def _zstd() -> tuple[_Packer, Callable[[bytes], bytes]]:
    module: Any = baselines.baseline("zstd-19").required()  # type: ignore[attr-defined]
    packer: _Packer = module.ZstdCompressor(level=_ZSTD_LEVEL)
    return packer, module.ZstdDecompressor().decompress


def _brotli() -> tuple[_Packer, Callable[[bytes], bytes]]:
    both = _Brotli()
    return both, both.decompress


_STREAMS: dict[str, Callable[[], tuple[_Packer, Callable[[bytes], bytes]]]] = {
    "gzip": lambda: (
        zlib.compressobj(9, zlib.DEFLATED, _GZIP_WINDOW),
        zlib.decompressobj(_GZIP_WINDOW).decompress,
    ),
    "lzma2": lambda: (lzma.LZMACompressor(), lzma.LZMADecompressor().decompress),
    "bz2": lambda: (bz2.BZ2Compressor(), bz2.BZ2Decompressor().decompress),
    "zstd": _zstd,
    "brotli": _brotli,
}


def streams(chosen: TableCompressor) -> bool:
    """Whether a compressor works through data of any size in little memory."""
    return chosen.name in _STREAMS or (isinstance(chosen, OwnCompressor) and chosen.method != CHUNKS)


def whole_bytes(chosen: TableCompressor, pieces: Iterable[bytes], kind: str) -> int:
    """Size of the compressed file, with all of its framing.

    Raises:
        CorruptError: other bytes came back.
    """
    if not streams(chosen):
        data = b"".join(pieces)
        coded = coded_and_compared(chosen, data, kind, max(1, len(data)))
        return len(coded.payload) + coded.framing_bytes
    packer: _Packer
    if isinstance(chosen, OwnCompressor):
        packer = predzip.Compressor(chosen.level, method=chosen.method, model=chosen.model)
        limit = DEFAULT_MEMORY_LIMIT if chosen.model is None else None  # whoever names a model has room for it
        unpack: Callable[[bytes], bytes] = predzip.Decompressor(memory_limit=limit).decompress
    else:
        packer, unpack = _STREAMS[chosen.name]()
    before, after = hashlib.sha256(), hashlib.sha256()
    size = 0
    for piece in pieces:
        before.update(piece)
        packed = packer.compress(piece)
        size += len(packed)
        if packed:
            after.update(unpack(packed))
    packed = packer.flush()
    after.update(unpack(packed))
    if before.digest() != after.digest():
        raise CorruptError(f"{chosen.name} did not bring back the bytes that it was given")
    return size + len(packed)

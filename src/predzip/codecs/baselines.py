"""Other people's compressors behind one small interface: what predzip measures itself against.

Each takes bytes and gives bytes, at its strongest setting; none is ever written into a `.pz` file. The compressed bytes
are what the codec itself needs: the length of the original is known to whoever stores them. Packages outside the
standard library are imported when they are used, and a missing one names the line that installs it.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from predzip.codecs.media import Layout
from predzip.errors import CorruptError, MissingExtraError, UsageError

_MIB = 1 << 20
_PPMD_MEMORY_BYTES = 256 * _MIB
_MIN_DICTIONARY_BYTES = 1 << 12
_MAX_DICTIONARY_BYTES = 64 * _MIB
_ZSTD_LONG_WINDOW_LOG = 27
"""128 MiB: the largest window that a zstd decoder accepts without being asked to."""


class Baseline(Protocol):
    """A compressor as an opponent: bytes to bytes and back."""

    @property
    def name(self) -> str:
        """How tables and `--codecs` call it."""

    @property
    def settings(self) -> str:
        """What it was told, in the words of its own tool."""

    @property
    def note(self) -> str:
        """What a reader of the table must know; often empty."""

    def check_installed(self) -> None:
        """Import what it needs.

        Raises:
            MissingExtraError: a package is not installed; the message names the install line.
        """

    def compress(self, data: bytes) -> bytes:
        """Compress a whole file."""

    def decompress(self, payload: bytes, original_bytes: int) -> bytes:
        """Bring the file back."""


@dataclass(frozen=True)
class GeneralCodec:
    """A codec for any bytes, made of two functions."""

    name: str
    settings: str
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes, int], bytes]
    note: str = ""
    required: Callable[[], ModuleType] | None = None

    def check_installed(self) -> None:
        """See `Baseline`."""
        if self.required is not None:
            self.required()

    def compress(self, data: bytes) -> bytes:
        """See `Baseline`."""
        return self.encode(data)

    def decompress(self, payload: bytes, original_bytes: int) -> bytes:
        """See `Baseline`."""
        data = self.decode(payload, original_bytes)
        if len(data) != original_bytes:
            raise CorruptError(f"{self.name} gave {len(data)} bytes instead of {original_bytes}")
        return data


def load_extra(module: str, package: str, extra: str) -> ModuleType:
    """Import an optional package.

    Raises:
        MissingExtraError: naming the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(package, extra) from error


def _zstd_module() -> ModuleType:
    try:
        return importlib.import_module("compression.zstd")  # the standard library from 3.14 on
    except ImportError:
        return load_extra("backports.zstd", "backports.zstd", "bench")


def _brotli_module() -> ModuleType:
    return load_extra("brotli", "brotli", "bench")


def _ppmd_module() -> ModuleType:
    return load_extra("pyppmd", "pyppmd", "bench")


def _encode_xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)


def _raw_lzma_filters(original_bytes: int) -> list[dict[str, int]]:
    """LZMA2 with a dictionary of the file's size: no container, and no 64 MiB for 2 KB."""
    power_of_two = 1 << max(original_bytes - 1, 0).bit_length()
    dictionary_bytes = min(max(power_of_two, _MIN_DICTIONARY_BYTES), _MAX_DICTIONARY_BYTES)
    return [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary_bytes}]


def _encode_raw_lzma(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=_raw_lzma_filters(len(data)))


def _decode_raw_lzma(payload: bytes, original_bytes: int) -> bytes:
    return lzma.decompress(payload, lzma.FORMAT_RAW, filters=_raw_lzma_filters(original_bytes))


def _zstd_codec(level: int, *, long: bool = False) -> GeneralCodec:
    def encode(data: bytes) -> bytes:
        zstd = _zstd_module()
        options = {zstd.CompressionParameter.compression_level: level}
        if long:
            options[zstd.CompressionParameter.enable_long_distance_matching] = 1
            options[zstd.CompressionParameter.window_log] = _ZSTD_LONG_WINDOW_LOG
        payload: bytes = zstd.compress(data, options=options)
        return payload

    def decode(payload: bytes, _original_bytes: int) -> bytes:
        data: bytes = _zstd_module().decompress(payload)
        return data

    settings = f"-{level}{' --ultra' if level > 19 else ''}{' --long' if long else ''}"
    return GeneralCodec(f"zstd-{level}", settings, encode, decode, required=_zstd_module)


def _encode_brotli(data: bytes) -> bytes:
    payload: bytes = _brotli_module().compress(data, quality=11, lgwin=24)
    return payload


def _decode_brotli(payload: bytes, _original_bytes: int) -> bytes:
    data: bytes = _brotli_module().decompress(payload)
    return data


def _ppmd_codec(order: int) -> GeneralCodec:
    def encode(data: bytes) -> bytes:
        encoder = _ppmd_module().Ppmd7Encoder(order, _PPMD_MEMORY_BYTES)
        payload: bytes = encoder.encode(data) + encoder.flush()
        return payload

    def decode(payload: bytes, original_bytes: int) -> bytes:
        if original_bytes == 0:
            return b""
        data: bytes = _ppmd_module().Ppmd7Decoder(order, _PPMD_MEMORY_BYTES).decode(payload, original_bytes)
        return data

    settings = f"variant H, order {order}, {_PPMD_MEMORY_BYTES // _MIB} MiB"
    return GeneralCodec(f"ppmd-{order}", settings, encode, decode, required=_ppmd_module)


_GENERAL = (
    GeneralCodec("zlib", "9", lambda data: zlib.compress(data, 9), lambda payload, _: zlib.decompress(payload)),
    GeneralCodec("gzip", "-9", lambda data: gzip.compress(data, mtime=0), lambda payload, _: gzip.decompress(payload)),
    GeneralCodec("bz2", "-9", bz2.compress, lambda payload, _: bz2.decompress(payload)),
    GeneralCodec("xz", "-9e", _encode_xz, lambda payload, _: lzma.decompress(payload)),
    GeneralCodec("lzma2", "9e, raw, dictionary of the file's size", _encode_raw_lzma, _decode_raw_lzma),
    _zstd_codec(19),
    _zstd_codec(22, long=True),
    GeneralCodec(
        "brotli",
        "-q 11 --lgwin=24",
        _encode_brotli,
        _decode_brotli,
        note="brings a dictionary of 122,784 bytes of web text",
        required=_brotli_module,
    ),
    _ppmd_codec(8),
    _ppmd_codec(16),
)
GENERAL_NAMES = tuple(codec.name for codec in _GENERAL)
MEDIA_NAMES = ("png", "jpeg-xl", "jpeg-ls", "flac")
BASELINE_NAMES = GENERAL_NAMES + MEDIA_NAMES
"""Every name that `baseline` knows, in the order of tables."""


def baseline(name: str, layout: Layout | None = None) -> Baseline:
    """Look up a compressor; codecs for pictures and sounds also need to know where those are in the file.

    Raises:
        UsageError: no codec of that name, or a media codec for a file that is no such thing.
    """
    for codec in _GENERAL:
        if codec.name == name:
            return codec
    if name in MEDIA_NAMES:
        from predzip.codecs.media_baselines import media_baseline

        return media_baseline(name, layout)
    raise UsageError(f"no codec {name!r}; there are {', '.join(BASELINE_NAMES)}")

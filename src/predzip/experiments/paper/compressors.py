"""Who stands in the tables: adds chunks, framing and models to the codecs of `codecs.baselines`.

A compressor here turns a unit of data into a payload and back. A unit is one chunk, coded without any history; for a
model it is 64 chunks, which the format codes side by side with one coder, still without history across.

    gzip, lzma2, png, flac          as in the paper
    zstd, brotli, bz2, ppmd, jpeg-xl, jpeg-ls
    predzip-1, predzip-2, ...       levels;  predzip-ppm, predzip-ctw, ...: methods
    model:NAME, model:PATH          a model of the catalogue, alone
    predzip+NAME, predzip+PATH      predzip with a model, on text in one piece
    7bit:NAME                       NAME on the paper's 7-bit data, with the lost bits appended
    import:MODULE:NAME              an object of your own, see docs/adding-a-compressor.md
"""

from __future__ import annotations

import importlib
import platform
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Protocol, cast

from predzip.errors import CorruptError, MissingExtraError, ModelError, UsageError
from predzip.experiments.paper import framing

MODEL_PREFIX = "model:"
OWN_PREFIX = "predzip-"
WITH_PREFIX = "predzip+"
SEVEN_BITS_PREFIX = "7bit:"
IMPORT_PREFIX = "import:"
TEXTS = ("text", "file")
"""Kinds of data that are text, or may be."""
CLASSICAL = ("gzip", "lzma2", "png", "flac")
"""The paper's, in its order."""
MODERN = ("zstd", "brotli", "bz2", "ppmd", "jpeg-xl")


@dataclass(frozen=True)
class Coded:
    """A unit, compressed."""

    payload: bytes = field(repr=False)
    framing_bytes: int
    """What the codec's own format adds, see `framing`."""


class TableCompressor(Protocol):
    """A row of a table."""

    @property
    def name(self) -> str:
        """How the command line and result files call it."""

    @property
    def settings(self) -> str:
        """What it was told."""

    @property
    def version(self) -> str:
        """Of the library that did the work: part of a result's key."""

    @property
    def unit_chunks(self) -> int:
        """Chunks of a unit."""

    @property
    def model(self) -> str | None:
        """Name or path of the weights that it needs, whose bytes the adjusted rate counts."""

    def fits(self, kind: str) -> bool:
        """Whether it takes data of this kind at all."""

    def check_installed(self) -> None:
        """Import what it needs.

        Raises:
            MissingExtraError: a package is not installed.
        """

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """Compress one unit."""

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """Bring it back."""


@dataclass(frozen=True)
class GeneralCompressor:
    """A codec of bytes, made of functions."""

    name: str
    settings: str
    compress: Callable[[bytes], bytes]
    payload: Callable[[bytes], bytes]
    content: Callable[[bytes, int], bytes]
    version_of: str | Callable[[], str]
    required: Callable[[], Any] | None = None
    unit_chunks: int = 1
    model: str | None = None

    @property
    def version(self) -> str:
        """See `TableCompressor`."""
        if not isinstance(self.version_of, str):
            return self.version_of()
        return f"{self.version_of} {metadata.version(self.version_of)}"

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`."""
        return True

    def check_installed(self) -> None:
        """See `TableCompressor`."""
        if self.required is not None:
            self.required()

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        file = self.compress(data)
        payload = self.payload(file) if data else file
        return Coded(payload, len(file) - len(payload))

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`."""
        return self.content(payload, original_bytes)


@dataclass(frozen=True)
class SevenBits:
    """Another compressor on bytes of 7 bits, as the paper fed its models, and the bits that this loses."""

    inner: TableCompressor

    @property
    def name(self) -> str:
        """See `TableCompressor`."""
        return SEVEN_BITS_PREFIX + self.inner.name

    @property
    def settings(self) -> str:
        """See `TableCompressor`."""
        return f"{self.inner.settings}; 7-bit data, lost bits appended"

    @property
    def version(self) -> str:
        """See `TableCompressor`."""
        return self.inner.version

    @property
    def unit_chunks(self) -> int:
        """See `TableCompressor`."""
        return self.inner.unit_chunks

    @property
    def model(self) -> str | None:
        """See `TableCompressor`."""
        return self.inner.model

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`. A model over tokens reads text as it is: other text would be nobody's."""
        is_over_tokens = getattr(self.inner, "is_over_tokens", False)
        return self.inner.fits(kind) and not (is_over_tokens and kind in TEXTS)

    def check_installed(self) -> None:
        """See `TableCompressor`."""
        self.inner.check_installed()

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        from predzip.experiments.paper.seven_bits import split

        kept, lost = split(data, kind)
        coded = self.inner.encode(kept, kind, chunk_bytes)
        return Coded(lost + coded.payload, coded.framing_bytes)

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`."""
        from predzip.experiments.paper.seven_bits import join, lost_bytes

        position = lost_bytes(payload, original_bytes, kind)
        kept = self.inner.decode(payload[position:], original_bytes, kind, chunk_bytes)
        return join(kept, payload[:position], kind)


def _general() -> dict[str, GeneralCompressor]:
    """Codecs of bytes; the settings are those of `codecs.baselines` but for LZMA2, which is the paper's."""
    import lzma

    from predzip.codecs import baselines

    def of(name: str) -> Any:  # noqa: ANN401 - a GeneralCodec
        return baselines.baseline(name)

    def same(file: bytes) -> bytes:
        return file

    gzip, zstd, brotli, bz2, ppmd = (of(name) for name in ("gzip", "zstd-19", "brotli", "bz2", "ppmd-8"))
    zstd_signature, bz2_signature = b"\x28\xb5\x2f\xfd", b"BZh91AY&SY"
    zlib_version = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    python = "Python " + platform.python_version()
    codecs = (
        GeneralCompressor("gzip", "-9", gzip.encode, framing.gzip_payload, framing.gzip_content, lambda: zlib_version),
        GeneralCompressor(
            "lzma2", ".xz, preset 6", lzma.compress, framing.xz_payload, framing.xz_content, lambda: python
        ),
        GeneralCompressor(
            "zstd",
            "-19",
            zstd.encode,
            framing.without_prefix(zstd_signature),
            lambda payload, length: bytes(zstd.decode(zstd_signature + payload, length)),
            "backports.zstd" if sys.version_info < (3, 14) else lambda: python,
            zstd.required,
        ),
        GeneralCompressor("brotli", brotli.settings, brotli.encode, same, brotli.decode, "brotli", brotli.required),
        GeneralCompressor(
            "bz2",
            "-9",
            bz2.encode,
            framing.without_prefix(bz2_signature),
            lambda payload, length: bytes(bz2.decode(bz2_signature + payload, length)),
            lambda: python,
        ),
        GeneralCompressor("ppmd", ppmd.settings, ppmd.encode, same, ppmd.decode, "pyppmd", ppmd.required),
    )
    return {codec.name: codec for codec in codecs}


MEDIA = ("png", "jpeg-xl", "jpeg-ls", "flac")
NAMES = (*CLASSICAL, *MODERN, "jpeg-ls")


def compressor(name: str) -> TableCompressor:
    """Look up a compressor by its name.

    Raises:
        UsageError: nobody has that name.
        ModelError: there is no such model.
    """
    if name.startswith(SEVEN_BITS_PREFIX):
        return SevenBits(compressor(name.removeprefix(SEVEN_BITS_PREFIX)))
    if name.startswith(IMPORT_PREFIX):
        return _imported(name.removeprefix(IMPORT_PREFIX))
    if name.startswith((MODEL_PREFIX, OWN_PREFIX, WITH_PREFIX)):
        from predzip.experiments.paper.own import own_compressor

        return own_compressor(name)
    if name in MEDIA:
        from predzip.experiments.paper.media import media_compressor

        return media_compressor(name)
    general = _general()
    if name in general:
        return general[name]
    raise UsageError(
        f"no compressor {name!r}; there are {', '.join(NAMES)}, predzip-LEVEL, predzip-METHOD, model:NAME, predzip+NAME"
    )


def _imported(target: str) -> TableCompressor:
    """Import an object by name: that works in every process, where a registration would have to be repeated."""
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"{IMPORT_PREFIX}{target}: {error}; write {IMPORT_PREFIX}MODULE:NAME") from error
    return cast(TableCompressor, found)


def is_model(name: str) -> bool:
    """Whether a row is a model of the catalogue alone, which knows no data in one piece."""
    return name.removeprefix(SEVEN_BITS_PREFIX).startswith(MODEL_PREFIX)


def default_names() -> list[str]:
    """The paper's compressors, newer ones, and predzip's fastest, default and strongest level."""
    from predzip.codecs.levels import DEFAULT_LEVEL, LEVELS

    levels = sorted({min(LEVELS), DEFAULT_LEVEL, max(LEVELS)})
    return [*CLASSICAL, *MODERN, *(f"{OWN_PREFIX}{level}" for level in levels)]


def installed(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split names into those that can run and lines that say how to install the rest."""
    usable, lines = [], []
    for name in dict.fromkeys(names):
        try:
            compressor(name).check_installed()
            usable.append(name)
        except (MissingExtraError, ModelError) as error:  # a level may have lost its prior
            lines.append(f"{name} is left out: {error}")
    return usable, lines


def coded_and_compared(chosen: TableCompressor, data: bytes, kind: str, chunk_bytes: int) -> Coded:
    """Compress one unit, bring it back from the payload alone, and compare.

    Raises:
        CorruptError: other bytes came back.
    """
    coded = chosen.encode(data, kind, chunk_bytes)
    if chosen.decode(coded.payload, len(data), kind, chunk_bytes) != data:
        raise CorruptError(f"{chosen.name} did not bring back the bytes that it was given")
    return coded

"""Who stands in the tables: adds chunks, framing and models to the codecs of `codecs.baselines`.

A compressor here turns a unit of data into a payload and back. A unit is one chunk, coded without any history; for a
model it is 64 chunks, which the format codes side by side with one coder, still without history across.

    gzip, lzma2, png, flac          as in the paper
    zstd, brotli, bz2, ppmd, jpeg-xl, jpeg-ls
    predzip-1, predzip-2, ...       levels;  predzip-ppm, predzip-ctw, ...: methods
    model:NAME, model:PATH          a model of the catalogue, alone
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
from functools import lru_cache
from importlib import metadata
from typing import Any, Protocol, cast

import predzip
from predzip.errors import CorruptError, MissingExtraError, ModelError, UsageError
from predzip.experiments.datasets.dataset import CHUNK_BYTES
from predzip.experiments.paper import framing

MODEL_PREFIX = "model:"
OWN_PREFIX = "predzip-"
SEVEN_BITS_PREFIX = "7bit:"
IMPORT_PREFIX = "import:"
MODEL_UNIT_CHUNKS = 64
"""Chunks that a model codes side by side; more would not be faster, and fewer units make wider intervals."""
_SLOW_BYTES_PER_SECOND = 100_000
_SLOW_KINDS = ("text", "file")
_LEVEL_TIMES_MORE = 4
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
class OwnCompressor:
    """A level or a method of predzip, or a model alone, through the calls that its users make."""

    name: str
    settings: str
    level: int = predzip.DEFAULT_LEVEL
    method: str | None = None
    model: str | None = None

    @property
    def version(self) -> str:
        """See `TableCompressor`; weights by their fingerprint."""
        if self.model is None:
            return f"predzip {predzip.__version__}"
        from predzip.predictors.neural import catalogue

        found = catalogue.locate(self.model)
        return f"predzip {predzip.__version__}, weights {catalogue.fingerprint(found.stem).hex()[:16]}"

    @property
    def unit_chunks(self) -> int:
        """See `TableCompressor`."""
        return 1 if self.model is None else MODEL_UNIT_CHUNKS

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`."""
        return True

    def check_installed(self) -> None:
        """Nothing to check: this is predzip."""

    def _method(self, chunk_bytes: int) -> str | None:
        if self.model is None:
            return self.method
        return "chunks" if chunk_bytes == CHUNK_BYTES else f"chunks:chunk={chunk_bytes}"

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        frame = predzip.compress(data, self.level, method=self._method(chunk_bytes), model=self.model)
        payload = framing.frame_payload(frame)
        return Coded(payload, len(frame) - len(payload))

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`: by the block codec, since nothing but the payload counted."""
        if len(payload) == original_bytes:
            return payload
        codec = _block_codec(self.level, self._method(chunk_bytes), self.model)
        return bytes(codec.decode_block(payload, original_bytes))


@lru_cache(maxsize=2)
def _block_codec(level: int, method: str | None, model: str | None) -> Any:  # noqa: ANN401 - loaded late
    from predzip.codecs.registry import choose_codec

    return choose_codec(level, method, model).codec.build()


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
        """See `TableCompressor`."""
        return self.inner.fits(kind)

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
    if name.startswith(MODEL_PREFIX):
        from predzip.predictors.neural import catalogue

        found = catalogue.locate(name.removeprefix(MODEL_PREFIX))
        model = str(found.stem) if found.origin == "path" else found.name
        return OwnCompressor(MODEL_PREFIX + found.name, "chunks without history", method="chunks", model=model)
    if name.startswith(OWN_PREFIX):
        from predzip.codecs.registry import choose_codec

        word = name.removeprefix(OWN_PREFIX)
        choose_codec(int(word)) if word.isdecimal() else choose_codec(method=word)  # refuses an unknown one
        if word.isdecimal():
            return OwnCompressor(name, f"-{word}", int(word))
        return OwnCompressor(name, f"--method {word}", method=word)
    if name in MEDIA:
        from predzip.experiments.paper.media import media_compressor

        return media_compressor(name)
    general = _general()
    if name in general:
        return general[name]
    raise UsageError(f"no compressor {name!r}; there are {', '.join(NAMES)}, predzip-LEVEL, predzip-METHOD, model:NAME")


def _imported(target: str) -> TableCompressor:
    """Import an object by name: that works in every process, where a registration would have to be repeated."""
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"{IMPORT_PREFIX}{target}: {error}; write {IMPORT_PREFIX}MODULE:NAME") from error
    return cast(TableCompressor, found)


def most_bytes(name: str, kind: str, slow_bytes: int | None) -> int | None:
    """How much of a dataset a compressor sees, where the slow ones would take hours for what others do in a minute.

    Args:
        name: of the compressor.
        kind: of the data. On text, levels 4 and up are slow. On pictures, sound and noise all run at 60 KB/s and more,
            but those above the default do what the default does: their larger priors are for text.
        slow_bytes: for models; levels that are slow, or the default again, see `_LEVEL_TIMES_MORE` times as much;
            None: all.

    Returns:
        None for all of it.
    """
    chosen = compressor(name)
    while isinstance(chosen, SevenBits):
        chosen = chosen.inner
    if not isinstance(chosen, OwnCompressor):
        return None
    if chosen.model is not None or slow_bytes is None:
        return slow_bytes
    if chosen.method is not None:
        return None
    from predzip.codecs.levels import DEFAULT_LEVEL, level_row

    row = level_row(chosen.level)
    slow = row.bytes_per_second < _SLOW_BYTES_PER_SECOND if kind in _SLOW_KINDS else row.level > DEFAULT_LEVEL
    return _LEVEL_TIMES_MORE * slow_bytes if slow else None


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

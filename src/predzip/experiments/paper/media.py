"""Codecs of pictures and sound on any bytes, as the paper used them: adds a shape to data that has none.

    image            rows of 64 pixels: a patch keeps its shape, and all patches together are one high picture
    other, PNG ...   the two closest factors of the length, as in the paper's code: 2,048 bytes are 64 rows of 32
    8-bit            one sample a byte (FLAC)
    audio16          one sample for two bytes

What does not fill a row or sample follows the payload as it is. The paper encoded FLAC with ffmpeg, which pads 8-bit
samples to 16; libsndfile's encoder writes 8-bit FLAC, which is smaller on noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from typing import Any

import numpy as np

from predzip.codecs.media import Layout
from predzip.codecs.media_baselines import PictureCodec, SoundCodec, media_baseline
from predzip.errors import UsageError
from predzip.experiments.datasets.dataset import PATCH_COLUMNS
from predzip.experiments.paper import framing
from predzip.experiments.paper.compressors import Coded

_LONGEST_SIDE_RATIO = 4
_PACKAGES = {"png": "pillow", "jpeg-xl": "imagecodecs", "jpeg-ls": "imagecodecs"}
_SURROUNDINGS_BYTES = 2
"""`media_baselines` writes two empty strings and, for sound, a byte of form before the stream."""


def picture_width(length: int, kind: str) -> int:
    """Columns of the picture that `length` bytes are taken for."""
    if kind == "image":
        return PATCH_COLUMNS
    width = math.isqrt(length)
    while width > 1 and length % width:
        width -= 1
    # A prime has no factors but 1: a square that leaves some bytes over says more than a column of pixels.
    return width if _LONGEST_SIDE_RATIO * width * width >= length else max(1, math.isqrt(length))


@dataclass(frozen=True)
class PictureCompressor:
    """PNG, JPEG-XL or JPEG-LS."""

    name: str
    codec: PictureCodec
    unit_chunks: int = 1
    model: str | None = None

    @property
    def settings(self) -> str:
        """See `TableCompressor`."""
        return self.codec.settings

    @property
    def version(self) -> str:
        """See `TableCompressor`."""
        package = _PACKAGES[self.name]
        return f"{package} {metadata.version(package)}"

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`; the paper asked PNG about everything, the others are asked about pictures alone."""
        return kind == "image" or (self.name == "png" and kind != "audio16")

    def check_installed(self) -> None:
        """See `TableCompressor`."""
        self.codec.check_installed()

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        width = picture_width(len(data), kind)
        covered = len(data) - len(data) % width
        if not covered:
            return Coded(data, 0)
        file = self.codec.encode(np.frombuffer(data, np.uint8)[:covered].reshape(-1, width))
        payload = framing.png_payload(file) if self.name == "png" else file
        return Coded(payload + data[covered:], len(file) - len(payload))

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`."""
        width = picture_width(original_bytes, kind)
        rest_bytes = original_bytes % width
        if rest_bytes == original_bytes:
            return payload
        rest = payload[len(payload) - rest_bytes :]
        file = payload[: len(payload) - rest_bytes]
        if self.name == "png":
            file = framing.png_file(file, width, original_bytes // width)
        return self.codec.decode(file).tobytes() + rest


@dataclass(frozen=True)
class SoundCompressor:
    """FLAC."""

    name: str = "flac"
    settings: str = "-8"
    unit_chunks: int = 1
    model: str | None = None

    @property
    def version(self) -> str:
        """See `TableCompressor`."""
        soundfile = _soundfile()
        return f"libsndfile {soundfile.__libsndfile_version__}"

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`."""
        return True

    def check_installed(self) -> None:
        """See `TableCompressor`."""
        _soundfile()

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        covered = _covered(len(data), kind)
        if not covered:
            return Coded(data, 0)
        file = _flac(data[:covered], kind)
        payload = framing.flac_payload(file)
        return Coded(payload + data[covered:], len(file) - len(payload))

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`."""
        covered = _covered(original_bytes, kind)
        if not covered:
            return payload
        rest = payload[len(payload) - (original_bytes - covered) :]
        file = framing.flac_file(payload[: len(payload) - len(rest)], _flac_of_silence(covered, kind))
        codec = _sound_codec(covered, kind)
        form = bytes([0, 0, codec.layout.sample_bytes if codec.layout else 1])
        return codec.decompress(form + file, covered) + rest


def _soundfile() -> Any:  # noqa: ANN401 - no types
    from predzip.codecs.baselines import load_extra

    return load_extra("soundfile", "soundfile", "audio")


def _covered(length: int, kind: str) -> int:
    return length - length % (2 if kind == "audio16" else 1)


def _sound_codec(length: int, kind: str) -> SoundCodec:
    layout = Layout("sound", 0, length, sample_bytes=2 if kind == "audio16" else 1)
    return SoundCodec(layout=layout)


def _flac(data: bytes, kind: str) -> bytes:
    return _sound_codec(len(data), kind).compress(data)[_SURROUNDINGS_BYTES + 1 :]


@lru_cache(maxsize=4)
def _flac_of_silence(length: int, kind: str) -> bytes:
    silence = bytes(length) if kind == "audio16" else b"\x80" * length
    file = _flac(silence, kind)
    return file[: len(file) - len(framing.flac_payload(file))]


def media_compressor(name: str) -> PictureCompressor | SoundCompressor:
    """Look up a codec of pictures or sound.

    Raises:
        UsageError: there is none of that name.
    """
    codec = media_baseline(name, None)
    if isinstance(codec, SoundCodec):
        return SoundCompressor()
    if name not in _PACKAGES:
        raise UsageError(f"no codec {name!r} of pictures in the tables")
    return PictureCompressor(name, replace(codec))

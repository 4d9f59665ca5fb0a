"""PNG, JPEG-XL, JPEG-LS and FLAC as lossless codecs of whole files.

Adds to `baselines`: these code pixels or samples only, so a payload also carries the bytes around them (a PGM or WAV
header, a broken last row), counted like everything else:

    payload := varint(len(before)) before varint(len(after)) after [sound format: one byte] stream
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from predzip.codecs.baselines import load_extra
from predzip.codecs.media import Layout
from predzip.codecs.varint import pack_varint, read_varint
from predzip.errors import CorruptError, UsageError

_Pixels = npt.NDArray[np.uint8]
_BIG_ENDIAN_FLAG = 0x80


def _imagecodecs() -> Any:  # noqa: ANN401  (no types)
    return load_extra("imagecodecs", "imagecodecs", "image")


def _pillow() -> Any:  # noqa: ANN401  (loaded late)
    return load_extra("PIL.Image", "pillow", "image")


def _soundfile() -> Any:  # noqa: ANN401  (no types)
    return load_extra("soundfile", "soundfile", "audio")


def _encode_png(pixels: _Pixels) -> bytes:
    stream = io.BytesIO()
    _pillow().fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _decode_png(stream: bytes) -> _Pixels:
    pillow = _pillow()
    limit, pillow.MAX_IMAGE_PIXELS = pillow.MAX_IMAGE_PIXELS, None  # our own output, not a stranger's bomb
    try:
        with pillow.open(io.BytesIO(stream)) as picture:
            return np.asarray(picture)
    finally:
        pillow.MAX_IMAGE_PIXELS = limit


def _encode_jpeg_xl(pixels: _Pixels) -> bytes:
    stream: bytes = _imagecodecs().jpegxl_encode(pixels, lossless=True, effort=10, numthreads=1)
    return stream


def _decode_jpeg_xl(stream: bytes) -> _Pixels:
    pixels: _Pixels = _imagecodecs().jpegxl_decode(stream, numthreads=1)
    return pixels


def _encode_jpeg_ls(pixels: _Pixels) -> bytes:
    stream: bytes = _imagecodecs().jpegls_encode(pixels, level=0)
    return stream


def _decode_jpeg_ls(stream: bytes) -> _Pixels:
    pixels: _Pixels = _imagecodecs().jpegls_decode(stream)
    return pixels


@dataclass(frozen=True)
class PictureCodec:
    """A codec of 8-bit pictures."""

    name: str
    settings: str
    encode: Callable[[_Pixels], bytes]
    decode: Callable[[bytes], _Pixels]
    required: Callable[[], Any]
    layout: Layout | None = None
    note: str = "pixels only; the bytes around them are stored"

    def check_installed(self) -> None:
        """See `Baseline`."""
        self.required()

    def compress(self, data: bytes) -> bytes:
        """See `Baseline`."""
        layout = _checked(self.name, "picture", self.layout)
        shape = (-1, layout.width) if layout.channels == 1 else (-1, layout.width, layout.channels)
        pixels = np.frombuffer(data, np.uint8)[layout.start : layout.stop].reshape(shape)
        return _surroundings(data, layout) + self.encode(pixels)

    def decompress(self, payload: bytes, original_bytes: int) -> bytes:
        """See `Baseline`."""
        before, after, position = _read_surroundings(payload)
        return _joined(self.name, before, self.decode(payload[position:]).tobytes(), after, original_bytes)


@dataclass(frozen=True)
class SoundCodec:
    """FLAC, for 8- and 16-bit PCM."""

    name: str = "flac"
    settings: str = "-8"
    layout: Layout | None = None
    note: str = "samples only; the bytes around them are stored"

    def check_installed(self) -> None:
        """See `Baseline`."""
        _soundfile()

    def compress(self, data: bytes) -> bytes:
        """See `Baseline`."""
        layout = _checked(self.name, "sound", self.layout)
        raw = data[layout.start : layout.stop]
        if layout.sample_bytes == 1:
            samples = (np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8  # libsndfile takes the high byte
        else:
            samples = np.frombuffer(raw, ">i2" if layout.big_endian else "<i2").astype(np.int16)
        stream = io.BytesIO()
        _soundfile().write(
            stream,
            samples.reshape(-1, layout.channels),
            layout.sample_rate,
            format="FLAC",
            subtype="PCM_S8" if layout.sample_bytes == 1 else "PCM_16",
            compression_level=1.0,
        )
        form = layout.sample_bytes | (_BIG_ENDIAN_FLAG if layout.big_endian else 0)
        return _surroundings(data, layout) + bytes([form]) + stream.getvalue()

    def decompress(self, payload: bytes, original_bytes: int) -> bytes:
        """See `Baseline`."""
        before, after, position = _read_surroundings(payload)
        form = payload[position]
        samples, _ = _soundfile().read(io.BytesIO(payload[position + 1 :]), dtype="int16", always_2d=True)
        if form & ~_BIG_ENDIAN_FLAG == 1:
            raw = ((samples >> 8) + 128).astype(np.uint8).tobytes()
        else:
            raw = samples.astype(">i2" if form & _BIG_ENDIAN_FLAG else "<i2").tobytes()
        return _joined(self.name, before, raw, after, original_bytes)


_PICTURE_CODECS = (
    PictureCodec("png", "Pillow, optimize", _encode_png, _decode_png, _pillow),
    PictureCodec("jpeg-xl", "-d 0 -e 10", _encode_jpeg_xl, _decode_jpeg_xl, _imagecodecs),
    PictureCodec("jpeg-ls", "lossless", _encode_jpeg_ls, _decode_jpeg_ls, _imagecodecs),
)


def media_baseline(name: str, layout: Layout | None) -> PictureCodec | SoundCodec:
    """Look up a codec; without a layout it decodes, and refuses to encode.

    Raises:
        UsageError: the name is unknown, or the layout is of the wrong kind.
    """
    if name == "flac":
        if layout is not None:
            _checked(name, "sound", layout)
        return SoundCodec(layout=layout)
    for codec in _PICTURE_CODECS:
        if codec.name == name:
            if layout is not None:
                _checked(name, "picture", layout)
            return PictureCodec(name, codec.settings, codec.encode, codec.decode, codec.required, layout)
    raise UsageError(f"no codec {name!r} for pictures or sounds")


def _checked(name: str, kind: str, layout: Layout | None) -> Layout:
    if layout is None or layout.kind != kind:
        raise UsageError(f"{name}: this file is not a {kind}")
    return layout


def _joined(name: str, before: bytes, middle: bytes, after: bytes, original_bytes: int) -> bytes:
    data = before + middle + after
    if len(data) != original_bytes:
        raise CorruptError(f"{name} gave {len(data)} bytes instead of {original_bytes}")
    return data


def _surroundings(data: bytes, layout: Layout) -> bytes:
    before, after = data[: layout.start], data[layout.stop :]
    return pack_varint(len(before)) + before + pack_varint(len(after)) + after


def _read_surroundings(payload: bytes) -> tuple[bytes, bytes, int]:
    length, position = read_varint(payload, 0)
    before = payload[position : position + length]
    length, position = read_varint(payload, position + length)
    return before, payload[position : position + length], position + length

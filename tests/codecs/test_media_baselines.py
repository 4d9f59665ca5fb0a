"""Codecs of pictures and sounds bring whole files back: headers, broken rows and trailing bytes too."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from predzip.codecs.baselines import baseline
from predzip.codecs.media import Layout, find_layout, picture_layout, sound_layout
from predzip.errors import MissingExtraError, UsageError

PICTURES = ("png", "jpeg-xl", "jpeg-ls")


def gradient(width: int, height: int, channels: int) -> bytes:
    row, column, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    noise = np.random.default_rng(0).integers(0, 4, row.shape)
    return bytes(((row * 3 + column * 2 + channel * 40 + noise) % 256).astype(np.uint8).tobytes())


def wave(samples: int, channels: int, dtype: str) -> bytes:
    tone = np.sin(np.arange(samples * channels) / 9)
    if dtype == "u1":
        return bytes((128 + 100 * tone).astype(np.uint8).tobytes())
    return bytes((20_000 * tone).astype(dtype).tobytes())


def wav_file(samples: bytes, channels: int, bits: int, trailer: bytes = b"") -> bytes:
    frame_bytes = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, 8000, 8000 * frame_bytes, frame_bytes, bits)
    body = (
        b"WAVE" + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(samples)) + samples + trailer
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def round_trip(name: str, data: bytes, layout: Layout | None) -> int:
    codec = baseline(name, layout)
    try:
        codec.check_installed()
    except MissingExtraError as error:
        pytest.skip(str(error))
    payload = codec.compress(data)
    assert baseline(name).decompress(payload, len(data)) == data
    return len(payload)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("channels", [1, 3])
def test_pnm_files(name: str, channels: int) -> None:
    pixels = gradient(50, 40, channels)
    data = b"P%d\n# made here\n50 40\n255\n" % (5 if channels == 1 else 6) + pixels + b"left over"
    layout = find_layout(data)
    assert layout is not None
    assert (layout.width, layout.channels, layout.stop - layout.start) == (50, channels, len(pixels))
    assert round_trip(name, data, layout) < len(data)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    ("width", "channels", "size"), [(1, 1, 1), (7, 1, 100), (64, 1, 64 * 30), (5, 3, 200), (5, 4, 409)]
)
def test_raw_pixels(name: str, width: int, channels: int, size: int) -> None:
    data = gradient(width, 60, channels)[:size]
    round_trip(name, data, picture_layout(data, width, channels))


@pytest.mark.parametrize("name", PICTURES)
def test_transparent_pixels_keep_their_colours(name: str) -> None:
    data = bytes([10, 20, 30, 0] * 64 + [200, 100, 50, 255] * 64)
    round_trip(name, data, picture_layout(data, 16, 4))


@pytest.mark.parametrize(("channels", "bits"), [(1, 8), (2, 8), (1, 16), (2, 16), (6, 16)])
def test_wav_files(channels: int, bits: int) -> None:
    samples = wave(3000, channels, "u1" if bits == 8 else "<i2")
    data = wav_file(samples, channels, bits, trailer=b"LIST\4\0\0\0info")
    layout = find_layout(data)
    assert layout is not None
    assert (layout.channels, layout.sample_bytes, layout.start) == (channels, bits // 8, 44)
    assert layout.sample_rate == 8000
    assert round_trip("flac", data, layout) < len(data)


@pytest.mark.parametrize(
    ("bits", "channels", "size"), [(8, 1, 1), (16, 1, 2), (16, 2, 4003), (8, 2, 1001), (16, 1, 9999)]
)
def test_raw_samples(bits: int, channels: int, size: int) -> None:
    data = wave(5000, 2, "u1" if bits == 8 else "<i2")[:size]
    round_trip("flac", data, sound_layout(data, bits, channels))


def test_every_sample_value() -> None:
    data = np.arange(-32768, 32768).astype("<i2").tobytes()
    round_trip("flac", data, sound_layout(data, 16))
    round_trip("flac", data, sound_layout(data, 8))
    round_trip("flac", data, Layout("sound", 0, len(data), sample_bytes=2, big_endian=True))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"P5",
        b"P5 0 0 255 ",
        b"P5 10 10 255 too short",
        b"P5 10 10 65535 " + bytes(200),
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff",
        b"a plain sentence, nothing else. " * 40,
    ],
)
def test_neither_picture_nor_sound(data: bytes) -> None:
    assert find_layout(data) is None


@pytest.mark.parametrize("name", [*PICTURES, "flac"])
def test_layout_of_the_wrong_kind(name: str) -> None:
    data = bytes(100)
    wrong = picture_layout(data, 10) if name == "flac" else sound_layout(data, 8)
    with pytest.raises(UsageError, match=rf"{name}: this file is not a"):
        baseline(name, wrong)


def test_impossible_layouts() -> None:
    with pytest.raises(UsageError, match="not one row"):
        picture_layout(b"abc", 4)
    with pytest.raises(UsageError, match="width >= 1"):
        picture_layout(b"abc", 0)
    with pytest.raises(UsageError, match="8 or 16 bits"):
        sound_layout(b"abc", 24)
    with pytest.raises(UsageError, match="not one sample"):
        sound_layout(b"a", 16)


def test_layouts_describe_themselves() -> None:
    assert picture_layout(bytes(100), 10).describe() == "picture, 10 x 10, grey"
    assert sound_layout(bytes(100), 16, 2).describe() == "sound, 16 bits, 2 channels"
    assert sound_layout(bytes(100), 8).describe() == "sound, 8 bits, 1 channel"

"""Headers of pictures and sound: whole, cut, embedded and imitated."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.kinds.headers import Media, find_media
from predzip.predictors.mixing.kinds.segments import Kind

from . import samples

_GREY = samples.picture(70, 50)
_COLOUR = samples.picture(70, 50, 3)
_WAVE = samples.sound(1500).astype("<i2").tobytes()


def _bmp(bits: int, width: int = 70, height: int = 50) -> tuple[bytes, Media]:
    row = (width * bits // 8 + 3) // 4 * 4
    palette = bytes(1024) if bits == 8 else b""
    offset = 54 + len(palette)
    head = struct.pack("<2sIIIIiiHH", b"BM", offset + row * height, 0, offset, 40, width, height, 1, bits) + bytes(24)
    kind = {8: Kind.IMAGE8, 24: Kind.IMAGE24, 32: Kind.IMAGE32}[bits]
    return head + palette + samples.noise(row * height), Media(offset, offset + row * height, kind, row)


def _wav(bits: int, channels: int, contents: bytes = _WAVE, form: int = 1) -> bytes:
    rate = 16000
    fmt = struct.pack("<HHIIHH", form, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    if form == 0xFFFE:
        fmt += struct.pack("<HHIH", 22, bits, 0, 1) + bytes(14)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(fmt)) + fmt
    chunks += b"data" + struct.pack("<I", len(contents)) + contents
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _aiff(coding: bytes = b"") -> bytes:
    common = struct.pack(">HIH", 2, 750, 16) + bytes(10) + coding + (b"\0\0" if coding else b"")
    chunks = b"COMM" + struct.pack(">I", len(common)) + common
    chunks += b"SSND" + struct.pack(">III", len(_WAVE) + 8, 0, 0) + _WAVE
    return b"FORM" + struct.pack(">I", 4 + len(chunks)) + (b"AIFC" if coding else b"AIFF") + chunks


def _tiff(order: str, samples_per_pixel: int, strips: int = 1, compression: int = 1) -> bytes:
    pixels = _GREY if samples_per_pixel == 1 else _COLOUR
    row = 70 * samples_per_pixel
    each = 50 // strips * row
    tail = struct.pack(f"{order}{strips}I", *(8 + index * each for index in range(strips)))
    tail += struct.pack(f"{order}{strips}I", *([each] * strips))
    offsets = 8 + len(pixels)
    one = strips == 1
    entries = [
        (256, 4, 1, 70),
        (257, 4, 1, 50),
        (258, 3, 1, None),
        (259, 4, 1, compression),
        (273, 4, strips, 8 if one else offsets),
        (277, 4, 1, samples_per_pixel),
        (279, 4, strips, each if one else offsets + 4 * strips),
    ]
    directory = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        directory += struct.pack(order + "HHI", tag, kind, count)
        directory += struct.pack(order + "HH", 8, 0) if value is None else struct.pack(order + "I", value)
    sign = b"II*\0" if order == "<" else b"MM\0*"
    return sign + struct.pack(order + "I", offsets + len(tail)) + pixels + tail + directory + bytes(4)


_AUDIO8_OFFSET = 12 + 12 + 24 + 8
_FILES: dict[str, tuple[bytes, Media]] = {
    "pgm": (b"P5\n# grey\n70 50\n255\n" + _GREY, Media(20, 20 + 3500, Kind.IMAGE8, 70)),
    "ppm": (b"P6 70 50 255\n" + _COLOUR, Media(13, 13 + 10500, Kind.IMAGE24, 210)),
    "bmp8": _bmp(8),
    "bmp24": _bmp(24),
    "bmp32": _bmp(32),
    "wav8": (_wav(8, 1), Media(_AUDIO8_OFFSET, _AUDIO8_OFFSET + 3000, Kind.AUDIO8, 1)),
    "wav16": (_wav(16, 2), Media(_AUDIO8_OFFSET, _AUDIO8_OFFSET + 3000, Kind.AUDIO16, 2)),
    "wav, extensible": (_wav(16, 1, form=0xFFFE), Media(_AUDIO8_OFFSET + 24, _AUDIO8_OFFSET + 3024, Kind.AUDIO16, 1)),
    "aiff": (_aiff(), Media(54, 54 + 3000, Kind.AUDIO16BE, 2)),
    "aifc, little-endian": (_aiff(b"sowt"), Media(60, 60 + 3000, Kind.AUDIO16, 2)),
    "tiff, grey": (_tiff("<", 1), Media(8, 8 + 3500, Kind.IMAGE8, 70)),
    "tiff, strips": (_tiff(">", 3, strips=5), Media(8, 8 + 10500, Kind.IMAGE24, 210)),
}


@pytest.mark.parametrize("name", list(_FILES))
def test_each_format(name: str) -> None:
    data, media = _FILES[name]
    assert find_media(data) == [media]


@pytest.mark.parametrize("name", list(_FILES))
def test_embedded_behind_other_bytes_and_before_more(name: str) -> None:
    data, media = _FILES[name]
    front = samples.text(1000) + bytes(24)
    found = find_media(front + data + samples.text(500))
    assert found == [Media(media.start + 1024, media.stop + 1024, media.kind, media.parameter)]


def test_a_bmp_from_top_to_bottom() -> None:
    data, media = _FILES["bmp24"]
    flipped = data.replace(struct.pack("<ii", 70, 50), struct.pack("<ii", 70, -50), 1)
    assert find_media(flipped) == [media]


def test_two_files_in_a_row() -> None:
    first, second = _FILES["ppm"], _FILES["wav16"]
    assert [media.kind for media in find_media(first[0] + second[0])] == [Kind.IMAGE24, Kind.AUDIO16]


def test_a_cut_picture_at_the_start_counts_and_elsewhere_does_not() -> None:
    data, media = _FILES["pgm"]
    assert find_media(data[:2000]) == [Media(media.start, 2000, media.kind, media.parameter)]
    assert find_media(b"x" + data[:2000]) == []


def test_sound_of_unknown_length_ends_with_the_block() -> None:
    data = _wav(16, 1).replace(b"data" + struct.pack("<I", 3000), b"data\xff\xff\xff\xff")
    assert find_media(data) == [Media(_AUDIO8_OFFSET, len(data), Kind.AUDIO16, 1)]


@pytest.mark.parametrize(
    "data",
    [
        b"P5 70 50 65535\n" + _COLOUR,  # 16-bit samples
        b"P5 70 0 255\n" + _GREY,
        b"P5 7x 50 255\n" + _GREY,
        b"P5 " + b" " * 3000,
        _wav(24, 1),
        _wav(16, 6),
        _wav(16, 1, form=3),
        _aiff(b"ulaw"),
        _tiff("<", 1, compression=5),
        _bmp(24)[0].replace(struct.pack("<HH", 1, 24), struct.pack("<HH", 1, 16)),
        b"BM" + bytes(5000),
        b"II*\0" + b"\xff" * 3000,
        b"RIFF....WAVE" + b"fmt " * 900,
        b"P5 8 8 255\n" + bytes(64),  # too small to matter
    ],
)
def test_other_contents_are_left_alone(data: bytes) -> None:
    assert find_media(data) == []


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(list(_FILES)), st.integers(0, 400), st.integers(0, 200), st.binary(max_size=40))
def test_damaged_headers_never_raise(name: str, cut: int, place: int, junk: bytes) -> None:
    data = bytearray(_FILES[name][0])
    data[place : place + len(junk)] = junk
    whole = bytes(data)
    for piece in (whole, whole[:cut]):
        for media in find_media(piece):
            assert 0 <= media.start < media.stop <= len(piece)

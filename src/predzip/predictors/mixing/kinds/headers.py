"""Pictures and sound that say so: PGM, PPM, BMP, TIFF, WAV and AIFF headers anywhere in a block.

Adds what needs no guess: where the samples lie, their row width or channels. Only uncompressed samples of 8 bits
(pictures) and 8 or 16 bits (sound) count. A header is a few bytes that text or noise may imitate, so every field is
checked, and away from the start of the block the samples must be there in full.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from predzip.predictors.mixing.kinds.segments import MAX_CHANNELS, MAX_WIDTH_BYTES, Kind

_MIN_SAMPLE_BYTES = 1024
_MAX_SIDE = 1 << 16
_GAP = rb"(?:[ \t\r\n]|#[^\r\n]{0,200}[\r\n]){1,200}"
_NETPBM = re.compile(rb"P([56])" + _GAP + rb"(\d{1,5})" + _GAP + rb"(\d{1,5})" + _GAP + rb"(\d{1,5})[ \t\r\n]")
# The first bytes of each format, and what must stand at some distance behind them.
_SIGNS: tuple[tuple[bytes, int, tuple[bytes, ...]], ...] = (
    (b"P5", 2, (b" ", b"\t", b"\r", b"\n")),
    (b"P6", 2, (b" ", b"\t", b"\r", b"\n")),
    (b"BM", 6, (b"\0\0\0\0",)),
    (b"II*\0", 4, (b"",)),
    (b"MM\0*", 4, (b"",)),
    (b"RIFF", 8, (b"WAVE",)),
    (b"FORM", 8, (b"AIFF", b"AIFC")),
)
_MAX_SIGNS = 1 << 16  # of one format; a block of nothing but signs shall not stop the clock
_NETPBM_HEADER_BYTES = 1024
_BMP_PLAIN, _BMP_MASKS = 0, 3
_BMP_KINDS = {8: Kind.IMAGE8, 24: Kind.IMAGE24, 32: Kind.IMAGE32}
_WAV_PCM, _WAV_EXTENSIBLE = 1, 0xFFFE
_TIFF_TYPE_BYTES = {3: 2, 4: 4}  # SHORT, LONG
_TIFF_KINDS = {1: Kind.IMAGE8, 3: Kind.IMAGE24, 4: Kind.IMAGE32}
_MAX_TIFF_ENTRIES = 200
_MAX_CHUNKS = 100


@dataclass(frozen=True)
class Media:
    """Samples of one kind at data[start:stop]."""

    start: int
    stop: int
    kind: Kind
    parameter: int


def find_media(data: bytes) -> list[Media]:
    """Find the samples that headers announce, in order and without overlap."""
    found: list[Media] = []
    for start in sorted(start for sign in _SIGNS for start in _places(data, *sign)):
        if found and start < found[-1].stop:
            continue
        media = _parse(data, start)
        if media is None or (media.stop > len(data) and start > 0):
            continue
        media = Media(media.start, min(media.stop, len(data)), media.kind, media.parameter)
        if media.stop - media.start >= _MIN_SAMPLE_BYTES and media.start >= (found[-1].stop if found else 0):
            found.append(media)
    return found


def _places(data: bytes, sign: bytes, distance: int, followers: tuple[bytes, ...]) -> list[int]:
    places: list[int] = []
    start = data.find(sign)
    for _ in range(_MAX_SIGNS):
        if start < 0:
            break
        if data.startswith(followers, start + distance):
            places.append(start)
        start = data.find(sign, start + 1)
    return places


def _parse(data: bytes, start: int) -> Media | None:
    sign = data[start : start + 2]
    try:
        if sign[:1] == b"P":
            return _netpbm(data, start)
        if sign == b"BM":
            return _bmp(data, start)
        if sign == b"RI":
            return _wav(data, start)
        if sign == b"FO":
            return _aiff(data, start)
        return _tiff(data, start, "<" if sign == b"II" else ">")
    except struct.error:  # the block ends within the header
        return None


def _image(start: int, width_bytes: int, height: int, kind: Kind) -> Media | None:
    if not (0 < width_bytes <= MAX_WIDTH_BYTES and 0 < height <= _MAX_SIDE):
        return None
    return Media(start, start + width_bytes * height, kind, width_bytes)


def _netpbm(data: bytes, start: int) -> Media | None:
    match = _NETPBM.match(data, start, start + _NETPBM_HEADER_BYTES)
    if match is None:
        return None
    variant, width, height, maximum = (int(group) for group in match.groups())
    if not 0 < maximum < 256:
        return None
    if variant == 5:
        return _image(match.end(), width, height, Kind.IMAGE8)
    return _image(match.end(), 3 * width, height, Kind.IMAGE24)


def _bmp(data: bytes, start: int) -> Media | None:
    offset, _, width, height, planes, bits, compression = struct.unpack_from("<IIiiHHI", data, start + 10)
    if planes != 1 or bits not in _BMP_KINDS or not 54 <= offset <= 1 << 13:
        return None
    if compression != _BMP_PLAIN and not (compression == _BMP_MASKS and bits == 32):
        return None
    return _image(start + offset, (width * bits // 8 + 3) // 4 * 4, abs(height), _BMP_KINDS[bits])


def _chunks(data: bytes, start: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Walk the chunks of a RIFF or IFF file: (name, where its contents start, their length)."""
    for _ in range(_MAX_CHUNKS):
        if start + 8 > len(data):
            return
        name, length = struct.unpack_from(order + "4sI", data, start)
        yield name, start + 8, length
        start += 8 + length + (length & 1)


def _wav(data: bytes, start: int) -> Media | None:
    channels = bits = 0
    for name, contents, length in _chunks(data, start + 12, "<"):
        if name == b"fmt ":
            form, channels, _, _, _, bits = struct.unpack_from("<HHIIHH", data, contents)
            if form == _WAV_EXTENSIBLE:
                (form,) = struct.unpack_from("<H", data, contents + 24)
            if form != _WAV_PCM:
                return None
        elif name == b"data":
            if not 1 <= channels <= MAX_CHANNELS or bits not in (8, 16):
                return None
            # Writers to a pipe leave 0 or the greatest number: to the end of the file, then.
            open_end = length == 0 or length >= 0xFFFFFF00
            stop = len(data) if open_end else contents + length
            return Media(contents, stop, Kind.AUDIO8 if bits == 8 else Kind.AUDIO16, channels)
    return None


def _aiff(data: bytes, start: int) -> Media | None:
    channels = bits = 0
    coding = b"NONE"
    for name, contents, length in _chunks(data, start + 12, ">"):
        if name == b"COMM":
            channels, _, bits = struct.unpack_from(">HIH", data, contents)
            if data[start + 8 : start + 12] == b"AIFC":
                coding = data[contents + 18 : contents + 22]
        elif name == b"SSND":
            if not 1 <= channels <= MAX_CHANNELS or bits != 16 or coding not in (b"NONE", b"twos", b"sowt"):
                return None
            (offset,) = struct.unpack_from(">I", data, contents)
            kind = Kind.AUDIO16 if coding == b"sowt" else Kind.AUDIO16BE
            return Media(contents + 8 + offset, contents + length, kind, channels)
    return None


def _tiff(data: bytes, start: int, order: str) -> Media | None:
    (directory,) = struct.unpack_from(order + "I", data, start + 4)
    (count,) = struct.unpack_from(order + "H", data, start + directory)
    if not 0 < count <= _MAX_TIFF_ENTRIES:
        return None
    tags: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        entry = start + directory + 2 + 12 * index
        tag, kind, values = struct.unpack_from(order + "HHI", data, entry)
        size = _TIFF_TYPE_BYTES.get(kind, 0)
        if size == 0 or not 0 < values <= _MAX_SIDE:
            continue
        where = entry + 8
        if size * values > 4:
            where = start + struct.unpack_from(order + "I", data, where)[0]
        tags[tag] = struct.unpack_from(f"{order}{values}{'H' if size == 2 else 'I'}", data, where)
    width, height = tags.get(256, (0,))[0], tags.get(257, (0,))[0]
    samples = tags.get(277, (1,))[0]
    offsets, lengths = tags.get(273, ()), tags.get(279, ())
    plain = tags.get(259, (1,))[0] == 1 and tags.get(284, (1,))[0] == 1
    if not plain or samples not in _TIFF_KINDS or set(tags.get(258, ())) != {8} or not offsets:
        return None
    if len(offsets) > 1 and (
        len(lengths) != len(offsets) or any(offsets[i] + lengths[i] != offsets[i + 1] for i in range(len(offsets) - 1))
    ):
        return None
    return _image(start + offsets[0], width * samples, height, _TIFF_KINDS[samples])

"""Where the pixels or the samples are in a file, for codecs that must be told: PNG, JPEG-XL, JPEG-LS, FLAC.

Adds nothing to predzip's own format. A `Layout` comes from a header (PGM, PPM, WAV), from the person who knows
("64-wide grey", "16-bit mono") or from predzip's own detection of data kinds.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal

from predzip.errors import UsageError

_GAP = rb"(?:\s|#[^\n]*\n)+"
_PNM_HEADER = re.compile(_GAP.join([rb"P(?P<kind>[56])", rb"(\d{1,7})", rb"(\d{1,7})", rb"(\d{1,5})\s"]))
_PCM_FORMAT = 1
_EXTENSIBLE_FORMAT = 0xFFFE
_MAX_FLAC_CHANNELS = 8
_MIN_COVERED = 0.9
"""A picture inside a file of other things says little about a picture codec: it must be this much of the file."""


@dataclass(frozen=True)
class Layout:
    """The part of a file from `start` to `stop` that is pixels or samples; the rest travels beside it."""

    kind: Literal["picture", "sound"]
    start: int
    stop: int
    channels: int = 1
    width: int = 0
    """Pixels of a row (pictures)."""
    sample_bytes: int = 1
    """1: unsigned 8-bit, 2: signed 16-bit (sounds); pictures have one byte a channel."""
    big_endian: bool = False
    sample_rate: int = 16_000
    """Only written into the FLAC header: it decides nothing."""

    @property
    def unit_bytes(self) -> int:
        """Bytes of the smallest whole thing: a row of pixels, or one sample of each channel."""
        return self.channels * (self.width if self.kind == "picture" else self.sample_bytes)

    def describe(self) -> str:
        """Say in a few words what it is."""
        if self.kind == "picture":
            colour = {1: "grey", 3: "RGB", 4: "RGBA"}[self.channels]
            return f"picture, {self.width} x {(self.stop - self.start) // self.unit_bytes}, {colour}"
        return f"sound, {8 * self.sample_bytes} bits, {self.channels} channel{'s'[: self.channels - 1]}"


def picture_layout(data: bytes, width: int, channels: int = 1, start: int = 0) -> Layout:
    """Raw pixels, one byte a channel, rows of `width` pixels; an incomplete last row is left over.

    Raises:
        UsageError: where there is not even one row.
    """
    if width < 1 or channels not in (1, 3, 4):
        raise UsageError(f"a picture of width {width} with {channels} channels: width >= 1, channels 1, 3 or 4")
    return _whole_units(Layout("picture", start, len(data), channels, width))


def sound_layout(data: bytes, bits: int, channels: int = 1) -> Layout:
    """Raw samples: unsigned 8-bit or signed little-endian 16-bit.

    Raises:
        UsageError: for other formats, or where there is not even one sample.
    """
    if bits not in (8, 16) or not 1 <= channels <= _MAX_FLAC_CHANNELS:
        raise UsageError(f"{bits}-bit sound of {channels} channels: 8 or 16 bits, 1 to {_MAX_FLAC_CHANNELS} channels")
    return _whole_units(Layout("sound", 0, len(data), channels, sample_bytes=bits // 8))


def header_layout(data: bytes) -> Layout | None:
    """Read a PGM, PPM or WAV header; None where there is none that can be used."""
    return _pnm_layout(data) or _wav_layout(data)


def find_layout(data: bytes) -> Layout | None:
    """Look for a header first, then at the bytes; None where the file is neither picture nor sound."""
    return header_layout(data) or _detected_layout(data)


def _whole_units(layout: Layout) -> Layout:
    units = (layout.stop - layout.start) // layout.unit_bytes
    if units < 1:
        raise UsageError(f"not one {'row' if layout.kind == 'picture' else 'sample'} in {layout.stop} bytes")
    fields = {**layout.__dict__, "stop": layout.start + units * layout.unit_bytes}
    return Layout(**fields)


def _pnm_layout(data: bytes) -> Layout | None:
    header = _PNM_HEADER.match(data[:4096])
    if header is None:
        return None
    width, height, largest = (int(header[group]) for group in (2, 3, 4))
    channels = 1 if header["kind"] == b"5" else 3
    stop = header.end() + width * height * channels
    if not (width and height and 0 < largest < 256) or stop > len(data):
        return None
    return Layout("picture", header.end(), stop, channels, width)


def _wav_layout(data: bytes) -> Layout | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    position, form = 12, None
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"fmt " and size >= 16 and position + 16 <= len(data):
            form = struct.unpack_from("<HHIIHH", data, position)
        elif name == b"data" and form is not None:
            return _wav_samples(form, position, min(position + size, len(data)))
        position += size + (size & 1)
    return None


def _wav_samples(form: tuple[int, ...], start: int, stop: int) -> Layout | None:
    format_id, channels, sample_rate, _, _, bits = form
    known = format_id in (_PCM_FORMAT, _EXTENSIBLE_FORMAT) and bits in (8, 16) and 1 <= channels <= _MAX_FLAC_CHANNELS
    if not known or stop - start < channels * bits // 8:
        return None
    sample_rate = min(max(sample_rate, 1), 655_350)  # the range of a FLAC header
    return _whole_units(Layout("sound", start, stop, channels, sample_bytes=bits // 8, sample_rate=sample_rate))


def _detected_layout(data: bytes) -> Layout | None:
    from predzip.predictors.mixing.kinds import Kind, segment_block
    from predzip.predictors.mixing.kinds.segments import AUDIO_SAMPLE_BYTES, IMAGE_PIXEL_BYTES

    start = 0
    for segment in segment_block(data):
        stop = start + segment.length
        if segment.length >= _MIN_COVERED * len(data):
            if segment.kind in IMAGE_PIXEL_BYTES:
                channels = IMAGE_PIXEL_BYTES[segment.kind]
                if segment.parameter % channels or segment.length < segment.parameter:
                    return None
                return _whole_units(Layout("picture", start, stop, channels, segment.parameter // channels))
            if segment.kind in AUDIO_SAMPLE_BYTES:
                sample_bytes = AUDIO_SAMPLE_BYTES[segment.kind]
                if segment.length < sample_bytes * segment.parameter:
                    return None
                big_endian = segment.kind is Kind.AUDIO16BE
                return _whole_units(
                    Layout("sound", start, stop, segment.parameter, sample_bytes=sample_bytes, big_endian=big_endian)
                )
        start = stop
    return None

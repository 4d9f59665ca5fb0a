"""What of a compressed chunk counts, and what counts once: the framing that every chunk repeats.

The paper counts the header of a format once and not 488,281 times. Its code took the length of one compressed zero
byte for that header (21 bytes for gzip, 60 for xz, 67 for PNG), which also takes a coded byte off every chunk. The rule
here: framing is what a decoder can put back by itself, knowing only how long a chunk was. Signatures, fixed fields,
lengths and checksums are framing; not one bit that says something about the content is. So each function that takes
framing off has a twin that decodes what is left, and every measured chunk goes through both.

    format   framing                                       what counts
    gzip     header (10 bytes), CRC-32 and length (8)      the deflate stream
    xz       headers, padding, check, index, footer        the LZMA2 stream
    PNG      all of the file but ...                       the deflate stream of its pixels
    FLAC     signature and metadata, MD5 included          all frames, with their own headers and checksums
    zstd     signature (4 bytes)                           the frame behind it
    bz2      signatures of stream and first block (10)     the rest
    predzip  frame header, lengths, checksums              payloads of the blocks
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable

from predzip.codecs.varint import read_varint
from predzip.container import BlockReady, EndOfInput, FrameReader
from predzip.errors import CorruptError

_GZIP_HEADER_BYTES, _GZIP_TRAILER_BYTES = 10, 8
_XZ_HEADER_BYTES = _XZ_FOOTER_BYTES = 12
_XZ_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": lzma.PRESET_DEFAULT}]
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ZLIB_HEADER_BYTES, _ADLER_BYTES = 2, 4
_FLAC_SIGNATURE = b"fLaC"
_STREAMINFO_BYTES = 34
_FRAME_SIZES = slice(4, 10)
_MD5 = slice(18, 34)


def gzip_payload(file: bytes) -> bytes:
    """The deflate stream of a gzip file without a name in its header."""
    return file[_GZIP_HEADER_BYTES:-_GZIP_TRAILER_BYTES]


def gzip_content(payload: bytes, _original_bytes: int) -> bytes:
    """Decode what `gzip_payload` left."""
    return zlib.decompress(payload, -zlib.MAX_WBITS)


def xz_payload(file: bytes) -> bytes:
    """The LZMA2 stream of an .xz file with one block (its format: tukaani.org/xz/xz-file-format.txt)."""
    if len(file) <= _XZ_HEADER_BYTES + 8 + _XZ_FOOTER_BYTES:
        return b""  # no block: the file of nothing
    block_header_bytes = 4 * (file[_XZ_HEADER_BYTES] + 1)
    index_bytes = 4 * (struct.unpack_from("<I", file, len(file) - 8)[0] + 1)
    index = file[len(file) - _XZ_FOOTER_BYTES - index_bytes :]
    records, position = read_varint(index, 1)
    if records != 1:
        raise CorruptError(f"an .xz file of {records} blocks instead of one")
    unpadded_bytes, _ = read_varint(index, position)
    check_bytes = {0: 0, 1: 4, 4: 8, 10: 32}[file[7] & 15]
    return file[_XZ_HEADER_BYTES + block_header_bytes : _XZ_HEADER_BYTES + unpadded_bytes - check_bytes]


def xz_content(payload: bytes, _original_bytes: int) -> bytes:
    """Decode what `xz_payload` left."""
    return lzma.decompress(payload, lzma.FORMAT_RAW, filters=_XZ_FILTERS) if payload else b""


def png_payload(file: bytes) -> bytes:
    """The deflate stream of an 8-bit grey PNG.

    Raises:
        CorruptError: the file holds anything that its size does not tell.
    """
    stream, position = b"", len(_PNG_SIGNATURE)
    while position < len(file):
        length, name = struct.unpack_from(">I4s", file, position)
        content = file[position + 8 : position + 8 + length]
        if name == b"IDAT":
            stream += content
        elif name not in (b"IHDR", b"IEND") or (name == b"IHDR" and content[8:] != b"\x08\0\0\0\0"):
            raise CorruptError(f"a PNG with {name.decode('latin-1')}, which its size does not tell")
        position += length + 12
    return stream[_ZLIB_HEADER_BYTES:-_ADLER_BYTES]


def png_file(payload: bytes, width: int, rows: int) -> bytes:
    """A PNG that any program opens, from what `png_payload` left."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    checksum = zlib.adler32(inflater.decompress(payload, (width + 1) * rows + 1))
    stream = b"\x78\xda" + payload + struct.pack(">I", checksum)
    header = struct.pack(">IIBBBBB", width, rows, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", stream), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def flac_payload(file: bytes) -> bytes:
    """The frames of a FLAC file."""
    return file[_flac_metadata_bytes(file) :]


def flac_file(payload: bytes, silence: bytes) -> bytes:
    """A FLAC file from what `flac_payload` left and the FLAC file of as many samples of silence.

    Silence has the same metadata but for the MD5 and the sizes of the smallest and largest frame: 0 is "unknown".
    """
    header = bytearray(silence[: _flac_metadata_bytes(silence)])
    information = memoryview(header)[len(_FLAC_SIGNATURE) + 4 :][:_STREAMINFO_BYTES]
    information[_FRAME_SIZES] = bytes(6)
    information[_MD5] = bytes(16)
    information.release()
    return bytes(header) + payload


def _flac_metadata_bytes(file: bytes) -> int:
    if not file.startswith(_FLAC_SIGNATURE):
        raise CorruptError("no FLAC file")
    position, last = len(_FLAC_SIGNATURE), False
    while not last:
        last = bool(file[position] & 0x80)
        position += 4 + int.from_bytes(file[position + 1 : position + 4], "big")
    return position


def without_prefix(prefix: bytes) -> Callable[[bytes], bytes]:
    """A function that takes off what every non-empty output of a codec starts with."""

    def payload(file: bytes) -> bytes:
        if not file.startswith(prefix):
            raise CorruptError(f"expected {prefix!r} at the start, found {file[: len(prefix)]!r}")
        return file[len(prefix) :]

    return payload


def frame_payload(frame: bytes) -> bytes:
    """Payloads of the blocks of a predzip frame. One as long as its block is stored, and no coded one is."""
    reader = FrameReader()
    reader.feed(frame)
    reader.close()
    parts = []
    while not isinstance(event := reader.next_event(), EndOfInput):
        if isinstance(event, BlockReady):
            parts.append(event.payload)
    return b"".join(parts)

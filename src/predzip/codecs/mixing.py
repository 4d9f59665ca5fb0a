"""Method 1: blocks coded by the adaptive mixture, with a model for each kind of data in them.

A block is cut into typed segments (`kinds`). Segments of one family (text, binary, executable) are joined to one
stream, so that they share a model and a history; pictures and sounds are streams of their own; what is random is
stored. All streams go through one binary coder, one after the other:

    payload := segment table, coded streams, stored bytes of RANDOM segments

docs/format.md, section "Method 1", is the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.coding.binary import finish, new_decoder, new_encoder, output_bytes, payload_buffer, room_bytes
from predzip.coding.interval import with_free_bytes
from predzip.errors import CorruptError
from predzip.predictors.mixing import settings as families
from predzip.predictors.mixing.kinds import Kind, Segment, pack_segments, segment_block, unpack_segments
from predzip.predictors.mixing.kinds.segments import AUDIO_SAMPLE_BYTES, IMAGE_PIXEL_BYTES
from predzip.predictors.mixing.model import PADDING, memory_bytes, new_model, padded
from predzip.predictors.mixing.step import code_bytes

Bytes = NDArray[np.uint8]
State = NDArray[np.uint64]
Step = Callable[[State, Bytes, Bytes, int, int], int]
"""(coder, buffer, data, begin, end) -> where to go on."""

_SLICE_BYTES = 16384
"""Bytes coded between two calls of the progress function, which is also where Ctrl-C gets through."""

_DECISIONS_OF_A_SLICE = 14 * _SLICE_BYTES
"""No model takes more than 14 decisions for a byte (pixels.MAX_DECISIONS); the families take 8."""

_TYPED_FROM_LEVEL = 2
"""Level 1 codes pictures and sounds as binary data: it is for speed."""

FAMILY_OF = {
    Kind.TEXT: families.TEXT,
    Kind.BINARY: families.BINARY,
    Kind.EXECUTABLE: families.EXECUTABLE,
}
_WARM_FROM_LEVEL = 4
"""Models of text, pictures and sound begin with what they learnt from training data; weaker levels keep their bits."""

_START_BYTES = 48 << 20
"""What the tables of a warm start take, twice while they are unpacked."""

_LEAST_TYPED_BYTES = 512
"""A model of its own takes some 10 ms to make: a table of many short segments must not keep a decoder busy."""
_WIDEST_ROW_BYTES = 1 << 16
_PIXEL_MODEL_BYTES = 60 << 20  # four bytes a pixel; the others take less
_PIXEL_MODEL_ROW_BYTES = 600  # for each byte of a row
_NO_PRIORS = np.zeros((0, 0, 1, 256), np.uint16)


@dataclass
class Stream:
    """Bytes that one model codes: where they stand in the block, and what codes them."""

    kind: Kind
    parameter: int
    places: list[tuple[int, int]] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Bytes of all its places."""
        return sum(stop - start for start, stop in self.places)


def _is_codable(segment: Segment) -> bool:
    """Say whether a segment may have a model of its own, so that tables cannot ask for much time or memory."""
    if segment.kind in AUDIO_SAMPLE_BYTES:
        return segment.length >= _LEAST_TYPED_BYTES
    if segment.kind in IMAGE_PIXEL_BYTES:
        return segment.length >= max(_LEAST_TYPED_BYTES, segment.parameter) and segment.parameter <= _WIDEST_ROW_BYTES
    return True


def _streams(segments: list[Segment], level: int) -> tuple[list[Stream], list[tuple[int, int]]]:
    """Order of coding: the families, then typed segments one by one. Second: the places of stored bytes."""
    joined = {kind: Stream(kind, 0) for kind in FAMILY_OF}
    single: list[Stream] = []
    stored: list[tuple[int, int]] = []
    start = 0
    for segment in segments:
        place = (start, start + segment.length)
        start += segment.length
        if segment.kind == Kind.RANDOM:
            stored.append(place)
        elif segment.kind in joined:
            joined[segment.kind].places.append(place)
        elif level < _TYPED_FROM_LEVEL:
            joined[Kind.BINARY].places.append(place)
        else:
            single.append(Stream(segment.kind, segment.parameter, [place]))
    return [stream for stream in joined.values() if stream.places] + single, stored


def _media_stepper(stream: Stream, *, warm: bool) -> Step:
    """A fresh model for pixels or samples, ready to code them."""
    if stream.kind in IMAGE_PIXEL_BYTES:
        from predzip.predictors.mixing.pixels import code_pixels, new_pixel_model

        pixels = new_pixel_model(stream.parameter, IMAGE_PIXEL_BYTES[stream.kind], stream.length, warm=warm)

        def step_pixels(coder: State, buffer: Bytes, data: Bytes, begin: int, end: int) -> int:
            code_pixels(pixels, coder, buffer, data, begin, end)
            return end

        return step_pixels
    from predzip.predictors.mixing.audio import code_audio, new_audio_model

    bits = 8 * AUDIO_SAMPLE_BYTES[stream.kind]
    audio = new_audio_model(bits, stream.parameter, stream.kind == Kind.AUDIO16BE, stream.length, warm=warm)

    def step_audio(coder: State, buffer: Bytes, data: Bytes, begin: int, end: int) -> int:
        code_audio(audio, coder, buffer, data, begin, end)
        return end

    return step_audio


def _gather(data: bytes, stream: Stream) -> Bytes:
    if stream.kind in FAMILY_OF:
        array = padded(b"".join(data[start:stop] for start, stop in stream.places))
    else:
        (start, stop) = stream.places[0]
        array = payload_buffer(data[start:stop])
    return _transform(array, stream, decode=False)


def _transform(array: Bytes, stream: Stream, *, decode: bool) -> Bytes:
    """Apply or undo, in place, what makes a kind easier to predict."""
    if stream.kind == Kind.EXECUTABLE:
        from predzip.predictors.mixing.kinds.transforms import decode_x86, encode_x86

        start = 0
        for first, behind in stream.places:
            part = array[start : start + behind - first]
            (decode_x86 if decode else encode_x86)(part, first)
            start += behind - first
    return array


def with_room(buffer: Bytes, coder: State, decisions: int) -> Bytes:
    """The buffer of an encoder, or a bigger copy where it has no room for so many decisions more."""
    return with_free_bytes(buffer, int(output_bytes(coder)), room_bytes(decisions))


def _slices(length: int, step: Callable[[int, int], int], progress: Progress | None) -> Iterator[int]:
    """Call `step` on one slice after the other; yield before each, so that the caller can make room."""
    position = 0
    while position < length:
        yield position
        following = step(position, min(position + _SLICE_BYTES, length))
        if progress is not None:
            progress(following - position)
        position = following


class MixingCodec:
    """The adaptive mixture as a block codec; `level` is 1 to 4 and is the parameter byte of the frame."""

    method_id = 1
    priors = 0
    """Distributions beside the adaptive model's own that the model of text mixes in."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.parameters = bytes([level])

    def _stepper(self, stream: Stream) -> Step:
        """A fresh model for the stream, ready to code it."""
        if stream.kind in FAMILY_OF:
            return self._family_stepper(stream)
        return _media_stepper(stream, warm=self.level >= _WARM_FROM_LEVEL)

    def _family_stepper(self, stream: Stream) -> Step:
        start = None
        if stream.kind == Kind.TEXT and self.level >= _WARM_FROM_LEVEL:
            from predzip.predictors.mixing.text_warm import text_start

            start = text_start()
        model = new_model(self.level, FAMILY_OF[stream.kind], stream.length, start=start)

        def step(coder: State, buffer: Bytes, data: Bytes, begin: int, end: int) -> int:
            return code_bytes(model, coder, buffer, data, _NO_PRIORS, begin, end)

        return step

    def _encode_stream(
        self, stream: Stream, array: Bytes, coder: State, buffer: Bytes, progress: Progress | None
    ) -> Bytes:
        """Code one stream; return the buffer, or a bigger one that took its place."""
        step = self._stepper(stream)

        def code(begin: int, end: int) -> int:
            return step(coder, buffer, array, begin, end)

        for _ in _slices(stream.length, code, progress):
            buffer = with_room(buffer, coder, _DECISIONS_OF_A_SLICE)
        return buffer

    def _decode_stream(
        self, stream: Stream, array: Bytes, coder: State, coded: Bytes, progress: Progress | None
    ) -> None:
        """Bring back one stream into `array`."""
        step = self._stepper(stream)

        def code(begin: int, end: int) -> int:
            return step(coder, coded, array, begin, end)

        for _ in _slices(stream.length, code, progress):
            pass

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block; see codecs.base.BlockCodec."""
        segments = [
            segment if _is_codable(segment) else Segment(Kind.BINARY, segment.length) for segment in segment_block(data)
        ]
        streams, stored = _streams(segments, self.level)
        coder = new_encoder()
        buffer = np.zeros(max(4096, len(data) // 2) + room_bytes(_DECISIONS_OF_A_SLICE), np.uint8)
        for stream in streams:
            buffer = self._encode_stream(stream, _gather(data, stream), coder, buffer, progress)
        coded = bytes(buffer[: int(finish(coder, buffer))])
        if progress is not None:
            progress(sum(stop - start for start, stop in stored))
        return pack_segments(segments) + coded + b"".join(data[start:stop] for start, stop in stored)

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back one block; see codecs.base.BlockCodec."""
        segments, table_bytes = unpack_segments(payload, 0, original_bytes)
        streams, stored = _streams(segments, self.level)
        if not all(map(_is_codable, segments)):
            raise CorruptError("a picture or a sound is too short, or a row too wide")
        stored_bytes = sum(stop - start for start, stop in stored)
        if table_bytes + stored_bytes > len(payload):
            raise CorruptError("the payload is shorter than its stored segments")
        result = np.zeros(original_bytes, np.uint8)
        position = len(payload) - stored_bytes
        coded = payload_buffer(payload[table_bytes:position])
        for start, stop in stored:
            result[start:stop] = np.frombuffer(payload, np.uint8, stop - start, position)
            position += stop - start
        coder = new_decoder(coded)
        for stream in streams:
            array = np.zeros(stream.length + PADDING, np.uint8)
            if stream.kind not in FAMILY_OF:
                array = array[: stream.length]
            self._decode_stream(stream, array, coder, coded, progress)
            _scatter(_transform(array, stream, decode=True), stream, result)
        if progress is not None:
            progress(stored_bytes)
        return result.tobytes()

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block takes; see codecs.base.BlockCodec."""
        tables = max(memory_bytes(self.level, family, original_bytes, self.priors) for family in families.FAMILIES)
        if self.level >= _WARM_FROM_LEVEL:
            tables += _START_BYTES
        if self.level >= _TYPED_FROM_LEVEL:
            row_bytes = min(original_bytes, _WIDEST_ROW_BYTES)
            tables = max(tables, _PIXEL_MODEL_BYTES + _PIXEL_MODEL_ROW_BYTES * row_bytes)
        return tables + 5 * original_bytes + (64 << 20)


def _scatter(array: Bytes, stream: Stream, result: Bytes) -> None:
    start = 0
    for first, behind in stream.places:
        result[first:behind] = array[start : start + behind - first]
        start += behind - first


def kernels_cached(kernel: str = "code_bytes") -> bool:
    """Say whether the compiled kernels of this release are on disk; if not, the first use compiles them."""
    from predzip.jit import cache_folder

    return cache_folder().is_dir() and any(cache_folder().glob(f"*/*{kernel}*.nbi"))

"""Method 1: segments, streams and the payload that holds them. Round trips are in contracts/test_codecs."""

from __future__ import annotations

import itertools
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import corpus
from predzip.codecs import mixing
from predzip.codecs.levels import MIXING_LEVELS
from predzip.codecs.mixing import MixingCodec, kernels_cached
from predzip.codecs.registry import codec_for_frame
from predzip.errors import CorruptError, UnsupportedError
from predzip.predictors.mixing.kinds import Kind, Segment, pack_segments, unpack_segments

PARAMETERS = {
    Kind.IMAGE8: 50,
    Kind.IMAGE24: 60,
    Kind.IMAGE32: 64,
    Kind.AUDIO8: 2,
    Kind.AUDIO16: 2,
    Kind.AUDIO16BE: 1,
}
DATA = Random(1).randbytes(700) + corpus.book(700) + corpus.pixels(700, 50) + corpus.sound(200, 2) + b"\xff" * 300


def cut(data: bytes, *kinds: Kind) -> list[Segment]:
    """Segments of these kinds and about equal lengths, whatever the bytes are."""
    share = len(data) // len(kinds)
    segments = [Segment(kind, share, PARAMETERS.get(kind, 0)) for kind in kinds[:-1]]
    return [*segments, Segment(kinds[-1], len(data) - share * (len(kinds) - 1), PARAMETERS.get(kinds[-1], 0))]


def force(monkeypatch: pytest.MonkeyPatch, segments: list[Segment]) -> None:
    monkeypatch.setattr(mixing, "segment_block", lambda data: segments)


@pytest.mark.parametrize("level", MIXING_LEVELS)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_takes_any_bytes(monkeypatch: pytest.MonkeyPatch, kind: Kind, level: int) -> None:
    codec = MixingCodec(level)
    for data in (DATA, DATA[:1], DATA[:511], DATA[-512:], bytes(601), b"\x80\x7f" * 300 + b"\0"):
        force(monkeypatch, [Segment(kind, len(data), PARAMETERS.get(kind, 0))])
        payload = codec.encode_block(data)
        assert payload[0] == (Kind.BINARY if kind in PARAMETERS and len(data) < 512 else kind)
        assert codec.decode_block(payload, len(data)) == data


@pytest.mark.parametrize("level", MIXING_LEVELS)
def test_segments_of_all_kinds_in_one_block(monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    codec, data = MixingCodec(level), DATA + corpus.machine_code(1500) + DATA[::-1]
    assert len(data) // len(Kind) > 512
    for order in (list(Kind), list(Kind)[::-1], [Kind.RANDOM, Kind.TEXT, Kind.RANDOM, Kind.EXECUTABLE, Kind.TEXT]):
        force(monkeypatch, cut(data, *order))
        payload = codec.encode_block(data)
        assert codec.decode_block(payload, len(data)) == data


def test_segments_of_one_family_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    codec, piece = MixingCodec(2), corpus.book(3000)
    data = piece + corpus.noise(3000) + piece
    force(monkeypatch, cut(data, Kind.TEXT, Kind.RANDOM, Kind.TEXT))
    joined = codec.encode_block(data)
    assert codec.decode_block(joined, len(data)) == data
    force(monkeypatch, [Segment(Kind.TEXT, 3000)])
    alone = codec.encode_block(piece)
    assert len(joined) < 3000 + len(alone) * 1.2


def test_random_segments_are_stored_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = corpus.book(500) + corpus.noise(400) + corpus.book(500)
    force(monkeypatch, [Segment(Kind.TEXT, 500), Segment(Kind.RANDOM, 400), Segment(Kind.TEXT, 500)])
    payload = MixingCodec(1).encode_block(data)
    assert payload.endswith(data[500:900])


def test_calls_in_machine_code_are_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    data = corpus.machine_code(12_000)
    force(monkeypatch, [Segment(Kind.EXECUTABLE, len(data))])
    as_code = len(MixingCodec(2).encode_block(data))
    force(monkeypatch, [Segment(Kind.BINARY, len(data))])
    assert as_code < len(MixingCodec(2).encode_block(data)) * 0.97


@pytest.mark.parametrize(("kind", "data"), [(Kind.IMAGE8, corpus.pixels(16_000)), (Kind.AUDIO16, corpus.sound(8000))])
def test_typed_models_pay(monkeypatch: pytest.MonkeyPatch, kind: Kind, data: bytes) -> None:
    force(monkeypatch, [Segment(kind, len(data), 64 if kind == Kind.IMAGE8 else 1)])
    fast, good = (len(MixingCodec(level).encode_block(data)) for level in (1, 2))  # level 1 takes all for binary
    assert good < 0.9 * fast


@pytest.mark.parametrize(
    "sample", ["text.txt", "japanese.txt", "data.json", "table.csv", "server.log", "records.bin", "mixture.tar"]
)
def test_higher_levels_are_smaller(sample: str) -> None:
    data = corpus.samples(15_000)[sample]
    sizes = [len(MixingCodec(level).encode_block(data)) for level in MIXING_LEVELS]
    assert all(after <= 1.005 * before for before, after in itertools.pairwise(sizes))
    assert sizes[-1] < 0.98 * sizes[0]


@pytest.mark.parametrize("parameters", [b"", b"\x00", b"\x05", b"\xff", b"\x01\x01"])
def test_unknown_strengths_are_refused(parameters: bytes) -> None:
    with pytest.raises(UnsupportedError):
        codec_for_frame(1, parameters)


def test_nothing_takes_nothing() -> None:
    for level in MIXING_LEVELS:
        assert MixingCodec(level).encode_block(b"") == b""
        assert MixingCodec(level).decode_block(b"", 0) == b""
        assert MixingCodec(level).decode_block(b"junk", 0) == b""


def test_the_buffer_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    # Coded bytes exceed the original in slices of noise taken for text: the encoder must make room in time.
    data = Random(3).randbytes(200_000)
    force(monkeypatch, [Segment(Kind.TEXT, len(data))])
    payload = MixingCodec(1).encode_block(data)
    assert len(data) < len(payload) < 1.03 * len(data)
    assert MixingCodec(1).decode_block(payload, len(data)) == data


def test_stored_segments_that_are_not_there() -> None:
    table = pack_segments([Segment(Kind.TEXT, 5), Segment(Kind.RANDOM, 50)])
    with pytest.raises(CorruptError):
        MixingCodec(1).decode_block(table + b"too short", 55)


@pytest.mark.parametrize("parameter", [1 << 17, 701])
def test_pictures_that_no_model_is_for(monkeypatch: pytest.MonkeyPatch, parameter: int) -> None:
    segments, data = [Segment(Kind.IMAGE8, 700, parameter)], DATA[:700]
    force(monkeypatch, segments)
    payload = MixingCodec(2).encode_block(data)
    assert payload[0] == Kind.BINARY
    assert MixingCodec(2).decode_block(payload, len(data)) == data
    with pytest.raises(CorruptError):
        MixingCodec(2).decode_block(pack_segments(segments) + payload, len(data))


def _hostile(kind: Kind, parameter: int, count: int, length: int) -> tuple[bytes, int]:
    """As many segments as a table may hold, each asking for a model of its own."""
    return pack_segments([Segment(kind, length, parameter)] * count) + b"\x55" * 40, count * length


@pytest.mark.parametrize(
    ("kind", "parameter", "count", "length"),
    [
        (Kind.IMAGE8, 1, 10, 512),
        (Kind.IMAGE8, 1 << 18, 40, 1),
        (Kind.IMAGE32, 1 << 18, 1, 1 << 18),
        (Kind.IMAGE8, 1 << 16, 1, 1 << 16),
        (Kind.IMAGE32, 1 << 16, 1, 1 << 16),
        (Kind.AUDIO16, 2, 10, 512),
        (Kind.AUDIO16, 2, 4000, 2),
    ],
)
@pytest.mark.parametrize("level", MIXING_LEVELS)
def test_a_hostile_table_takes_no_more_than_stated(
    kind: Kind, parameter: int, count: int, length: int, level: int
) -> None:
    payload, length = _hostile(kind, parameter, count, length)
    codec = MixingCodec(level)
    with suppress(CorruptError):
        codec.decode_block(payload, length)  # compiles
    tracemalloc.start()
    with suppress(CorruptError):
        assert len(codec.decode_block(payload, length)) == length
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= codec.memory_bytes(length)


def test_payloads_of_kinds_are_those_of_the_table() -> None:
    for sample in ("text.txt", "picture.bmp", "stereo.wav", "mixture.tar"):
        data = corpus.samples(9000)[sample]
        payload = MixingCodec(3).encode_block(data)
        segments, offset = unpack_segments(payload, 0, len(data))
        assert sum(segment.length for segment in segments) == len(data)
        assert pack_segments(segments) == payload[:offset]


def test_kernels_are_on_disk_after_the_first_use() -> None:
    MixingCodec(1).encode_block(b"abc")
    assert kernels_cached()

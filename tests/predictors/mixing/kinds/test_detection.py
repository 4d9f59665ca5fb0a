"""Whole blocks: each kind alone, mixtures, small pieces, and nothing lost or cut too finely."""

from __future__ import annotations

import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.predictors.mixing.kinds import Kind, Segment, pack_segments, segment_block, unpack_segments

from . import samples

_PCM16 = samples.sound(60000).astype("<i2").tobytes()
_PCM8 = ((samples.sound(60000, seed=9) >> 8) + 128).astype(np.uint8).tobytes()
_KINDS: dict[str, tuple[bytes, Kind, int]] = {
    "text": (samples.text(100_000), Kind.TEXT, 0),
    "records": (samples.records(4000), Kind.BINARY, 0),
    "code": (samples.machine_code(100_000), Kind.EXECUTABLE, 0),
    "grey": (samples.picture(300, 300), Kind.IMAGE8, 300),
    "colour": (samples.picture(200, 180, 3), Kind.IMAGE24, 600),
    "pcm16": (_PCM16, Kind.AUDIO16, 1),
    "pcm8": (_PCM8, Kind.AUDIO8, 1),
    "noise": (samples.noise(100_000), Kind.RANDOM, 0),
    "xz": (lzma.compress(samples.text(300_000)), Kind.RANDOM, 0),
    "zeros": (bytes(100_000), Kind.BINARY, 0),
    "spaces": (b" " * 100_000, Kind.TEXT, 0),
}


@pytest.mark.parametrize("name", list(_KINDS))
def test_a_block_of_one_kind_is_one_segment(name: str) -> None:
    data, kind, parameter = _KINDS[name]
    assert segment_block(data) == [Segment(kind, len(data), parameter)]


@pytest.mark.parametrize("length", [2048, 5000, 20000])
@pytest.mark.parametrize("name", ["text", "code", "pcm16", "pcm8"])
def test_small_pieces(name: str, length: int) -> None:
    data, kind, _ = _KINDS[name]
    assert [segment.kind for segment in segment_block(data[:length])] == [kind]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 100, 1023])
def test_tiny_blocks(length: int) -> None:
    assert segment_block(samples.text(length)) == ([Segment(Kind.TEXT, length)] if length else [])
    assert segment_block(bytes(length)) == ([Segment(Kind.BINARY, length)] if length else [])


def test_small_noise_is_not_worth_a_kind() -> None:
    assert segment_block(samples.noise(2048)) == [Segment(Kind.BINARY, 2048)]


def test_long_parts_are_cut_near_their_borders() -> None:
    names = ("text", "noise", "records", "code", "pcm16")
    segments = segment_block(b"".join(_KINDS[name][0] for name in names))
    assert [segment.kind for segment in segments if segment.length > 1] == [_KINDS[name][1] for name in names]
    begin = expected = 0
    for segment, name in zip(segments, names, strict=False):
        assert abs(begin - expected) <= 1 << 14
        begin, expected = begin + segment.length, expected + len(_KINDS[name][0])


def test_short_parts_do_not_cut() -> None:
    text = samples.text(200_000)
    mixed = text[:90_000] + samples.records(500) + text[90_000:]
    assert segment_block(mixed) == [Segment(Kind.TEXT, len(mixed))]


def test_noise_that_comes_twice_is_not_stored() -> None:
    noise = samples.noise(100_000)
    assert segment_block(noise + noise) == [Segment(Kind.BINARY, 200_000)]


def test_sound_at_an_odd_place_starts_on_a_sample() -> None:
    segments = segment_block(b"x" + _PCM16)
    assert segments == [Segment(Kind.BINARY, 1), Segment(Kind.AUDIO16, len(_PCM16), 1)]


def test_headers_win_and_the_rest_is_looked_at() -> None:
    picture = samples.noise(120 * 100)  # a picture that no statistics would find
    text = samples.text(50_000)
    data = b"P5 120 100 255\n" + picture + text
    assert segment_block(data) == [
        Segment(Kind.BINARY, 15),
        Segment(Kind.IMAGE8, len(picture), 120),
        Segment(Kind.TEXT, len(text)),
    ]


@pytest.mark.parametrize("cut", [1 << 15, 1 << 16, 70_001])
def test_raw_segments_are_long(cut: int) -> None:
    data = b"".join(
        (samples.text(cut, seed) if seed % 2 else samples.records(cut // 23 + 1, seed)[:cut]) for seed in range(6)
    )
    segments = segment_block(data)
    assert sum(segment.length for segment in segments) == len(data)
    assert all(segment.length >= 1 << 15 for segment in segments)


_NAMES = st.sampled_from(list(_KINDS))
_PART = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda name, length: _KINDS[name][0][:length], _NAMES, st.integers(0, 9000)),
    st.builds(lambda unit, count: unit * count, st.binary(min_size=1, max_size=4), st.integers(1, 4000)),
)


@settings(deadline=None, max_examples=60)
@given(parts=st.lists(_PART, max_size=6))
def test_any_block_has_a_table_that_covers_it(parts: list[bytes]) -> None:
    data = b"".join(parts)
    segments = segment_block(data)
    assert sum(segment.length for segment in segments) == len(data)
    assert unpack_segments(pack_segments(segments), 0, len(data))[0] == segments
    assert segment_block(data) == segments

"""The table of segments: compact, exact, strict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.errors import CorruptError
from predzip.predictors.mixing.kinds import Kind, Segment, pack_segments, unpack_segments
from predzip.predictors.mixing.kinds.segments import MAX_SEGMENTS, MAX_WIDTH_BYTES, parameter_is_valid

_TRIED = (0, 1, 2, 3, 4, 64, 3800, MAX_WIDTH_BYTES)
_PARAMETERS = {kind: [tried for tried in _TRIED if parameter_is_valid(kind, tried)] for kind in Kind}
_SEGMENT = st.sampled_from(Kind).flatmap(
    lambda kind: st.builds(Segment, st.just(kind), st.integers(1, 1 << 26), st.sampled_from(_PARAMETERS[kind]))
)


@settings(deadline=None)
@given(segments=st.lists(_SEGMENT, max_size=12), before=st.binary(max_size=3), behind=st.binary(max_size=3))
def test_round_trip(segments: list[Segment], before: bytes, behind: bytes) -> None:
    table = pack_segments(segments)
    total = sum(segment.length for segment in segments)
    assert unpack_segments(before + table + behind, len(before), total) == (segments, len(before) + len(table))


@pytest.mark.parametrize(
    ("segment", "table"),
    [
        (Segment(Kind.TEXT, 1 << 26), b"\x00"),
        (Segment(Kind.RANDOM, 5), b"\x09"),
        (Segment(Kind.IMAGE8, 2048, 64), b"\x03\x40"),
        (Segment(Kind.IMAGE24, 9000, 2160), b"\x04\xf0\x10"),
        (Segment(Kind.AUDIO16, 1000, 2), b"\x07\x02"),
    ],
)
def test_single_segments_cost_one_to_three_bytes(segment: Segment, table: bytes) -> None:
    assert pack_segments([segment]) == table


def test_kinds_are_permanent() -> None:
    names = ["TEXT", "BINARY", "EXECUTABLE", "IMAGE8", "IMAGE24", "IMAGE32", "AUDIO8", "AUDIO16", "AUDIO16BE", "RANDOM"]
    assert [kind.name for kind in sorted(Kind)] == names
    assert [int(kind) for kind in sorted(Kind)] == list(range(10))


def test_empty_block_has_an_empty_table() -> None:
    assert pack_segments([]) == b""
    assert unpack_segments(b"abc", 1, 0) == ([], 1)


@pytest.mark.parametrize(
    ("table", "total", "message"),
    [
        (b"", 1, "ends too early"),
        (b"\x0a", 1, "unknown kind"),
        (b"\x7f", 1, "unknown kind"),
        (b"\x03", 9, "ends too early"),
        (b"\x03\x00", 9, "cannot have parameter 0"),
        (b"\x04\x02", 9, "cannot have parameter 2"),
        (b"\x07\x03", 9, "cannot have parameter 3"),
        (b"\x03\xff\xff\xff\x7f", 9, "cannot have parameter"),
        (b"\x03\xff\xff\xff\xff\xff\x7f", 9, "too long"),
        (b"\x03\xc0\x00", 9, "longer than it needs"),
        (b"\x80\x00\x00", 9, "do not fit"),
        (b"\x80\x09\x00", 9, "do not fit"),
        (b"\x80\x0a\x00", 9, "do not fit"),
        (b"\x80\x05", 9, "ends too early"),
        (b"\x80\x85", 9, "ends too early"),
    ],
)
def test_nonsense_is_refused(table: bytes, total: int, message: str) -> None:
    with pytest.raises(CorruptError, match=message):
        unpack_segments(table, 0, total)


@settings(deadline=None, max_examples=300)
@given(table=st.binary(max_size=12), total=st.integers(0, 300))
def test_any_bytes_are_refused_or_canonical(table: bytes, total: int) -> None:
    try:
        segments, behind = unpack_segments(table, 0, total)
    except CorruptError:
        return
    assert sum(segment.length for segment in segments) == total
    assert pack_segments(segments) == table[:behind]


def test_number_of_segments_is_limited() -> None:
    segments = [Segment(Kind.TEXT, 1)] * (MAX_SEGMENTS + 1)
    with pytest.raises(ValueError, match="segments"):
        pack_segments(segments)
    table = pack_segments(segments[1:])
    assert unpack_segments(table, 0, MAX_SEGMENTS)[0] == segments[1:]
    with pytest.raises(CorruptError, match="too many"):
        unpack_segments(b"\x80\x01" * MAX_SEGMENTS + b"\x00", 0, MAX_SEGMENTS + 1)


@pytest.mark.parametrize(
    "segment", [Segment(Kind.TEXT, 0), Segment(Kind.TEXT, 5, 1), Segment(Kind.IMAGE8, 5), Segment(Kind.AUDIO8, 5, 3)]
)
def test_impossible_segments_are_not_written(segment: Segment) -> None:
    with pytest.raises(ValueError, match="no table can hold"):
        pack_segments([segment])

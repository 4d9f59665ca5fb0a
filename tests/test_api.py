"""Blocks, frames and the incremental objects, on a codec that is quick to test with."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import predzip
import standin
from predzip.codecs.levels import LEVELS, level_row
from predzip.codecs.registry import choose_codec, codec_for_level, method_name, reference_for_frame, register_method
from predzip.container import FrameHeader, FrameWriter, pack_skippable
from predzip.errors import (
    CorruptError,
    FormatError,
    LimitError,
    ModelError,
    PredzipError,
    TruncatedError,
    UnsupportedError,
    UsageError,
)
from standin import BLOCK_BYTES, NAME

standin.register()
RANDOM = random.Random(1)
TEXT = b"".join(b"line %d of a text that repeats itself\n" % (number * 7919 % 1000) for number in range(6000))
assert 3 * BLOCK_BYTES < len(TEXT) < 4 * BLOCK_BYTES
EDGES = [0, 1, 2, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES, len(TEXT)]


def compress(data: bytes, **options: object) -> bytes:
    return predzip.compress(data, method=NAME, **options)


def in_pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, position = [], 0
    while position < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[position : position + size])
        position += size
    return pieces


@pytest.mark.parametrize("length", EDGES)
def test_round_trip_at_block_edges(length: int) -> None:
    data = TEXT[:length]
    packed = compress(data)
    assert predzip.decompress(packed) == data
    assert predzip.inspect(packed).block_count == max(1, -(-length // BLOCK_BYTES))


@settings(deadline=None, max_examples=40)
@given(
    length=st.sampled_from(EDGES),
    sizes=st.lists(st.integers(1, 3 * BLOCK_BYTES), min_size=1, max_size=4),
    limit=st.sampled_from([-1, 1000, BLOCK_BYTES, 10**9]),
)
def test_pieces_change_nothing(length: int, sizes: list[int], limit: int) -> None:
    data = TEXT[:length]
    compressor = predzip.Compressor(method=NAME)
    packed = b"".join([*(compressor.compress(piece) for piece in in_pieces(data, sizes)), compressor.flush()])
    assert packed == compress(data)

    decompressor = predzip.Decompressor()
    waiting = in_pieces(packed, [max(1, size // 100) for size in sizes])
    out = []
    while not decompressor.eof:  # the loop of lzma.LZMAFile
        piece = waiting.pop(0) if decompressor.needs_input else b""
        out.append(decompressor.decompress(piece, limit))
        assert limit < 0 or len(out[-1]) <= limit
    assert b"".join(out) == data
    assert not waiting


def test_two_processes_change_nothing() -> None:
    noise = RANDOM.randbytes(BLOCK_BYTES)  # a stored block between coded ones
    data = TEXT[: 2 * BLOCK_BYTES] + noise + TEXT
    seen = {1: 0, 2: 0}
    packed = {}
    for threads in seen:

        def progress(count: int, threads: int = threads) -> None:
            seen[threads] += count

        packed[threads] = compress(data, threads=threads, progress=progress)
        assert predzip.decompress(packed[threads], threads=threads, progress=progress) == data
        assert seen[threads] == 2 * len(data)
    assert packed[1] == packed[2]


def test_one_block_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predzip.parallel.OrderedWork._submit", None)
    data = TEXT[:BLOCK_BYTES]
    assert predzip.decompress(compress(data, threads=2), threads=2) == data


def test_no_more_blocks_are_held_than_asked_for() -> None:
    threads = 2
    compressor = predzip.Compressor(method=NAME, threads=threads)
    work = compressor._work
    most = 0
    for _ in range(12):
        compressor.compress(TEXT[:BLOCK_BYTES])
        most = max(most, len(work._pending) + (work._held is not None))
        assert len(compressor._buffer) <= BLOCK_BYTES
    compressor.flush()
    assert most == threads


def test_a_worker_that_dies_is_reported() -> None:
    data = TEXT[:BLOCK_BYTES] + standin.DEADLY_MARK + TEXT
    with pytest.raises(PredzipError, match="worker process died"):
        compress(data, threads=2)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_bug_in_a_codec_is_not_hidden(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        compress(TEXT[:BLOCK_BYTES] + standin.FAULTY_MARK + TEXT, threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_limit(threads: int) -> None:
    packed = compress(TEXT)
    enough = standin.MEMORY_BYTES + BLOCK_BYTES
    assert predzip.decompress(packed, threads=threads, memory_limit=enough) == TEXT
    with pytest.raises(LimitError, match=r"66\.5 KB"):
        predzip.decompress(packed, threads=threads, memory_limit=enough - 1)
    with pytest.raises(LimitError):
        predzip.Decompressor(memory_limit=0).decompress(packed)


@pytest.mark.parametrize(
    "data",
    [
        bytearray(TEXT),
        memoryview(TEXT),
        memoryview(TEXT)[10:],
        np.arange(600, dtype=np.int32).reshape(20, 30),
        np.zeros((0, 3)),
    ],
    ids=["bytearray", "memoryview", "slice", "array", "empty array"],
)
def test_anything_with_a_buffer(data: memoryview) -> None:
    packed = predzip.compress(data, method=NAME)
    assert predzip.decompress(bytearray(packed)) == memoryview(data).tobytes()


def test_text_is_refused() -> None:
    with pytest.raises(TypeError, match="str"):
        predzip.compress("text")  # type: ignore[arg-type]


def test_concatenation_and_metadata() -> None:
    first, second = compress(TEXT), compress(b"second")
    whole = pack_skippable(b"note") + first + pack_skippable(b"note") + second + pack_skippable(b"end")
    assert predzip.decompress(whole) == TEXT + b"second"
    assert [frame.original_bytes for frame in predzip.inspect(whole).frames] == [len(TEXT), 6]
    assert predzip.inspect(whole).compressed_bytes == len(whole)


def test_unused_data_and_the_end() -> None:
    packed = compress(TEXT)
    decompressor = predzip.Decompressor()
    assert decompressor.needs_input
    assert not decompressor.eof
    assert decompressor.decompress(packed + b"tail") == TEXT
    assert decompressor.eof
    assert not decompressor.needs_input
    assert decompressor.unused_data == b"tail"
    with pytest.raises(EOFError):
        decompressor.decompress(b"more")


def test_a_damaged_stream_stays_damaged() -> None:
    packed = bytearray(compress(TEXT))
    packed[len(packed) // 2] ^= 1
    decompressor = predzip.Decompressor()
    for _ in range(2):
        with pytest.raises(FormatError):
            decompressor.decompress(bytes(packed))


def test_a_flushed_compressor_is_done() -> None:
    compressor = predzip.Compressor(method=NAME)
    compressor.flush()
    for call in (compressor.flush, lambda: compressor.compress(b"x")):
        with pytest.raises(UsageError, match="flushed"):
            call()


def frame(header: FrameHeader, original: bytes, payload: bytes) -> bytes:
    writer = FrameWriter(header)
    return writer.block(original, payload) + writer.finish()


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (FrameHeader(0), CorruptError),
        (FrameHeader(9999), UnsupportedError),
        (FrameHeader(1, b""), UnsupportedError),
        (FrameHeader(1, b"\x09"), UnsupportedError),
        (FrameHeader(standin.METHOD_ID, b"", b"8 bytes!"), ModelError),
    ],
)
def test_headers_that_cannot_be_followed(header: FrameHeader, error: type[Exception]) -> None:
    packed = frame(header, b"original" * 9, b"payload")
    with pytest.raises(error):
        predzip.decompress(packed)
    assert predzip.inspect(packed).original_bytes == 72  # listing needs no codec


def test_a_stored_block_needs_no_codec() -> None:
    assert predzip.decompress(frame(FrameHeader(9999), b"noise", b"longer payload")) == b"noise"


@pytest.mark.parametrize(
    "data", [b"", b"predzip", b"\x1f\x8b\x08 gzip", compress(b"x") + b"garbage", compress(TEXT)[:-1]]
)
def test_foreign_and_cut_off_input(data: bytes) -> None:
    with pytest.raises(FormatError):
        predzip.decompress(data)
    with pytest.raises(FormatError):
        predzip.inspect(data)


def test_truncation_has_its_own_error() -> None:
    with pytest.raises(TruncatedError, match="ends inside a frame"):
        predzip.decompress(compress(TEXT)[:-1])


@pytest.mark.parametrize("length", [0, 1, 100, 10_000, BLOCK_BYTES])
def test_noise_hardly_grows(length: int) -> None:
    grown = len(compress(RANDOM.randbytes(length))) - length
    assert grown <= length / 10_000 + 64
    assert length or grown < 40


@pytest.mark.parametrize("level", [0, 10, -1, True, "3", None])
def test_levels_that_do_not_exist(level: int) -> None:
    with pytest.raises(UsageError, match="levels are 1 to 9"):
        predzip.compress(b"", level)


def test_levels_are_permanent() -> None:
    """Both columns decide output bytes: a change here is a change of output, for the changelog."""
    assert {n: (row.mixing_level, row.block_bytes) for n, row in LEVELS.items()} == {
        1: (1, 8 << 20),
        2: (2, 16 << 20),
        3: (3, 16 << 20),
        4: (4, 16 << 20),
        5: (4, 16 << 20),
        6: (4, 16 << 20),
    }
    assert all(level_row(level) is LEVELS[6] for level in range(6, 10))
    for level in range(1, 5):
        assert choose_codec(level).codec == reference_for_frame(1, bytes([level]))
    assert choose_codec(5).codec == reference_for_frame(2, b"\x04\x01")
    assert choose_codec(6).codec == reference_for_frame(2, b"\x04\x02")


def test_levels_keep_their_memory() -> None:
    for number, row in LEVELS.items():
        assert codec_for_level(number).memory_bytes(row.block_bytes) <= row.memory_bytes
        assert row.memory_bytes < predzip.api.DEFAULT_MEMORY_LIMIT


def test_methods_by_name() -> None:
    assert [method_name(number) for number in (0, 1, 18, 2000)] == ["stored", "mixing", "ppm", "unknown (2000)"]
    assert choose_codec(2, "mixing") == choose_codec(2)
    assert choose_codec(method="ppm").codec.method_id == 18
    assert choose_codec(method="ppm:order=3").codec.parameters == b"order=3"
    with pytest.raises(UsageError, match="did you mean ppm"):
        choose_codec(method="ppn")
    with pytest.raises(UsageError, match="there are: mixing"):
        choose_codec(method="zzzzzzz")
    for wrong in ("ppm:order", "ppm:colour=3", "ppm:order=three", f"{NAME}:order=3"):
        with pytest.raises(UsageError):
            choose_codec(method=wrong)


def test_registering_methods() -> None:
    with pytest.raises(UsageError, match="private use"):
        register_method(standin.Method(300, "mine", "standin:StandinCodec"))
    with pytest.raises(UsageError, match="exists"):
        register_method(standin.Method(standin.METHOD_ID + 1, "ppm", "standin:StandinCodec"))


@pytest.mark.parametrize("threads", [-1, 257, True, 1.5])
def test_threads_that_make_no_sense(threads: int) -> None:
    with pytest.raises(UsageError, match="threads must be 0"):
        compress(b"", threads=threads)


@pytest.mark.parametrize("method", ["frequency", "ppm", "ctw", "ngram"])
def test_the_predictors_as_methods(method: str) -> None:
    data = TEXT[:300]
    packed = predzip.compress(data, method=method)
    assert len(packed) < len(data)
    assert predzip.decompress(packed) == data
    assert predzip.inspect(packed).method == method

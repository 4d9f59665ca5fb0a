"""Damaged input through the whole library: the right bytes or a `PredzipError`, never anything else.

The codec is the stand-in, so that thousands of inputs take seconds; tests/codecs and the last tests here do the same
with the real ones on fewer inputs.
"""

from __future__ import annotations

import dataclasses
import io
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import predzip
import standin
from predzip.codecs.levels import LEVELS
from predzip.container import FrameHeader, FrameWriter, pack_skippable
from predzip.errors import FormatError, LimitError, PredzipError, TruncatedError

standin.register()
RANDOM = random.Random(20)
TEXT = b"".join(b"%d bottles of beer on the wall, " % number for number in range(30))


def frame(*blocks: bytes, method: int = standin.METHOD_ID) -> bytes:
    """A frame with blocks of any size, which `compress` would make one."""
    codec = standin.StandinCodec(method, b"")
    writer = FrameWriter(FrameHeader(method))
    return b"".join([*(writer.block(block, codec.encode_block(block)) for block in blocks), writer.finish()])


SAMPLES = {
    "single block": (frame(TEXT), TEXT),
    "stored": (frame(noise := RANDOM.randbytes(60)), noise),
    "empty": (frame(), b""),
    "blocks": (frame(TEXT, noise, TEXT[:99]), TEXT + noise + TEXT[:99]),
    "two frames": (frame(TEXT) + pack_skippable(b"note") + frame(noise), TEXT + noise),
}


def mutated(data: bytes) -> bytes:
    """Damage a few places: flips, other bytes, cuts, repeats, insertions, swaps of two parts."""
    out = bytearray(data)
    for _ in range(RANDOM.choice((1, 1, 1, 2, 3, 8))):
        at = RANDOM.randrange(len(out) + 1)
        end = min(len(out), at + RANDOM.choice((1, 1, 2, 5, 20)))
        kind = RANDOM.randrange(6)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << RANDOM.randrange(8)
        elif kind == 1:
            out[at:end] = RANDOM.choice((b"\x00", b"\xff", b"\x7f", b"\x80")) * (end - at)
        elif kind == 2:
            del out[at:end]
        elif kind == 3:
            out[at:at] = out[at:end]
        elif kind == 4:
            out[at:at] = RANDOM.randbytes(RANDOM.randrange(1, 5))
        else:
            out = out[at:] + out[:at]
    return bytes(out)


def every_way(data: bytes) -> list[bytes | PredzipError]:
    """Decode by each interface; each gives bytes or an error of ours."""

    def incremental() -> bytes:
        decompressor = predzip.Decompressor()
        out, waiting = [], data
        while waiting or not decompressor.eof:
            if decompressor.eof:
                decompressor, waiting = predzip.Decompressor(), decompressor.unused_data + waiting
            piece, waiting = waiting[:7], waiting[7:]
            out.append(decompressor.decompress(piece, 50))
            while not (decompressor.needs_input or decompressor.eof):
                out.append(decompressor.decompress(b"", 50))
            if decompressor.eof:
                waiting = decompressor.unused_data + waiting
                if not waiting:
                    break
                decompressor = predzip.Decompressor()
            elif not waiting:
                raise TruncatedError("cut off")
        return b"".join(out)

    def seeking() -> bytes:
        with predzip.open(io.BytesIO(data)) as file:
            file.seek(0, io.SEEK_END)
            file.seek(0)
            return file.read()

    results: list[bytes | PredzipError] = []
    for way in (lambda: predzip.decompress(data), lambda: predzip.open(io.BytesIO(data)).read(), incremental, seeking):
        try:
            results.append(way())
        except PredzipError as error:
            results.append(error)
    return results


@pytest.mark.parametrize("name", SAMPLES)
def test_undamaged(name: str) -> None:
    packed, original = SAMPLES[name]
    assert every_way(packed) == [original] * 4


@pytest.mark.parametrize("name", SAMPLES)
def test_every_truncation(name: str) -> None:
    packed, original = SAMPLES[name]
    whole_frames = {len(frame(TEXT)): TEXT, len(packed): original} if name == "two frames" else {}
    for length in range(len(packed)):
        cut = packed[:length]
        for result in every_way(cut)[:2]:
            if length in whole_frames or (name == "two frames" and isinstance(result, bytes)):
                assert result == TEXT  # the second frame is cut off as a whole, its metadata perhaps not
            else:
                assert isinstance(result, TruncatedError), (length, result)


@pytest.mark.parametrize("name", SAMPLES)
def test_random_damage(name: str) -> None:
    packed, original = SAMPLES[name]
    parts = {original, b"", TEXT, noise, TEXT + noise, noise + TEXT}
    for _ in range(1000):
        damaged = mutated(packed)
        results = every_way(damaged)
        kinds = {isinstance(result, bytes) for result in results[:2]}
        assert len(kinds) == 1, damaged
        for result in results:
            # What decodes without an error consists of whole frames that were not touched, perhaps repeated.
            assert isinstance(result, PredzipError) or result in parts or set_of_frames(result), damaged


def set_of_frames(result: bytes) -> bool:
    """Whether bytes are a sequence of contents of undamaged frames."""
    while result:
        for content in (TEXT + noise + TEXT[:99], TEXT, noise):
            if result.startswith(content):
                result = result[len(content) :]
                break
        else:
            return False
    return True


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.booleans())
def test_noise_after_a_magic(noise: bytes, closed: bool) -> None:
    data = predzip.container.FRAME_MAGIC + b"\x01" * closed + noise
    for result in every_way(data):
        assert isinstance(result, PredzipError) or result == b""


def test_small_input_demands_little_memory() -> None:
    """A header may promise 64 MiB; before they have come nothing of that size is allocated."""
    header = predzip.container.FRAME_MAGIC + bytes([0x01, 0x80, 0x7E, 0])  # version, method, no parameters
    hostile = header + b"\x80\x80\x80\x20" + b"\xff\xff\xff\x1f" + b"payload"
    tracemalloc.start()
    try:
        with pytest.raises(TruncatedError):
            predzip.decompress(hostile)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4_000_000


def test_a_bomb_meets_the_limit() -> None:
    bomb = frame(bytes(50_000_000))
    with pytest.raises(LimitError):
        predzip.decompress(bomb, memory_limit=10_000_000)
    with predzip.open(io.BytesIO(bomb), memory_limit=10_000_000) as file, pytest.raises(LimitError):
        file.read(1)


@pytest.mark.parametrize(
    "options", [{"level": 1}, {"level": 3}, {"method": "frequency"}, {"method": "ppm"}, {"method": "ctw"}], ids=str
)
def test_damage_to_the_real_codecs(options: dict[str, object]) -> None:
    packed = predzip.compress(TEXT[:200], **options)
    for _ in range(40):
        damaged = mutated(packed)
        try:
            # A length that damage made longer is honest work of up to 64 MiB before the checksum tells: too slow here.
            if predzip.inspect(damaged).original_bytes > 2000:
                continue
            result = predzip.decompress(damaged)
        except (FormatError, LimitError):
            continue
        assert result in (TEXT[:200], TEXT[:200] * 2, b"")


@pytest.mark.parametrize("level", [1, 2, 3])
def test_noise_hardly_grows_at_any_level(level: int) -> None:
    for length in (0, 1, 1000, 100_000):
        packed = predzip.compress(RANDOM.randbytes(length), level)
        assert len(packed) - length <= length / 10_000 + 64
        assert length or len(packed) < 40


def test_two_processes_and_pieces_change_nothing_with_the_real_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predzip.codecs.levels.LEVELS", {1: dataclasses.replace(LEVELS[1], block_bytes=300)})
    packed = predzip.compress(TEXT, 1)
    assert predzip.inspect(packed).block_count == -(-len(TEXT) // 300)
    assert predzip.compress(TEXT, 1, threads=2) == packed
    compressor = predzip.Compressor(1)
    pieces = [compressor.compress(TEXT[start : start + 7]) for start in range(0, len(TEXT), 7)]
    assert b"".join([*pieces, compressor.flush()]) == packed
    assert predzip.decompress(packed, threads=2) == predzip.decompress(packed) == TEXT

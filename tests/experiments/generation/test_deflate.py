"""Lengths of deflate to the bit, held against zlib's own in bytes and against codes worked out by hand."""

from __future__ import annotations

import zlib
from pathlib import Path
from random import Random

import pytest

from predzip.errors import CorruptError
from predzip.experiments.generation.deflate import deflate_bits, stream_bits
from predzip.experiments.generation.sources import find_source

BOOK = (Path(__file__).parents[3] / "examples" / "data" / "alice29.txt").read_bytes()


def raw(data: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize(
    "data", [b"", b"a", b"ab" * 300, BOOK[:6000], Random(1).randbytes(900), bytes(70_000)], ids=lambda data: len(data)
)
def test_they_end_in_the_last_byte(data: bytes, level: int) -> None:
    stream = raw(data, level)
    assert 8 * len(stream) - 8 < stream_bits(stream) <= 8 * len(stream)


def test_blocks_that_are_known_by_hand() -> None:
    assert deflate_bits(b"") == 3 + 7  # header, end of block
    assert deflate_bits(b"a") == 3 + 8 + 7
    assert deflate_bits(b"\x90") == 3 + 9 + 7  # bytes from 144 on have codes of 9 bits
    repeated = 7 + 1 + 5  # 18 or 19 more: a code of 7 bits, 1 extra; the distance takes 5
    assert deflate_bits(b"a" * 20) in (3 + 8 + repeated + 7, 3 + 2 * 8 + repeated + 7)  # behind one byte, or two


def test_streams_that_are_none() -> None:
    for stream in (b"\x07", b"\x05\xff\xff", raw(BOOK[:500], 9)[:50]):
        with pytest.raises(CorruptError):
            stream_bits(stream)


def test_one_byte_ahead_has_many_lengths() -> None:
    from random import Random

    source = find_source("deflate", look_ahead=1, candidates=256)
    source.start(0)
    source.take(BOOK[3000:3600])
    lengths = source.candidates(1, Random(1)).bits
    assert len(set(lengths.tolist())) > 10
    assert source.about == "lengths in whole bits, 1 bytes ahead, 256 candidates"

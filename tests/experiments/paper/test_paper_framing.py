"""Framing: what is taken off can be put back, and nothing that says anything about the content is taken off."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from pathlib import Path

import pytest

import corpus
import predzip
from experiments.paper.conftest import CONTENT
from predzip.codecs.registry import choose_codec
from predzip.errors import CorruptError, MissingExtraError, UsageError
from predzip.experiments.paper import compressors, framing, seven_bits
from predzip.experiments.paper.compressors import (
    CLASSICAL,
    NAMES,
    Coded,
    GeneralCompressor,
    coded_and_compared,
    compressor,
)
from predzip.experiments.paper.media import picture_width

BOOK = corpus.book(2048)


def test_gzip_counts_the_deflate_stream() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    expected = packer.compress(BOOK) + packer.flush()
    coded = compressor("gzip").encode(BOOK, "text", 2048)
    assert coded == Coded(expected, 18)
    assert len(expected) + 18 == len(gzip.compress(BOOK, 9))


@pytest.mark.parametrize("data", [BOOK, corpus.noise(2048), corpus.book(70_000), b"x"])
def test_lzma2_counts_the_lzma2_stream(data: bytes) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
    coded = compressor("lzma2").encode(data, "text", 2048)
    assert coded.payload == lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
    assert len(coded.payload) + coded.framing_bytes == len(lzma.compress(data))


def test_the_papers_rule_would_drop_data() -> None:
    """It takes off what one zero byte compresses to; a part of that says "one zero byte"."""
    for compress, payload in ((gzip.compress, framing.gzip_payload), (lzma.compress, framing.xz_payload)):
        zero = compress(b"\0")
        assert len(zero) > len(zero) - len(payload(zero)) > 0
    assert [len(gzip.compress(b"\0")), len(lzma.compress(b"\0"))] == [21, 60]  # the paper's figures


def test_png_without_framing_becomes_a_png_again() -> None:
    pillow = pytest.importorskip("PIL.Image")
    pixels = corpus.pixels(2048)
    coded = compressor("png").encode(pixels, "image", 2048)
    file = framing.png_file(coded.payload, 64, 32)
    assert len(file) == len(coded.payload) + coded.framing_bytes
    with pillow.open(io.BytesIO(file)) as picture:
        picture.load()
        assert (picture.size, picture.mode, picture.tobytes()) == ((64, 32), "L", pixels)


def test_png_with_a_palette_is_refused() -> None:
    pillow = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    pillow.new("P", (8, 8)).save(stream, "PNG")
    with pytest.raises(CorruptError, match="which its size does not tell"):
        framing.png_payload(stream.getvalue())


def test_signatures_must_be_there() -> None:
    with pytest.raises(CorruptError, match="expected"):
        framing.without_prefix(b"BZh9")(bz2.compress(BOOK, 1))
    with pytest.raises(CorruptError, match="no FLAC file"):
        framing.flac_payload(b"RIFF")


def test_predzip_counts_the_payloads_of_its_frame() -> None:
    frame = predzip.compress(BOOK, 1)
    payload = framing.frame_payload(frame)
    coded = compressor("predzip-1").encode(BOOK, "text", 2048)
    assert coded == Coded(payload, len(frame) - len(payload))
    assert choose_codec(1).codec.build().decode_block(payload, len(BOOK)) == BOOK
    noise = corpus.noise(2048)
    assert compressor("predzip-1").encode(noise, "random", 2048).payload == noise  # stored


@pytest.mark.parametrize("name", [*NAMES, "predzip-1", "predzip-frequency", "7bit:gzip", "7bit:png", "7bit:flac"])
def test_every_compressor_brings_back_every_kind_from_its_payload(name: str) -> None:
    chosen = compressor(name)
    try:
        chosen.check_installed()
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert chosen.version
    assert chosen.settings
    for kind, make in CONTENT.items():
        if chosen.fits(kind):
            for length in (1, 2, 96, 2048):
                coded = coded_and_compared(chosen, make(4096)[:length], kind, 2048)
                assert coded.framing_bytes >= 0


def test_a_codec_that_loses_something_is_caught() -> None:
    lossy = GeneralCompressor("lossy", "", bytes, bytes, lambda payload, _: payload[:-1] + b"?", "numpy")
    with pytest.raises(CorruptError, match="lossy did not bring back"):
        coded_and_compared(lossy, BOOK, "text", 2048)


def test_shapes_of_pictures() -> None:
    assert picture_width(2048, "text") == 32  # 64 rows, as the paper's code had it
    assert picture_width(2048, "image") == 64  # a patch keeps its shape
    assert picture_width(999_999_488, "text") == 31_502  # the paper's whole data: 31,744 rows
    assert picture_width(2053, "text") == 45  # a prime: 45 rows, 28 bytes over


def test_names() -> None:
    assert compressors.default_names()[:4] == list(CLASSICAL)
    assert "predzip-1" in compressors.default_names()
    with pytest.raises(UsageError, match="no compressor 'rar'"):
        compressor("rar")
    with pytest.raises(UsageError, match="did you mean ppm"):
        compressor("predzip-pmp")
    with pytest.raises(UsageError, match="levels are 1 to 9"):
        compressor("predzip-12")


def test_one_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "from predzip.experiments.paper.compressors import GeneralCompressor",
        "MINE = GeneralCompressor('mine', '', bytes, bytes, lambda payload, _: payload, lambda: 'mine 1')",
    )
    (tmp_path / "a_codec_of_mine.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    chosen = compressor("import:a_codec_of_mine:MINE")
    assert (chosen.name, chosen.version) == ("mine", "mine 1")
    assert coded_and_compared(chosen, BOOK, "text", 2048).payload == BOOK
    for wrong in ("import:a_codec_of_mine:YOURS", "import:no_such_module:X", "import:"):
        with pytest.raises(UsageError, match="MODULE:NAME"):
            compressor(wrong)


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyppmd", None)
    names, lines = compressors.installed(["gzip", "ppmd", "gzip"])
    assert names == ["gzip"]
    assert lines == ["ppmd is left out: pyppmd is not installed; run: pip install 'predzip[bench]'"]


def test_seven_bits_of_text_keep_what_is_ascii() -> None:
    data = "plain, naïve, 日本\n".encode() * 20
    kept, lost = seven_bits.split(data, "text")
    assert kept == bytes(value & 127 for value in data)
    assert seven_bits.join(kept, lost, "text") == data
    assert seven_bits.split(BOOK, "text")[1] == b"\0"  # nothing lost: one byte says so


def test_seven_bits_of_the_rest_cost_an_eighth() -> None:
    data = corpus.noise(2050)
    kept, lost = seven_bits.split(data, "audio")
    assert max(kept) < 128
    assert len(lost) == 257
    assert seven_bits.join(kept, lost, "audio") == data
    plain, halved = (compressor(name).encode(data, "random", 2048) for name in ("gzip", "7bit:gzip"))
    assert len(halved.payload) > len(plain.payload) * 0.99  # nothing is gained by dropping bits and keeping them

"""Method 2: a prior in the mixture, on one thread and on two, in one lane and in two."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import contextlib

import corpus
import tiny_models
from predzip.codecs import mixing, mixture
from predzip.codecs.levels import LEVELS
from predzip.codecs.mixing import MixingCodec
from predzip.codecs.mixture import TWO_LANES_FROM_BYTES, MixtureCodec, lanes_of
from predzip.codecs.registry import codec_for_frame
from predzip.errors import CorruptError, ModelError, UnsupportedError
from predzip.predictors.mixing.kinds import Kind, Segment
from predzip.predictors.neural.weights import Weights, read_weights

SAMPLES = corpus.samples(5000)
STRENGTH = 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return read_weights(tiny_models.write_recurrent(tmp_path_factory.mktemp("models")))


def make(tiny: Weights, *, side_by_side: bool | None = None) -> MixtureCodec:
    return MixtureCodec(STRENGTH, 0, tiny, side_by_side)


@pytest.mark.parametrize("sample", SAMPLES)
def test_round_trip(tiny: Weights, sample: str) -> None:
    codec, data = make(tiny), SAMPLES[sample]
    payload = codec.encode_block(data)
    assert codec.decode_block(payload, len(data)) == data
    assert len(payload) <= len(data) + 16


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("length", [1, 2, 3, 17, 4001])
def test_two_threads_do_what_one_does(monkeypatch: pytest.MonkeyPatch, tiny: Weights, lanes: int, length: int) -> None:
    monkeypatch.setattr(mixture, "lanes_of", lambda length: lanes)
    monkeypatch.setattr(mixing, "segment_block", lambda data: [Segment(Kind.TEXT, len(data))])
    monkeypatch.setattr(mixing, "_SLICE_BYTES", 1024)
    data = (corpus.book(4001) + Random(3).randbytes(500))[-length:]
    alone, beside = make(tiny, side_by_side=False), make(tiny, side_by_side=True)
    payload = alone.encode_block(data)
    assert beside.encode_block(data) == payload
    assert alone.decode_block(payload, length) == beside.decode_block(payload, length) == data


def test_lanes_follow_from_the_length() -> None:
    assert [lanes_of(length) for length in (0, 1, TWO_LANES_FROM_BYTES - 1, TWO_LANES_FROM_BYTES, 1 << 24)] == [
        *(1, 1, 1),
        *(2, 2),
    ]


def test_priors_see_text_only(tiny: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    data = corpus.records(4000)
    monkeypatch.setattr(mixing, "segment_block", lambda data: [Segment(Kind.BINARY, len(data))])
    assert make(tiny).encode_block(data) == MixingCodec(STRENGTH).encode_block(data)


def test_damage_gives_other_bytes_or_a_clear_error(tiny: Weights) -> None:
    codec, data = make(tiny), corpus.book(1500)
    payload = codec.encode_block(data)
    for place in range(0, len(payload), 37):
        damaged = payload[:place] + bytes([payload[place] ^ 0x55]) + payload[place + 1 :]
        with contextlib.suppress(CorruptError):
            assert len(codec.decode_block(damaged, len(data))) == len(data)
    assert len(codec.decode_block(payload[:10], len(data))) == len(data)  # the checksum of the block finds it


def test_what_it_cannot_run_is_refused(tmp_path: Path) -> None:
    transformer = read_weights(tiny_models.write_transformer(tmp_path))
    with pytest.raises(ModelError, match="no recurrent model"):
        MixtureCodec(STRENGTH, 0, transformer)


@pytest.mark.parametrize("parameters", [b"", b"\x04", b"\x04\x00", b"\x03\x01", b"\x04\x01\x02"])
def test_unknown_parameters_are_refused(parameters: bytes) -> None:
    with pytest.raises(UnsupportedError):
        codec_for_frame(2, parameters)


def test_parameters_with_a_fingerprint_have_one_form() -> None:
    for parameters in (b"\x04\x01", b"\x04", b"\x04\x00\x00"):
        with pytest.raises(UnsupportedError):
            codec_for_frame(2, parameters, bytes(8))
    with pytest.raises(ModelError, match="not here"):
        codec_for_frame(2, b"\x04\x00", bytes(8))


def test_memory_is_bounded_by_the_levels_table() -> None:
    for number in (5, 6):
        row = LEVELS[number]
        assert row.prior
        assert MixingCodec(row.mixing_level).memory_bytes(row.block_bytes) < row.memory_bytes

"""Predictors, models, the adaptive model and compressors, each held against what it is made of."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

import predzip
from predzip.codecs.entropy import code_length_bits
from predzip.codecs.mixing import MixingCodec
from predzip.errors import ModelError, UsageError
from predzip.experiments.generation.adaptive import AdaptiveSource
from predzip.experiments.generation.base import DirectSource, Source
from predzip.experiments.generation.exact import LaneSource, PredictorSource
from predzip.experiments.generation.lengths import LengthSource
from predzip.experiments.generation.proposals import Proposer, followers
from predzip.experiments.generation.sampling import Segment, drawn_bytes, run
from predzip.experiments.generation.sources import default_name, find_source, names
from predzip.predictors import registry

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the models that are quick to test with

import corpus
import tiny_models

BOOK = Path(__file__).parents[3] / "examples" / "data" / "alice29.txt"
TEXT = BOOK.read_bytes()[3000:4200]


def cost_bits(source: Source, given: bytes, truth: bytes) -> float:
    """What a source says that the truth costs, step by step."""
    steps = run(source, [Segment(given, len(truth), truth)], Random(1), forced=True)
    return sum(step.truth_bits or 0.0 for step in steps)


@pytest.mark.parametrize("name", ["ppm", "frequency"])
def test_a_predictor_costs_its_code_length(name: str) -> None:
    source = PredictorSource(name, registry.create(name))
    expected = code_length_bits(registry.create(name), TEXT)
    assert cost_bits(source, b"", TEXT) == pytest.approx(expected)
    given = code_length_bits(registry.create(name), TEXT[:500])
    assert cost_bits(source, TEXT[:500], TEXT[500:]) == pytest.approx(expected - given)


@pytest.mark.parametrize("write", [tiny_models.write_transformer, tiny_models.write_recurrent])
def test_a_model_costs_its_code_length(write: object, tmp_path: Path) -> None:
    path = str(write(tmp_path))  # type: ignore[operator]
    data = TEXT[:60]  # the tiny Transformer remembers 64 bytes
    # The recurrent engine has finer frequencies in lanes than it gives for whole stretches; not by much.
    assert cost_bits(find_source(path), b"", data) == pytest.approx(predzip.code_length(data, model=path), rel=1e-3)


class Listening:
    """A model that remembers what it was told, and predicts nothing."""

    def reset(self, lanes: int) -> None:
        self.told = b""

    def predict(self) -> NDArray[np.uint16]:
        return np.full((1, 256), 256, np.uint16)

    def update(self, symbols: NDArray[np.uint8]) -> None:
        self.told += symbols.tobytes()


def test_a_full_context_goes_on_with_its_last_half() -> None:
    model = Listening()
    source = LaneSource("listening", model, context_bytes=8)
    source.start(100)
    source.take(b"0123456")
    source.candidates(1, Random(1))
    assert model.told == b"0123456"
    source.take(b"7")
    source.candidates(1, Random(1))
    assert model.told == b"4567"
    source.take(b"a long text that is longer than the context")
    source.candidates(1, Random(1))
    assert model.told == b"text"


@pytest.mark.parametrize(("strength", "modality", "data"), [(1, "text", TEXT), (2, "image", corpus.pixels(2048))])
def test_the_adaptive_model_costs_what_its_codec_writes(strength: int, modality: str, data: bytes) -> None:
    row = 64 if modality == "image" else 0
    source = AdaptiveSource("predzip", strength, modality, row, look_ahead=128, count=2)  # type: ignore[arg-type]
    coded_bits = 8 * len(MixingCodec(strength).encode_block(data))
    # The codec's table of segments takes two bytes or three, and it ends on a whole byte.
    assert coded_bits - 40 < cost_bits(source, b"", data) < coded_bits


def test_a_direct_draw_costs_what_the_same_bytes_cost() -> None:
    source = AdaptiveSource("predzip", 1)
    assert isinstance(source, DirectSource)
    (step,) = run(source, [Segment(TEXT, 60)], Random(5))
    assert cost_bits(source, TEXT, step.drawn) == pytest.approx(step.drawn_bits, abs=0.01)


def test_weighing_candidates_leaves_the_adaptive_model_as_it_was() -> None:
    source = AdaptiveSource("predzip", 1, count=3)
    source.start(len(TEXT) + 50)
    source.take(TEXT)
    weighed = source.candidates(8, Random(2), also=b"rabbit hole")
    assert b"rabbit h" in weighed.continuations
    again = source.candidates(8, Random(2), also=b"rabbit hole")
    assert weighed.continuations == again.continuations
    assert weighed.bits.tolist() == again.bits.tolist()
    source.draw_directly(8, Random(3), 0.5)  # draws several, takes one
    with pytest.raises(UsageError, match="started for"):
        source.take(bytes(43))


def test_low_temperatures_prefer_what_is_cheap() -> None:
    def bits(temperature: float) -> float:
        source = AdaptiveSource("predzip", 1, count=16)
        return sum(step.drawn_bits for step in run(source, [Segment(TEXT, 24)], Random(1), temperature))

    assert bits(0) < bits(1) / 2


def test_a_compressor_goes_on_with_what_it_knows() -> None:
    source = LengthSource("zlib", lambda data: zlib.compress(data, 9), look_ahead=4)
    given = b"one two three four " * 8
    drawn = drawn_bytes(run(source, [Segment(given, 16)], Random(2), 0.25))
    assert drawn in given


def test_more_bytes_ahead_tell_more() -> None:
    """Issue 9 of the paper's code: with one byte ahead there are but a few lengths."""

    def distinct_lengths(look_ahead: int) -> int:
        source = LengthSource("zlib", lambda data: zlib.compress(data, 9), look_ahead, Proposer(256))
        source.start(0)
        source.take(TEXT[:1000])
        return len(set(source.candidates(look_ahead, Random(1)).bits.tolist()))

    assert distinct_lengths(1) <= 5
    assert distinct_lengths(8) >= 12


def test_proposals_are_distinct_and_of_the_length_asked() -> None:
    for proposer in (Proposer(40), Proposer(40, signal=True), Proposer(40, signal=True, row_bytes=16)):
        for past in (b"", b"z", TEXT[:300]):
            found = proposer.propose(past, 5, Random(1))
            assert len(set(found)) == len(found) >= 2
            assert {len(each) for each in found} == {5}
    assert Proposer(256).propose(TEXT, 1, Random(1)) == [bytes([value]) for value in range(256)]


def test_followers_follow() -> None:
    past = b"abcdefgh" * 4
    copied = sum(followers(past, 4, Random(seed)) == b"abcd" for seed in range(100))
    assert copied > 40


def test_png_finds_rows_like_those_above_cheaper_than_noise() -> None:
    pytest.importorskip("PIL")
    row = Random(1).randbytes(32)
    source = find_source("png", "image", row_bytes=32)
    source.start(0)
    source.take(row * 6)
    weighed = source.candidates(8, Random(1), also=row)
    noise = [bits for each, bits in zip(weighed.continuations, weighed.bits, strict=True) if each not in row]
    assert weighed.bits[weighed.continuations.index(row[:8])] < min(noise)


def test_flac_weighs_samples() -> None:
    pytest.importorskip("soundfile")
    source = find_source("flac", "audio", look_ahead=16)
    wave = np.rint(128 + 60 * np.sin(np.arange(1000) / 9)).astype(np.uint8).tobytes()
    source.start(0)
    source.take(wave[:900])
    weighed = source.candidates(16, Random(1), also=wave[900:])
    assert weighed.bits[weighed.continuations.index(wave[900:916])] < np.median(weighed.bits)


@pytest.mark.parametrize("name", ["gzip", "lzma", "bz2", "ppm:order=3", "predzip-1", "ngram"])
def test_sources_by_name(name: str) -> None:
    source = find_source(name, candidates=4)
    assert isinstance(source, Source)
    assert source.name == name
    assert len(drawn_bytes(run(source, [Segment(b"to be or not to be", 9)], Random(1)))) == 9


@pytest.mark.parametrize(
    ("name", "message"),
    [("gzp", "did you mean gzip"), ("png", "pictures only"), ("ppm:order", "no option"), ("ppm:ordre=3", "ordre")],
)
def test_names_that_nobody_has(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_source(name)


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(ModelError):
        find_source("model:nobody")
    assert "ppm" in names()
    assert default_name() in ("ppm", "model:base", "model:small")

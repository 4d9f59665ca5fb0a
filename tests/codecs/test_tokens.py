"""Method 4: lanes, windows, runs, the way back to method 2, hostile payloads, and the frame that names a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import corpus
import predzip
import tiny_models
from predzip.codecs import token_text, tokens
from predzip.codecs.base import BlockCodec
from predzip.codecs.registry import TOKENS_ID, choose_codec
from predzip.codecs.token_runs import join_runs, plan_text
from predzip.codecs.token_text import Shape, fits, shape_of
from predzip.codecs.tokens import LANES, TokensCodec, build, pack_parameters
from predzip.errors import CorruptError, ModelError, UnsupportedError, UsageError
from predzip.inspection import inspect
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.vocabulary import Vocabulary

TEXT = corpus.book(6000)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path))
    tiny_models.write_token_model(tmp_path)
    return tmp_path


@pytest.fixture
def always() -> Iterator[None]:
    """The model is taken: its own way is what is tested."""
    with tiny_models.always_by_model():
        yield


def codec(lanes: int = LANES, context: int = 0) -> TokensCodec:
    return TokensCodec(catalogue.load("tiny-tokens"), "", lanes, context)


@pytest.mark.parametrize("length", [1, 2, 3, 15, 64, 65, 66, 700, 4000])
@pytest.mark.parametrize("lanes", [1, 2, 3, 7])
def test_round_trips(always: None, monkeypatch: pytest.MonkeyPatch, length: int, lanes: int) -> None:
    monkeypatch.setattr(tokens, "LEAST_LANE_TOKENS", 1)
    made = codec(lanes)
    assert isinstance(made, BlockCodec)
    assert len(made._plan(TEXT[:length]).tokens) > 0
    payload = made.encode_block(TEXT[:length])
    assert made.decode_block(payload, length) == TEXT[:length]
    assert codec(lanes).encode_block(TEXT[:length]) == payload


@pytest.mark.parametrize("name", ["text.txt", "records.bin", "zeros", "mixture.tar", "one_byte", "empty", "stereo.wav"])
def test_any_kind_of_data(name: str) -> None:
    data = corpus.samples(6000)[name]
    made = codec()
    assert made.decode_block(made.encode_block(data), len(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        TEXT[:900] + bytes([0xC0, 0xFE]) + TEXT[900:1500],
        bytes([0xC0]) + TEXT[:500] + bytes([0xFE]),
        bytes([0xFE]) * 40,
        bytes(range(256)) * 3,
        corpus.japanese(900) + b"\xff\xfe\x00" + TEXT[:300],
        TEXT[:2000].decode("utf-8", "ignore").encode("utf-16"),
        Random(5).randbytes(999),
    ],
)
def test_bytes_without_tokens_and_other_encodings(always: None, data: bytes) -> None:
    made = codec()
    assert made.decode_block(made.encode_block(data), len(data)) == data


def test_cores_do_not_change_a_byte(always: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LEAST_LANE_TOKENS", 1)
    payloads = set()
    for cores in (1, 2):
        monkeypatch.setattr(token_text, "usable_cores", lambda cores=cores: cores)
        made = codec(5)
        payloads.add(made.encode_block(TEXT[:2500]))
        assert made.decode_block(next(iter(payloads)), 2500) == TEXT[:2500]
    assert len(payloads) == 1


def test_blocks_of_the_encoder_do_not_change_a_byte(always: None, monkeypatch: pytest.MonkeyPatch) -> None:
    payloads = set()
    for rows, held in ((1, 1), (7, 1 << 14), (1 << 10, 1 << 22)):
        monkeypatch.setattr(token_text, "ROWS_OF_A_BLOCK", rows)
        monkeypatch.setattr(token_text, "_SUM_BYTES", held)
        payloads.add(codec(2, 64).encode_block(TEXT[:3000]))
    assert len(payloads) == 1


def test_a_useless_model_is_not_used() -> None:
    """Random weights know nothing: the text is coded as in method 2, one flag apart."""
    data = TEXT[:3000]
    payload = codec().encode_block(data)
    assert len(payload) <= len(choose_codec(5).codec.build().encode_block(data)) + 1
    assert codec().decode_block(payload, len(data)) == data


def test_plan_leaves_what_tokens_cannot_say(folder: Path) -> None:
    vocabulary = Vocabulary.from_weights(catalogue.load("tiny-tokens"))
    data = b"\xc0" + b" the and of that" * 30 + b"\xfe\xfe" + b" the" * 600
    plan = plan_text(data, vocabulary)
    assert plan.runs == [0, 1, 480, 2, 2400]
    assert plan.rest(data) == b"\xc0\xfe\xfe"
    assert join_runs(plan.runs, vocabulary.join(plan.tokens), plan.rest(data)) == data


def test_plan_leaves_what_takes_many_tokens(folder: Path) -> None:
    vocabulary = Vocabulary.from_weights(catalogue.load("tiny-tokens"))
    data = b" the" * 2048 + Random(2).randbytes(8192).replace(b"\xc0", b"").replace(b"\xfe", b"") + b" and" * 2048
    plan = plan_text(data, vocabulary)
    assert len(plan.runs) == 3
    assert abs(plan.runs[0] - 8192) <= 2048
    assert join_runs(plan.runs, vocabulary.join(plan.tokens), plan.rest(data)) == data


@pytest.mark.parametrize("most", [1, 2, 3, 8, 50])
@pytest.mark.parametrize("count", [1, 2, 9, 100])
def test_shapes_hold_all_tokens(most: int, count: int) -> None:
    lengths = np.array([1 + Random(i).randrange(9) for i in range(count)])
    shape = shape_of(lengths, most)
    assert shape.lanes <= min(most, count)
    assert fits(shape, int(lengths.sum()))
    assert sum(shape.live_lanes(step) for step in range(shape.steps)) == count


def test_uneven_lanes_are_refused_or_avoided() -> None:
    lengths = np.ones(8 << 10, np.int64)
    lengths[-64:] = 1 << 12  # the last lane would need room for nearly all bytes
    assert shape_of(lengths, 64).lanes == 2
    assert not fits(Shape(8 << 10, 64, 1 << 18), int(lengths.sum()))


@pytest.mark.parametrize("seed", range(12))
def test_damage_gives_an_error_or_other_bytes(always: None, seed: int) -> None:
    random = Random(seed)
    made = codec(3)
    payload = bytearray(made.encode_block(TEXT[:1500]))
    for _ in range(random.randrange(1, 4)):
        payload[random.randrange(len(payload))] ^= 1 << random.randrange(8)
    with suppress(CorruptError):
        assert len(made.decode_block(bytes(payload), 1500)) == 1500
    with suppress(CorruptError):
        assert len(made.decode_block(bytes(payload[: random.randrange(len(payload))]), 1500)) == 1500


def test_frames_name_the_model(folder: Path) -> None:
    data = predzip.compress(TEXT[:800], model="tiny-tokens")
    assert predzip.decompress(data) == TEXT[:800]
    assert choose_codec(5, None, "tiny-tokens").codec.method_id == TOKENS_ID
    for file in folder.glob("tiny-tokens*"):
        file.unlink()
    with pytest.raises(ModelError, match="predzip models add"):
        predzip.decompress(data)


def test_options() -> None:
    data = predzip.compress(TEXT[:800], method="tokens:lanes=2,context=64", model="tiny-tokens")
    assert predzip.decompress(data) == TEXT[:800]
    assert pack_parameters(2, 64) == bytes([2, 64, 0])
    assert choose_codec(5, "tokens:lanes=2,context=64", "tiny-tokens").codec.parameters == b"\2\x40\0tiny-tokens"
    for wrong in ("tokens:lanes=0", "tokens:lanes=1000", "tokens:context=3", "tokens:chunk=5"):
        with pytest.raises(UsageError):
            predzip.compress(b"", method=wrong, model="tiny-tokens")


@pytest.mark.parametrize("parameters", [b"", b"\0", bytes(6), b"\2\5\0", b"\x08\0\0name\n", b"\x08\0\0" + b"n" * 121])
def test_parameters_of_no_encoder(parameters: bytes) -> None:
    fingerprint = catalogue.load("tiny-tokens").fingerprint[:8]
    with pytest.raises(UnsupportedError):
        build(TOKENS_ID, parameters, fingerprint)
    with pytest.raises(CorruptError):
        build(TOKENS_ID, pack_parameters(), b"")


@pytest.mark.parametrize("method", ["tokens", "chunks"])
@pytest.mark.parametrize(
    ("about", "command"),
    [
        ({"source": "ORG/NAME", "revision": "0123456789abcdef"}, "predzip models pull hf:ORG/NAME@0123456789ab"),
        ({"source": "model.Q4_1.gguf"}, "predzip models convert PATH/model.Q4_1.gguf"),
        ({}, "predzip models add PATH"),
    ],
)
def test_a_missing_model_is_named_with_the_command_that_gets_it(
    folder: Path, about: dict[str, str], command: str, method: str
) -> None:
    stem = tiny_models.write_token_model(folder, "named", about=about)
    data = predzip.compress(TEXT[:300], method=method, model="named")
    fingerprint = catalogue.fingerprint(stem).hex()[:16]
    for file in folder.glob("named*"):
        file.unlink()
    name = about.get("source", "" if method == "chunks" else "named")
    (frame,) = inspect(data).frames
    assert name.encode() in frame.parameters
    with pytest.raises(ModelError, match=f"{name}.*{fingerprint}.*run: {command}$"):
        predzip.decompress(data)


def test_a_model_of_bytes_is_none_over_tokens(folder: Path) -> None:
    tiny_models.write_transformer(folder)
    with pytest.raises(ModelError, match="vocabulary"):
        predzip.compress(b"text", method="tokens", model="tiny")


def test_progress_counts_every_byte(always: None) -> None:
    counts: list[int] = []
    made = codec(2)
    payload = made.encode_block(TEXT[:2000], counts.append)
    assert sum(counts) == 2000
    counts.clear()
    made.decode_block(payload, 2000, counts.append)
    assert sum(counts) == 2000


def test_memory_is_known_before(always: None) -> None:
    made = codec()
    assert made.memory_bytes(1 << 16) < made.memory_bytes(1 << 20) < 1 << 31

"""Method 3 over tokens: chunks, escapes, full contexts, hostile payloads, and the frame that names a model."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

import corpus
import predzip
import tiny_models
from predzip.codecs import token_chunks, token_lanes
from predzip.codecs.base import BlockCodec
from predzip.codecs.chunk_sizes import METHOD_ID, pack_parameters
from predzip.codecs.model_chunks import ModelChunksCodec, build
from predzip.codecs.token_chunks import TokenChunksCodec
from predzip.codecs.token_lanes import TokenLanes
from predzip.errors import CorruptError, LimitError, ModelError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights

TEXT = corpus.book(3000)
WITHOUT_TOKENS = bytes(tiny_models.UNKNOWN_BYTES)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path))
    tiny_models.write_token_model(tmp_path)
    tiny_models.write_token_model(tmp_path, "short", context=9)
    return tmp_path


def codec(name: str = "tiny-tokens", **sizes: int) -> TokenChunksCodec:
    return TokenChunksCodec(catalogue.load(name), "", **sizes)


def with_tokens(weights: Weights, tokens: list[bytes]) -> Weights:
    """The same network with another vocabulary."""
    return dataclasses.replace(weights, tensors={**weights.tensors, **Vocabulary.from_tokens(tokens).tensors()})


def tokens_of(weights: Weights) -> list[bytes]:
    vocabulary = Vocabulary.from_weights(weights)
    return [vocabulary.token(number) for number in range(len(vocabulary))]


@pytest.mark.parametrize("name", ["tiny-tokens", "short"])
@pytest.mark.parametrize("length", [0, 1, 2, 59, 60, 61, 180, 181, 400])
def test_round_trips_at_the_borders(name: str, length: int) -> None:
    made = codec(name, chunk_bytes=60, lanes=3)
    assert isinstance(made, BlockCodec)
    payload = made.encode_block(TEXT[:length])
    assert made.decode_block(payload, length) == TEXT[:length]
    assert codec(name, chunk_bytes=60, lanes=3).encode_block(TEXT[:length]) == payload


@pytest.mark.parametrize(
    "data",
    [
        WITHOUT_TOKENS * 70,
        TEXT[:63] + WITHOUT_TOKENS + TEXT[:63] + WITHOUT_TOKENS[:1],
        bytes(range(256)) * 2,
        bytes(300),
        Random(3).randbytes(333),
        corpus.japanese(300) + WITHOUT_TOKENS[::-1] + TEXT[:50],
    ],
)
def test_any_bytes(data: bytes) -> None:
    made = codec(chunk_bytes=64, lanes=4)
    assert made.decode_block(made.encode_block(data), len(data)) == data


def bits_of_chunk(made: TokenChunksCodec, chunk: bytes) -> float:
    """What a chunk should cost, by the other engine."""
    spelling = made._lanes.spell(chunk)
    rows: Any = TransformerPredictor(catalogue.load("tiny-tokens")).evaluate_fine(spelling.tokens[None])[0]
    chosen = rows[np.arange(len(rows)), spelling.tokens]
    plain = int((spelling.plain >= 0).sum())
    return float((np.log2(rows.sum(axis=1, dtype=np.float64)) - np.log2(chosen)).sum()) + 8 * plain


def test_the_size_is_the_code_length() -> None:
    data = TEXT[:100] + WITHOUT_TOKENS + TEXT[102:640]
    made = codec(chunk_bytes=64, lanes=4)
    bits = sum(bits_of_chunk(made, data[at : at + 64]) for at in range(0, len(data), 64))
    assert bits / 8 <= len(made.encode_block(data)) <= bits / 8 * 1.0002 + 8


def test_a_chunk_sees_nothing_of_the_others() -> None:
    made = codec(chunk_bytes=64, lanes=4)
    one = len(made.encode_block(TEXT[:64]))
    assert abs(len(made.encode_block(TEXT[:64] * 8)) - 8 * one) < 40


def test_a_full_context_starts_anew_with_its_end() -> None:
    """Step by step by hand: 9 positions, of which the start token and 1 token before are shown again."""
    weights = catalogue.load("short")
    made = codec("short", chunk_bytes=60)
    tokens = made._lanes.spell(TEXT[:60]).tokens
    assert len(tokens) > 30
    (coded,) = made._lanes.intervals([tokens])
    inputs = [made._lanes.start_token, *tokens.tolist()]
    seen: list[int] = []
    for t, token in enumerate(tokens.tolist()):
        seen = [*(seen if len(seen) < 9 else [inputs[0], inputs[t - 1]]), inputs[t]]
        expected = frequencies_behind(weights, seen)
        start = int(expected[:token].sum())
        assert coded[t].tolist() == [0, start, start + int(expected[token]), int(expected.sum())], t


def frequencies_behind(weights: Weights, seen: list[int]) -> NDArray[np.uint64]:
    """What the other engine gives behind the start token and some tokens."""
    engine = TransformerPredictor(weights)
    assert seen[0] == engine.config.start_token
    for token in seen[1:]:
        engine.update(np.array([token]))
    return engine.predict_fine()[0].astype(np.uint64)


@pytest.mark.parametrize("context", [1, 2, 3, 4, 5, 8])
def test_contexts_of_a_few_positions(folder: Path, context: int) -> None:
    tiny_models.write_token_model(folder, f"few-{context}", context=context)
    made = codec(f"few-{context}", chunk_bytes=40, lanes=2)
    assert made.decode_block(made.encode_block(TEXT[:110]), 110) == TEXT[:110]


@pytest.mark.parametrize("name", ["tiny-tokens", "short"])
def test_blocks_groups_and_threads_do_not_change_a_byte(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    payloads = set()
    for rows, logit_bytes, lanes, cores in ((512, 32 << 20, 16, 1), (1, 1, 1, 2), (7, 5000, 3, 2), (20, 9000, 2, 1)):
        monkeypatch.setattr(token_lanes, "_ROWS_AT_ONCE", rows)
        monkeypatch.setattr(token_lanes, "_LOGIT_BYTES", logit_bytes)
        monkeypatch.setattr(token_chunks, "_GROUP_LANES", lanes)
        monkeypatch.setattr(token_lanes, "usable_cores", lambda cores=cores: cores)
        made = codec(name, chunk_bytes=50, lanes=5)
        payloads.add(made.encode_block(TEXT[:480]))
        assert made.decode_block(next(iter(payloads)), 480) == TEXT[:480]
    assert len(payloads) == 1


@pytest.mark.parametrize("seed", range(10))
def test_damage_gives_an_error_or_other_bytes(seed: int) -> None:
    random = Random(seed)
    made = codec(chunk_bytes=64, lanes=3)
    payload = bytearray(made.encode_block(TEXT[:400]))
    for _ in range(random.randrange(1, 4)):
        payload[random.randrange(len(payload))] ^= 1 << random.randrange(8)
    for damaged in (payload, payload[: random.randrange(len(payload))]):
        with suppress(CorruptError):
            assert len(made.decode_block(bytes(damaged), 400)) == 400


def test_a_token_longer_than_the_chunk_is_refused() -> None:
    made = codec()
    payload = made.encode_block(b" the")
    assert made.decode_block(payload, 4) == b" the"
    for length in (1, 2, 3):
        with pytest.raises(CorruptError, match="chunk"):
            made.decode_block(payload, length)


def test_a_token_that_says_nothing_is_refused() -> None:
    """Else a decoder would go on for ever."""
    weights = catalogue.load("tiny-tokens")
    payload = codec().encode_block(b"\0\0\0")
    tokens = tokens_of(weights)
    tokens[tokens.index(b"\0")] = b""
    silent = TokenChunksCodec(with_tokens(weights, tokens))
    assert silent.decode_block(silent.encode_block(b"\0\0\0"), 3) == b"\0\0\0"  # escaped
    with pytest.raises(CorruptError):
        silent.decode_block(payload, 3)


def test_which_token_escapes() -> None:
    weights = catalogue.load("tiny-tokens")
    assert TokenChunksCodec(weights)._lanes.escape == 0  # the start token
    tokens = tokens_of(weights)
    tokens[0], tokens[7] = b"start!", b""
    made = TokenChunksCodec(with_tokens(weights, tokens))
    assert made._lanes.escape == 7
    data = b"start!" + WITHOUT_TOKENS + bytes(range(16))
    assert made.decode_block(made.encode_block(data), len(data)) == data
    tokens[7] = b"seven"
    with pytest.raises(ModelError, match="lacks bytes"):
        TokenChunksCodec(with_tokens(weights, tokens))
    tokens[7], tokens[0], tokens[-1] = b"\x06", bytes([0xC0]), bytes([0xFE])
    whole = TokenChunksCodec(with_tokens(weights, tokens))  # all bytes, and nothing else without a meaning
    assert whole.decode_block(whole.encode_block(data), len(data)) == data


def test_tokens_that_do_not_join_are_never_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = TokenLanes(catalogue.load("tiny-tokens"), "", 64)
    monkeypatch.setattr(token_lanes, "tokenize", lambda *_: np.array([5, 6]))
    for data in (b"", b"a", b"ab", b"abc"):
        with pytest.raises(ModelError, match="tokens"):
            lanes.spell(data)


@pytest.mark.parametrize("method", ["chunks", "chunks:chunk=512", "chunks:chunk=64,lanes=2"])
def test_frames_carry_the_fingerprint(folder: Path, method: str) -> None:
    data = b" the and of that she was in a" * 60
    compressed = predzip.compress(data, method=method, model=str(folder / "tiny-tokens"))
    assert predzip.decompress(compressed) == data
    assert catalogue.load("tiny-tokens").fingerprint[:8] in compressed[:30]
    assert compressed[5] == METHOD_ID
    for file in folder.glob("tiny-tokens*"):
        file.unlink()
    with pytest.raises(ModelError, match="predzip models add"):
        predzip.decompress(compressed)


def test_the_frame_chooses_between_bytes_and_tokens(folder: Path) -> None:
    tiny_models.write_transformer(folder)
    for name, kind in (("tiny", ModelChunksCodec), ("tiny-tokens", TokenChunksCodec)):
        made = build(METHOD_ID, pack_parameters(100, 3), catalogue.load(name).fingerprint[:8])
        assert type(made) is kind
        assert (made.chunk_bytes, made.lanes) == (100, 3)


def test_a_model_without_a_vocabulary_is_refused(folder: Path) -> None:
    weights = catalogue.load("tiny-tokens")
    bare = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith("vocabulary.")}
    with pytest.raises(ModelError, match="vocabulary"):
        TokenChunksCodec(dataclasses.replace(weights, tensors=bare))
    with pytest.raises(ModelError, match="floats"):
        TokenChunksCodec(dataclasses.replace(weights, config={**weights.config, "kind": "float"}))


def test_progress_adds_up() -> None:
    made = codec(chunk_bytes=64, lanes=3)
    for length in (0, 50, 430):
        encoded: list[int] = []
        decoded: list[int] = []
        payload = made.encode_block(TEXT[:length], encoded.append)
        made.decode_block(payload, length, decoded.append)
        assert sum(encoded) == sum(decoded) == length


def test_memory_is_known_before(folder: Path) -> None:
    small, large = codec(lanes=2), codec(lanes=200)
    assert small.memory_bytes(1 << 20) < large.memory_bytes(1 << 20)
    assert large.memory_bytes(1000) < large.memory_bytes(1 << 20) < large.memory_bytes(1 << 22)
    compressed = predzip.compress(b" the" * 300, method="chunks", model=str(folder / "tiny-tokens"))
    with pytest.raises(LimitError):
        predzip.decompress(compressed, memory_limit=1 << 20)

"""Method 3: chunks, batches, parameters and the frame that carries a model's fingerprint."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "predictors" / "neural" / "transformer"))

from transformer_models import CONFIGS, model

import corpus
import predzip
from predzip.codecs.base import BlockCodec
from predzip.codecs.model_chunks import CHUNK_BYTES, LANES, ModelChunksCodec, build, pack_parameters
from predzip.codecs.registry import MODEL_CHUNKS_ID
from predzip.errors import CorruptError, ModelError, UnsupportedError, UsageError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import read_weights, write_weights

TEXT = corpus.book(3000)


class Counts:
    """The least that the codec asks of a model: order 0 counts, whole lanes by stepping."""

    def reset(self, lanes: int) -> None:
        self._rows = np.ones((lanes, 256), np.uint16)

    def predict(self) -> NDArray[np.uint16]:
        return self._rows

    def update(self, symbols: NDArray[np.uint8]) -> None:
        self._rows[np.arange(len(symbols)), symbols] += 7

    def evaluate(self, data: NDArray[np.uint8]) -> NDArray[np.uint16]:
        self.reset(len(data))
        rows = []
        for column in data.T:
            rows.append(self.predict().copy())
            self.update(column)
        return np.stack(rows, axis=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models: one tiny Transformer for each configuration."""
    monkeypatch.setenv("PREDZIP_MODELS", str(tmp_path))
    for name, config in CONFIGS.items():
        write_weights(tmp_path / name, {"kind": "transformer", **config.to_dict()}, model(config).tensors)
    return tmp_path


def codec(name: str = "paper", **sizes: int) -> ModelChunksCodec:
    return ModelChunksCodec(catalogue.load(name), **sizes)


@pytest.mark.parametrize("name", ["paper", "llama", "short", "window"])
@pytest.mark.parametrize("length", [0, 1, 2, 99, 100, 101, 300, 301, 650])
def test_round_trips_at_the_borders(folder: Path, name: str, length: int) -> None:
    made = codec(name, chunk_bytes=100, lanes=3)
    assert isinstance(made, BlockCodec)
    payload = made.encode_block(TEXT[:length])
    assert made.decode_block(payload, length) == TEXT[:length]
    assert made.encode_block(TEXT[:length]) == payload


def test_any_bytes(folder: Path) -> None:
    made = codec(chunk_bytes=64, lanes=5)
    for data in (bytes(500), bytes(range(256)) * 2, Random(3).randbytes(777), b"\xff" * 65):
        assert made.decode_block(made.encode_block(data), len(data)) == data


def test_a_chunk_sees_nothing_of_the_others(folder: Path) -> None:
    """All chunks cost the same where all are the same; one chunk after another is no help."""
    made = codec(chunk_bytes=200, lanes=4)
    one = len(made.encode_block(TEXT[:200]))
    assert abs(len(made.encode_block(TEXT[:200] * 8)) - 8 * one) < 40


def test_the_size_is_the_code_length(folder: Path) -> None:
    made, engine = codec(), catalogue.predictor(catalogue.load("paper"))
    data = np.frombuffer(TEXT[:2048], np.uint8)
    rows: Any = engine.evaluate_fine(data[None])[0]  # type: ignore[attr-defined]
    bits = np.log2(rows.sum(axis=1, dtype=np.float64)) - np.log2(rows[np.arange(2048), data])
    size = len(made.encode_block(TEXT[:2048]))
    assert bits.sum() / 8 <= size <= bits.sum() / 8 * 1.0002 + 8


def test_a_model_of_the_plain_interface(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "predictor", lambda weights: Counts())
    made = codec(chunk_bytes=150, lanes=4)
    payload = made.encode_block(TEXT)
    assert len(payload) < 0.8 * len(TEXT)
    assert made.decode_block(payload, len(TEXT)) == TEXT


def test_a_model_without_whole_lanes_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "predictor", lambda weights: object())
    with pytest.raises(ModelError, match="whole chunks"):
        codec()


@pytest.mark.parametrize("method", ["chunks", "chunks:chunk=512", "chunks:chunk=128,lanes=2"])
def test_frames_carry_the_fingerprint(folder: Path, method: str) -> None:
    data = corpus.book(2500)
    compressed = predzip.compress(data, method=method, model="sinusoid")
    assert predzip.decompress(compressed) == data
    fingerprint = read_weights(folder / "sinusoid").fingerprint
    parameters = b"" if method == "chunks" else pack_parameters(int(method.split("=")[1].split(",")[0]), LANES)
    if "lanes" in method:
        parameters = pack_parameters(128, 2)
    assert compressed[5:15].startswith(bytes([MODEL_CHUNKS_ID, len(parameters)]) + parameters)
    assert fingerprint[:8] in compressed[:30]


def test_a_missing_model_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed = predzip.compress(bytes(3000), method="chunks:chunk=500", model="short")
    for path in folder.glob("short.*"):
        path.unlink()
    monkeypatch.setattr(catalogue, "_offered", [])  # as in another process
    with pytest.raises(ModelError, match="fingerprint"):
        predzip.decompress(compressed)


@pytest.mark.parametrize("method", ["chunks:chunk=0", "chunks:lanes=99999", "chunks:width=3", "chunks:chunk=all"])
def test_options_that_are_refused(folder: Path, method: str) -> None:
    with pytest.raises(UsageError):
        predzip.compress(b"x", method=method, model="paper")


def test_a_method_without_its_model_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="model"):
        predzip.compress(b"x", method="chunks")


@pytest.mark.parametrize(
    "parameters",
    [
        b"\0",
        bytes(6),
        pack_parameters(100, 3)[:5],
        pack_parameters(100, 3) + b"\0",
        CHUNK_BYTES.to_bytes(4, "little") + LANES.to_bytes(2, "little"),  # the defaults have a shorter form
        b"\xff" * 6,
    ],
)
def test_parameters_that_are_refused(folder: Path, parameters: bytes) -> None:
    fingerprint = read_weights(folder / "paper").fingerprint[:8]
    with pytest.raises(UnsupportedError):
        build(MODEL_CHUNKS_ID, parameters, fingerprint)
    with pytest.raises(CorruptError):
        build(MODEL_CHUNKS_ID, b"", b"")


def test_damaged_payloads_give_errors_or_other_bytes(folder: Path) -> None:
    made = codec(chunk_bytes=90, lanes=3)
    payload = made.encode_block(TEXT[:400])
    random = Random(7)
    for _ in range(25):
        damaged = bytearray(payload)
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
        with suppress(CorruptError):
            assert len(made.decode_block(bytes(damaged[: random.randrange(len(damaged) + 1)]), 400)) == 400


def test_progress_adds_up(folder: Path) -> None:
    made = codec(chunk_bytes=100, lanes=3)
    for length in (0, 50, 730):
        encoded: list[int] = []
        decoded: list[int] = []
        payload = made.encode_block(TEXT[:length], encoded.append)
        made.decode_block(payload, length, decoded.append)
        assert sum(encoded) == sum(decoded) == length


def test_memory_grows_with_lanes_and_not_with_the_block(folder: Path) -> None:
    small, large = codec(lanes=2), codec(lanes=200)
    assert small.memory_bytes(1 << 20) < large.memory_bytes(1 << 20)
    assert large.memory_bytes(1000) < large.memory_bytes(1 << 20) < large.memory_bytes(1 << 22)
    growth = large.memory_bytes(1 << 22) - large.memory_bytes(1 << 20)
    assert growth <= 8 * 3 * (1 << 20)

"""Code lengths: what would be coded, without coding it; held against what the coders really write."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

import tiny_models
from predzip.codecs.code_length import block_bits, frequencies_bits, model_bits, predictor_bits, sum_of_logs
from predzip.codecs.registry import choose_codec
from predzip.coding.frequencies import accumulate
from predzip.coding.range_coder import RangeCoder
from predzip.errors import ModelError, UsageError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import read_weights

TEXT = b" ".join(random.Random(3).choices([b"the", b"rate", b"of", b"a", b"noise", b"that", b"is", b"heard"], k=8000))
LIMIT = 0.0002


class Countable:
    """Adaptive counts of lanes, as integer frequencies: a prior that needs no weights."""

    def __init__(self) -> None:
        self.reset(1)

    def reset(self, lanes: int) -> None:
        self._counts = np.ones((lanes, 256), np.uint16)

    def predict(self) -> NDArray[np.uint16]:
        return self._counts

    def update(self, symbols: NDArray[np.uint8]) -> None:
        rows = np.arange(len(symbols))
        self._counts[rows, symbols] += 24
        full = self._counts.sum(axis=1) > 60_000
        self._counts[full] = self._counts[full] // 2 + 1


class WholeLanes(Countable):
    """The same, and whole lanes at once."""

    def evaluate(self, data: NDArray[np.uint8]) -> NDArray[np.uint16]:
        self.reset(len(data))
        rows = []
        for step in range(data.shape[1]):
            rows.append(self.predict().copy())
            self.update(data[:, step])
        return np.stack(rows, axis=1)


def coded_bits(predictor: Countable, data: bytes, chunk_bytes: int) -> int:
    """The bits that the range coder takes for chunks coded one after the other."""
    encoder = RangeCoder().encoder()
    for start in range(0, len(data), chunk_bytes):
        predictor.reset(1)
        for symbol in data[start : start + chunk_bytes]:
            encoder.encode(symbol, accumulate(predictor.predict()[0]))
            predictor.update(np.array([symbol], np.uint8))
    return 8 * len(encoder.finish())


@pytest.mark.parametrize("chunk_bytes", [None, 2048])
@pytest.mark.parametrize("kind", [Countable, WholeLanes])
def test_any_predictor_of_lanes_equals_the_coder(kind: type[Countable], chunk_bytes: int | None) -> None:
    bits = predictor_bits(kind(), TEXT, chunk_bytes)
    coded = coded_bits(kind(), TEXT, chunk_bytes or len(TEXT))
    assert 0 <= coded - bits <= LIMIT * bits + 16
    assert 1 < bits / len(TEXT) < 5


def test_steps_and_whole_lanes_give_the_same_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    from predzip.codecs import code_length

    for chunk_bytes in (1, 7, 500, 2048, len(TEXT), 10 * len(TEXT)):
        data = TEXT[:6001] if chunk_bytes > 7 else TEXT[:300]
        whole = predictor_bits(WholeLanes(), data, chunk_bytes)
        assert predictor_bits(Countable(), data, chunk_bytes) == pytest.approx(whole, rel=1e-12)
        monkeypatch.setattr(code_length, "_ROWS_AT_ONCE", 1000)  # several batches; long lanes go step by step
        monkeypatch.setattr(code_length, "_STEPS_AT_ONCE", 64)
        assert predictor_bits(WholeLanes(), data, chunk_bytes) == pytest.approx(whole, rel=1e-12)
        monkeypatch.undo()


def test_the_sum_itself() -> None:
    assert sum_of_logs(np.array([1, 2, 8, 8], np.uint64)) == 7.0
    frequencies = np.array([[1, 3], [2, 2]], np.uint16)
    assert frequencies_bits(frequencies, np.array([0, 1], np.uint8)) == pytest.approx(2 + 1)
    exact = sum(math.log2(n) for n in range(1, 2000))
    numbers = np.random.default_rng(1).permutation(np.arange(1, 2000))
    assert sum_of_logs(numbers) == sum_of_logs(numbers[::-1]) == pytest.approx(exact, rel=1e-14)
    with pytest.raises(ModelError, match="no probability"):
        frequencies_bits(np.array([[0, 3]], np.uint16), np.array([0], np.uint8))


def test_progress_and_bounds() -> None:
    for kind in (Countable, WholeLanes):
        for chunk_bytes in (None, 999):
            steps: list[int] = []
            predictor_bits(kind(), TEXT, chunk_bytes, steps.append)
            assert sum(steps) == len(TEXT)
            assert len(steps) > 1 or kind is WholeLanes
    assert predictor_bits(Countable(), b"") == predictor_bits(WholeLanes(), b"", 7) == 0.0
    with pytest.raises(UsageError, match="at least 1"):
        predictor_bits(Countable(), b"x", 0)
    tokens = Countable()
    tokens.alphabet_size = 50_000  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="other symbols"):
        predictor_bits(tokens, b"x")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    return [tiny_models.write_transformer(folder), tiny_models.write_recurrent(folder)]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("chunk_bytes", [48, 2048])
def test_a_model_equals_the_model_in_chunks(models: list[Path], which: int, chunk_bytes: int) -> None:
    codec = choose_codec(method=f"chunks:chunk={chunk_bytes}", model=str(models[which])).codec.build()
    data = TEXT[:12_345]
    payload = codec.encode_block(data)
    bits = model_bits(read_weights(models[which]), data, chunk_bytes)
    assert abs(8 * len(payload) - bits) <= LIMIT * bits + 16
    assert codec.decode_block(payload, len(data)) == data


def test_a_context_cuts_lanes_where_the_model_forgets(models: list[Path]) -> None:
    weights = read_weights(models[0])
    context = tiny_models.TRANSFORMER.context
    predictor = catalogue.predictor(weights)
    data = TEXT[: 5 * context + 9]
    symbols = np.frombuffer(data, np.uint8).reshape(1, -1)
    whole = frequencies_bits(predictor.evaluate_fine(symbols), symbols)  # type: ignore[attr-defined]
    assert model_bits(weights, data) == pytest.approx(whole, rel=1e-12)
    assert model_bits(weights, data, context) == pytest.approx(whole, rel=1e-12)
    longer = context + 20
    parts = [model_bits(weights, data[start : start + longer]) for start in range(0, len(data), longer)]
    assert model_bits(weights, data, longer) == pytest.approx(sum(parts), rel=1e-12)
    assert model_bits(weights, b"") == 0.0


def test_codecs() -> None:
    ppm = choose_codec(method="ppm:order=2").codec.build()
    data = TEXT[:3000]
    assert 0 <= 8 * len(ppm.encode_block(data)) - block_bits(ppm, data) <= 16
    mixing = choose_codec(1).codec.build()
    assert block_bits(mixing, data) == 8 * len(mixing.encode_block(data))
    noise = random.Random(1).randbytes(500)
    assert block_bits(mixing, noise) == 8 * len(noise)  # a frame would store it

"""Code lengths under models over tokens: the windows of lm-evaluation-harness, term by term."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import corpus
import predzip
import tiny_models
from predzip.codecs import token_length
from predzip.codecs.token_length import rolling_windows, token_bits
from predzip.codecs.tokenization import tokenize
from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.transformer.stepper import TokenStepper
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights, read_weights

TEXT = corpus.book(700)

Logits = Callable[[list[int]], np.ndarray]
"""Tokens -> logits behind each of them."""


def harness_windows(tokens: list[int], prefix: int, most: int) -> list[tuple[list[int], list[int]]]:
    """What the harness says in words: the first window behind the prefix, the others behind the token before.

    Each is as long as can be; the last one takes older tokens as context so that it is full.
    """
    result = [([prefix, *tokens[: most - 1]][: len(tokens)], tokens[:most])] if tokens else []
    at = most
    while at < len(tokens):
        targets = tokens[at : at + most]
        end = at + len(targets)
        result.append((tokens[end - most - 1 : end - 1], targets))
        at = end
    return result


def straightforward(logits: Logits, tokens: list[int], prefix: int, most: int) -> float:
    nats = 0.0
    for inputs, targets in harness_windows(tokens, prefix, most):
        rows = logits(inputs).astype(np.float64)[-len(targets) :]
        for row, target in zip(rows, targets, strict=True):
            nats += np.logaddexp.reduce(row) - row[target]
    return nats / np.log(2)


def exact_model(folder: Path) -> tuple[Weights, Logits]:
    weights = read_weights(tiny_models.write_token_model(folder))
    return weights, lambda inputs: TokenStepper(weights, 1, len(inputs)).advance(np.array([inputs]))


def float_model(folder: Path) -> tuple[Weights, Logits]:
    pytest.importorskip("transformers")
    import torch

    import float_models
    from predzip.predictors.float_model import load_model

    weights = read_weights(float_models.write_entry(folder))
    model: Any = load_model(weights)

    def logits(inputs: list[int]) -> np.ndarray:
        with torch.inference_mode():
            return model(input_ids=torch.tensor([inputs])).logits[0].numpy()

    return weights, logits


@pytest.fixture(scope="module", params=[exact_model, float_model], ids=["exact", "float"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Weights, Logits]:
    return request.param(tmp_path_factory.mktemp("models"))


def tokens_of(weights: Weights, data: bytes) -> list[int]:
    path = str(weights.stem) + ".tokenizer.json"
    return [token for token in tokenize(data, Vocabulary.from_weights(weights), path).tolist() if token >= 0]


@pytest.mark.parametrize("length", [0, 1, 2, 60, 130, 700])
def test_windows_of_the_harness(model: tuple[Weights, Logits], length: int) -> None:
    weights, logits = model
    tokens = tokens_of(weights, TEXT[:length])
    config = weights.config
    expected = straightforward(logits, tokens, config.get("start_token", 0), config["context"])
    assert token_bits(weights, TEXT[:length]) == pytest.approx(
        expected, rel=1e-5 if config["kind"] == "float" else 1e-12
    )
    assert (expected > 0) == (length > 0)


@pytest.mark.parametrize("chunk_bytes", [1, 90, 333, 700, 4000])
def test_chunks_stand_alone(model: tuple[Weights, Logits], chunk_bytes: int) -> None:
    weights, _ = model
    data = TEXT[: 20 * chunk_bytes]
    parts = [token_bits(weights, data[at : at + chunk_bytes]) for at in range(0, len(data), chunk_bytes)]
    assert token_bits(weights, data, chunk_bytes) == pytest.approx(sum(parts), rel=1e-5)


def test_side_by_side_or_one_by_one(model: tuple[Weights, Logits], monkeypatch: pytest.MonkeyPatch) -> None:
    weights, _ = model
    together = token_bits(weights, TEXT, 100)
    monkeypatch.setattr(token_length, "BUDGET_BYTES", 1)
    monkeypatch.setattr(token_length, "_ROWS_BYTES", 1)
    alone = token_bits(weights, TEXT, 100)
    if weights.kind == "transformer":
        assert alone == together
    assert alone == pytest.approx(together, rel=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 9, 10])
@pytest.mark.parametrize("context", [1, 3, 20])
def test_every_token_is_predicted_once(count: int, context: int) -> None:
    tokens = np.arange(100, 100 + count)
    windows = list(rolling_windows(tokens, 7, context))
    assert [target for window in windows for target in window.targets] == tokens.tolist()
    expected = harness_windows(tokens.tolist(), 7, context)
    assert [(window.inputs.tolist(), window.targets.tolist()) for window in windows] == expected


def test_windows_drawn_in_the_docstring() -> None:
    windows = [(each.inputs.tolist(), each.targets.tolist()) for each in rolling_windows(np.arange(8), 99, 3)]
    assert windows == [([99, 0, 1], [0, 1, 2]), ([2, 3, 4], [3, 4, 5]), ([4, 5, 6], [6, 7])]


def test_bytes_without_tokens_count_eight_bits(tmp_path: Path) -> None:
    weights, _ = exact_model(tmp_path)
    first, second = tiny_models.UNKNOWN_BYTES
    odd = bytes([first, second, first])
    bits = token_bits(weights, TEXT[:300])
    assert token_bits(weights, odd) == 24.0
    assert token_bits(weights, odd + TEXT[:300] + odd) == pytest.approx(bits + 48)
    counts: list[int] = []
    token_bits(weights, odd + TEXT[:300], 50, progress=counts.append)
    assert sum(counts) == 303


def test_the_library_counts_so(model: tuple[Weights, Logits]) -> None:
    weights, _ = model
    path = str(weights.stem)
    assert predzip.code_length(TEXT, model=path) == token_bits(weights, TEXT)
    assert predzip.code_length(TEXT, model=path, chunk_bytes=200) == token_bits(weights, TEXT, 200)
    assert 0 < token_bits(weights, TEXT) / len(TEXT) < 20


def test_what_is_refused(model: tuple[Weights, Logits], tmp_path: Path) -> None:
    weights, _ = model
    with pytest.raises(UsageError, match="at least 1 byte"):
        token_bits(weights, TEXT, 0)
    of_bytes = read_weights(tiny_models.write_transformer(tmp_path))
    with pytest.raises(ModelError, match="no vocabulary"):
        token_bits(of_bytes, TEXT)


def test_a_probability_of_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    weights, _ = exact_model(tmp_path)
    monkeypatch.setattr(token_length, "bits_of", lambda *_: float("inf"))
    with pytest.raises(ModelError, match="no probability"):
        token_bits(weights, TEXT)

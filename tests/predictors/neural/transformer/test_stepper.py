"""The stepper: steps, blocks, threads and pieces give the same logits, which are those of the predictor."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from transformer_models import CONFIGS, lanes, model

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.transformer import stepper as stepper_file
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.transformer.stepper import TokenStepper, stepper_memory_bytes

TOKENS = TransformerConfig(
    width=32,
    layers=2,
    heads=6,
    head_dim=16,
    hidden=40,
    vocab_size=3000,
    kv_heads=2,
    norm="rms",
    norm_place="pre",
    activation="swiglu",
    tied=True,
    ffn_bias=False,
    output_bias=False,
    context=1000,
)
EVERY = pytest.mark.parametrize("name", CONFIGS)


def blocks(config: TransformerConfig, count: int, length: int) -> np.ndarray:
    return lanes(count, length, config.vocab_size).astype(np.int64)


@EVERY
def test_steps_blocks_and_threads_give_the_same_bits(name: str) -> None:
    config = CONFIGS[name]
    length = min(300, config.context)  # further than any window, so that caches move
    tokens = blocks(config, 3, length)
    whole = TokenStepper(model(config), 3, length).advance(tokens).reshape(3, length, -1)
    for threads, sizes in ((1, [1]), (2, [1, 70]), (8, [7, 1, 33]), (2, [256, 44])):
        stepper = TokenStepper(model(config), 3, length, threads=threads)
        at = 0
        while at < length:
            for size in sizes:
                part = tokens[:, at : at + size]
                found = stepper.advance(part).reshape(*part.shape, config.vocab_size)
                assert np.array_equal(found, whole[:, at : at + size]), (threads, at)
                at += part.shape[1]
        assert stepper.position == length


@EVERY
def test_its_distributions_are_those_of_the_predictor(name: str) -> None:
    config = CONFIGS[name]
    symbols = lanes(2, 50)
    expected = TransformerPredictor(model(config)).evaluate_fine(symbols)
    tokens = np.full((2, 50), config.start_token)
    tokens[:, 1:] = symbols[:, :-1]
    logits = TokenStepper(model(config), 2, 50).advance(tokens).reshape(2, 50, -1)
    odds = np.exp(logits.astype(np.float64) - logits.max(axis=2, keepdims=True))
    odds /= odds.sum(axis=2, keepdims=True)
    assert np.abs(odds - expected / expected.sum(axis=2, keepdims=True)).max() < 1e-4


def test_hidden_rows_and_their_logits() -> None:
    tokens = blocks(TOKENS, 4, 80)
    expected = TokenStepper(model(TOKENS), 4, 80).advance(tokens)
    for threads in (1, 2):
        stepper = TokenStepper(model(TOKENS), 4, 80, threads=threads)
        rows = stepper.hidden(tokens)
        assert rows.shape == (320, TOKENS.width)
        assert np.array_equal(stepper.logits(rows), expected)
        assert np.array_equal(stepper.logits(rows[5:6]), expected[5:6])
        assert np.array_equal(stepper.logits(rows[::3]), expected[::3])


@pytest.mark.parametrize("backend", ["blas", "kernel", "integers", "torch"])
def test_backends_give_the_same_bits(backend: str) -> None:
    if backend == "torch":
        pytest.importorskip("torch")
    tokens = blocks(TOKENS, 2, 40)
    expected = TokenStepper(model(TOKENS), 2, 40).advance(tokens)
    stepper = TokenStepper(model(TOKENS), 2, 40, backend=backend, threads=2)
    assert stepper.backend.startswith(backend)
    assert np.array_equal(stepper.advance(tokens), expected)


def test_positions_fewer_than_the_context_change_nothing() -> None:
    config = CONFIGS["gemma"]
    tokens = blocks(config, 1, 40)
    assert np.array_equal(
        TokenStepper(model(config), 1, 40).advance(tokens),
        TokenStepper(model(config), 1, config.context).advance(tokens),
    )


def test_steppers_beside_each_other() -> None:
    tokens = blocks(TOKENS, 3, 60)
    first = TokenStepper(model(TOKENS), 1, 60)
    expected = TokenStepper(model(TOKENS), 3, 60).advance(tokens)
    other = first.beside(3, 60, threads=2)
    first.advance(tokens[:1, :30])
    assert np.array_equal(other.advance(tokens), expected)
    assert np.array_equal(first.advance(tokens[:1, 30:]), expected[30:60])
    assert other._network is first._network
    with pytest.raises(UsageError):
        first.beside(1, 61)


def test_restart() -> None:
    stepper = TokenStepper(model(TOKENS), 2, 60)
    tokens = blocks(TOKENS, 2, 60)
    first = stepper.advance(tokens)
    with pytest.raises(UsageError, match="no room"):
        stepper.advance(tokens[:, :1])
    stepper.restart()
    assert stepper.position == 0
    assert np.array_equal(stepper.advance(tokens), first)


def test_tensors_of_a_vocabulary_are_no_trouble() -> None:
    made = model(TOKENS)
    made.tensors["vocabulary.bytes"] = np.zeros(100, np.uint8)
    tokens = blocks(TOKENS, 1, 4)
    expected = TokenStepper(model(TOKENS), 1, 4).advance(tokens)
    assert np.array_equal(TokenStepper(made, 1, 4).advance(tokens), expected)


def test_what_is_refused() -> None:
    stepper = TokenStepper(model(TOKENS), 2, 60)
    for wrong in (
        np.zeros((3, 1), int),
        np.zeros(2, int),
        np.zeros((2, 1)),
        np.full((2, 1), 3000),
        np.full((2, 1), -1),
    ):
        with pytest.raises(UsageError):
            stepper.advance(wrong)
    for numbers in ((0, 60), (2, 0), (2, 1001)):
        with pytest.raises(UsageError):
            TokenStepper(model(TOKENS), *numbers)
    with pytest.raises(UsageError):
        TokenStepper(model(TOKENS), 2, 60, threads=0)
    made = model(TOKENS)
    made.config["kind"] = "recurrent"
    with pytest.raises(ModelError, match="recurrent"):
        TokenStepper(made, 2, 60)


def test_an_error_in_a_thread_arrives_and_the_stepper_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper = TokenStepper(model(TOKENS), 4, 60, threads=2)
    tokens = blocks(TOKENS, 4, 60)
    expected = stepper.advance(tokens)
    stepper.restart()
    run, calls = stepper_file.run_hidden, []

    def fails_once(*arguments: object) -> np.ndarray:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return run(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stepper_file, "run_hidden", fails_once)
    with pytest.raises(MemoryError):
        stepper.advance(tokens)
    with pytest.raises(UsageError, match="restart"):
        stepper.advance(tokens)
    stepper.restart()
    assert np.array_equal(stepper.advance(tokens), expected)


def test_memory_is_what_it_says() -> None:
    for config in (TOKENS, CONFIGS["gemma"]):
        stepper = TokenStepper(model(config), 3, 500, threads=2)
        network = stepper._network
        held = sum(array.nbytes for state in stepper._states for room in state.rooms for array in room.cache)
        held += network.embedding.nbytes + network.embedding_scale.nbytes
        layers = network.layers
        held += sum(part.packed.nbytes + part.scale.nbytes for part in (layers.qkv, layers.o, layers.up, layers.down))
        said = stepper.memory_bytes()
        assert said == stepper_memory_bytes(config, 3, 500, 2)
        assert held < said < 1.3 * held + 4 * 3 * config.vocab_size
        assert stepper.memory_bytes(rows=100) > said

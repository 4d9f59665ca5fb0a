"""The stepper of models in floats: equal calls give equal bits, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import float_models
from predzip.errors import ModelError, UsageError
from predzip.predictors.float_model import FloatConfig, load_model
from predzip.predictors.float_stepper import FloatStepper, threads_of_torch
from predzip.predictors.neural.weights import Weights, read_weights

TOKENS = np.random.default_rng(7).integers(0, float_models.VOCABULARY, (3, 40))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return read_weights(float_models.write_entry(tmp_path_factory.mktemp("entries")))


def stepper(weights: Weights, lanes: int = 3, positions: int = 40, model: Any = None) -> FloatStepper:
    config = FloatConfig.from_dict(weights.config)
    return FloatStepper(config, model or load_model(weights), lanes, positions)


def run(made: FloatStepper) -> np.ndarray:
    return np.stack([made.hidden(TOKENS[: made.lanes, i : i + 1]) for i in range(40)], axis=1)


def test_equal_calls_give_equal_bits(weights: Weights) -> None:
    made = stepper(weights)
    first = run(made)
    assert made.position == made.positions == 40
    made.restart()
    assert made.position == 0
    assert np.array_equal(run(made), first)
    assert np.array_equal(run(stepper(weights, 1).beside(3, 40)), first)


def test_they_are_about_those_of_the_whole(weights: Weights) -> None:
    with torch.inference_mode():
        whole = load_model(weights)(input_ids=torch.from_numpy(TOKENS)).logits.numpy()
    found = run(stepper(weights))
    assert found.dtype == np.float32
    assert np.abs(found - whole).max() < 1e-3 * np.abs(whole).max()
    assert np.array_equal(stepper(weights).logits(found[0]), found[0])


def test_what_is_refused(weights: Weights) -> None:
    made = stepper(weights, positions=1)
    for wrong in (TOKENS[:2, :1], TOKENS[:, :2], TOKENS[0]):
        with pytest.raises(UsageError):
            made.hidden(wrong)
    made.hidden(TOKENS[:, :1])
    with pytest.raises(UsageError, match="at most 1"):
        made.hidden(TOKENS[:, :1])
    for numbers in ((0, 1), (1, 0), (1, float_models.CONTEXT + 1)):
        with pytest.raises(UsageError):
            stepper(weights, *numbers)


@pytest.mark.parametrize(
    ("logits", "cache", "said"),
    [
        (torch.zeros(3, 1, 400), None, "step by step"),
        (torch.zeros(3, 1, 401), 1, "401 symbols"),
        (torch.full((3, 1, 400), torch.nan), 1, "not finite"),
        (torch.full((3, 1, 400), -torch.inf), 1, "not finite"),
    ],
)
def test_models_that_are_of_no_use(weights: Weights, logits: Any, cache: Any, said: str) -> None:
    class Result(dict[str, Any]):
        __getattr__ = dict.__getitem__

    def model(**_: Any) -> Any:
        return Result(cache=cache, logits=logits)

    with pytest.raises(ModelError, match=said):
        stepper(weights, model=model).hidden(TOKENS[:, :1])


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with threads_of_torch(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_memory_grows_with_lanes_and_positions(weights: Weights) -> None:
    made = stepper(weights)
    parameters = FloatConfig.from_dict(weights.config).parameters
    assert 4 * parameters < made.memory_bytes(1, 1) < made.memory_bytes(1, 40) < made.memory_bytes(3, 40)

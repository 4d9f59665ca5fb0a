"""Reading and teaching all contexts at once, against one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from predzip.jit import kernel
from predzip.predictors.mixing.histories import context_inputs, learn_contexts
from predzip.predictors.mixing.logistic import STRETCH
from predzip.predictors.mixing.maps import map_update
from predzip.predictors.mixing.model import CONTEXTS, Model, new_model
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.states import NEXT_RECENT, NEXT_STATE

NODE = 5


@kernel
def read(model: Model, node: int) -> None:
    context_inputs(model, node)


@kernel
def teach(model: Model, node: int, bit: int) -> None:
    learn_contexts(model, node, bit)


def taught_model(level: int, shared: bool) -> Model:
    """A model whose lines hold histories of all lengths, none for every third context; some on one line, if shared."""
    model = new_model(level, TEXT, 1000)
    rng = np.random.default_rng(level)
    n = int(model.settings[CONTEXTS])
    model.places[:] = rng.permutation(len(model.lines))[:n].astype(np.uint64)
    if shared:
        model.places[4:8] = model.places[1]
    for i, place in enumerate(model.places):
        state, recent = 0, 0
        for bit in rng.integers(0, 2, 0 if i % 3 == 0 else 1 + i % 20):
            state, recent = int(NEXT_STATE[state, bit]), int(NEXT_RECENT[recent, bit])
        model.lines[place, NODE] = state | recent << 8
    for maps in (model.state_maps, model.recent_maps):
        seen = maps[:, 1:]
        seen[...] = rng.integers(64, 4194303 - 64, seen.shape) << 10 | rng.integers(0, 250, seen.shape)
    return model


def copied(model: Model) -> Model:
    return model._replace(**{name: getattr(model, name).copy() for name in model._fields if name != "ngrams"})


def teach_one_by_one(model: Model, bit: int) -> None:
    for i, place in enumerate(model.places):
        history = int(model.lines[place, NODE])
        if history:
            map_update(model.state_maps[i], history & 255, bit, 255)
            map_update(model.recent_maps[i], history >> 8, bit, 1023)
        model.lines[place, NODE] = int(NEXT_STATE[history & 255, bit]) | int(NEXT_RECENT[history >> 8, bit]) << 8


@pytest.mark.parametrize("level", [3, 4])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("bit", [0, 1])
def test_all_at_once_learns_what_one_by_one_does(level: int, shared: bool, bit: int) -> None:
    model = taught_model(level, shared)
    other = copied(model)
    read(model, NODE)
    teach(model, NODE, bit)
    teach_one_by_one(other, bit)
    assert np.array_equal(model.lines, other.lines)
    assert np.array_equal(model.state_maps[:, 1:], other.state_maps[:, 1:])  # entry 0 speaks for nobody
    assert np.array_equal(model.recent_maps[:, 1:], other.recent_maps[:, 1:])


@pytest.mark.parametrize("level", [3, 4])
def test_inputs_are_what_the_maps_say_and_nothing_where_nothing_was_seen(level: int) -> None:
    model = taught_model(level, shared=False)
    read(model, NODE)
    for i, place in enumerate(model.places):
        history = int(model.lines[place, NODE])
        counted = int(model.state_maps[i, history & 255]) >> 16
        recent = int(model.recent_maps[i, history >> 8]) >> 16
        expected = [STRETCH[counted >> 4], (counted - 32768) >> 6, STRETCH[recent >> 4]] if history else [0, 0, 0]
        assert model.inputs[3 * i : 3 * i + 3].tolist() == expected

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lane_driver import encode_lanes
from numpy.typing import NDArray

from predzip.coding.binary import new_encoder, room_bytes
from predzip.predictors.mixing import settings as families
from predzip.predictors.mixing.character_tables import CharacterNgrams
from predzip.predictors.mixing.model import PADDING, Model, inputs_of, memory_bytes, new_model, padded, rows_of
from predzip.predictors.mixing.settings import FAMILIES, LEVELS
from predzip.predictors.mixing.step import code_bytes

NO_PRIORS = np.zeros((0, 0, 1, 256), np.uint16)
SAMPLE = b'{"id": 17, "name": "Lemon (sour)"}\n<p>1, 2; 3</p> The end. \x00\x01\xff' * 30


def arrays_of(model: Model) -> list[NDArray[Any]]:
    """All that a model learns and computes in; what its n-grams begin with is shared and only read."""
    own = [part for part in model if not isinstance(part, CharacterNgrams)]
    known = ("known_orders", "known_contexts", "known_sizes", "known_successors", "weights")
    return own + [array for name, array in model.ngrams._asdict().items() if name not in known]


def total_bytes(model: Model) -> int:
    return sum(array.nbytes for array in arrays_of(model))


@pytest.mark.parametrize("priors", [0, 2])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("level", LEVELS)
def test_memory_is_what_is_stated(level: int, family: int, priors: int) -> None:
    for length in (0, 1, 1000, 100_000, 8 << 20):
        stated = memory_bytes(level, family, length, priors)
        assert abs(stated - total_bytes(new_model(level, family, length, 1, priors))) < 256 << 10


@pytest.mark.parametrize("level", LEVELS)
def test_memory_has_a_bound_and_small_inputs_take_less(level: int) -> None:
    stated = [max(memory_bytes(level, family, 1 << bits) for family in FAMILIES) for bits in range(31)]
    assert stated == sorted(stated)
    assert stated[24] == stated[30]  # no more from some size on
    assert stated[30] < 640 << 20
    assert stated[10] < (32 if LEVELS[level].wide else 16) << 20


@pytest.mark.parametrize("priors", [0, 1, 3])
@pytest.mark.parametrize("level", LEVELS)
def test_shapes(level: int, priors: int) -> None:
    settings = LEVELS[level]
    for family in FAMILIES:
        model = new_model(level, family, 5000, 3, priors)
        inputs = inputs_of(settings, family, priors)
        contexts = settings.contexts[family]
        assert inputs % 16 == 0  # whole vectors
        assert model.inputs.shape == (inputs,)
        assert model.weights.shape == (rows_of(settings), inputs)
        assert model.contexts.shape == model.places.shape == (contexts,)
        assert model.state_maps.shape == (contexts, 256)
        assert len(model.lanes) == 3
        assert model.prior_tree.shape == (priors, 512)
        assert all(array.flags.c_contiguous and array.flags.writeable for array in arrays_of(model))


def test_padding_stands_behind_the_data() -> None:
    array = padded(b"abc")
    assert array.tobytes() == b"abc" + bytes(PADDING)
    assert array.flags.writeable


def test_permanent_numbers_of_the_families() -> None:
    assert (families.TEXT, families.BINARY, families.EXECUTABLE) == (0, 1, 2)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("level", LEVELS)
def test_every_step_keeps_the_invariants(level: int, family: int) -> None:
    array = padded(SAMPLE)
    coder, buffer = new_encoder(), np.zeros(room_bytes(9 * len(SAMPLE)), np.uint8)
    model = new_model(level, family, len(SAMPLE))
    alike = 0
    for step in range(400):
        code_bytes(model, coder, buffer, array, NO_PRIORS, step, step + 1)
        alike += len(set(model.contexts.tolist())) < len(model.contexts)
        assert abs(model.inputs).max() <= 2047
        assert abs(model.weights).max() < 1 << 20
        assert abs(model.final_weights).max() < 1 << 20
        rows = model.rows[: LEVELS[level].weight_sets]
        assert (rows >= 0).all()
        assert (rows < rows_of(LEVELS[level])).all()
        assert len(set(rows.tolist())) == len(rows)  # the gates' ranges do not overlap
        assert model.direct.min() > 0
    # Contexts share one table: two that hash alike at more than a few steps have forgotten their numbers.
    assert alike <= 4


@pytest.mark.parametrize("level", LEVELS)
def test_models_do_not_share_state(level: int) -> None:
    first = encode_lanes(SAMPLE, level, families.TEXT)
    encode_lanes(bytes(range(256)) * 4, level, families.BINARY)
    assert encode_lanes(SAMPLE, level, families.TEXT) == first

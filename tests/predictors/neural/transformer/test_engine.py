"""The exact engine against its slow reference, against float64, and against itself in every other way of running."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import transformer_reference as reference
from transformer_models import CONFIGS, lanes, model, random_tensors

from predzip.predictors.base import LanePredictor
from predzip.predictors.neural.transformer import forward, predictor
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.transformer.quantize import dequantize_transformer

EVERY = pytest.mark.parametrize("name", CONFIGS)


@EVERY
def test_every_bit_is_that_of_the_reference(name: str) -> None:
    made = model(CONFIGS[name])
    symbols = lanes(1, 60)
    expected = reference.frequencies(CONFIGS[name], made.tensors, symbols[0].tolist(), 1 << 24)
    found = TransformerPredictor(made).evaluate_fine(symbols)[0]
    assert np.array_equal(found, expected)
    coarse = reference.frequencies(CONFIGS[name], made.tensors, symbols[0, :5].tolist(), 1 << 16)
    assert np.array_equal(TransformerPredictor(made).evaluate(symbols[:, :5])[0], coarse)


@EVERY
def test_stepping_gives_what_whole_lanes_give(name: str) -> None:
    engine = TransformerPredictor(model(CONFIGS[name]))
    assert isinstance(engine, LanePredictor)
    symbols = lanes(3, 130)
    whole = engine.evaluate_fine(symbols)
    assert np.array_equal(whole, engine.evaluate_fine(symbols))
    engine.reset(3)
    for t in range(130):
        assert np.array_equal(engine.predict_fine(), whole[:, t]), t
        if t % 5 != 3:  # asking for the prediction, or not, changes nothing
            engine.predict()
        engine.update(symbols[:, t])


@EVERY
def test_lanes_do_not_see_each_other(name: str) -> None:
    engine = TransformerPredictor(model(CONFIGS[name]))
    symbols = lanes(20, 40)
    together = engine.evaluate(symbols)
    for lane in (0, 7, 19):
        assert np.array_equal(engine.evaluate(symbols[lane : lane + 1])[0], together[lane])
        assert np.array_equal(engine.evaluate(symbols[lane : lane + 1, :11])[0], together[lane, :11])


@pytest.mark.parametrize("backend", ["blas", "kernel", "integers", "torch"])
@pytest.mark.parametrize("name", ["paper", "llama", "window"])
def test_backends_give_the_same_bits(name: str, backend: str) -> None:
    if backend == "torch":
        pytest.importorskip("torch")
    made, symbols = model(CONFIGS[name]), lanes(2, 70)
    expected = TransformerPredictor(made).evaluate_fine(symbols)
    engine = TransformerPredictor(made, 2, backend=backend)
    assert engine.backend.startswith(backend)
    assert np.array_equal(engine.evaluate_fine(symbols), expected)
    for t in range(5):
        assert np.array_equal(engine.predict_fine(), expected[:, t])
        engine.update(symbols[:, t])


def test_blocks_of_any_length_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    made, symbols = model(CONFIGS["window"]), lanes(2, 640)  # longer than cache and context
    expected = TransformerPredictor(made).evaluate(symbols)
    for rows in (2, 14, 90):
        monkeypatch.setattr(predictor, "_ROWS_OF_A_BLOCK", rows)
        assert np.array_equal(TransformerPredictor(made).evaluate(symbols), expected), rows


@pytest.mark.parametrize("positions", ["none", "rotary"])
def test_a_window_forgets_what_left_it(positions: str) -> None:
    config = TransformerConfig(
        width=32, layers=1, heads=2, head_dim=16, hidden=32, window=8, context=1000, positions=positions
    )
    engine = TransformerPredictor(model(config))
    symbols = lanes(2, 600)
    # The last prediction sees 8 tokens, of which the last one is the symbol before the last.
    symbols[1, -8:-1] = symbols[0, -8:-1]
    assert symbols[0, -9] != symbols[1, -9]
    ends = engine.evaluate_fine(symbols)[:, -1]
    assert not np.array_equal(ends[0], ends[1])
    symbols[1, -9] = symbols[0, -9]
    ends = engine.evaluate_fine(symbols)[:, -1]
    assert np.array_equal(ends[0], ends[1])


def test_the_context_ends_and_begins_anew() -> None:
    config = CONFIGS["short"]
    engine = TransformerPredictor(model(config))
    symbols = lanes(1, 120)
    found = engine.evaluate(symbols)
    assert np.array_equal(found[0, 50:100], engine.evaluate(symbols[:, 50:100])[0])
    assert np.array_equal(found[0, 50], found[0, 0])


@EVERY
def test_frequencies_keep_their_promises(name: str) -> None:
    engine = TransformerPredictor(model(CONFIGS[name], sharpness=4.0))
    coarse, fine = engine.evaluate(lanes(2, 40)), engine.evaluate_fine(lanes(2, 40))
    for found, total in ((coarse, 1 << 16), (fine, engine.fine_total)):
        assert found.min() >= 1
        sums = found.sum(axis=2, dtype=np.int64)
        assert sums.max() <= total
        assert sums.min() >= total - 256
    assert coarse.dtype == np.uint16
    assert fine.dtype == np.uint32
    assert coarse.max() > 40_000  # sure predictions are reached, and fit


def extra_bits(
    config: TransformerConfig, tensors: dict[str, np.ndarray], found: np.ndarray, symbols: np.ndarray
) -> float:
    """What coding by `found` costs where the float model is right, as a part of what that itself takes."""
    logits = reference.float_logits(config, tensors, symbols[0].tolist())
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    ours = found[0] / found[0].sum(axis=1, keepdims=True)
    return float((odds * (np.log2(odds) - np.log2(ours))).sum() / -(odds * np.log2(odds)).sum())


@EVERY
def test_the_arithmetic_is_near_the_float_model(name: str) -> None:
    config = CONFIGS[name]
    made = model(config, sharpness=0.6)
    symbols = lanes(1, min(150, config.context))
    found = TransformerPredictor(made).evaluate_fine(symbols)
    rounding_all = extra_bits(config, random_tensors(config, sharpness=0.6), found, symbols)
    assert 0.0 < rounding_all < 0.005
    # Most of it is the rounding of the weights: the arithmetic alone costs far less.
    rounded = dequantize_transformer(config, made.tensors)
    assert 0.0 < extra_bits(config, rounded, found, symbols) < 0.002


def test_large_alphabets() -> None:
    config = TransformerConfig(width=32, layers=1, heads=2, head_dim=16, hidden=32, vocab_size=3000)
    engine = TransformerPredictor(model(config), lanes=2)
    symbols = lanes(2, 30, 3000)
    whole = engine.evaluate_fine(symbols)
    assert whole.shape == (2, 30, 3000)
    assert engine.fine_total == 1 << 30
    expected = reference.frequencies(config, model(config).tensors, symbols[0, :4].tolist(), 1 << 30)
    assert np.array_equal(whole[0, :4], expected)
    for t in range(3):
        assert np.array_equal(engine.predict_fine(), whole[:, t])
        engine.update(symbols[:, t])
    with pytest.raises(ValueError, match="alphabet"):
        engine.predict()


@pytest.mark.parametrize(
    ("heads", "groups", "size", "hidden"), [(10, 1, 6, 5), (6, 2, 70, 33), (3, 3, 256, 64), (9, 3, 64, 100)]
)
def test_shapes_that_fill_no_vector(heads: int, groups: int, size: int, hidden: int) -> None:
    config = TransformerConfig(
        width=34, layers=1, heads=heads, head_dim=size, hidden=hidden, kv_heads=groups, activation="geglu", window=70
    )
    made = model(config)
    symbols = lanes(1, 150)
    expected = reference.frequencies(config, made.tensors, symbols[0].tolist(), 1 << 24)
    engine = TransformerPredictor(made)
    assert np.array_equal(engine.evaluate_fine(symbols)[0], expected)
    for t in range(150):
        assert np.array_equal(engine.predict_fine()[0], expected[t]), t
        engine.update(symbols[:, t])


def test_wide_rows_are_cut_where_sums_could_pass_24_bits() -> None:
    config = TransformerConfig(width=32, layers=1, heads=2, head_dim=16, hidden=2048, activation="relu2")
    made = model(config)
    made.tensors["layers.0.down.weight"][:] = 127  # type: ignore[index]
    made.tensors["layers.0.down.weight"][0] = -127  # type: ignore[index]
    symbols = lanes(1, 20)
    expected = reference.frequencies(config, made.tensors, symbols[0].tolist(), 1 << 24)
    for backend in ("blas", "kernel", "integers"):
        assert np.array_equal(TransformerPredictor(made, backend=backend).evaluate_fine(symbols)[0], expected)


def test_memory_of_a_lane_is_what_it_says() -> None:
    engine = TransformerPredictor(model(CONFIGS["paper"]))
    engine.reset(3, 100)
    held = sum(array.nbytes for room in engine._lanes.rooms for array in room.cache)
    assert held == 3 * engine.lane_bytes(100)
    assert forward.cache_positions(0, 2048) == 2048
    assert forward.cache_positions(20, 600) == 384


def test_wrong_input_is_refused() -> None:
    engine = TransformerPredictor(model(CONFIGS["paper"]), lanes=2)
    with pytest.raises(ValueError, match="one a lane"):
        engine.update(np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="must lie in"):
        engine.update(np.array([0, 256]))
    with pytest.raises(ValueError, match="integers"):
        engine.update(np.zeros(2))
    with pytest.raises(ValueError, match="two dimensions"):
        engine.evaluate(np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match="at least 1"):
        engine.reset(0)

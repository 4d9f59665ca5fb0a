"""Rounding to 8 bits, and weights that are not what they should be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from transformer_models import CONFIGS, SMALL, Model, lanes, model, random_tensors

from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.transformer.quantize import (
    dequantize_transformer,
    quantize_transformer,
    tensor_shapes,
)

CONFIG = CONFIGS["paper"]


@pytest.mark.parametrize("name", CONFIGS)
def test_shapes_and_closeness(name: str) -> None:
    config, tensors = CONFIGS[name], random_tensors(CONFIGS[name])
    rounded = quantize_transformer(config, tensors)
    assert {key: (str(value.dtype), value.shape) for key, value in rounded.items()} == tensor_shapes(config)
    for key, values in dequantize_transformer(config, rounded).items():
        error = np.abs(values - tensors[key]).mean()
        assert error < (0.01 * np.abs(tensors[key]).mean() if values.ndim == 2 else 1e-9)


def test_what_is_rounded_stays_when_rounded_again() -> None:
    rounded = quantize_transformer(CONFIG, random_tensors(CONFIG))
    again = quantize_transformer(CONFIG, dequantize_transformer(CONFIG, rounded))
    once, twice = dequantize_transformer(CONFIG, rounded), dequantize_transformer(CONFIG, again)
    assert max(float(np.abs(once[key] - twice[key]).max()) for key in once) < 0.01


def test_rows_of_zeros_and_of_one_number() -> None:
    tensors = random_tensors(CONFIG)
    tensors["layers.0.q.weight"][3] = 0
    tensors["layers.0.q.weight"][4] = 0.25
    rounded = quantize_transformer(CONFIG, tensors)
    restored = dequantize_transformer(CONFIG, rounded)["layers.0.q.weight"]
    assert not restored[3].any()
    assert np.allclose(restored[4], 0.25, rtol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "shape", "nan", "infinite"])
def test_float_tensors_that_are_refused(damage: str) -> None:
    tensors = random_tensors(CONFIG)
    if damage == "missing":
        del tensors["layers.1.o.weight"]
    elif damage == "shape":
        tensors["layers.1.o.weight"] = tensors["layers.1.o.weight"][:-1]
    else:
        tensors["layers.1.o.weight"][0, 0] = np.nan if damage == "nan" else np.inf
    with pytest.raises(ModelError, match=r"layers\.1\.o\.weight"):
        quantize_transformer(CONFIG, tensors)


def _damaged(damage: str) -> Model:
    made = model(CONFIG)
    tensors = made.tensors
    if damage == "missing":
        del tensors["layers.1.up.scale"]
    elif damage == "extra":
        tensors["layers.2.up.scale"] = np.ones(3, np.float32)
    elif damage == "dtype":
        tensors["layers.1.up.weight"] = tensors["layers.1.up.weight"].astype(np.int16)
    elif damage == "shape":
        tensors["embed.weight"] = tensors["embed.weight"][:200]
    elif damage == "nan":
        tensors["layers.1.norm1.weight"][5] = np.nan  # type: ignore[index]
    elif damage == "huge":
        tensors["output.scale"][5] = 1e30  # type: ignore[index]
    elif damage == "least byte":
        tensors["layers.0.q.weight"][0, 0] = -128  # type: ignore[index]
    elif damage == "kind":
        made.config["kind"] = "recurrent"
    elif damage == "context":
        made.config["context"] = 1 << 19
    else:
        made.config[damage] = "?"
    return made


@pytest.mark.parametrize(
    "damage",
    ["missing", "extra", "dtype", "shape", "nan", "huge", "least byte", "kind", "context", "width", "positions", "x"],
)
def test_exact_weights_that_are_refused(damage: str) -> None:
    with pytest.raises(ModelError):
        TransformerPredictor(_damaged(damage))


def test_bad_weights_of_the_right_shape_give_frequencies_all_the_same() -> None:
    """Whatever numbers a file holds: no crash, no zero frequency, and stepping agrees with whole lanes."""
    generator = np.random.Generator(np.random.PCG64(9))
    for name in ("paper", "llama", "window"):
        config = TransformerConfig(**{**SMALL, **CONFIGS[name].to_dict(), "layers": 3})
        tensors = {}
        for key, (dtype, shape) in tensor_shapes(config).items():
            if dtype == "int8":
                tensors[key] = generator.choice(np.array([-127, 127, 0], np.int8), shape)
            else:
                tensors[key] = generator.choice(np.array([-9e5, 9e5, 0, 1e-30], np.float32), shape)
        made = Model({"kind": "transformer", **config.to_dict()}, tensors)
        engine, symbols = TransformerPredictor(made, 2), lanes(2, 40)
        whole = engine.evaluate_fine(symbols)
        assert whole.min() >= 1
        assert whole.sum(axis=2, dtype=np.int64).max() <= engine.fine_total
        for t in range(40):
            assert np.array_equal(engine.predict_fine(), whole[:, t])
            engine.update(symbols[:, t])

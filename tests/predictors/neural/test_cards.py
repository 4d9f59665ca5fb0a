"""What is said about a model without running it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import tiny_models
from predzip.errors import ModelError
from predzip.predictors.neural import cards
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.recurrent.network import tensor_shapes

CARD = """# small

## Data

| kind | trained on | held out |
|---|---:|---:|
| wiki | 9.000 | 1 |

## Rates of held-out bytes

| kind | bits/byte |
|---|---:|
| wiki | 1.912 |
| code | 2.000 |
| mean | 1.956 |

## Curve

| step | bits/byte |
|---|---:|
| 1 | 7.000 |
"""


def test_the_rate_is_the_last_of_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "m-3.2m.md").write_text(CARD)
    assert cards.bits_per_byte(tmp_path / "m-3.2m") == 1.956
    (tmp_path / "m-3.2m.md").write_text(CARD.replace("| mean | 1.956 |\n", ""))
    assert cards.bits_per_byte(tmp_path / "m-3.2m") == 2.0
    (tmp_path / "m-3.2m.md").write_text("# nothing measured\n")
    assert cards.bits_per_byte(tmp_path / "m-3.2m") is None
    assert cards.bits_per_byte(tmp_path / "other") is None
    with pytest.raises(ModelError, match="has no card"):
        cards.read_card(tmp_path / "other")


def test_the_cards_that_training_writes_are_understood() -> None:
    card = pytest.importorskip("predzip.training.card")
    rates = card._rates({"kinds": {"wiki": 1.5, "code": 2.5}, "mean": 2.0})
    match = cards._RATES.search(rates + "\n\nmore")
    assert match is not None
    assert cards._ROW.findall(match[1])[-1] == "2.000"


def test_parameters_of_a_transformer() -> None:
    config = {"format": 1, "kind": "transformer", "name": "m", **tiny_models.TRANSFORMER.to_dict()}
    shapes = tiny_models.TRANSFORMER.float_shapes().values()
    assert cards.parameters(config) == sum(int(np.prod(shape)) for shape in shapes)


@pytest.mark.parametrize(
    "architecture",
    [
        tiny_models.RECURRENT,
        replace(tiny_models.RECURRENT, layers=3, width=32, hidden=48, orders=((1, 5), (6, 3)), word_bits=0),
    ],
)
def test_parameters_of_a_recurrent_model(architecture: RecurrentConfig) -> None:
    """All tensors but scales; two numbers in each byte of the tables."""
    total = 0
    for name, (dtype, shape) in tensor_shapes(architecture).items():
        if not name.endswith(("scale", "factors")):
            total += int(np.prod(shape)) * (2 if dtype == "uint8" else 1)
    config = {"kind": "recurrent", "architecture": architecture.to_dict()}
    assert cards.parameters(config) == total


def test_descriptions_that_no_engine_runs() -> None:
    for config in ({"kind": "oracle"}, {"kind": "recurrent"}, {"kind": "transformer", "width": 3}):
        with pytest.raises(ModelError):
            cards.parameters(config)


def test_bytes_on_disk(tmp_path: Path) -> None:
    stem = tiny_models.write_recurrent(tmp_path)
    assert cards.bytes_on_disk(stem) == sum(path.stat().st_size for path in tmp_path.iterdir())

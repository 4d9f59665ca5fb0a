"""Configurations: the paper's sizes, the way through JSON, and what is refused."""

from __future__ import annotations

import json

import pytest

from predzip.errors import ModelError
from predzip.predictors.neural.transformer.config import TransformerConfig

VALUES = {"width": 64, "layers": 4, "heads": 4, "head_dim": 16, "hidden": 256}


@pytest.mark.parametrize(("width", "heads", "parameters"), [(64, 4, 231_936), (128, 4, 856_832), (256, 8, 3_286_272)])
def test_the_papers_models(width: int, heads: int, parameters: int) -> None:
    config = TransformerConfig(width=width, layers=4, heads=heads, head_dim=width // heads, hidden=4 * width)
    assert config.parameters() == parameters


def test_through_json() -> None:
    config = TransformerConfig(**VALUES, norm="rms", window=64, rope_base=5e5, tied=True)
    again = TransformerConfig.from_dict(
        json.loads(json.dumps({"kind": "transformer", "format": 1, **config.to_dict()}))
    )
    assert again == config
    assert again.kv_heads == 4


def test_shapes_follow_the_fields() -> None:
    names = TransformerConfig(**VALUES).float_shapes().keys()
    assert "layers.3.down.bias" in names
    assert not {"norm.weight", "layers.0.gate.weight", "layers.0.q.bias"} & names
    other = TransformerConfig(
        **VALUES,
        norm="rms",
        norm_place="pre",
        activation="swiglu",
        kv_heads=2,
        tied=True,
        attention_bias=True,
        ffn_bias=False,
        output_bias=False,
    ).float_shapes()
    assert other["layers.0.k.weight"] == (32, 64)
    assert {"norm.weight", "layers.0.gate.weight", "layers.0.q.bias"} <= other.keys()
    assert not {"norm.bias", "output.weight", "output.bias", "layers.0.up.bias"} & other.keys()


LATER = {
    "norm_place": "pre",
    "activation": "geglu",
    "qk_norm": True,
    "post_norms": True,
    "window": 64,
    "global_every": 3,
    "global_rope_base": 1e6,
    "query_scale": 0.1,
    "rope_factors": (1.0, 1.5, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0),
}


def test_later_fields_through_json() -> None:
    config = TransformerConfig(**VALUES, **LATER)
    again = TransformerConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert hash(again) == hash(config)
    assert [config.window_of(i) for i in range(4)] == [64, 64, 0, 64]
    shapes = config.float_shapes()
    assert shapes["layers.3.q_norm.weight"] == shapes["layers.3.k_norm.weight"] == (16,)
    assert {"layers.0.norm1_post.weight", "layers.0.norm2_post.bias", "layers.0.gate.bias"} <= shapes.keys()


def test_fields_that_say_nothing_are_left_out() -> None:
    """Descriptions of models that were trained before these fields came keep their bytes."""
    written = TransformerConfig(**VALUES).to_dict()
    assert not LATER.keys() - {"norm_place", "activation", "window"} & written.keys()
    assert written["start_token"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": 65},
        {"width": "64"},
        {"width": True},
        {"width": 64.0},
        {"layers": 10**9},
        {"heads": -1},
        {"head_dim": 15},
        {"kv_heads": 3},
        {"norm": "batch"},
        {"norm_place": "nowhere"},
        {"activation": "tanh"},
        {"positions": "alibi"},
        {"window": -1},
        {"window": 4000},
        {"context": 0},
        {"context": 1 << 40},
        {"start_token": 256},
        {"start_token": -1},
        {"tied": 1},
        {"embed_scale": float("nan")},
        {"rope_base": 0.0},
        {"norm_epsilon": 0},
        {"embed_scale": "1"},
        {"colour": "blue"},
        {"vocab_size": 1 << 30},
        {"qk_norm": 1},
        {"post_norms": True},  # the norms are in post place
        {"post_norms": "yes"},
        {"global_every": 2, "global_rope_base": 1e4},  # no window
        {"global_every": 2, "window": 8},  # no base
        {"global_every": -1, "window": 8, "global_rope_base": 1e4},
        {"global_every": True, "window": 8, "global_rope_base": 1e4},
        {"global_rope_base": 1e4},
        {"query_scale": -1.0},
        {"query_scale": float("inf")},
        {"rope_factors": [2.0]},
        {"rope_factors": [0.5] * 8},
        {"rope_factors": ["2"] * 8},
        {"rope_factors": "22222222"},
        {"rope_factors": 2.0},
        {"rope_factors": [10**400] * 8},
        {"rope_factors": [2.0] * 8, "positions": "none"},
    ],
)
def test_what_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        TransformerConfig.from_dict({**VALUES, **change})


def test_every_later_field_alone_is_fine() -> None:
    for change in ({"qk_norm": True}, {"query_scale": 1.0}, {"rope_factors": [2.0] * 8}, {"activation": "geglu"}):
        TransformerConfig.from_dict({**VALUES, **change})


def test_a_missing_field() -> None:
    with pytest.raises(ModelError, match="hidden"):
        TransformerConfig.from_dict({key: value for key, value in VALUES.items() if key != "hidden"})

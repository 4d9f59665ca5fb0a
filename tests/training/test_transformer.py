from __future__ import annotations

from typing import Any

import pytest
import torch

from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.training.transformer import Transformer, transformer_matrices
from training.tiny_models import tiny_transformer

VARIANTS: dict[str, dict[str, Any]] = {
    "paper": {},
    "llama": {
        **{"norm": "rms", "norm_place": "pre", "activation": "swiglu", "kv_heads": 1, "ffn_bias": False},
        **{"tied": True, "output_bias": False},
    },
    "sinusoid": {"positions": "sinusoid", "activation": "relu2", "attention_bias": True, "tied": True},
    "window": {"window": 4, "positions": "none"},
}


def module(**changes: Any) -> Transformer:
    torch.manual_seed(1)
    model = Transformer(TransformerConfig.from_dict(tiny_transformer(**changes).architecture))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.mark.parametrize("variant", VARIANTS)
def test_tensors_are_those_of_the_engine(variant: str) -> None:
    model = module(**VARIANTS[variant])
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert shapes == model.config.float_shapes()


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_position_sees_itself_or_what_follows(variant: str) -> None:
    model = module(**VARIANTS[variant])
    tokens = torch.randint(0, 256, (2, 12))
    logits = model(tokens).float()
    changed = tokens.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 256
    difference = (model(changed).float() - logits).abs().amax((0, 2))
    assert difference[:6].max() == 0
    assert difference[6] > 0


def test_a_window_forgets() -> None:
    model = module(**VARIANTS["window"], layers=1)
    tokens = torch.randint(0, 256, (1, 20))
    changed = tokens.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 256
    difference = (model(changed).float() - model(tokens).float()).abs().amax((0, 2))
    assert (difference > 0).nonzero().flatten().tolist() == [6, 7, 8, 9]


@pytest.mark.parametrize("variant", ["paper", "sinusoid"])
def test_positions_matter(variant: str) -> None:
    model = module(**VARIANTS[variant])
    tokens = torch.randint(0, 256, (1, 10))
    swapped = tokens.clone()
    swapped[:, [2, 3]] = tokens[:, [3, 2]]
    assert (model(swapped)[:, -1] != model(tokens)[:, -1]).any()


def test_rounding_changes_a_little() -> None:
    model = module(**VARIANTS["sinusoid"])
    tokens = torch.randint(0, 256, (1, 10))
    before = model(tokens).float()
    for part in model.modules():
        if hasattr(part, "rounds"):
            part.rounds = True
    after = model(tokens).float()
    assert 0 < (after - before).abs().max() < 0.2 * before.abs().max()


def test_muon_gets_the_matrices_between() -> None:
    model = module()
    assert sum(matrix.numel() for matrix in transformer_matrices(model)) == 2 * (4 * 16 * 16 + 2 * 16 * 32)

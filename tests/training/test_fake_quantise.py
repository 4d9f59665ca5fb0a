from __future__ import annotations

import numpy as np
import torch

from predzip.predictors.neural.recurrent.quantize import quantize_recurrent
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.quantize import dequantize_transformer, quantize_transformer
from predzip.training.export import dequantise_recurrent, recurrent_config
from predzip.training.fake_quantise import Dense, best_step, round_entries, round_rows
from predzip.training.recurrent import Recurrent
from predzip.training.transformer import Transformer
from training.tiny_models import tiny_recurrent, tiny_transformer


def test_rows_have_255_levels_and_a_gradient_of_one() -> None:
    weight = torch.randn(4, 1000, generator=torch.Generator().manual_seed(1)).requires_grad_()
    rounded = round_rows(weight)
    rounded.sum().backward()
    assert weight.grad is not None
    assert (weight.grad == 1).all()
    scale = weight.detach().abs().amax(1, keepdim=True) / 127
    levels = rounded.detach() / scale
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert (rounded - weight).abs().max() <= scale.max() * 0.501


def test_entries_have_16_levels() -> None:
    entries = torch.linspace(-3, 3, 1001)
    rounded = round_entries(entries, 0.25)
    assert sorted(set((rounded / 0.25).tolist())) == list(range(-8, 8))


def test_the_best_step_is_best() -> None:
    table = torch.randn(512, 16, generator=torch.Generator().manual_seed(1))

    def error(step: float) -> float:
        return float((round_entries(table, step) - table).square().mean())

    best = best_step(table)
    assert all(error(best) <= error(best * factor) * 1.001 for factor in (0.7, 0.85, 1.15, 1.4))


def test_dense_computes_in_the_type_of_its_input() -> None:
    layer = Dense(8, 4)
    x = torch.randn(2, 8)
    assert layer(x.bfloat16()).dtype == torch.bfloat16
    torch.testing.assert_close(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias))
    layer.rounds = True
    torch.testing.assert_close(layer(x), torch.nn.functional.linear(x, round_rows(layer.weight), layer.bias))


def floats(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy().astype(np.float32) for name, tensor in module.state_dict().items()}


def test_recurrent_export_rounds_as_training_does() -> None:
    torch.manual_seed(1)
    config = recurrent_config(tiny_recurrent())
    module = Recurrent(config)
    torch.nn.init.normal_(module.blocks[0].w2.weight)
    module.round_weights(True)
    back = dequantise_recurrent(config, quantize_recurrent(config, floats(module)))
    assert back.keys() == floats(module).keys()
    for name in ("out", "blocks.0.win", "blocks.0.wout", "blocks.0.w1", "blocks.0.w2"):
        rounded = round_rows(dict(module.named_modules())[name].weight).detach().numpy()
        np.testing.assert_allclose(back[f"{name}.weight"], rounded, rtol=1e-5, atol=1e-7)
    width = config.table_width
    for i, (table, step) in enumerate(zip(module.tables, module.steps or [], strict=True)):
        part = slice(i * width, (i + 1) * width)  # tables and their matrix are known up to a common factor
        exact = back[f"tables.{i}"] @ back["wt.weight"][:, part].T
        ours = round_entries(table, step).detach().numpy() @ round_rows(module.wt.weight).detach().numpy()[:, part].T
        # The export keeps steps in 11 bits: an entry on the edge between two levels may fall to the other side.
        assert np.isclose(exact, ours, rtol=0.01, atol=0.01 * np.abs(ours).max()).mean() > 0.97


def test_what_went_out_comes_in_again() -> None:
    torch.manual_seed(1)
    config = recurrent_config(tiny_recurrent())
    once = quantize_recurrent(config, floats(Recurrent(config)))
    twice = quantize_recurrent(config, dequantise_recurrent(config, once))
    for name in ("gate_weights", "state_weights", "up_weights", "output_weights", "table_weights"):
        assert (once[name] == twice[name]).all(), name


def test_transformer_export_keeps_what_training_rounded() -> None:
    torch.manual_seed(1)
    config = TransformerConfig.from_dict(tiny_transformer().architecture)
    rounded = {
        name: round_rows(tensor).numpy() if tensor.ndim == 2 else tensor.numpy()
        for name, tensor in Transformer(config).state_dict().items()
    }
    back = dequantize_transformer(config, quantize_transformer(config, rounded))
    for name, values in rounded.items():
        np.testing.assert_allclose(back[name], values, rtol=1e-5, atol=1e-7)

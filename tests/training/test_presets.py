from __future__ import annotations

import pytest

from predzip.errors import UsageError
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.training.presets import PRESETS, find_preset, with_batch
from predzip.training.transformer import Transformer


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("paper-200k", 231_936),
        ("paper-800k", 856_832),
        ("paper-3.2m", 3_286_272),
        ("paper-6.4m", 6_400_000),
        ("paper-38m", 38_000_000),
    ],
)
def test_parameters_of_the_paper(name: str, parameters: int) -> None:
    config = TransformerConfig.from_dict(find_preset(name).architecture)
    assert config.parameters() == pytest.approx(parameters, rel=0.01)
    if parameters < 1_000_000:
        assert sum(tensor.numel() for tensor in Transformer(config).parameters()) == config.parameters()


def test_sizes_that_the_paper_fixes() -> None:
    sizes = {name: find_preset(f"paper-{name}").architecture for name in ("200k", "800k", "3.2m")}
    assert {name: (each["width"], each["heads"], each["layers"]) for name, each in sizes.items()} == {
        "200k": (64, 4, 4),
        "800k": (128, 4, 4),
        "3.2m": (256, 8, 4),
    }
    assert all(each["context"] == 2048 for each in sizes.values())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_makes_sense(preset: object) -> None:
    assert PRESETS[preset.name] is preset  # type: ignore[attr-defined]
    architecture = {key: value for key, value in preset.architecture.items() if key != "cell"}  # type: ignore[attr-defined]
    if preset.kind == "transformer":  # type: ignore[attr-defined]
        config = TransformerConfig.from_dict(architecture)
        assert max(stage.length for stage in preset.recipe.stages) == config.context  # type: ignore[attr-defined]
    else:
        RecurrentConfig.from_dict(architecture)
    assert preset.recipe.stages[-1].until == 1.0  # type: ignore[attr-defined]


def test_batch_keeps_the_lengths() -> None:
    recipe = with_batch(find_preset("paper-200k").recipe, 4096)
    assert [(stage.sequences, stage.length) for stage in recipe.stages] == [(16, 256), (8, 512), (2, 2048)]


def test_unknown_names_name_the_known() -> None:
    with pytest.raises(UsageError, match="paper-200k"):
        find_preset("paper-1t")

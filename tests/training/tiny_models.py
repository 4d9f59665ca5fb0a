"""Models so small that they are trained in a second, and how to train them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from predzip.training.presets import Preset, Recipe, Stage, find_preset
from predzip.training.schedule import Budget, Schedule

RECIPE = Recipe(schedule=Schedule(warm_up_steps=4), stages=(Stage(0.5, 4, 16), Stage(1.0, 4, 32)), finish=0.3)


def tiny_transformer(**changes: Any) -> Preset:
    architecture = {"width": 16, "layers": 2, "heads": 2, "head_dim": 8, "hidden": 32, "context": 64, **changes}
    return replace(find_preset("paper-200k"), name="tiny", architecture=architecture, recipe=RECIPE)


def tiny_recurrent(**changes: Any) -> Preset:
    architecture = {
        **{"width": 16, "state": 16, "hidden": 32, "layers": 2, "table_width": 16},
        **{"orders": [[2, 6], [3, 7]], "word_bits": 6},
        **changes,
    }
    return replace(find_preset("small"), name="tiny", architecture=architecture, recipe=replace(RECIPE, accumulate=2))


PRESETS = {
    "transformer": tiny_transformer(),
    "recurrent": tiny_recurrent(),
    "gru": tiny_recurrent(cell="gru", layers=1),
}


def arguments(data: Path, preset: Preset, folder: Path, steps: int, **changes: Any) -> Any:
    from predzip.training.run import Arguments

    return Arguments([f"text={data}"], preset, folder, Budget(steps=steps), **changes)


def quiet_train(*positional: Any, **changes: Any) -> Path | None:
    from predzip.training.log import ProgressLine
    from predzip.training.run import train

    return train(arguments(*positional, **changes), ProgressLine(None))

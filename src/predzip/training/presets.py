"""Architectures and recipes by name.

The paper's Transformers have the settings that its first author gave (width, heads and layers of 200K, 800K and 3.2M;
rotary positions; sequences of 2,048 bytes), in the architecture of the published code: post-norm, GELU, widening 4,
untied output, no bias in attention. 6.4M and 38M, whose settings were never published, follow the same recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from predzip.errors import UsageError
from predzip.training.schedule import Schedule


@dataclass(frozen=True)
class Stage:
    """A part of a run with batches of one shape."""

    until: float
    """Fraction of the run where it ends."""
    sequences: int
    length: int
    """Bytes of each; short ones first cost less and teach nearly as much."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained, whatever it is trained on."""

    matrix_rate: float = 0.015
    """Learning rate of Muon."""
    rate: float = 0.003
    """Learning rate of AdamW."""
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    schedule: Schedule = field(default_factory=Schedule)
    accumulate: int = 1
    """Batches whose gradients are averaged in one step."""
    stages: tuple[Stage, ...] = (Stage(1.0, 32, 256),)
    """For lanes, the sequences of every stage are as many."""
    finish: float = 0.1
    """Last part of the run that computes with rounded weights."""


@dataclass(frozen=True)
class Preset:
    """A model that can be asked for by name."""

    name: str
    title: str
    kind: str
    """"transformer" or "recurrent"."""
    architecture: dict[str, Any]
    recipe: Recipe = field(default_factory=Recipe)


_CONTEXT = 2048
_STEP_BYTES = 16_384
"""Of the Transformers; runs of minutes do better with a quarter of it (`with_batch`)."""


def _sequences(*parts: tuple[float, int]) -> tuple[Stage, ...]:
    return tuple(Stage(until, _STEP_BYTES // length, length) for until, length in parts)


def _paper(name: str, width: int, heads: int, layers: int, **changes: Any) -> Preset:  # noqa: ANN401 - fields of a config
    architecture = {
        "vocab_size": 256,
        "width": width,
        "layers": layers,
        "heads": heads,
        "head_dim": width // heads,
        "hidden": 4 * width,
        "embed_scale": float(width) ** 0.5,
        "context": _CONTEXT,
        **changes,
    }
    recipe = Recipe(
        matrix_rate=0.02,
        rate=0.004,
        betas=(0.9, 0.95),
        schedule=Schedule(warm_up_steps=100, decay=0.4),
        stages=_sequences((0.4, 256), (0.75, 512), (1.0, _CONTEXT)),
    )
    title = f"vanilla decoder-only Transformer, width {width}, {layers} layers"
    return Preset(name, title, "transformer", architecture, recipe)


_BASE = Preset(
    "base",
    "gated linear recurrence with hashed n-gram and word tables",
    "recurrent",
    {
        "width": 256,
        "state": 256,
        "hidden": 512,
        "layers": 3,
        "table_width": 16,
        "orders": [[2, 14], [3, 16], [4, 17], [6, 16]],
        "word_bits": 17,
    },
    Recipe(accumulate=3),
)
_SMALL = Preset(
    "small",
    "as base, half as wide, smaller tables",
    "recurrent",
    {
        "width": 128,
        "state": 128,
        "hidden": 256,
        "layers": 3,
        "table_width": 16,
        "orders": [[2, 13], [3, 14], [4, 15], [6, 14]],
        "word_bits": 15,
    },
    Recipe(accumulate=2),
)
_GRU = replace(
    _SMALL,
    name="gru",
    title="one GRU layer with the tables of small, for comparison",
    architecture={**_SMALL.architecture, "cell": "gru", "state": 256, "layers": 1},
)

_ALL = (
    _SMALL,
    _BASE,
    _GRU,
    _paper("paper-200k", 64, 4, 4),
    _paper("paper-800k", 128, 4, 4),
    _paper("paper-3.2m", 256, 8, 4),
    _paper("paper-6.4m", 256, 8, 8),
    _paper("paper-38m", 512, 8, 12),
    _paper("transformer-window", 128, 4, 4, window=256),
)
PRESETS = {preset.name: preset for preset in _ALL}


def with_batch(recipe: Recipe, step_bytes: int) -> Recipe:
    """The recipe with so many bytes a step at every length (at least one sequence)."""
    stages = tuple(replace(stage, sequences=max(1, step_bytes // stage.length)) for stage in recipe.stages)
    return replace(recipe, stages=stages, accumulate=1)


def with_vocabulary(preset: Preset, size: int, name: str) -> Preset:
    """The same Transformer for another alphabet.

    Args:
        preset: a Transformer.
        size: symbols of the alphabet; embedding and output get as many rows.
        name: of the new preset.

    Raises:
        UsageError: the preset knows bytes alone.
    """
    if preset.kind != "transformer":
        raise UsageError(f"{preset.name} predicts bytes alone; only Transformers take other alphabets")
    return replace(preset, name=name, architecture={**preset.architecture, "vocab_size": size})


def find_preset(name: str) -> Preset:
    """The preset of a name.

    Raises:
        UsageError: where there is none, naming those there are.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise UsageError(f"no preset is called {name!r}; there are {', '.join(PRESETS)}") from None

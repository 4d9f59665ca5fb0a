"""Options of `predzip paper table2` that say what it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_TRAINING = (
    click.option(
        "--sizes",
        metavar="PRESET,...",
        default="none",
        show_default=True,
        help="Transformers to train on every alphabet, such as paper-200k,paper-800k; 6 trainings each, so none by"
        " default.",
    ),
    click.option(
        "--train-minutes",
        "minutes",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="How long each is trained.  [default: 1]",
    ),
    click.option(
        "--train-steps", "steps", type=click.IntRange(1), metavar="N", help="Steps of each training, instead."
    ),
    click.option(
        "--train-batch",
        "step_tokens",
        type=click.IntRange(1),
        default=4096,
        show_default=True,
        metavar="TOKENS",
        help="Tokens of one step.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="Same seed and steps, same batches.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(1),
        metavar="N",
        help="Threads of torch; with 1, minutes are those of the processor.  [default: torch's choice]",
    ),
    click.option(
        "--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True, help="Where to train."
    ),
)


def training_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, in their order."""
    for option in reversed(_TRAINING):
        function = option(function)
    return function

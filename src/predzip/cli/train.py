"""`predzip train`: arguments and screen; the training is in `predzip.training`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import click

from predzip.errors import MissingExtraError, UsageError

_DEVICES = ("cpu", "cuda")


class _Train(click.Command):
    """Names the presets below the options, without loading torch."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from predzip.training.presets import PRESETS

        with formatter.section("Presets"):
            formatter.write_dl([(preset.name, preset.title) for preset in PRESETS.values()])


@click.command(
    cls=_Train,
    short_help="Train a model on data of yours.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80},
)
@click.argument("data", metavar="DATA...", nargs=-1, required=True)
@click.option("--preset", "preset_name", metavar="NAME", required=True, help="Architecture and recipe; see below.")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.",
)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), metavar="N", help="Train so long, all told.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Train so many steps, all told.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, if there is one.")
@click.option("--from", "start", metavar="NAME|PATH", help="Begin with these weights.")
@click.option("--name", metavar="NAME", help="Name of the model.  [default: the preset's]")
@click.option(
    "--held-out",
    "held_out_bytes",
    type=click.IntRange(0),
    default=300_000,
    show_default=True,
    metavar="BYTES",
    help="End of each kind that is kept for measuring, at most a tenth of it.",
)
@click.option("--batch", type=click.IntRange(1), metavar="BYTES", help="Bytes of one step.  [default: the preset's]")
@click.option(
    "--rate-factor",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    metavar="X",
    help="Multiplies the learning rates.",
)
@click.option(
    "--decay",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="PART",
    help="Last part in which the learning rates fall; 1 suits a run from weights that are trained.  "
    "[default: the preset's]",
)
@click.option(
    "--finish",
    type=click.FloatRange(0, 1),
    metavar="PART",
    help="Last part that computes with rounded weights.  [default: the preset's]",
)
@click.option(
    "--evaluate-every",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Time between measurements of held-out bytes.",
)
@click.option(
    "--save-every",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Time between checkpoints.",
)
@click.option("--device", type=click.Choice(_DEVICES), default="cpu", show_default=True, help="Where to train.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads of torch.  [default: torch's choice]")
@click.option("--compile", "compiles", is_flag=True, help="Compile the model: quicker after minutes of compiling.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Same seed, same run.")
@click.option("--licence", metavar="TEXT", default="", help="What the card says about the licences of the data.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
def train(
    data: tuple[str, ...],
    preset_name: str,
    folder: Path,
    minutes: float | None,
    steps: int | None,
    resume: bool,
    start: str | None,
    name: str | None,
    held_out_bytes: int,
    batch: int | None,
    rate_factor: float,
    decay: float | None,
    finish: float | None,
    evaluate_every: float,
    save_every: float,
    device: str,
    threads: int | None,
    compiles: bool,
    seed: int,
    licence: str,
    quiet: bool,
) -> None:
    """Train a byte model on DATA and write exact weights, log, curve and card to DIR.

    DATA is a file or folder, NAME=PATH or NAME=PATH:WEIGHT; .xz and .gz are unpacked. A folder stands for one kind of
    data for each of its entries; batches are drawn by weight, or by size where no kind has a weight.

    Ctrl-C writes a checkpoint, and --resume goes on from it. Under torchrun every process trains on its own device.
    """
    from predzip.training.presets import find_preset, with_batch
    from predzip.training.schedule import Budget

    preset = find_preset(preset_name)
    budget = Budget(minutes, steps)
    recipe = preset.recipe if batch is None else with_batch(preset.recipe, batch)
    recipe = replace(
        recipe,
        rate=recipe.rate * rate_factor,
        matrix_rate=recipe.matrix_rate * rate_factor,
        schedule=recipe.schedule if decay is None else replace(recipe.schedule, decay=decay),
        finish=recipe.finish if finish is None else finish,
    )
    preset = replace(preset, name=name or preset.name, recipe=recipe)
    if not resume and (folder / "checkpoint.pt").exists():
        raise UsageError(f"{folder} holds a checkpoint; say --resume to go on from it, or name another folder")
    try:
        import torch  # noqa: F401 - only asks whether it is there
    except ImportError:
        raise MissingExtraError("torch", "train") from None
    from predzip.training.log import ProgressLine
    from predzip.training.loop import Pace
    from predzip.training.run import Arguments
    from predzip.training.run import train as run

    arguments = Arguments(
        data,
        preset,
        folder,
        budget,
        held_out_bytes=held_out_bytes,
        device=device,
        threads=threads,
        seed=seed,
        resume=resume,
        start=start,
        compiles=compiles,
        pace=Pace(evaluate_every, save_every),
        command=shlex.join(["predzip", *sys.argv[1:]]),
        licence=licence,
    )
    run(arguments, ProgressLine(None if quiet else sys.stderr))

"""One training run from its arguments to weights, log and card."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from predzip.errors import UsageError
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.training.allocation import keep_freed_memory
from predzip.training.card import write_card
from predzip.training.distributed import Group, local_device
from predzip.training.export import export, has_exact_engine, recurrent_config, start_tensors
from predzip.training.lane_task import LaneTask
from predzip.training.log import ProgressLine
from predzip.training.loop import Loop, Pace
from predzip.training.presets import Preset
from predzip.training.recurrent import LinearRecurrence, Recurrent
from predzip.training.schedule import Budget
from predzip.training.sources import Kind, read_kinds
from predzip.training.tasks import Task, TransformerTask
from predzip.training.transformer import Transformer

_BYTES = 256


@dataclass(frozen=True)
class Arguments:
    """What a person says about a run."""

    data: Sequence[str]
    preset: Preset
    folder: Path
    budget: Budget
    held_out_bytes: int = 300_000
    device: str = "cpu"
    threads: int | None = None
    seed: int = 0
    resume: bool = False
    start: str | None = None
    """Weights to begin with, by name or path."""
    compiles: bool = False
    """Let torch compile the module: faster after a minute or two of compiling."""
    pace: Pace = field(default_factory=Pace)
    command: str = ""
    """How to do it again; goes into log and card, as does the next."""
    licence: str = ""


def train(arguments: Arguments, progress_line: ProgressLine, kinds: Sequence[Kind] | None = None) -> Path | None:
    """Train and write weights, log, curve and card into the folder.

    Args:
        arguments: what, how long, where to.
        progress_line: the screen.
        kinds: the data itself, bytes or symbols of the model's alphabet, which the log calls bytes too; there is no
            card then. None: what `arguments.data` names.

    Returns:
        Where the weights are; None in all processes but the first, and for a model without an exact engine.

    Raises:
        UsageError: for data or settings that do not go together.
    """
    device = _prepare(arguments)
    writes_card = kinds is None
    if kinds is None:
        kinds = read_kinds(arguments.data, arguments.held_out_bytes)
    _check_symbols(arguments.preset, kinds)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    preset = arguments.preset
    with Group(device) as group:
        if group.rank:
            progress_line = ProgressLine(None)
        task = new_task(arguments, kinds, device, group.rank)
        loop = Loop(
            task,
            preset.recipe,
            arguments.budget,
            kinds,
            arguments.folder,
            group=group,
            pace=replace(arguments.pace, piece_bytes=task.piece_bytes),
            progress_line=progress_line,
            description=_description(arguments, kinds, group.size),
            resume=arguments.resume,
        )
        loop.run()
        if group.rank:
            return None
    path = None
    if has_exact_engine(preset):
        path = export(preset, task.tensors(), arguments.folder, about={"title": preset.title})
        progress_line.say(f"wrote {path}")
    if writes_card:
        card = write_card(arguments.folder, preset, path)
        progress_line.say(f"wrote {card}")
    return path


def _check_symbols(preset: Preset, kinds: Sequence[Kind]) -> None:
    size = int(preset.architecture.get("vocab_size", _BYTES))
    for kind in kinds:
        for symbols in (kind.train, kind.held_out):
            if symbols.size and not 0 <= int(symbols.min()) <= int(symbols.max()) < size:
                raise UsageError(f"{kind.name}: symbols must lie in 0..{size - 1}")


def _prepare(arguments: Arguments) -> torch.device:
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here; leave --device out to train on the processor")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    return local_device(arguments.device)


def new_task(arguments: Arguments, kinds: Sequence[Kind], device: torch.device, rank: int) -> Task:
    """The model of a preset with its data: freshly initialised, or as the weights to begin with say."""
    torch.manual_seed(arguments.seed)  # the same in every process, so that all begin with the same parameters
    preset = arguments.preset
    data_seed = arguments.seed + 1 + 1000 * rank
    module: Transformer | Recurrent
    if preset.kind == "transformer":
        module = Transformer(TransformerConfig.from_dict(preset.architecture))
    else:
        module = Recurrent(recurrent_config(preset), preset.architecture.get("cell", "linear"))
    if arguments.start:
        module.load_state_dict(start_tensors(preset, arguments.start))
    module.to(device)
    if arguments.compiles:
        _compile(module)
    if isinstance(module, Transformer):
        return TransformerTask(module, kinds, data_seed, device)
    return LaneTask(module, kinds, preset.recipe.stages[0].sequences, data_seed, device)


def _compile(module: Transformer | Recurrent) -> None:
    if isinstance(module, Transformer):
        module.compile()
        return
    for block in module.blocks:
        if isinstance(block, LinearRecurrence):
            block.compile_parts()


def _description(arguments: Arguments, kinds: Sequence[Kind], processes: int) -> dict[str, Any]:
    return {
        "preset": arguments.preset.name,
        "kind": arguments.preset.kind,
        "architecture": arguments.preset.architecture,
        "recipe": dataclasses.asdict(arguments.preset.recipe),
        "data": {
            kind.name: {"weight": kind.weight, "bytes": len(kind.train), "held_out": len(kind.held_out)}
            for kind in kinds
        },
        "start": arguments.start,
        "budget": dataclasses.asdict(arguments.budget),
        "seed": arguments.seed,
        "processes": processes,
        "device": arguments.device,
        "torch": str(torch.__version__),
        "command": arguments.command,
        "licence": arguments.licence,
    }

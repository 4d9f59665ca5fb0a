"""Checkpoints of the script that this package grew out of: a dict of cfg, net, adam, muon, spent, step, seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from predzip.errors import ModelError
from predzip.training.checkpoint import write_checkpoint


def architecture_of(cfg: dict[str, Any]) -> dict[str, Any]:
    """The architecture of a preset, from the script's settings."""
    if cfg["arch"] != "glr":
        raise ModelError("only gated linear recurrences can be imported")
    return {
        "width": cfg["d"],
        "state": cfg["h"],
        "hidden": cfg["m"],
        "layers": cfg["layers"],
        "table_width": cfg["tw"],
        "orders": [list(pair) for pair in cfg["orders"]],
        "word_bits": cfg["wordbits"],
    }


def import_prototype(source: Path, folder: Path) -> None:
    """Write `source` as FOLDER/checkpoint.pt, from which a run of the same architecture resumes.

    The script did not save the places of its lanes, so they begin anew; give the run another seed than the script's.
    """
    values = torch.load(source, map_location="cpu", weights_only=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_checkpoint(
        folder / "checkpoint.pt",
        {
            "description": {"architecture": architecture_of(values["cfg"])},
            "progress": {"step": values["step"], "seconds": values["spent"], "seen": values["seen"]},
            "module": dict(values["net"]),
            "optimiser": {"adam": values["adam"], "muon": values["muon"]},
            "rounds": False,
            "tasks": [],
        },
    )

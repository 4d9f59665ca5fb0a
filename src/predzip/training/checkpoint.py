"""Checkpoints: everything a run needs to go on as if it had never stopped, in one file that is whole or not there."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from predzip.errors import ModelError

FORMAT = 1
_SUFFIX = ".tmp"


def write_checkpoint(path: Path, values: dict[str, Any]) -> None:
    """Write to another name, then rename: a crash leaves the old checkpoint.

    Args:
        path: of the checkpoint.
        values: tensors, numbers, strings, lists and dicts of them.
    """
    temporary = path.with_name(path.name + _SUFFIX)
    try:
        with temporary.open("wb") as file:
            torch.save({"format": FORMAT, **values}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; no code in it is ever run.

    Raises:
        ModelError: where it is none of ours, or damaged.
    """
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"{path}: not a checkpoint, or a damaged one: {reason}") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ModelError(f"{path}: not a checkpoint of this version of predzip")
    return values

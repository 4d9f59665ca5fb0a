from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from predzip.errors import ModelError
from predzip.training.checkpoint import read_checkpoint, write_checkpoint

VALUES = {
    "tensor": torch.arange(5.0),
    "generator": np.random.default_rng(1).bit_generator.state,
    "large": [2**64 - 1, 2**127],
    "names": {"a": None, "b": (1, 2.5)},
}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, VALUES)
    values = read_checkpoint(path)
    assert torch.equal(values.pop("tensor"), VALUES["tensor"])  # type: ignore[arg-type]
    assert values == {"format": 1, **{key: value for key, value in VALUES.items() if key != "tensor"}}
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"step": 1})
    with pytest.raises((AttributeError, pickle.PicklingError, TypeError)):
        write_checkpoint(path, {"step": 2, "bad": lambda: None})
    assert read_checkpoint(path)["step"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint.pt"]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_nothing_is_run_and_damage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.pt"
    write_checkpoint(path, VALUES)
    whole = path.read_bytes()
    torch.save({"format": 1, "evil": Evil()}, tmp_path / "evil.pt")
    for data in (b"", b"nonsense", whole[: len(whole) // 2], (tmp_path / "evil.pt").read_bytes()):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"x\.pt: not a checkpoint"):
            read_checkpoint(path)
    torch.save({"format": 99}, path)
    with pytest.raises(ModelError, match="of this version"):
        read_checkpoint(path)
    assert capsys.readouterr().out == ""

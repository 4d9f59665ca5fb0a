"""Whole runs of tiny models: learning, resuming to the same bits, signals, export."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from predzip.errors import MissingExtraError, ModelError, UsageError
from predzip.predictors.neural.weights import read_weights
from predzip.training.checkpoint import read_checkpoint, write_checkpoint
from predzip.training.log import read_log
from predzip.training.presets import Preset
from predzip.training.prototype import import_prototype
from predzip.training.tasks import Task
from training.tiny_models import PRESETS, arguments, quiet_train, tiny_recurrent, tiny_transformer

KINDS = pytest.mark.parametrize("kind", PRESETS)


def same(one: Any, other: Any) -> bool:
    """Whether two nested values are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def state(folder: Path) -> dict[str, Any]:
    values = read_checkpoint(folder / "checkpoint.pt")
    values["progress"].pop("seconds")
    values.pop("description")
    return values


class _StopAt:
    """A task that is interrupted in the middle of a step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: int, number: int = signal.SIGINT) -> None:
        from predzip.training import loop

        original = loop.Loop._step
        self.steps = 0

        def step_and_stop(this: loop.Loop, fraction: float) -> None:
            self.steps += 1
            if self.steps == step:
                signal.raise_signal(number)
            original(this, fraction)

        monkeypatch.setattr(loop.Loop, "_step", step_and_stop)


@KINDS
def test_interrupted_and_resumed_is_the_same_to_the_bit(
    kind: str, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty steps = ten, a signal, and ten more; at step 17 both compute with rounded weights."""
    preset = PRESETS[kind]
    quiet_train(text, preset, tmp_path / "straight", 20)
    with monkeypatch.context() as patch:
        _StopAt(patch, 10)
        with pytest.raises(KeyboardInterrupt):
            quiet_train(text, preset, tmp_path / "resumed", 20)
    assert state(tmp_path / "resumed")["progress"]["step"] == 10
    quiet_train(text, preset, tmp_path / "resumed", 20, resume=True)
    assert same(state(tmp_path / "straight"), state(tmp_path / "resumed"))
    assert state(tmp_path / "straight")["rounds"] is True
    losses = [
        [record["bits_per_byte"] for record in read_log(tmp_path / name / "log.jsonl") if record["event"] == "end"]
        for name in ("straight", "resumed")
    ]
    assert losses[0] == losses[1]


@KINDS
def test_resumed_within_the_finish(kind: str, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = PRESETS[kind]
    quiet_train(text, preset, tmp_path / "straight", 12)
    with monkeypatch.context() as patch:
        _StopAt(patch, 11)
        with pytest.raises(KeyboardInterrupt):
            quiet_train(text, preset, tmp_path / "resumed", 12)
    quiet_train(text, preset, tmp_path / "resumed", 12, resume=True)
    assert same(state(tmp_path / "straight"), state(tmp_path / "resumed"))


def test_more_steps_after_the_end_train_unrounded_again(text: Path, tmp_path: Path) -> None:
    for preset in (tiny_transformer(), tiny_recurrent()):
        folder = tmp_path / preset.kind
        quiet_train(text, preset, folder, 4)
        assert state(folder)["rounds"] is True
        longer = replace(preset, recipe=replace(preset.recipe, finish=0.0))
        quiet_train(text, longer, folder, 8, resume=True)
        assert state(folder)["rounds"] is False
        assert not any(state(folder)["tasks"][0].get(key) for key in ("rounds", "steps"))


def test_signals_are_handled_as_before_afterwards(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    _StopAt(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        quiet_train(text, tiny_transformer(), tmp_path / "run", 5)
    assert signal.getsignal(signal.SIGINT) is before


def learnable(preset: Preset) -> Preset:
    return replace(preset, recipe=replace(preset.recipe, rate=0.01, matrix_rate=0.03))


@KINDS
def test_models_learn(kind: str, text: Path, tmp_path: Path) -> None:
    path = quiet_train(text, learnable(PRESETS[kind]), tmp_path / "run", 60)
    records = read_log(tmp_path / "run" / "log.jsonl")
    assert records[-1]["event"] == "end"
    assert records[-1]["kinds"]["text"] < 4.5  # 8 bits at the start
    assert [record["event"] for record in records].count("train") == 6
    assert (tmp_path / "run" / "tiny.md").exists()
    assert (path is None) == (kind == "gru")
    if path is not None:
        weights = read_weights(path)
        assert weights.config["kind"] == PRESETS[kind].kind
        assert weights.config["about"] == {"title": PRESETS[kind].title}


def held_out_rate(folder: Path) -> float:
    return float(read_log(folder / "log.jsonl")[-1]["kinds"]["text"])


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
def test_a_run_begins_with_weights(kind: str, text: Path, tmp_path: Path) -> None:
    preset = learnable(PRESETS[kind])
    path = quiet_train(text, preset, tmp_path / "first", 60)
    slow = replace(preset, recipe=replace(preset.recipe, rate=1e-6, matrix_rate=1e-6))
    quiet_train(text, slow, tmp_path / "second", 1, start=str(path))
    assert held_out_rate(tmp_path / "second") == pytest.approx(held_out_rate(tmp_path / "first"), abs=0.02)
    other = tiny_transformer(layers=1) if kind == "transformer" else tiny_recurrent(layers=1)
    with pytest.raises(UsageError, match="not those of a model like tiny"):
        quiet_train(text, other, tmp_path / "third", 1, start=str(path))
    with pytest.raises(ModelError):
        quiet_train(text, preset, tmp_path / "third", 1, start=str(tmp_path / "missing"))


def test_the_exact_engine_reaches_the_rate_of_training(text: Path, tmp_path: Path) -> None:
    """What is exported predicts as well as what was trained."""
    from predzip.predictors.neural.recurrent.config import RecurrentConfig
    from predzip.predictors.neural.recurrent.network import new_lanes, new_network
    from predzip.predictors.neural.recurrent.step import predict_lane

    path = quiet_train(text, learnable(PRESETS["recurrent"]), tmp_path / "run", 60)
    assert path is not None
    weights = read_weights(path)
    network = new_network(RecurrentConfig.from_dict(weights.config["architecture"]), weights.tensors)
    lanes, frequencies, bits, before = new_lanes(network, 1), np.zeros((1, 256), np.uint32), 0.0, 0
    data = text.read_bytes()
    data = data[-(len(data) // 10) :][:1024]
    for byte in data:
        predict_lane(network, lanes, 0, before, frequencies)
        bits -= np.log2(frequencies[0, byte] / frequencies.sum())
        before = byte
    assert bits / len(data) == pytest.approx(held_out_rate(tmp_path / "run"), abs=0.1)


def test_resume_refuses_another_run(text: Path, tmp_path: Path) -> None:
    quiet_train(text, tiny_transformer(), tmp_path / "run", 2)
    with pytest.raises(UsageError, match="made with another architecture"):
        quiet_train(text, tiny_transformer(layers=1), tmp_path / "run", 4, resume=True)
    text.write_bytes(text.read_bytes()[:-1000])
    with pytest.raises(UsageError, match="made with another data"):
        quiet_train(text, tiny_transformer(), tmp_path / "run", 4, resume=True)


def test_resume_without_a_checkpoint_begins(text: Path, tmp_path: Path) -> None:
    quiet_train(text, tiny_transformer(), tmp_path / "run", 2, resume=True)
    assert state(tmp_path / "run")["progress"]["step"] == 2


def test_checkpoints_of_the_prototype(text: Path, tmp_path: Path) -> None:
    preset = tiny_recurrent()
    quiet_train(text, preset, tmp_path / "run", 5)
    values = read_checkpoint(tmp_path / "run" / "checkpoint.pt")
    cfg = {
        **{"arch": "glr", "d": 16, "h": 16, "m": 32, "layers": 2, "tw": 16},
        **{"orders": [(2, 6), (3, 7)], "wordbits": 6},
    }
    write_checkpoint(
        tmp_path / "old.pt",
        {
            **{"cfg": cfg, "net": values["module"], "adam": values["optimiser"]["adam"]},
            **{"muon": values["optimiser"]["muon"], "spent": 3.5, "step": 5, "seen": 999},
        },
    )
    import_prototype(tmp_path / "old.pt", tmp_path / "new")
    quiet_train(text, preset, tmp_path / "new", 6, resume=True, seed=9)
    imported = state(tmp_path / "new")
    assert imported["progress"]["step"] == 6
    assert imported["progress"]["seen"] > 999
    difference = imported["module"]["out.weight"] - values["module"]["out.weight"]
    assert 0 < difference.abs().max() < 0.01


def test_compiled_parts_learn_the_same(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes long: here it is only seen that all parts are asked for, and that they are used."""
    compiled: list[Any] = []

    def compile_nothing(function: Any) -> Any:
        compiled.append(function)
        return function

    monkeypatch.setattr(torch, "compile", compile_nothing)
    quiet_train(text, tiny_recurrent(), tmp_path / "run", 2, compiles=True)
    assert len(compiled) == 4


def test_devices_that_are_not_there(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device"):
        quiet_train(text, tiny_transformer(), tmp_path / "run", 2, device="cuda")


def test_held_out_bytes_do_not_reach_training(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another tail, every step of training is the same."""
    quiet_train(text, tiny_recurrent(), tmp_path / "one", 5)
    data = text.read_bytes()
    text.write_bytes(data[: -(len(data) // 10)] + bytes(len(data) // 10))
    quiet_train(text, tiny_recurrent(), tmp_path / "two", 5)
    one, two = state(tmp_path / "one"), state(tmp_path / "two")
    assert same(one, two)
    assert held_out_rate(tmp_path / "one") != held_out_rate(tmp_path / "two")


def test_task_protocol_is_met(text: Path, tmp_path: Path) -> None:
    from predzip.training.run import new_task
    from predzip.training.sources import read_kinds

    for preset in PRESETS.values():
        settings = arguments(text, preset, tmp_path, 1)
        task: Task = new_task(settings, read_kinds(settings.data), torch.device("cpu"), 0)
        assert task.piece_bytes > 0
    assert MissingExtraError("torch", "train").args[0].endswith("pip install 'predzip[train]'")

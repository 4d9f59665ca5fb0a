"""The training loop: batches, gradients, schedule, measurements, checkpoints. It knows no architecture."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from predzip.errors import UsageError
from predzip.training.checkpoint import read_checkpoint, write_checkpoint
from predzip.training.distributed import Group
from predzip.training.log import Log, ProgressLine
from predzip.training.optimisers import Optimiser
from predzip.training.presets import Recipe, Stage
from predzip.training.schedule import Budget
from predzip.training.sources import Kind
from predzip.training.tasks import Task, evaluate
from predzip.units import nats_to_bits

_SMOOTHING = 0.02
"""Weight of the newest batch in the average that is shown."""
_LOG_EVERY_STEPS = 10
_STEPS_BETWEEN_ROUNDINGS = 200
"""The step of a table follows the table this often."""


@dataclass
class Progress:
    """How far a run is."""

    step: int = 0
    seconds: float = 0.0
    seen: int = 0
    """Bytes trained on, by all processes."""
    bits_per_byte: float = 0.0
    """Of the newest batches, smoothed."""


@dataclass(frozen=True)
class Pace:
    """How often something happens besides training."""

    evaluate_seconds: float = 300.0
    checkpoint_seconds: float = 300.0
    piece_bytes: int = 1024
    clock: Callable[[], float] = time.monotonic
    """What a run's seconds are; `time.process_time` makes runs comparable where others share the machine."""


class Loop:
    """One run.

    Args:
        task: model and data.
        recipe: how to train.
        budget: how long.
        kinds: for the held-out tails.
        folder: for checkpoint and log.
        group: the processes.
        pace: how often to measure and to save.
        progress_line: the screen.
        description: what identifies the run; a checkpoint of another one is refused.
        resume: go on from the checkpoint, if there is one.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        budget: Budget,
        kinds: Sequence[Kind],
        folder: Path,
        *,
        group: Group,
        pace: Pace,
        progress_line: ProgressLine,
        description: dict[str, Any],
        resume: bool,
    ) -> None:
        self._task, self._recipe, self._budget, self._kinds = task, recipe, budget, kinds
        self._group, self._pace, self._line, self._description = group, pace, progress_line, description
        self._path = folder / "checkpoint.pt"
        matrices = task.matrices()
        chosen = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in task.module.parameters() if id(parameter) not in chosen]
        self._optimiser = Optimiser(
            matrices,
            others,
            matrix_rate=recipe.matrix_rate,
            rate=recipe.rate,
            betas=recipe.betas,
            clip=recipe.clip,
        )
        self.progress = Progress()
        self._rounds = False
        self._began = 0.0
        if resumed := resume and self._path.exists():
            self.restore(read_checkpoint(self._path))
        self._first = group.rank == 0
        self._log = Log(folder / "log.jsonl", self.progress.step if resumed else None) if self._first else None
        if self._log and not resumed:
            self._log.write("start", step=0, **description)
        elif self._log:
            self._log.write("resume", step=self.progress.step, seconds=round(self.progress.seconds, 1))

    def run(self) -> dict[str, float]:
        """Train until the budget is spent; return the last held-out rates.

        Raises:
            KeyboardInterrupt: after a checkpoint, where a signal asked to end (or what the handler before ours raises).
        """
        clock = self._pace.clock
        self._began = clock() - self.progress.seconds
        evaluated = saved = clock()
        with _signals() as arrived:
            while True:
                now = clock()
                seconds, stop, measures, saves = self._group.agree(
                    now - self._began,
                    float(bool(arrived)),
                    float(now - evaluated > self._pace.evaluate_seconds),
                    float(now - saved > self._pace.checkpoint_seconds),
                )
                self.progress.seconds = seconds
                fraction = self._budget.fraction(self.progress.step, seconds)
                if stop or fraction >= 1:
                    break
                if saves:
                    self.save()
                    saved = clock()
                if measures:
                    self._measure("held_out")
                    evaluated = clock()
                self._step(fraction)
            self.save()
            if stop:
                self._line.say(f"interrupted at step {self.progress.step}; --resume goes on from there")
        if stop:
            # Also where the signal came to another process only: nobody may wait for those that leave.
            signal.raise_signal(arrived[0] if arrived else signal.SIGINT)
            raise KeyboardInterrupt
        return self._measure("end")

    def _stage(self, fraction: float) -> Stage:
        return next((stage for stage in self._recipe.stages if fraction < stage.until), self._recipe.stages[-1])

    def _step(self, fraction: float) -> None:
        progress, recipe = self.progress, self._recipe
        rounds = fraction >= 1 - recipe.finish
        if rounds != self._rounds or (rounds and progress.step % _STEPS_BETWEEN_ROUNDINGS == 0):
            self._task.round_weights(rounds)
            self._rounds = rounds
        stage = self._stage(fraction)
        total = 0.0
        for _ in range(recipe.accumulate):
            loss = self._task.loss(stage) / recipe.accumulate
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        self._group.average_gradients(self._optimiser.parameters)
        self._optimiser.step(recipe.schedule.factor(progress.step, fraction))
        progress.step += 1
        progress.seen += stage.sequences * stage.length * recipe.accumulate * self._group.size
        bits = nats_to_bits(total)
        weight = max(_SMOOTHING, 1 / progress.step)
        progress.bits_per_byte += weight * (bits - progress.bits_per_byte)
        progress.seconds = self._pace.clock() - self._began
        if self._log and progress.step % _LOG_EVERY_STEPS == 0:
            self._log.write("train", **self._figures())
        self._line.show(
            step=progress.step,
            seen=progress.seen,
            bytes_per_second=progress.seen / max(progress.seconds, 1e-9),
            bits_per_byte=progress.bits_per_byte,
            seconds_left=self._budget.seconds_left(progress.step, progress.seconds),
        )

    def _figures(self) -> dict[str, Any]:
        progress = self.progress
        return {
            "step": progress.step,
            "seconds": round(progress.seconds, 1),
            "seen": progress.seen,
            "bits_per_byte": round(progress.bits_per_byte, 4),
        }

    def _measure(self, event: str) -> dict[str, float]:
        """Held-out rates by kind; the first process measures for all."""
        rates: dict[str, float] = {}
        if self._log:
            rates = evaluate(self._task, self._kinds, piece_bytes=self._pace.piece_bytes)
            rates = {name: round(rate, 4) for name, rate in rates.items()}
            mean = round(sum(rates.values()) / len(rates), 4) if rates else None
            self._log.write(event, **self._figures(), mean=mean, kinds=rates)
            named = "  ".join(f"{name} {rate:.3f}" for name, rate in rates.items())
            self._line.say(f"step {self.progress.step}: held out, bits/byte: mean {mean}  {named}")
        self._group.wait()
        return rates

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, of all processes."""
        return {
            "description": self._description,
            "progress": vars(self.progress).copy(),
            "module": self._task.module.state_dict(),
            "optimiser": self._optimiser.state(),
            "rounds": self._rounds,
            "tasks": self._group.gather(self._task.state()),
        }

    def save(self) -> None:
        """Write the checkpoint."""
        state = self.state()
        if self._log:
            write_checkpoint(self._path, state)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            UsageError: where it belongs to another run.
        """
        _check_same(state["description"], self._description, self._path)
        self.progress = Progress(**state["progress"])
        self._task.module.load_state_dict(state["module"])
        self._optimiser.restore(state["optimiser"])
        if self._group.rank < len(state["tasks"]):
            self._task.restore(state["tasks"][self._group.rank])
        elif state["rounds"]:
            self._task.round_weights(True)
        self._rounds = state["rounds"]


def _check_same(theirs: dict[str, Any], ours: dict[str, Any], path: Path) -> None:
    for key in ("preset", "architecture", "data"):
        if key in theirs and theirs[key] != ours.get(key):
            raise UsageError(f"{path}: made with another {key}; train into another folder, or without --resume")


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the first signal instead of dying in the middle of a step; the second acts as it always did."""
    arrived: list[int] = []
    handlers: dict[int, Any] = {}

    def note(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        restore()

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            handlers[number] = signal.signal(number, note)
    try:
        yield arrived
    finally:
        restore()

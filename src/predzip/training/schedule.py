"""How far a run is, by the clock or by steps, and what that makes of the learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from predzip.errors import UsageError


@dataclass(frozen=True)
class Budget:
    """When a run ends: after minutes of training (those of earlier sessions count) or after steps."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise UsageError("say either how many minutes or how many steps to train")
        if (self.minutes or self.steps or 0) <= 0:
            raise UsageError("a run needs a positive number of minutes or steps")

    def fraction(self, step: int, seconds: float) -> float:
        """Part of the run that is over when `step` steps and `seconds` of training are; 1 or more at the end."""
        if self.steps is not None:
            return step / self.steps
        return seconds / (60 * float(self.minutes or 0))

    def seconds_left(self, step: int, seconds: float) -> float:
        """Estimate of what the rest takes."""
        if self.minutes is not None:
            return max(0.0, 60 * self.minutes - seconds)
        return seconds / max(step, 1) * max(0, (self.steps or 0) - step)


@dataclass(frozen=True)
class Schedule:
    """Warm-up, constant, linear decay."""

    warm_up_steps: int = 100
    decay: float = 0.25
    """Last part of the run in which the rate falls."""
    floor: float = 0.02

    def factor(self, step: int, fraction: float) -> float:
        """What to multiply the learning rate with at a step (from 0) and a fraction of the run."""
        falling = 1.0 if fraction < 1 - self.decay else max(self.floor, (1 - fraction) / self.decay)
        return min(1.0, (step + 1) / self.warm_up_steps) * falling

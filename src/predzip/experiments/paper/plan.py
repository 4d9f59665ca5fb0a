"""What table 2 trains: which Transformers, how long, from which seed."""

from __future__ import annotations

from dataclasses import dataclass

from predzip.codecs.baselines import load_extra
from predzip.experiments.paper.published import TOKENIZERS

DEFAULT_MINUTES = 1.0
DEFAULT_STEP_TOKENS = 4096
"""A quarter of what the presets take: runs of minutes do better with more, smaller steps."""
WARM_UP_STEPS = 20
"""Instead of the presets' 100: with large alphabets, a minute may have fewer steps than that."""
_NONE = "none"


@dataclass(frozen=True)
class Plan:
    """How every model of the table is trained."""

    presets: tuple[str, ...] = ()
    """Names of Transformers of `predzip train`; none: nothing is trained."""
    minutes: float | None = DEFAULT_MINUTES
    """Of each training; None where `steps` says how long."""
    steps: int | None = None
    step_tokens: int = DEFAULT_STEP_TOKENS
    seed: int = 0
    threads: int | None = None
    """Of torch; None: its choice. With one, minutes are those of the processor, whoever else is busy on it."""
    device: str = "cpu"
    alphabets: tuple[int | str, ...] = TOKENIZERS
    """Sizes; a word stands for bytes."""

    @property
    def counts_processor(self) -> bool:
        """Whether minutes are processor time: of several threads it would be their sum, and of a GPU nothing."""
        return self.threads == 1 and self.device == "cpu"

    @property
    def budget(self) -> str:
        """How long, and what else decides what comes out, in words that name a result."""
        length = (
            f"{self.steps} steps"
            if self.steps is not None
            else f"{60 * (self.minutes or 0):g} s" + (" of one core" if self.counts_processor else "")
        )
        return f"{length}, {self.step_tokens} tokens a step, seed {self.seed}"


def new_plan(
    sizes: str,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    step_tokens: int = DEFAULT_STEP_TOKENS,
    seed: int = 0,
    threads: int | None = None,
    device: str = "cpu",
) -> Plan:
    """Turn what a person says into a plan.

    Args:
        sizes: names of presets separated by commas, or "none".
        minutes: of each training.
        steps: of each training, instead; neither: the default minutes.
        step_tokens: tokens of one step.
        seed: of parameters and batches.
        threads: of torch.
        device: where to train.

    Raises:
        UsageError: there is no such preset, it is no Transformer, or both minutes and steps are given.
        MissingExtraError: torch is not installed.
    """
    names = tuple(dict.fromkeys(word.strip() for word in sizes.split(",") if word.strip() not in ("", _NONE)))
    from predzip.training.schedule import Budget

    if steps is None and minutes is None:
        minutes = DEFAULT_MINUTES
    Budget(minutes, steps)  # refuses both, and none that is positive
    if names:
        from predzip.training.presets import find_preset, with_vocabulary

        for name in names:
            with_vocabulary(find_preset(name), 256, name)  # refuses what has no other alphabets
        load_extra("torch", "torch", "train")
    return Plan(names, minutes, steps, step_tokens, seed, threads, device)

"""What can be sampled from: something that weighs continuations of what came, by their code lengths in bits.

A predictor weighs the 256 next bytes, exactly. A compressor is asked for the length of each of some candidates of
several bytes: the length of one byte more says little, since most compressors end on whole bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError


@dataclass(frozen=True)
class Candidates:
    """Continuations that exclude each other, and what each would cost."""

    continuations: list[bytes]
    """Distinct, all of the same length."""
    bits: NDArray[np.float64]  # (candidates,)
    """Code length of each, given what came."""

    def __post_init__(self) -> None:
        if not self.continuations or len(self.continuations) != len(self.bits):
            raise UsageError("each candidate needs one code length, and there must be one candidate")
        if len({len(each) for each in self.continuations}) != 1 or not self.continuations[0]:
            raise UsageError("candidates must have the same length, 1 or more")

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Probabilities in proportion to 2 ** (-bits / temperature); 0 gives all to the cheapest.

        Raises:
            UsageError: a temperature below 0.
        """
        if not temperature >= 0:
            raise UsageError(f"the temperature must be 0 or more, not {temperature}")
        above_least = self.bits - self.bits.min()
        if temperature == 0:
            weights = np.zeros(len(above_least))
            weights[int(above_least.argmin())] = 1.0  # the first where several are as cheap
        else:
            weights = np.exp2(-above_least / temperature)
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    def draw(self, random: Random, temperature: float = 1.0) -> int:
        """Draw the index of one candidate."""
        cumulative = self.probabilities(temperature).cumsum()
        point = random.random() * float(cumulative[-1])
        return min(int(np.searchsorted(cumulative, point, side="right")), len(cumulative) - 1)


@runtime_checkable
class Source(Protocol):
    """A predictor or compressor, seen as a distribution over what comes next."""

    name: str

    step_bytes: int
    """How many bytes its candidates have at most."""

    about: str
    """How its probabilities come about, in a few words for tables."""

    def start(self, expected_bytes: int) -> None:
        """Forget everything; so many bytes, given and drawn, will come at most."""

    def take(self, data: bytes) -> None:
        """Tell it what came."""

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """Weigh continuations of what came.

        Args:
            length: how many bytes are still wanted: candidates are no longer than that.
            random: for sources that propose only some of all continuations.
            also: begins with one that must be among them.
        """


@runtime_checkable
class DirectSource(Source, Protocol):
    """A source that draws from its own distribution without naming candidates."""

    def draw_directly(self, length: int, random: Random, temperature: float) -> tuple[bytes, float]:
        """Draw up to `length` bytes, take what was drawn, and say what it cost in bits."""

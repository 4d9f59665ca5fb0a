"""Any compressor as a source, by nothing but the lengths of its output, several bytes ahead.

    p(continuation)  in proportion to  2 ** -(length(context + continuation) - length(context))

With one byte ahead there are but a few different lengths, because compressors end on whole bytes (issue 9 of the
paper's code): zlib behind 1,000 bytes of a novel has 4 for the 256 bytes. With k bytes, what a compressor knows costs
little and what it does not know costs 8 k bits and more, and that shows.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates
from predzip.experiments.generation.proposals import Proposer
from predzip.units import BITS_PER_BYTE

DEFAULT_LOOK_AHEAD = 8


def with_required(proposals: list[bytes], also: bytes, length: int) -> list[bytes]:
    """The proposals and, in the place of the last where it is not among them, one that must be there."""
    required = also[:length]
    if not required or required in proposals:
        return proposals
    return [*proposals[: max(1, len(proposals) - 1)], required]


class LengthSource:
    """A compressor.

    Args:
        name: for tables.
        compress: bytes to bytes, the same output for the same input, always; None where `measure` is given.
        look_ahead: bytes of a candidate.
        proposer: what makes the candidates.
        context_bytes: how much of the past the compressor is shown.
        measure: says in bits how long the output is, where that is known better than in whole bytes.
    """

    def __init__(
        self,
        name: str,
        compress: Callable[[bytes], bytes] | None,
        look_ahead: int = DEFAULT_LOOK_AHEAD,
        proposer: Proposer | None = None,
        context_bytes: int = 1 << 15,
        measure: Callable[[bytes], float] | None = None,
    ) -> None:
        if look_ahead < 1:
            raise UsageError(f"a compressor must look at least 1 byte ahead, not {look_ahead}")
        self.name = name
        self.step_bytes = look_ahead
        self._proposer = proposer or Proposer()
        unit = "bytes" if measure is None else "bits"
        self.about = f"lengths in whole {unit}, {look_ahead} bytes ahead, {self._proposer.count} candidates"
        if measure is None:
            if compress is None:
                raise UsageError("a compressor or a measure of its output is needed")
            measure = _in_whole_bytes(compress)
        self._measure = measure
        self._context_bytes = context_bytes
        self.start(0)

    def start(self, expected_bytes: int) -> None:
        """See `Source`."""
        self._history = b""

    def take(self, data: bytes) -> None:
        """See `Source`."""
        self._history = (self._history + data)[-self._context_bytes :]

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """See `Source`."""
        length = min(length, self.step_bytes)
        proposals = with_required(self._proposer.propose(self._history, length, random), also, length)
        before = self._measure(self._history)
        return Candidates(proposals, np.array([self._measure(self._history + each) - before for each in proposals]))


def _in_whole_bytes(compress: Callable[[bytes], bytes]) -> Callable[[bytes], float]:
    return lambda data: float(BITS_PER_BYTE * len(compress(data)))

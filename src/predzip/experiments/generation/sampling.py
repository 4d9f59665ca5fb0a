"""The one loop that draws from a source, in two modes.

    autoregressive    what was drawn is taken for what came, and goes on from there
    teacher-forced    the true bytes come, whatever was drawn; how well the source knew them is reported

Given and wanted bytes may alternate, as in a picture whose left half is given row by row. The generator is Python's own
(`random.Random`), so a seed gives the same bytes wherever the source gives the same lengths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates, DirectSource, Source


@dataclass(frozen=True)
class Segment:
    """Bytes that are given, then a number of bytes to draw."""

    given: bytes
    wanted_bytes: int
    truth: bytes = b""
    """What truly stands there, for teacher-forcing; else empty."""


@dataclass(frozen=True)
class Step:
    """One draw; its figures are those at temperature 1."""

    offset: int
    """Drawn bytes before it."""
    drawn: bytes
    drawn_bits: float
    """Code length of what was drawn, given what came."""
    candidates: int
    """Among how many it was drawn; 0 where the source drew by itself."""
    entropy_bits: float | None = None
    """Of the distribution over the candidates; with a compressor, which weighs some only, not its own entropy."""
    truth: bytes | None = None
    truth_bits: float | None = None
    rank: float | None = None
    """Place of the true continuation among the candidates, 1 for the likeliest; ties share the mean of their places."""


def check_segments(segments: Iterable[Segment], *, forced: bool) -> None:
    """Refuse what cannot be run.

    Raises:
        UsageError: nothing is wanted, or teacher-forcing without all of the truth.
    """
    for segment in segments:
        if segment.wanted_bytes < 0:
            raise UsageError(f"cannot draw {segment.wanted_bytes} bytes")
        if forced and len(segment.truth) != segment.wanted_bytes:
            raise UsageError("teacher-forcing needs the true bytes, as many as are drawn")


def run(
    source: Source,
    segments: Sequence[Segment],
    random: Random,
    temperature: float = 1.0,
    *,
    forced: bool = False,
) -> Iterator[Step]:
    """Draw what the segments want, step by step.

    Args:
        source: started anew.
        segments: what is given and what is wanted.
        random: the only source of chance.
        temperature: 1 draws from the source's distribution, less prefers the likely, 0 takes the likeliest.
        forced: let the true bytes come instead of the drawn ones.

    Raises:
        UsageError: a temperature below 0; teacher-forcing without the truth.
    """
    check_segments(segments, forced=forced)
    if not temperature >= 0:
        raise UsageError(f"the temperature must be 0 or more, not {temperature}")
    source.start(sum(len(segment.given) + segment.wanted_bytes for segment in segments))
    offset = 0
    for segment in segments:
        source.take(segment.given)
        done = 0
        while done < segment.wanted_bytes:
            left = segment.wanted_bytes - done
            if not forced and isinstance(source, DirectSource):
                drawn, bits = source.draw_directly(left, random, temperature)
                step = Step(offset, drawn, bits, 0)
            elif forced:
                step = _forced_step(source, segment.truth[done:], random, temperature, offset)
                source.take(step.truth or b"")
            else:
                candidates = source.candidates(left, random)
                index = candidates.draw(random, temperature)
                step = _described(candidates, index, offset)
                source.take(step.drawn)
            yield step
            done += len(step.drawn)
            offset += len(step.drawn)


def _forced_step(source: Source, truth: bytes, random: Random, temperature: float, offset: int) -> Step:
    candidates = source.candidates(len(truth), random, also=truth)
    index = candidates.draw(random, temperature)
    expected = truth[: len(candidates.continuations[0])]
    place = candidates.continuations.index(expected)
    bits = candidates.bits
    cheaper = int((bits < bits[place]).sum())
    equal = int((bits == bits[place]).sum())
    step = _described(candidates, index, offset)
    return Step(
        step.offset,
        step.drawn,
        step.drawn_bits,
        step.candidates,
        step.entropy_bits,
        truth=expected,
        truth_bits=float(bits[place]),
        rank=1 + cheaper + (equal - 1) / 2,
    )


def _described(candidates: Candidates, index: int, offset: int) -> Step:
    shares = candidates.probabilities()
    positive = shares[shares > 0]
    entropy_bits = float(-(positive * np.log2(positive)).sum()) + 0.0
    return Step(offset, candidates.continuations[index], float(candidates.bits[index]), len(shares), entropy_bits)


def drawn_bytes(steps: Iterable[Step]) -> bytes:
    """Everything that was drawn, joined."""
    return b"".join(step.drawn for step in steps)

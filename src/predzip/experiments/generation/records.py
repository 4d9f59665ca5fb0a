"""What came out of one source: figures for tables, and everything needed to draw it again without sampling.

Results are kept as JSON Lines. A run that stopped goes on where it was: what stands in the file already, made of the
same data with the same settings, is taken from there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from predzip.errors import UsageError
from predzip.experiments import journal
from predzip.experiments.bench.environment import environment
from predzip.experiments.generation.base import Source
from predzip.experiments.generation.sampling import Segment, drawn_bytes, run

MODES = ("autoregressive", "teacher-forced")
MakeSource = Callable[[str], Source]


@dataclass(frozen=True)
class Settings:
    """How every source of a figure draws."""

    temperature: float = 1.0
    seed: int = 0
    modes: tuple[str, ...] = MODES
    look_ahead: int = 8
    candidates: int = 64

    def __post_init__(self) -> None:
        wrong = [mode for mode in self.modes if mode not in MODES]
        if wrong or not self.modes:
            raise UsageError(f"modes are {' and '.join(MODES)}, not {', '.join(wrong) or 'none'}")


@dataclass(frozen=True)
class Generated:
    """What one source drew in one mode."""

    figure: str
    source: str
    about: str
    mode: str
    temperature: float
    seed: int
    data_hash: str
    """Of what was given, of the truth and of the candidates' size and number: other results are never mixed in."""
    given_bytes: int
    drawn: bytes
    drawn_bits_per_byte: float
    """Code length of the drawn bytes under the source; with exact probabilities and temperature 1, near its entropy."""
    candidates: int
    """The most that a step had to choose from; 0 where the source drew by itself."""
    truth_bits_per_byte: float | None
    """Code length of the true bytes under the source; in whole bytes a step where lengths are."""
    mean_rank: float | None
    entropy_bits_per_byte: float | None
    cpu_seconds: float

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {**dataclasses.asdict(self), "drawn": self.drawn.hex()}


def generate(
    figure: str, source: Source, segments: Sequence[Segment], mode: str, settings: Settings, data_hash: str
) -> Generated:
    """Let one source draw."""
    begin = time.process_time()
    random = Random(settings.seed)  # noqa: S311 - nothing secret
    steps = list(run(source, segments, random, settings.temperature, forced=mode == MODES[1]))
    seconds = time.process_time() - begin
    count = max(1, sum(len(step.drawn) for step in steps))
    forced = [step for step in steps if step.rank is not None]
    entropies = [step.entropy_bits for step in steps if step.entropy_bits is not None]
    return Generated(
        figure,
        source.name,
        source.about,
        mode,
        settings.temperature,
        settings.seed,
        data_hash,
        sum(len(segment.given) for segment in segments),
        drawn_bytes(steps),
        sum(step.drawn_bits for step in steps) / count,
        max((step.candidates for step in steps), default=0),
        sum(step.truth_bits or 0.0 for step in forced) / count if forced else None,
        sum(step.rank or 0.0 for step in forced) / len(forced) if forced else None,
        sum(entropies) / count if entropies else None,
        round(seconds, 3),
    )


def generate_all(
    figure: str,
    names: Iterable[str],
    make: MakeSource,
    segments: Sequence[Segment],
    settings: Settings,
    target: Path,
    command: str,
    started: Callable[[str, str], None] | None = None,
) -> list[Generated]:
    """Let every source draw in every mode; each result is written as soon as it is there.

    Args:
        figure: "fig3", "fig4" or "fig5".
        names: of the sources.
        make: name to source.
        segments: what is given and wanted, with the truth.
        settings: how to draw.
        target: file of JSON Lines; results in it are not made again.
        command: what a person typed, for the records.
        started: called with source and mode before each.
    """
    data_hash = _hash(segments, settings)
    known = {_key(record): record for record in read_records(target)}
    results = []
    for name in names:
        source = make(name)
        for mode in settings.modes:
            key = (figure, source.name, source.about, mode, settings.temperature, settings.seed, data_hash)
            if key in known:
                results.append(_restored(known[key]))
                continue
            if started is not None:
                started(source.name, mode)
            result = generate(figure, source, segments, mode, settings, data_hash)
            journal.append(target, {**result.record(), "environment": environment(command)})
            results.append(result)
    return results


def read_records(target: Path) -> list[dict[str, Any]]:
    """Read what a run has written; a line that was cut off when it was stopped is passed over."""
    return [record for record in journal.records(target) if "data_hash" in record]


def table(results: Iterable[Generated]) -> list[str]:
    """A table in Markdown, a line each."""
    lines = [
        "| source | mode | drawn bits/byte | truth bits/byte | mean rank | of candidates | CPU s | probabilities |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for each in results:
        truth = "-" if each.truth_bits_per_byte is None else f"{each.truth_bits_per_byte:.2f}"
        rank = "-" if each.mean_rank is None else f"{each.mean_rank:.1f}"
        cells = (
            each.source,
            each.mode,
            f"{each.drawn_bits_per_byte:.2f}",
            truth,
            rank,
            str(each.candidates or "-"),
            f"{each.cpu_seconds:.1f}",
            each.about,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _hash(segments: Sequence[Segment], settings: Settings) -> str:
    digest = hashlib.sha256(f"{settings.look_ahead} {settings.candidates} ".encode())
    for segment in segments:
        digest.update(f"{len(segment.given)} {segment.wanted_bytes} ".encode())
        digest.update(segment.given + segment.truth)
    return digest.hexdigest()[:16]


_KEY = ("figure", "source", "about", "mode", "temperature", "seed", "data_hash")


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in _KEY)


def _restored(record: dict[str, Any]) -> Generated:
    fields = {field.name: record[field.name] for field in dataclasses.fields(Generated)}
    return Generated(**{**fields, "drawn": bytes.fromhex(record["drawn"])})

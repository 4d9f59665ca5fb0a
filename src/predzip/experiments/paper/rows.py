"""Results on disk: a line of JSON for each number, and for each piece of work that is done, so that a run can go on.

    results.jsonl   rows: finished numbers, with versions, commit, machine, seeds, times
    parts.jsonl     pieces of numbers that are not finished; removed when all are

A line that was cut off by a crash is passed over, and its work done again.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from predzip.experiments import journal
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import rates
from predzip.experiments.paper.tally import Tally
from predzip.experiments.paper.work import CHUNKED, CURVE, SLIDING, Cell, Part
from predzip.units import BITS_PER_BYTE, adjusted_rate, bits_per_byte, raw_rate

RESULTS, PARTS = "results.jsonl", "parts.jsonl"


@dataclass(frozen=True)
class Row:
    """One number of a table, and all that is known about how it was made."""

    key: str
    dataset: str
    kind: str
    dataset_sha256: str
    source: str
    licence: str
    cut: str
    chunk_bytes: int
    compressor: str
    settings: str
    version: str
    original_bytes: int
    compressed_bytes: float
    """Payloads and, once, the framing."""
    framing_bytes: int = 0
    code_length: bool = False
    """Nothing was coded: an ideal length. Otherwise every byte was decoded again and compared."""
    units: int = 1
    interval_low: float | None = None
    interval_high: float | None = None
    """Of the raw rate, 95 %, bootstrap over units."""
    bootstrap_seed: int = rates.SEED
    parameters: int = 0
    model_bytes: int = 0
    """Size of the weights' files as shipped."""
    fingerprint: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    """Of both directions and the comparison, summed over all pieces of work, whoever did them."""
    curve: tuple[tuple[int, float, float], ...] = ()
    """(length, mean rate, its standard error) of prefixes, for figure 6."""
    training: dict[str, Any] = field(default_factory=dict)
    """How a model that was trained for this number alone was trained, for table 2; empty elsewhere."""
    message: str = ""
    """Why there is no number."""
    environment: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is a number."""
        return not self.message

    @property
    def raw_rate(self) -> float:
        """Compressed over original."""
        return raw_rate(self.compressed_bytes, self.original_bytes)

    @property
    def adjusted_rate(self) -> float:
        """With 2 bytes for each parameter, as in the paper."""
        return adjusted_rate(
            self.compressed_bytes, rates.PAPER_BYTES_PER_PARAMETER * self.parameters, self.original_bytes
        )

    @property
    def shipped_rate(self) -> float:
        """With the weights' files as shipped."""
        return adjusted_rate(self.compressed_bytes, self.model_bytes, self.original_bytes)

    def record(self) -> dict[str, Any]:
        """Everything as plain values, derived figures included."""
        derived = {
            "raw_rate": round(self.raw_rate, 6),
            "adjusted_rate": round(self.adjusted_rate, 6),
            "shipped_rate": round(self.shipped_rate, 6),
            "bits_per_byte": round(bits_per_byte(BITS_PER_BYTE * self.compressed_bytes, self.original_bytes), 5),
        }
        return {**dataclasses.asdict(self), **derived}


def row_of(cell: Cell, tally: Tally, environment: dict[str, Any], message: str = "") -> Row:
    """Make a row of what was added up; the order in which the parts came does not matter."""
    from predzip.experiments.paper.compressors import compressor

    chosen = compressor(cell.compressor)
    data = cell.dataset
    # The row of a curve is about whole sequences.
    length = max((size for size, _ in tally.units), default=0) if cell.cut == CURVE else None
    original = tally.original_bytes(length) if cell.cut == CURVE else data.total_bytes
    bounds = rates.interval(tally.units) if cell.cut in (CHUNKED, SLIDING) else None
    share = tally.framing_bytes / data.total_bytes
    return Row(
        key=cell.key,
        **data_facts(data),
        cut=cell.cut,
        chunk_bytes=data.chunk_bytes,
        compressor=cell.title,
        settings=chosen.settings,
        version=cell.version,
        original_bytes=original,
        compressed_bytes=tally.compressed_bytes(length) + tally.framing_bytes,
        framing_bytes=tally.framing_bytes,
        code_length=cell.cut == SLIDING or (cell.cut == CURVE and chosen.model is not None),
        units=sum(tally.units.values()),
        interval_low=bounds[0] + share if bounds else None,
        interval_high=bounds[1] + share if bounds else None,
        cpu_seconds=round(tally.cpu_seconds, 3),
        wall_seconds=round(tally.wall_seconds, 3),
        curve=tally.curve() if cell.cut == CURVE else (),
        message=message,
        environment=environment,
        **model_facts(chosen.model),
    )


def data_facts(data: Dataset) -> dict[str, Any]:
    """Fields of a row that say what was measured on."""
    return {
        "dataset": data.name,
        "kind": data.kind,
        "dataset_sha256": data.sha256,
        "source": data.source,
        "licence": data.licence,
    }


def model_facts(model: str | None) -> dict[str, Any]:
    """Fields of a row that say which model, by name or path, it is about."""
    if model is None:
        return {}
    from predzip.predictors.neural import cards, catalogue
    from predzip.predictors.neural.weights import read_config

    stem = catalogue.locate(model).stem
    return {
        "parameters": cards.parameters(read_config(stem)),
        "model_bytes": cards.bytes_on_disk(stem),
        "fingerprint": catalogue.fingerprint(stem).hex(),
    }


class Results:
    """The two files of a folder; without a folder, nothing is kept.

    Args:
        folder: where they lie.
        resume: False forgets what is there.
    """

    def __init__(self, folder: Path | None, *, resume: bool = True) -> None:
        self._folder = folder
        self.rows: dict[str, Row] = {}
        self.tallies: dict[str, Tally] = {}
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if not resume:
            for name in (RESULTS, PARTS):
                (folder / name).unlink(missing_ok=True)
        for values in journal.records(folder / RESULTS):
            row = _row_from(values)
            if row is not None:
                self.rows[row.key] = row
        for values in journal.records(folder / PARTS):
            part = _part_from(values)
            # Parts of a number that was finished after the file was begun are in the way.
            if part is not None and part.key not in self.rows:
                self.tallies.setdefault(part.key, Tally()).add(part)

    def add_part(self, part: Part) -> None:
        """Remember a piece of work."""
        self.tallies.setdefault(part.key, Tally()).add(part)
        self._append(PARTS, dataclasses.asdict(part))

    def add_row(self, row: Row) -> None:
        """Remember a number; one that failed is tried again by the next run."""
        self.tallies.pop(row.key, None)
        if row.ok:
            self.rows[row.key] = row
            self._append(RESULTS, row.record())

    def finish(self) -> None:
        """Remove the pieces if no number waits for more of them."""
        if self._folder is not None and not self.tallies:
            (self._folder / PARTS).unlink(missing_ok=True)

    def _append(self, name: str, values: dict[str, Any]) -> None:
        if self._folder is None:
            return
        journal.append(self._folder / name, values)


def _row_from(values: dict[str, Any]) -> Row | None:
    """A row as an earlier run wrote it; None for what is no row, or one of another release."""
    names = {each.name for each in dataclasses.fields(Row)}
    known = {name: value for name, value in values.items() if name in names}
    try:
        return Row(**{**known, "curve": tuple(tuple(point) for point in values.get("curve", ()))})
    except TypeError:
        return None


def _part_from(values: dict[str, Any]) -> Part | None:
    try:
        units = tuple((int(original), size) for original, size in values["units"])
        return Part(**{**values, "units": units})
    except (KeyError, TypeError, ValueError):
        return None

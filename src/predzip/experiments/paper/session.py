"""What the commands of one run share: data, compressors, results, who works, where to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from predzip.api import resolve_model
from predzip.errors import UsageError
from predzip.experiments.datasets import Dataset, open_dataset
from predzip.experiments.paper import compressors, runner, table1
from predzip.experiments.paper.executors import Engine
from predzip.experiments.paper.own import rows_of_model
from predzip.experiments.paper.plan import Plan
from predzip.experiments.paper.rows import Results, Row
from predzip.experiments.paper.tables import Grid, write
from predzip.experiments.paper.work import CHUNKED, CUTS, WHOLE, Cell

DEFAULT_SLOW_BYTES = 1 << 18
"""What models see of each dataset unless told otherwise: at 10 KB a second, that is half a minute."""
_NONE, _ALL = "none", "all"


@dataclass
class Session:
    """One run."""

    datasets: list[Dataset]
    names: list[str]
    results: Results
    engine: Engine
    environment: dict[str, Any]
    out: Path
    cuts: tuple[str, ...] = (WHOLE, CHUNKED)
    slow_bytes: int | None = DEFAULT_SLOW_BYTES
    compressors_named: bool = False
    """Whether a person named the compressors, or they are the usual ones."""
    resume: bool = True
    plan: Plan = field(default_factory=Plan)
    """What table 2 trains."""
    say: Callable[[str], None] | None = None
    """Told what begins, by what has no bytes to count."""
    progress: Callable[[int], None] | None = None
    finished: Callable[[Row], None] | None = None
    written: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What could not be done for want of a package."""

    def cells(self) -> list[Cell]:
        """All numbers of table 1."""
        return table1.cells(self.datasets, self.names, self.cuts, self.slow_bytes)

    def measure(self, cells: list[Cell]) -> list[Row]:
        """Run what is not known yet."""
        return runner.run(
            cells, self.results, self.engine, self.environment, progress=self.progress, finished=self.finished
        )

    def write(self, grids: list[Grid], stem: str) -> None:
        """Write tables in all their forms."""
        self.written += write(grids, self.out, stem)


def open_datasets(
    words: Iterable[str], limit_bytes: int | None, say: Callable[[str], None] | None = None
) -> list[Dataset]:
    """Open what `--data` names.

    Raises:
        UsageError: nothing is named, or a word stands for nothing.
    """
    found = [open_dataset(word, limit_bytes, say=say) for word in words]
    if not found:
        raise UsageError(
            "name data: --data enwik8 --data image=PATH --data audio=PATH --data random; see predzip paper --help"
        )
    names = [dataset.name for dataset in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two data sets are called {name!r}: rename one of the files")
    return found


def choose(names: str | None, models: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """Turn `--compressors` and `--models` into names of compressors, and lines about those that cannot run.

    Args:
        names: separated by commas; None: the usual ones; "none".
        models: names or paths; None or empty: all that are installed; ("none",).

    Raises:
        UsageError: a name is unknown, or nobody is left.
        ModelError: there is no such model.
    """
    if names is None:
        chosen = compressors.default_names()
    else:
        words = [word.strip() for word in names.split(",")]
        chosen = [
            each
            for word in words
            for each in (compressors.default_names() if word == _ALL else [word])
            if each and each != _NONE
        ]
    chosen += [row for model in model_names(models) for row in rows_of_model(model)]
    usable, lines = compressors.installed(chosen)
    if not usable:
        raise UsageError("nothing to measure: no compressor and no model")
    return usable, lines


def model_names(models: Iterable[str] | None) -> list[str]:
    """Models as they were named, those of elsewhere converted; all that are installed where none was.

    Raises:
        ModelError: there is no such model.
    """
    from predzip.predictors.neural import catalogue

    words = [each.strip() for word in models or () for each in word.split(",") if each.strip()]
    if words == [_NONE]:
        return []
    if not words:
        return [found.name for found in catalogue.installed()]
    named = [resolve_model(word) or word for word in words]
    for word in named:
        catalogue.offer(word)  # refuses an unknown one; and frames made with a path decode
    return named


def check_cuts(words: str) -> tuple[str, ...]:
    """Ways of cutting, separated by commas.

    Raises:
        UsageError: there is no such way.
    """
    cuts = tuple(word.strip() for word in words.split(",") if word.strip())
    for cut in cuts:
        if cut not in CUTS:
            raise UsageError(f"--cuts: {cut!r} is unknown; there are {', '.join(CUTS)}")
    return cuts

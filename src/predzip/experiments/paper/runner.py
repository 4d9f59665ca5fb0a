"""The one loop: cells to rows, over any engine, going on where a run stopped.

Items of all cells that are not done yet go out in order, a few at a time. A part is written down as it comes; when a
cell has all of its parts it becomes a row. An item whose worker died goes out again, to fresh workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from predzip.errors import PredzipError
from predzip.experiments.paper.compressors import compressor
from predzip.experiments.paper.executors import Engine
from predzip.experiments.paper.rows import Results, Row, row_of
from predzip.experiments.paper.tally import Tally
from predzip.experiments.paper.work import Cell, Item, Part

_MOST_ATTEMPTS = 4
_POLL_SECONDS = 0.5


def total_bytes(cells: Iterable[Cell], results: Results) -> int:
    """Bytes that a run over these cells still has to measure."""
    left = 0
    for cell in cells:
        if cell.key not in results.rows:
            tally = results.tallies.get(cell.key, Tally())
            left += sum(item.size_bytes for item in cell.items() if item.index not in tally.indices)
    return left


def run(
    cells: list[Cell],
    results: Results,
    engine: Engine,
    environment: dict[str, Any],
    *,
    progress: Callable[[int], None] | None = None,
    finished: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Measure what is not measured yet; return the rows of all cells, in their order.

    Args:
        cells: what is wanted; a number that failed comes back as a row with a message.
        results: what is known, and where to write what comes.
        engine: who does the work.
        environment: written into every row.
        progress: called with the number of bytes measured since the last call.
        finished: called with each new row.
    """
    loop = _Loop(cells, results, engine, environment, progress, finished)
    loop.run()
    results.finish()
    return [loop.failed.get(cell.key) or results.rows[cell.key] for cell in cells]


class _Loop:
    """State of one run. `_under_way` holds every item that was handed out and did not come back."""

    def __init__(
        self,
        cells: list[Cell],
        results: Results,
        engine: Engine,
        environment: dict[str, Any],
        progress: Callable[[int], None] | None,
        finished: Callable[[Row], None] | None,
    ) -> None:
        self._cells = {cell.key: cell for cell in cells}
        self._results = results
        self._engine = engine
        self._environment = environment
        self._progress = progress
        self._finished = finished
        self._deadly: tuple[type[BaseException], ...] = (CancelledError, *engine.deadly)
        self._under_way: dict[Future[Part], tuple[Item, int]] = {}
        self._waiting_parts = {key: sum(1 for _ in cell.items()) for key, cell in self._cells.items()}
        self.failed: dict[str, Row] = {}

    def run(self) -> None:
        again: list[tuple[Item, int]] = []
        queue = self._items()
        while True:
            while len(self._under_way) < self._most_under_way(again):
                handed = again.pop() if again else next(queue, None)
                if handed is None:
                    break
                if handed[0].key not in self.failed:
                    again += self._hand_out(*handed)
            if not self._under_way:
                if again:
                    continue
                return
            done, _ = wait(self._under_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                again += self._take_in(future)

    def _most_under_way(self, again: list[tuple[Item, int]]) -> int:
        # What was lost with a worker goes out alone: if a worker dies again, it is clear whose fault that is.
        alone = again or any(attempt > 1 for _, attempt in self._under_way.values())
        return 1 if alone else self._engine.in_flight

    def _items(self) -> Iterator[tuple[Item, int]]:
        for key, cell in self._cells.items():
            if key in self._results.rows:
                continue
            known = self._results.tallies.get(key, Tally()).indices
            if len(known) == self._waiting_parts[key]:
                self._complete(key)
                continue
            yield from ((item, 1) for item in cell.items() if item.index not in known)

    def _hand_out(self, item: Item, attempt: int) -> list[tuple[Item, int]]:
        try:
            future = self._engine.submit(item)
        except self._engine.deadly:  # a worker died since we looked
            return self._start_afresh((item, attempt))
        self._under_way[future] = (item, attempt)
        return []

    def _take_in(self, future: Future[Part]) -> list[tuple[Item, int]]:
        if future not in self._under_way:
            return []
        item, attempt = self._under_way.pop(future)
        try:
            part = future.result()
        except self._deadly as error:
            if attempt >= _MOST_ATTEMPTS:
                self._fail(item.key, f"its worker died {attempt} times: {type(error).__name__}")
                return self._start_afresh(None)
            return self._start_afresh((item, attempt))
        except Exception as error:
            known = isinstance(error, PredzipError | OSError)
            self._fail(item.key, str(error) if known else f"{type(error).__name__}: {error}")
            return []
        self._results.add_part(part)
        if self._progress is not None:
            self._progress(item.size_bytes)
        if len(self._results.tallies[item.key].indices) == self._waiting_parts[item.key]:
            self._complete(item.key)
        return []

    def _start_afresh(self, dead: tuple[Item, int] | None) -> list[tuple[Item, int]]:
        """Everything that was under way must go out again: nobody tells whose worker it was."""
        lost = [*([dead] if dead else []), *self._under_way.values()]
        self._under_way.clear()
        self._engine.restart()
        return [(item, attempt + 1) for item, attempt in lost]

    def _complete(self, key: str) -> None:
        row = row_of(self._cells[key], self._results.tallies[key], self._environment)
        self._results.add_row(row)
        self._tell(row)

    def _fail(self, key: str, message: str) -> None:
        if key not in self.failed:
            self.failed[key] = row_of(self._cells[key], Tally(), self._environment, message or "failed")
            self._results.add_row(self.failed[key])
            self._tell(self.failed[key])

    def _tell(self, row: Row) -> None:
        if self._finished is not None:
            self._finished(row)


def cell_of(dataset: Any, cut: str, name: str) -> Cell:  # noqa: ANN401 - a Dataset
    """Name a number, with the version of the compressor that would measure it."""
    chosen = compressor(name)
    return Cell(dataset, cut, name, chosen.version, chosen.name)

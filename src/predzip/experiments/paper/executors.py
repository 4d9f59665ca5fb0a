"""Who does the work: this process, several of this machine, or a Dask cluster. The results are the same.

Each is a `concurrent.futures.Executor` behind `Engine`, which knows how many items to keep under way, whether workers
see our files, and how to start afresh after a worker died.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from predzip.cluster import LOCAL, connected
from predzip.experiments.bench.environment import ONE_THREAD
from predzip.experiments.paper.work import WHOLE, Item, Part, measure
from predzip.parallel import become_worker, resolve_threads

_ITEMS_PER_WORKER = 3
"""Under way at a time: enough that no worker waits, few enough that memory stays small."""


class SerialExecutor(Executor):
    """Does everything at once, here."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:  # noqa: ANN401
        """Run now; the future that is returned has the result or the error."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as error:
            future.set_exception(error)
        return future


class Engine:
    """An executor, and how to get another one.

    Args:
        start: makes an executor.
        workers: how many items it works on at a time.
        ships_bytes: items take their bytes along, for workers that do not see our files.
        deadly: errors that mean "a worker died", not "the work is wrong".
        function: what is done to an item.
    """

    def __init__(
        self,
        start: Callable[[], Executor],
        workers: int = 1,
        *,
        ships_bytes: bool = False,
        deadly: tuple[type[BaseException], ...] = (),
        function: Callable[[Item], Part] = measure,
    ) -> None:
        self._start = start
        self._executor: Executor | None = None
        self._ships_bytes = ships_bytes
        self._function = function
        self.in_flight = 1 if workers == 1 else workers * _ITEMS_PER_WORKER
        self.deadly = deadly

    def submit(self, item: Item) -> Future[Part]:
        """Hand out one item."""
        if self._executor is None:
            self._executor = self._start()
        # All of the data in one piece may not fit in a message: those workers must see the file.
        carried = item.loaded() if self._ships_bytes and item.cut != WHOLE else item
        return self._executor.submit(self._function, carried)

    def restart(self) -> None:
        """Forget an executor whose worker died; the next item gets a fresh one."""
        self.close()

    def close(self) -> None:
        """End the workers without waiting for what they do."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        # Public as kill_workers() from Python 3.14 on; before, only a private dictionary knows the processes.
        processes = list((getattr(executor, "_processes", None) or {}).values())
        for process in processes:
            process.kill()
        executor.shutdown(wait=bool(processes))  # Dask's takes no more words; without waiting, it cancels


@contextlib.contextmanager
def open_engine(jobs: int = 1, dask: str | None = None) -> Iterator[Engine]:
    """Make the engine that the command line asks for.

    Args:
        jobs: processes; 0: one for each core.
        dask: address of a scheduler, or "local" for one with `jobs` workers on this machine.

    Raises:
        MissingExtraError: dask is not installed.
        UsageError: no such number of processes.
    """
    jobs = resolve_threads(jobs)
    if dask is not None:
        with _dask_engine(jobs, dask) as engine:
            yield engine
        return
    engine = Engine(SerialExecutor) if jobs == 1 else Engine(lambda: _pool(jobs), jobs, deadly=(BrokenProcessPool,))
    try:
        yield engine
    finally:
        engine.close()


def _pool(jobs: int) -> Executor:
    # Spawned, not forked: numba and its threads do not survive a fork.
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    for variable, value in ONE_THREAD.items():
        os.environ.setdefault(variable, value)
    become_worker()


@contextlib.contextmanager
def _dask_engine(jobs: int, address: str) -> Iterator[Engine]:
    with connected(address, jobs) as cluster:
        engine = Engine(cluster.executor, cluster.count, ships_bytes=address != LOCAL, deadly=cluster.deadly)
        engine.in_flight = max(engine.in_flight, _ITEMS_PER_WORKER)
        yield engine
        engine.close()

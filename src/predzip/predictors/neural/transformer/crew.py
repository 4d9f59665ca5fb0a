"""Threads that share a step's work: kernels let go of Python's lock, so they run side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait


class Crew:
    """Runs tasks in so many threads, the caller's among them.

    The threads end with the object, or with the program.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "predzip-step") if threads > 1 else None

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks, and return or raise when none is running any more."""
        if self._pool is None:
            for task in tasks:
                task()
            return
        others: list[Future[None]] = [self._pool.submit(task) for task in tasks[1:]]
        try:
            tasks[0]()
        finally:
            wait(others)  # whoever catches an error of ours may use the arrays again
        for other in others:
            other.result()

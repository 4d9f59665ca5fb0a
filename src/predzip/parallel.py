"""Blocks coded in order, in this process or in several others: adds processes to a codec.

    put(tag, task) -> results that are ready, oldest first        finish() -> the rest

At most `threads` blocks are held here at a time, so with the one that the caller is reading memory stays at
`threads + 1` blocks. Workers are started when a second block arrives: a small input never pays for a process.

Workers are spawned, not forked (numba and its threads do not survive a fork). They never see Ctrl-C: the process
that owns them does, and kills them.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, Generic, Literal, TypeVar

from predzip.codecs.base import BlockCodec, Progress
from predzip.codecs.cores import usable_cores
from predzip.codecs.registry import CodecReference
from predzip.errors import LimitError, PredzipError, UsageError
from predzip.units import format_bytes

_Tag = TypeVar("_Tag")
_POLL_SECONDS = 0.1
_MAX_THREADS = 256


@dataclass(frozen=True)
class BlockTask:
    """Work on one block; the same in this process and in another."""

    codec: CodecReference
    direction: Literal["encode", "decode"]
    data: bytes
    original_bytes: int
    memory_limit: int | None = None
    """Bytes that the codec may take in its process."""


@dataclass(frozen=True)
class Workers:
    """Workers of somebody else, such as a cluster, that do blocks in place of processes of our own."""

    executor: Executor
    count: int
    """Blocks to hand out at a time for each input."""
    deadly: tuple[type[BaseException], ...] = ()
    """Errors that mean that a worker died, beyond those of `concurrent.futures`."""


def resolve_threads(threads: int) -> int:
    """Turn the -T number into a number of processes: 0 means one for each core that this process may use."""
    if isinstance(threads, bool) or not isinstance(threads, int) or not 0 <= threads <= _MAX_THREADS:
        raise UsageError(f"threads must be 0 (all cores) to {_MAX_THREADS}, not {threads!r}")
    return threads or usable_cores()


class _Counter:
    """Passes a codec's progress on, and makes every block count for exactly its size."""

    def __init__(self, total: int, report: Progress) -> None:
        self.left = total
        self.report = report

    def __call__(self, count: int) -> None:
        count = max(0, min(count, self.left))
        self.left -= count
        self.report(count)


class BlockRunner:
    """Does tasks one at a time and keeps the codec of the last one: one frame has one codec."""

    def __init__(self) -> None:
        self._built: tuple[CodecReference, BlockCodec] | None = None

    def run(self, task: BlockTask, progress: Progress | None = None) -> bytes:
        """Encode or decode one block here and now."""
        if self._built is None or self._built[0] != task.codec:
            self._built = None  # frees the old tables first
            self._built = (task.codec, task.codec.build())
        codec = self._built[1]
        needed = codec.memory_bytes(task.original_bytes)
        if task.memory_limit is not None and needed > task.memory_limit:
            raise LimitError(
                f"a block needs {format_bytes(needed)} of memory; {format_bytes(task.memory_limit)} are allowed"
            )
        counter = _Counter(task.original_bytes, progress) if progress else None
        if task.direction == "encode":
            result = codec.encode_block(task.data, counter)
        else:
            result = codec.decode_block(task.data, task.original_bytes, counter)
        if counter:
            counter(counter.left)
        return result


# --- in the worker ---------------------------------------------------------------------------------------------

_shared_count: Any = None
_runner = BlockRunner()


def _start_worker(shared_count: Any) -> None:  # noqa: ANN401 - multiprocessing gives its shared values no public type
    global _shared_count
    _shared_count = shared_count
    become_worker()


def become_worker() -> None:
    """Leave Ctrl-C to the owner of this process, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    # A worker whose owner was killed would wait for work for ever: it holds both ends of its own queue.
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_in_worker(task: BlockTask) -> bytes:
    def report(count: int) -> None:
        with _shared_count.get_lock():
            _shared_count.value += count

    return _runner.run(task, report)


_of_this_thread = threading.local()


def run_alone(task: BlockTask) -> bytes:
    """Do a task in a worker of somebody else, which may have several threads; each keeps the codec of its last task."""
    if not hasattr(_of_this_thread, "runner"):
        _of_this_thread.runner = BlockRunner()
    runner: BlockRunner = _of_this_thread.runner
    return runner.run(task)


# --- in the owner ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    # A child inherits the mask, so Ctrl-C on a terminal, sent to the whole group, cannot print its traceback.
    # A signal that arrives meanwhile is delivered to us on leaving.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class OrderedWork(Generic[_Tag]):
    """Runs block tasks and gives their results back in the order they were put.

    Invariants: `_pending` is in order of arrival; `_held` is younger than all of `_pending`; both together hold
    at most `threads` blocks between two calls; with `workers`, as many as they do at a time, and none is held here.
    """

    def __init__(self, threads: int = 1, progress: Progress | None = None, workers: Workers | None = None) -> None:
        self._workers = workers
        self._threads = workers.count if workers else resolve_threads(threads)
        self._progress = progress
        self._pending: deque[tuple[_Tag, Future[bytes]]] = deque()
        self._sizes: dict[Future[bytes], int] = {}
        """Of blocks in the hands of `workers`, which tell no progress: they count when they come back."""
        self._held: tuple[_Tag, BlockTask] | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._shared_count: Any = None
        self._seen_count = 0
        self._runner = BlockRunner()

    def put(self, tag: _Tag, task: BlockTask | bytes) -> Iterator[tuple[_Tag, bytes]]:
        """Hand in the next block and iterate over what is ready; bytes stand for a block that needs no work.

        Nothing happens before the iteration, which must reach its end.
        """
        if self._threads == 1 and self._workers is None:
            yield tag, self._run_here(task)
            return
        while len(self._pending) + (self._held is not None) >= self._threads:
            yield self._oldest()
        if isinstance(task, bytes):
            while self._held:
                yield self._oldest()
            done: Future[bytes] = Future()
            done.set_result(self._run_here(task))
            self._pending.append((tag, done))
        elif self._pool is None and self._held is None and self._workers is None:
            self._held = (tag, task)
        else:
            held, self._held = self._held, None
            if held:
                self._submit(*held)
            self._submit(tag, task)
        while self._pending and self._pending[0][1].done():
            yield self._oldest()

    def finish(self) -> Iterator[tuple[_Tag, bytes]]:
        """Iterate over everything that is still under way; afterwards `put` may start again."""
        while self._pending or self._held:
            yield self._oldest()

    def close(self, *, kill: bool = False) -> None:
        """End the workers; `kill` does not wait for what they are doing."""
        pool, self._pool, self._held = self._pool, None, None
        for _, future in self._pending:
            future.cancel()  # what has begun in a pool goes on, see below; a cluster forgets it
        self._pending.clear()
        if pool is None:
            return
        if kill:
            # Public as kill_workers() from Python 3.14 on; before, only a private dictionary knows the processes.
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.kill()
        pool.shutdown(wait=True, cancel_futures=True)

    def _run_here(self, task: BlockTask | bytes) -> bytes:
        if isinstance(task, BlockTask):
            return self._runner.run(task, self._progress)
        if self._progress:
            self._progress(len(task))
        return task

    def _submit(self, tag: _Tag, task: BlockTask) -> None:
        if self._workers is not None:
            with self._clear_errors():
                future = self._workers.executor.submit(run_alone, task)
            self._sizes[future] = task.original_bytes
            self._pending.append((tag, future))
            return
        with _sigint_blocked(), self._clear_errors():
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._shared_count = context.Value(ctypes.c_uint64)
                self._seen_count = 0
                self._pool = ProcessPoolExecutor(
                    self._threads, mp_context=context, initializer=_start_worker, initargs=(self._shared_count,)
                )
            future = self._pool.submit(_run_in_worker, task)
        self._pending.append((tag, future))

    def _oldest(self) -> tuple[_Tag, bytes]:
        if not self._pending:
            assert self._held is not None  # noqa: S101 - the callers' loop condition
            (tag, task), self._held = self._held, None
            return tag, self._run_here(task)
        tag, future = self._pending.popleft()
        with self._clear_errors():
            # Waiting in short steps keeps Ctrl-C alive on every platform and moves the progress bar.
            while not wait([future], timeout=_POLL_SECONDS).done:
                self._report_shared()
            self._report_shared()
            result = future.result()
        if self._progress and future in self._sizes:
            self._progress(self._sizes.pop(future))
        return tag, result

    def _report_shared(self) -> None:
        if self._progress and self._shared_count is not None:
            count = int(self._shared_count.get_obj().value)  # no lock: a killed worker may still hold it
            self._progress(count - self._seen_count)
            self._seen_count = count

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        theirs = self._workers.deadly if self._workers else ()
        deadly: tuple[type[BaseException], ...] = (BrokenProcessPool, *theirs)
        try:
            yield
        except deadly as error:
            where = "a worker of the cluster" if self._workers else "a worker process"
            raise PredzipError(
                f"{where} died: killed, or out of memory (use fewer threads);"
                " a script must call predzip under: if __name__ == '__main__'"
            ) from error

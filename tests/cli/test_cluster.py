"""`--dask`: the same files and messages as without, and a worker that is killed changes nothing."""

from __future__ import annotations

import os
import signal
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import corpus
import predzip
from conftest import CommandLine
from predzip.cli import run as runs
from predzip.cli.cluster import open_cluster
from predzip.codecs.registry import choose_codec
from predzip.errors import PredzipError
from predzip.parallel import BlockTask, OrderedWork, Workers

METHOD = ("--method", "frequency")


def tasks(count: int) -> list[BlockTask]:
    reference = choose_codec(method="frequency").codec
    return [BlockTask(reference, "encode", data, len(data)) for data in (corpus.noise(100 + n) for n in range(count))]


def results(work: OrderedWork[int], given: list[BlockTask]) -> list[tuple[int, bytes]]:
    done = [each for number, task in enumerate(given) for each in work.put(number, task)]
    return [*done, *work.finish()]


def test_blocks_come_back_in_order_and_count() -> None:
    given = tasks(7)
    counts: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        done = results(OrderedWork(1, counts.append, Workers(pool, 3)), given)
    assert done == results(OrderedWork(1), given)
    assert sum(counts) == sum(task.original_bytes for task in given)


def test_a_lost_worker_is_a_clear_error() -> None:
    class Losing(ThreadPoolExecutor):
        def submit(self, *_arguments: Any, **_options: Any) -> Any:
            future = super().submit(int)
            future.result()
            future._exception = CancelledError()  # type: ignore[attr-defined]
            return future

    with Losing(1) as pool, pytest.raises(PredzipError, match="a worker of the cluster died"):
        results(OrderedWork(1, None, Workers(pool, 1, (CancelledError,))), tasks(1))


def test_files_side_by_side_are_those_one_by_one(
    predzip_run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    @contextmanager
    def threads(_address: str, _threads: int) -> Any:
        with ThreadPoolExecutor(2) as pool:
            yield Workers(pool, 2)

    monkeypatch.setattr(runs, "open_cluster", threads)
    outcomes = []
    for folder, more in (("a", ()), ("b", ("--dask", "local"))):
        Path(folder, "in").mkdir(parents=True)
        for number in range(6):
            Path(folder, "in", f"{number}.txt").write_bytes(corpus.book(300 * number))
        Path(folder, "in", "3.txt.pz").write_bytes(b"here already")
        monkeypatch.chdir(tmp_path / folder if (tmp_path / folder).exists() else folder)
        packed = predzip_run("-rv", *METHOD, *more, "in", "gone.txt", "in/1.txt")
        bad = Path("in/5.txt.pz")
        bad.write_bytes(bad.read_bytes()[:-3])
        opened = predzip_run("-drf", *more, "in")
        words = [line.rpartition(",")[0] if " bytes, " in line else line for line in packed.err.splitlines()]
        files = {path.name: path.read_bytes() for path in sorted(Path("in").iterdir())}
        outcomes.append((packed.code, words, opened.code, opened.err, files))
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(runs, "open_cluster", threads)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == outcomes[0][2] == 1
    assert predzip.decompress(outcomes[1][4]["4.txt.pz"]) == corpus.book(1200)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_worker_changes_nothing() -> None:
    pytest.importorskip("distributed")
    given = tasks(4)
    with open_cluster("local", 1) as workers:
        client: Any = workers.executor._client  # type: ignore[attr-defined]
        (process,) = client.run(os.getpid).values()
        work: OrderedWork[int] = OrderedWork(1, None, workers)
        done = list(work.put(0, given[0]))
        os.kill(process, signal.SIGKILL)
        for number, task in enumerate(given[1:], 1):
            done += work.put(number, task)
        done += work.finish()
    assert done == results(OrderedWork(1), given)

"""A Dask cluster, connected to or started here: what `--dask` means to every command that has it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, cast

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError

LOCAL = "local"
"""Address that stands for workers on this machine, as long as the command runs."""


@dataclass(frozen=True)
class Cluster:
    """Workers that answered."""

    client: Any
    count: int
    """Threads of all workers together."""
    deadly: tuple[type[BaseException], ...]
    """Errors that mean that a worker died."""

    def executor(self) -> Executor:
        """Make an executor; work with equal arguments is done again, not remembered."""
        return cast(Executor, self.client.get_executor(pure=False))


@contextlib.contextmanager
def connected(address: str, workers: int, log_level: int = logging.ERROR) -> Iterator[Cluster]:
    """Connect to a scheduler, or start one.

    Args:
        address: of a scheduler; "local": start `workers` processes here.
        workers: for "local"; those of an address count themselves.
        log_level: what workers started here log: one that is slow to end is no news.

    Raises:
        MissingExtraError: dask is not installed.
        UsageError: nobody answers there.
    """
    distributed = load_extra("distributed", "dask[distributed]", "dask")
    where: dict[str, Any] = {"address": address}
    if address == LOCAL:
        where = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
        where |= {"dashboard_address": None, "silence_logs": log_level}
    try:
        client = distributed.Client(**where, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--dask {address}: {error}") from error
    try:
        count = max(1, sum(client.nthreads().values()))
        yield Cluster(client, count, (distributed.scheduler.KilledWorker, distributed.CancelledError))
    finally:
        client.close()

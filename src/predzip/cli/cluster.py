"""`--dask` for files: workers of a Dask cluster, as `predzip.parallel` takes them."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

from predzip.cluster import connected
from predzip.parallel import Workers, resolve_threads


@contextlib.contextmanager
def open_cluster(address: str, threads: int = 1) -> Iterator[Workers]:
    """Connect to a scheduler, or start one with workers on this machine.

    Blocks travel to the workers and back; files are read and written here alone. A block whose worker was killed goes
    to another one: that is Dask's own doing.

    Args:
        address: of a scheduler; "local": start `threads` workers here.
        threads: 0 takes all cores; the workers of an address count themselves.

    Raises:
        MissingExtraError: dask is not installed.
        UsageError: nobody answers there.
    """
    # A block of 16 MiB is what we mean to send.
    warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
    with connected(address, resolve_threads(threads), logging.CRITICAL) as cluster:
        yield Workers(cluster.executor(), cluster.count, cluster.deadly)

"""Work that kills its own process: for tests of what happens to the work of others."""

from __future__ import annotations

import os
import signal

from predzip.experiments.paper.work import Item, Part, measure

MARK = "already-died"


def once(item: Item) -> Part:
    """Die at the third item, the first time anybody does it."""
    mark = item.path.with_name(MARK)
    if item.index == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return measure(item)


def always(item: Item) -> Part:
    """Die at every first item of gzip."""
    if item.index == 0 and item.compressor == "gzip":
        os.kill(os.getpid(), signal.SIGKILL)
    return measure(item)

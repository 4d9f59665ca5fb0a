"""Progress on standard error: bytes, rate and time left, only where a person is looking.

Rich is imported when the first bar is drawn, which is after `_PATIENCE_SECONDS`: quick work never pays for it.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE_SECONDS = 0.3
_UPDATE_SECONDS = 0.1
_NAME_CHARS = 24


class Bar:
    """A progress bar for one file; a context manager that can be called with a number of bytes done.

    Args:
        name: what to call the work.
        total_bytes: how many bytes will be done; None where nobody knows.
        shown: False for a bar that draws nothing.
    """

    def __init__(self, name: str, total_bytes: int | None, *, shown: bool) -> None:
        self._name = name if len(name) <= _NAME_CHARS else f"…{name[1 - _NAME_CHARS :]}"
        self._total_bytes = total_bytes
        self._shown = shown
        self._done_bytes = 0
        self._started = self._updated = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Time since the bar was made."""
        return time.monotonic() - self._started

    def __call__(self, count: int) -> None:
        """Add finished bytes."""
        self._done_bytes += count
        if not self._shown:
            return
        now = time.monotonic()
        if self._bar is None and now - self._started >= _PATIENCE_SECONDS:
            self._draw()
        if self._bar is not None and self._task is not None and now - self._updated >= _UPDATE_SECONDS:
            self._updated = now
            self._bar.update(self._task, completed=self._done_bytes)

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(file=sys.stderr),
            transient=True,
            expand=True,
            speed_estimate_period=30.0,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._name, total=self._total_bytes, completed=self._done_bytes)

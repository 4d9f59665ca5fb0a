"""What a run tells: a line of progress on the screen, and every measurement as JSON Lines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, TextIO

from predzip.units import format_bytes

_SECONDS_BETWEEN_LINES = 30.0
_SECONDS_ON_TERMINAL = 0.5


def read_log(path: Path) -> list[dict[str, Any]]:
    """All records; a last line that a crash cut short is left out."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


class Log:
    """Appends records to a file; a run that resumes first drops what lies behind its checkpoint.

    Args:
        path: of the JSON Lines file.
        step: of the checkpoint that the run goes on from, None for a new run.
    """

    def __init__(self, path: Path, step: int | None) -> None:
        kept = [record for record in read_log(path) if record.get("step", 0) <= step] if step is not None else []
        path.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        self._path = path

    def write(self, event: str, **values: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Append one record."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **values}) + "\n")


def format_time(seconds: float) -> str:
    """Write a time for people: 45 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


class ProgressLine:
    """One line that is rewritten on a terminal, and a line now and then elsewhere.

    Args:
        stream: None for silence.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._terminal = stream is not None and stream.isatty()
        self._shown = float("-inf")
        self._open = False

    def show(self, *, step: int, seen: int, bytes_per_second: float, bits_per_byte: float, seconds_left: float) -> None:
        """Tell where the run is, unless it was told just now."""
        now = time.monotonic()
        pause = _SECONDS_ON_TERMINAL if self._terminal else _SECONDS_BETWEEN_LINES
        if self._stream is None or now - self._shown < pause:
            return
        self._shown = now
        text = (
            f"step {step}  {format_bytes(seen)}  {format_bytes(bytes_per_second)}/s  "
            f"{bits_per_byte:.4f} bits/byte  {format_time(seconds_left)} left"
        )
        self._write(text, stays=not self._terminal)

    def say(self, text: str) -> None:
        """Tell something that stays on the screen."""
        self._write(text, stays=True)

    def _write(self, text: str, *, stays: bool) -> None:
        if self._stream is None:
            return
        begin = "\r\x1b[K" if self._open else ""
        self._stream.write(f"{begin}{text}" + ("\n" if stays else ""))
        self._stream.flush()
        self._open = not stays

"""Files of JSON Lines that a run adds to, and that survive its being stopped in the middle of a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def append(path: Path, values: dict[str, Any]) -> None:
    """Add a line; one that was cut off before stays a line of its own."""
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")  # a line that a crash cut off: ours must not become its end
        file.write(json.dumps(values).encode() + b"\n")


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Read the lines, none where there is no file; what is no JSON object is passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if isinstance(values, dict):
                yield values

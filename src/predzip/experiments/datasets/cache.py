"""Prepared data in the user's cache folder: made once, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from predzip.places import user_cache_folder

FOLDER_VARIABLE = "PREDZIP_CACHE"
"""Environment variable that names another folder; on a cluster, one that every worker sees."""
_FORM = 1
"""Counts changes of how data is prepared: old files are then no longer found."""


def cache_folder() -> Path:
    """PREDZIP_CACHE, else the platform's folder for what can be made again."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_cache_folder()


def state_of(files: Iterable[Path]) -> list[list[object]]:
    """What tells whether files are still the same: name, size, time of the last change."""
    states: list[list[object]] = []
    for file in files:
        status = file.stat()
        states.append([str(file.absolute()), status.st_size, status.st_mtime_ns])
    return states


def prepared(label: str, recipe: object, pieces: Iterable[bytes], limit_bytes: int | None = None) -> Path:
    """Return the file that holds the pieces, writing it if it is not there.

    Args:
        label: start of the file's name, for people who look into the folder.
        recipe: plain values that decide the content: sources and their states, what is done to them.
        pieces: the content; not touched where the file is there.
        limit_bytes: stop after so many.
    """
    text = json.dumps([_FORM, recipe, limit_bytes], sort_keys=True, default=str)
    key = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    target = cache_folder() / "datasets" / f"{label}-{key}.bin"
    if target.is_file():
        return target
    with atomic_file(target) as temporary, temporary.open("wb") as file:
        left = limit_bytes
        for piece in pieces:
            part = piece if left is None else piece[:left]
            file.write(part)
            if left is not None:
                left -= len(part)
                if left <= 0:
                    break
    return target


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Give a temporary path that gets the target's name when all went well, and vanishes otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)

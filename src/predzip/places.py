"""Where a program keeps what can be made again, and what belongs to the user, on each platform."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_cache_folder() -> Path:
    """For what can be made again."""
    if sys.platform == "darwin":
        return _below(Path.home() / "Library" / "Caches")
    return _below(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))


def user_data_folder() -> Path:
    """For what somebody put there."""
    if sys.platform == "darwin":
        return _below(Path.home() / "Library" / "Application Support")
    return _below(Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"))


def _below(elsewhere: Path) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "predzip"
    return elsewhere / "predzip"

"""Where and with what a measurement was made; written beside every result."""

from __future__ import annotations

import datetime
import functools
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import predzip

_PACKAGES = (
    "numpy",
    "numba",
    "brotli",
    "pyppmd",
    "backports.zstd",
    "pillow",
    "imagecodecs",
    "soundfile",
    "distributed",
    "tokenizers",
)

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""Environment of a process that is one of several, or whose speed is measured: libraries start no threads."""


@functools.cache
def environment(command: str) -> dict[str, Any]:
    """Versions, machine, time and commit, as plain values."""
    return {
        "predzip": predzip.__version__,
        "commit": _commit(),
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": _versions(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the checkout that this package runs from, with "+" where files differ from it; None outside one."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        finished = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout.strip()

    try:
        # An installed copy may lie inside somebody else's repository, untracked.
        git("ls-files", "--error-unmatch", Path(__file__).name)
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None

"""The process that runs one codec in one direction: its peak memory is that codec's and nobody else's.

Reads a job as JSON from standard input and prints the outcome as JSON:

    {"name", "direction", "source", "target", "original", "layout", "original_bytes", "digest", "repeat"}
    {"bytes", "cpu_seconds", "wall_seconds", "peak_memory_bytes", "runs"}   or   {"error"}

Everything is warmed up before a clock starts. A quick codec runs more often than asked, until half a second is spent:
the best of many short runs says more than the best of three.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from predzip.codecs.media import Layout
from predzip.errors import CorruptError, PredzipError
from predzip.experiments.bench.contenders import WARM_UP_BYTES, build, warm_up

_ENOUGH_SECONDS = 0.5
_MAX_RUNS = 25


def peak_memory_bytes() -> int:
    """Largest resident size of this process so far; 0 where the system does not tell."""
    try:
        # Not getrusage where it can be helped: on Linux a child starts with its parent's peak.
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return _peak_on_windows()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _peak_on_windows() -> int:
    try:
        import psutil
    except ImportError:
        return 0
    return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))


def best_of(work: Callable[[], bytes], repeat: int) -> tuple[bytes, dict[str, float]]:
    """Run at least `repeat` times; return the result and the least time of either clock.

    Raises:
        CorruptError: two runs gave different bytes.
    """
    result: bytes | None = None
    cpu_seconds: list[float] = []
    wall_seconds: list[float] = []
    while len(cpu_seconds) < repeat or (len(cpu_seconds) < _MAX_RUNS and sum(wall_seconds) < _ENOUGH_SECONDS):
        cpu, wall = time.process_time(), time.perf_counter()
        made = work()
        cpu_seconds.append(time.process_time() - cpu)
        wall_seconds.append(time.perf_counter() - wall)
        if result is not None and made != result:
            raise CorruptError("two runs on the same input gave different bytes")
        result = made
    times = {"cpu_seconds": min(cpu_seconds), "wall_seconds": min(wall_seconds), "runs": len(cpu_seconds)}
    return result or b"", times


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job; the bytes made go to the job's target."""
    layout = Layout(**job["layout"]) if job["layout"] else None
    codec = build(job["name"], layout)
    with open(job["original"], "rb") as file:
        warm_up(codec, file.read(WARM_UP_BYTES))  # data of the same kind, so that the same kernels are ready
    source = Path(job["source"]).read_bytes()
    if job["direction"] == "compress":
        result, times = best_of(lambda: codec.compress(source), job["repeat"])
        Path(job["target"]).write_bytes(result)
    else:
        result, times = best_of(lambda: codec.decompress(source, job["original_bytes"]), job["repeat"])
        if hashlib.sha256(result).hexdigest() != job["digest"]:
            raise CorruptError("decompressing gave other bytes than the file's")
    return {"bytes": len(result), "peak_memory_bytes": peak_memory_bytes(), **times}


def main() -> None:
    """Read a job, do it, print the outcome."""
    try:
        outcome = run(json.load(sys.stdin))
    except PredzipError as error:
        outcome = {"error": str(error)}
    except Exception as error:  # a foreign library failed: that is an outcome too
        outcome = {"error": f"{type(error).__name__}: {error}"}
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()

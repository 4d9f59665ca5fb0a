"""The loop over files and codecs: every measurement in fresh processes, every result decoded and compared."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from predzip.codecs.media import Layout, find_layout, header_layout, picture_layout, sound_layout
from predzip.errors import MissingExtraError, UsageError
from predzip.experiments.bench.contenders import build, fits
from predzip.experiments.bench.environment import ONE_THREAD
from predzip.experiments.bench.results import Direction, Measurement


@dataclasses.dataclass(frozen=True)
class MediaHint:
    """What the person knows about files without a header."""

    image: tuple[int, int] | None = None
    """Width in pixels, channels."""
    audio: tuple[int, int] | None = None
    """Bits of a sample, channels."""

    def layout(self, data: bytes) -> Layout | None:
        """A header counts most, then what the person said, then what the bytes look like."""
        if (found := header_layout(data)) is not None:
            return found
        if self.image is not None:
            return picture_layout(data, *self.image)
        if self.audio is not None:
            return sound_layout(data, *self.audio)
        return find_layout(data)


def installed(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split names into those that can run and lines that say how to install the rest."""
    usable, lines = [], []
    for name in names:
        try:
            build(name).check_installed()
            usable.append(name)
        except MissingExtraError as error:
            lines.append(f"{name} is left out: {error}")
    return usable, lines


def expand(paths: Iterable[Path]) -> list[Path]:
    """Files as given; a folder stands for the files in it, by name.

    Raises:
        UsageError: there is no file.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        else:
            files.append(path)
    if not files:
        raise UsageError("no file to measure")
    return files


def measure_files(
    files: Iterable[Path],
    names: list[str],
    *,
    repeat: int = 1,
    hint: MediaHint | None = None,
    started: Callable[[Path, str], None] | None = None,
) -> Iterator[Measurement]:
    """Measure every codec on every file; a codec that does not fit a file gives a skipped row.

    Args:
        files: what to compress.
        names: as `contenders.select` gives them, installed.
        repeat: runs per direction, at least; the best counts.
        hint: where pixels or samples are in files without a header.
        started: called before each measurement, for a progress display.
    """
    hint = hint or MediaHint()
    for file in files:
        data = file.read_bytes()
        needs_layout = any(not fits(name, None) for name in names)
        layout = hint.layout(data) if needs_layout else None
        digest = hashlib.sha256(data).hexdigest()
        size = len(data)
        del data
        for name in names:
            if started is not None:
                started(file, name)
            yield _measure(file, size, digest, name, layout, repeat)


def _measure(file: Path, size: int, digest: str, name: str, layout: Layout | None, repeat: int) -> Measurement:
    codec = build(name)
    row = Measurement(file=file.as_posix(), original_bytes=size, codec=name, settings=codec.settings, note=codec.note)
    if not fits(name, layout):
        kind = "sound" if name == "flac" else "picture"
        return dataclasses.replace(row, status="skipped", message=f"not a {kind}")
    with tempfile.TemporaryDirectory(prefix="predzip-bench-") as folder:
        payload = Path(folder) / "payload"
        job = {
            "name": name,
            "original": str(file),
            "layout": dataclasses.asdict(layout) if layout and not fits(name, None) else None,
            "original_bytes": size,
            "digest": digest,
            "repeat": repeat,
            "target": str(payload),
        }
        packed = _run_worker({**job, "direction": "compress", "source": str(file)})
        if "error" in packed:
            return dataclasses.replace(row, status="failed", message=packed["error"])
        unpacked = _run_worker({**job, "direction": "decompress", "source": str(payload)})
        if "error" in unpacked:
            return dataclasses.replace(row, status="failed", message=unpacked["error"])
    return dataclasses.replace(
        row, compressed_bytes=packed.pop("bytes"), compress=Direction(**packed), decompress=_direction(unpacked)
    )


def _direction(outcome: dict[str, Any]) -> Direction:
    return Direction(**{key: value for key, value in outcome.items() if key != "bytes"})


def _run_worker(job: dict[str, Any]) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "predzip.experiments.bench.worker"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env={**os.environ, **ONE_THREAD},
        check=False,
    )
    if finished.returncode:
        last_line = (finished.stderr.strip().splitlines() or ["no message"])[-1]
        return {"error": f"the process ended with code {finished.returncode}: {last_line}"}
    outcome: dict[str, Any] = json.loads(finished.stdout)
    return outcome

"""Recordings to the paper's bytes: the top byte of each 16-bit sample, moved to 0..255; or both bytes, as they are.

The paper's code calls audioop.lin2lin(samples, 2, 1), which keeps the top byte, and adds 128. What does not fill a
chunk at the end of a recording is dropped, as there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError
from predzip.experiments.datasets.folders import files_below, tar_members

SUFFIXES = (".flac", ".wav", ".pcm")
RAW_SUFFIX = ".pcm"
_SAMPLES = 1 << 16
"""Read at once; a multiple of every chunk in use."""


def top_bytes(samples: NDArray[np.int16]) -> bytes:
    """8-bit sound as the paper makes it."""
    return ((samples >> 8) + 128).astype(np.uint8).tobytes()


def _bytes_of(samples: NDArray[np.int16], bits: int) -> bytes:
    return top_bytes(samples) if bits == 8 else samples.astype("<i2").tobytes()


def _recording(name: str, file: IO[bytes] | Path, bits: int, chunk_bytes: int) -> Iterator[bytes]:
    """One recording, cut to whole chunks."""
    waiting = b""
    for samples in _raw_samples(file) if name.lower().endswith(RAW_SUFFIX) else _read_samples(name, file):
        waiting += _bytes_of(samples, bits)
        whole = len(waiting) - len(waiting) % chunk_bytes
        yield waiting[:whole]
        waiting = waiting[whole:]


def _raw_samples(file: IO[bytes] | Path) -> Iterator[NDArray[np.int16]]:
    stream = file.open("rb") if isinstance(file, Path) else file
    with stream:
        while data := stream.read(2 * _SAMPLES):
            yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def _read_samples(name: str, file: IO[bytes] | Path) -> Iterator[NDArray[np.int16]]:
    soundfile = load_extra("soundfile", "soundfile", "audio")
    try:
        with soundfile.SoundFile(file) as sound:
            if sound.channels != 1:
                raise UsageError(f"{name} has {sound.channels} channels; the paper's speech has one")
            yield from sound.blocks(_SAMPLES, dtype="int16")
    except soundfile.LibsndfileError as error:
        raise UsageError(f"{name} is not a recording that libsndfile reads: {error}") from error


def recordings(path: Path, bits: int, chunk_bytes: int) -> Iterator[bytes]:
    """Bytes of one recording, of those below a folder in the order of their paths, or of those in a tar archive.

    Raises:
        UsageError: there is none, or one cannot be read.
    """
    if path.is_dir():
        for file in files_below(path, SUFFIXES, "recording"):
            yield from _recording(str(file), file, bits, chunk_bytes)
    elif path.name.lower().endswith(SUFFIXES):
        yield from _recording(str(path), path, bits, chunk_bytes)
    else:
        count = 0
        for name, data in tar_members(path, SUFFIXES):
            count += 1
            yield from _recording(f"{path}: {name}", io.BytesIO(data), bits, chunk_bytes)
        if not count:
            raise UsageError(f"{path} holds no recording ({', '.join(SUFFIXES)})")


def table_recordings(rows: Iterator[dict[str, Any]], bits: int, chunk_bytes: int) -> Iterator[bytes]:
    """Bytes of the column `audio` of a Hugging Face data set: floats from -1 to 1, which were 16-bit integers."""
    for row in rows:
        samples = np.rint(np.asarray(row["audio"]["array"]) * 32768).clip(-32768, 32767).astype(np.int16)
        data = _bytes_of(samples, bits)
        yield data[: len(data) // chunk_bytes * chunk_bytes]

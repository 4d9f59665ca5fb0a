"""Files that hold what was drawn: text that is safe to show, WAV, PNG."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError
from predzip.experiments.datasets.audio import top_bytes
from predzip.experiments.generation.records import Generated

_SHOWN_CONTROLS = "\n"


def readable(data: bytes) -> str:
    """Bytes as text; what is no text becomes a replacement sign, and controls become escapes."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(
        char if char.isprintable() or char in _SHOWN_CONTROLS else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def fenced(data: bytes) -> list[str]:
    """A block of text in Markdown that its content cannot end."""
    text = readable(data)
    longest = max((len(run) for run in _runs_of_backticks(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *text.split("\n"), fence]


def _runs_of_backticks(text: str) -> Iterable[str]:
    return ("".join(run) for run in "".join(char if char == "`" else " " for char in text).split())


def to_8_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Samples as unsigned bytes; 16-bit samples give their top byte, as in the paper.

    Raises:
        UsageError: they are neither unsigned 8-bit nor signed 16-bit, or not one channel.
    """
    if samples.ndim != 1 or samples.dtype not in (np.uint8, np.int16):
        raise UsageError(f"samples must be one channel of uint8 or int16, not {samples.dtype} of shape {samples.shape}")
    if samples.dtype == np.uint8:
        return samples
    return np.frombuffer(top_bytes(samples), np.uint8)


def write_wav(path: Path, samples: bytes, sample_rate: int) -> None:
    """Write unsigned 8-bit samples of one channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(sample_rate)
        file.writeframes(samples)


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write grey pixels.

    Raises:
        MissingExtraError: pillow is not installed.
    """
    load_extra("PIL.Image", "pillow", "image").fromarray(picture).save(path, "PNG", optimize=True)


def completed(patch: NDArray[np.uint8], half: int, drawn: bytes) -> NDArray[np.uint8]:
    """The picture with its right part replaced by what was drawn."""
    picture = patch.copy()
    picture[:, half:] = np.frombuffer(drawn, np.uint8).reshape(len(patch), -1)
    return picture


def differences(results: Iterable[Generated], truth: bytes) -> list[str]:
    """How far drawn samples or pixels are from the truth: mean absolute difference of bytes."""
    wanted = np.frombuffer(truth, np.uint8).astype(np.int32)
    lines = ["| source | mode | mean difference from the truth |", "|---|---|---:|"]
    for each in results:
        drawn = np.frombuffer(each.drawn, np.uint8).astype(np.int32)
        lines.append(f"| {each.source} | {each.mode} | {np.abs(drawn - wanted).mean():.1f} |")
    return lines

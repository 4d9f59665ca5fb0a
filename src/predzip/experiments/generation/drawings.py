"""The three figures as drawings, PNG and PDF."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.baselines import load_extra
from predzip.experiments.drawing import new_figure, save
from predzip.experiments.generation.outputs import readable
from predzip.experiments.generation.records import Generated

_COLUMNS = 62
_LAST_GIVEN_BYTES = 120
_FONT_RANGE = 0x250
"""Letters from here on may be missing in the font; they are drawn as a dot."""
_FLOOR_DECIBELS = -75
_GIVEN_COLOUR = "#64748b"
_DRAWN_COLOUR = "#c2410c"
_TRUE_COLOUR = "#0f172a"


def check_installed() -> None:
    """Refuse before anything is sampled what could not be drawn afterwards.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    load_extra("matplotlib", "matplotlib", "plot")


def draw_text(context: bytes, truth: bytes, results: list[Generated], target: Path) -> None:
    """What each source wrote, mode by mode, under what was given and what is true."""
    end = context[-_LAST_GIVEN_BYTES:]
    cut = f"given, the last {len(end)} of {len(context):,} bytes" if len(end) < len(context) else "given"
    blocks = [[(cut, "", _wrapped(end), _GIVEN_COLOUR), ("truth", "", _wrapped(truth), _TRUE_COLOUR)]]
    for source in dict.fromkeys(each.source for each in results):
        own = [each for each in results if each.source == source]
        blocks.append([(f"{source}, {each.mode}", _bits(each), _wrapped(each.drawn), _DRAWN_COLOUR) for each in own])
    heights = [2.8 + max(text.count("\n") for _, _, text, _ in block) for block in blocks]
    figure = new_figure(10.8, 0.165 * sum(heights) + 0.5)
    axes = figure.subplots(len(blocks), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    for panel in axes.flat:
        panel.set_axis_off()
    for row, block in zip(axes, blocks, strict=True):
        for panel, (title, bits, text, colour) in zip(row, block, strict=False):
            panel.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=3)
            panel.set_title(bits, loc="right", fontsize=8, color=_GIVEN_COLOUR, pad=3)
            panel.text(
                0, 1, text, va="top", family="monospace", fontsize=8.5, color=colour, parse_math=False, clip_on=False
            )
    save(figure, target.parent, target.name)


def draw_audio(given: bytes, truth: bytes, results: list[Generated], sample_rate: int, target: Path) -> None:
    """Spectrograms, a row for each source, a column for each mode; a line where the given part ends."""
    modes = list(dict.fromkeys(each.mode for each in results))
    sources = list(dict.fromkeys(each.source for each in results))
    figure = new_figure(4.6 * max(1, len(modes)) + 1.2, 1.6 * (len(sources) + 1) + 0.6)
    axes = figure.subplots(len(sources) + 1, len(modes), squeeze=False, sharex=True, sharey=True)
    for panel in axes[0]:
        shown = _spectrogram(panel, given + truth, len(given), sample_rate, "original", "truth")
    for row, source in zip(axes[1:], sources, strict=True):
        for panel, mode in zip(row, modes, strict=True):
            for each in results:
                if (each.source, each.mode) == (source, mode):
                    _spectrogram(panel, given + each.drawn, len(given), sample_rate, f"{source}, {mode}", "drawn")
                    panel.set_title(_bits(each), fontsize=8, loc="right", color=_GIVEN_COLOUR, pad=3)
    for panel in axes[-1]:
        panel.set_xlabel("seconds")
    for row in axes:
        row[0].set_ylabel("kHz")
    figure.colorbar(shown, ax=axes, label="dB, 0: a tone of full scale", aspect=60, fraction=0.03)
    save(figure, target.parent, target.name)


def draw_images(
    patch: NDArray[np.uint8],
    half: int,
    results: list[Generated],
    pictures: list[NDArray[np.uint8]],
    target: Path,
) -> None:
    """The original, what was given, and each completed picture."""
    given = np.repeat(patch[:, :, None], 3, axis=2)
    given[:, half:] = (226, 232, 240)
    tiles: list[tuple[str, NDArray[np.uint8]]] = [("original", patch), ("given", given)]
    tiles += [(f"{each.source}\n{each.mode}", picture) for each, picture in zip(results, pictures, strict=True)]
    columns = 4
    rows = -(-len(tiles) // columns)
    height = 2.8 * patch.shape[0] / patch.shape[1] + 0.6
    figure = new_figure(2.9 * columns, height * rows + 0.3)
    axes = figure.subplots(rows, columns, squeeze=False)
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, (title, picture) in zip(axes.flat, tiles, strict=False):
        panel.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        panel.axvline(half - 0.5, color=_DRAWN_COLOUR, linewidth=0.8)
        panel.set_title(title, fontsize=9)
    save(figure, target.parent, target.name)


def _spectrogram(panel: Any, samples: bytes, given: int, sample_rate: int, title: str, rest: str) -> Any:  # noqa: ANN401
    values = (np.frombuffer(samples, np.uint8).astype(np.float64) - 128) / 128
    window = min(128, max(8, len(values) // 16))
    step = max(1, window // 4)
    starts = range(0, max(1, len(values) - window + 1), step)
    frames = np.stack([np.resize(values[start : start + window], window) for start in starts]) * np.hanning(window)
    # A tone of full scale gives window / 4 behind a Hann window.
    decibels = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)).T / (window / 4) + 1e-5)
    seconds = len(values) / sample_rate
    image = panel.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, sample_rate / 2000),
        cmap="magma",
        vmin=_FLOOR_DECIBELS,
        vmax=0,
    )
    panel.axvline(given / sample_rate, color="white", linewidth=1, linestyle="--")
    panel.set_title(title, fontsize=9, loc="left", pad=3)
    border = given / max(1, len(values))
    box = {"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "pad": 1.5}
    for word, place, align in (("given", border - 0.015, "right"), (rest, border + 0.015, "left")):
        panel.text(
            place, 0.95, word, ha=align, va="top", color="white", fontsize=7.5, bbox=box, transform=panel.transAxes
        )
    return image


def _bits(result: Generated) -> str:
    """How likely the source thinks what it drew, and the truth."""
    truth = "" if result.truth_bits_per_byte is None else f"; truth {result.truth_bits_per_byte:.2f}"
    return f"{result.drawn_bits_per_byte:.2f} bits/byte{truth}"


def _wrapped(data: bytes) -> str:
    text = "".join(char if char == "\n" or ord(char) < _FONT_RANGE else "\u00b7" for char in readable(data))
    lines = [
        line
        for part in text.split("\n")
        for line in (textwrap.wrap(part, _COLUMNS, drop_whitespace=False, replace_whitespace=False) or [""])
    ]
    return "\n".join(lines)

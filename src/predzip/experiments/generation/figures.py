"""Figures 3 to 5 of the paper: text, sound and pictures continued by compressors, predictors and models.

    text     1,948 bytes of context, 100 drawn
    audio    the first half of a sample given, the second drawn, 8 bits as in the paper
    image    the left half of every row given, the right drawn, row by row

Each writes into a folder: results (NAME.jsonl), a page (NAME.md), the drawing (NAME.png, NAME.pdf), and what was drawn
as text, WAV or PNG, a file for each source and mode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import UsageError
from predzip.experiments.generation import drawings, outputs
from predzip.experiments.generation.base import Source
from predzip.experiments.generation.records import Generated, Settings, generate_all, table
from predzip.experiments.generation.sampling import Segment
from predzip.experiments.generation.sources import ADAPTIVE, find_source
from predzip.predictors.neural import catalogue

TEXT_CONTEXT_BYTES = 1948
TEXT_DRAWN_BYTES = 100
SAMPLE_RATE = 16_000
Started = Callable[[str, str], None]

_COMPRESSORS = {
    "text": ("gzip", "lzma", "ppm", ADAPTIVE),
    "audio": ("gzip", "lzma", "flac", ADAPTIVE),
    "image": ("gzip", "lzma", "png", ADAPTIVE),
}


def default_sources(modality: str) -> list[str]:
    """The compressors of the paper's figure, predzip, and every model that predicts bytes."""
    models = [f"model:{found.name}" for found in catalogue.installed()]
    return [*compressors_of(modality), *dict.fromkeys(models)]


def compressors_of(modality: str) -> list[str]:
    """The compressors of the paper's figure, and predzip."""
    return list(_COMPRESSORS[modality])


def text_figure(
    context: bytes,
    truth: bytes,
    folder: Path,
    sources: Sequence[str] | None = None,
    settings: Settings | None = None,
    *,
    name: str = "fig3",
    command: str = "",
    started: Started | None = None,
) -> list[Generated]:
    """Figure 3: continue a text.

    Args:
        context: what is given; the paper takes `TEXT_CONTEXT_BYTES`.
        truth: what follows it; as many bytes are drawn.
        folder: where everything is written; made if it is not there.
        sources: names as in `sources.find_source`; None: those of `default_sources`.
        settings: how to draw.
        name: of the files.
        command: what a person typed, for the records.
        started: called with source and mode before each.

    Raises:
        UsageError: nothing to continue, or an unknown source.
        MissingExtraError: matplotlib is not installed.
    """
    if not context or not truth:
        raise UsageError("a text figure needs a context and the bytes that follow it")
    drawings.check_installed()
    segments = [Segment(context, len(truth), truth)]
    results = _generate(name, "text", sources, segments, settings, folder, command, started)
    for each in results:
        (folder / f"{file_name(each)}.txt").write_bytes(each.drawn)
    shown = [f"Given, the last 300 of {len(context):,} bytes:", "", *outputs.fenced(context[-300:]), ""]
    shown += ["What follows in truth:", "", *outputs.fenced(truth), ""]
    for each in results:
        shown += [f"{each.source}, {each.mode}:", "", *outputs.fenced(each.drawn), ""]
    _page(folder / f"{name}.md", "Text continued", results, shown)
    drawings.draw_text(context, truth, results, folder / name)
    return results


def audio_figure(
    samples: NDArray[Any],
    folder: Path,
    sources: Sequence[str] | None = None,
    settings: Settings | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    name: str = "fig4",
    command: str = "",
    started: Started | None = None,
) -> list[Generated]:
    """Figure 4: continue a sound, of which the first half is given.

    Args:
        samples: unsigned 8-bit, or signed 16-bit, which are cut to their top byte as the paper does.
        folder: see `text_figure`; the next ones too.
        sources: see there.
        settings: see there.
        sample_rate: samples a second.
        name: see there.
        command: see there.
        started: see there.

    Raises:
        UsageError: no such samples, or an unknown source.
        MissingExtraError: matplotlib or the package of a codec is not installed.
    """
    drawings.check_installed()
    sound = outputs.to_8_bits(samples)
    half = len(sound) // 2
    if half < 1:
        raise UsageError("a sound needs at least two samples, one to give and one to draw")
    given, truth = sound[:half].tobytes(), sound[half:].tobytes()
    results = _generate(name, "audio", sources, [Segment(given, len(truth), truth)], settings, folder, command, started)
    outputs.write_wav(folder / f"{name}-original.wav", given + truth, sample_rate)
    for each in results:
        outputs.write_wav(folder / f"{file_name(each)}.wav", given + each.drawn, sample_rate)
    notes = [
        f"{len(sound):,} samples of 8 bits at {sample_rate:,} Hz; the first {half:,} were given.",
        "",
        *outputs.differences(results, truth),
    ]
    _page(folder / f"{name}.md", "Sound continued", results, notes)
    drawings.draw_audio(given, truth, results, sample_rate, folder / name)
    return results


def image_figure(
    patch: NDArray[np.uint8],
    folder: Path,
    sources: Sequence[str] | None = None,
    settings: Settings | None = None,
    *,
    name: str = "fig5",
    command: str = "",
    started: Started | None = None,
) -> list[Generated]:
    """Figure 5: complete a grey picture, of which the left half of every row is given.

    A source sees the rows in order: what was drawn (or, teacher-forced, what is true) of the rows above, then the left
    half of its row.

    Args:
        patch: grey pixels, (rows, columns).
        folder: see `text_figure`; the next ones too.
        sources: see there.
        settings: see there.
        name: see there.
        command: see there.
        started: see there.

    Raises:
        UsageError: no such picture, or an unknown source.
        MissingExtraError: matplotlib, pillow or the package of a codec is not installed.
    """
    drawings.check_installed()
    if patch.ndim != 2 or patch.dtype != np.uint8 or patch.shape[1] < 2:
        raise UsageError("a picture must be unsigned 8-bit grey, of two dimensions and two columns at least")
    half = patch.shape[1] // 2
    segments = [Segment(row[:half].tobytes(), len(row) - half, row[half:].tobytes()) for row in patch]
    results = _generate(name, "image", sources, segments, settings, folder, command, started, row_bytes=patch.shape[1])
    pictures = [outputs.completed(patch, half, each.drawn) for each in results]
    outputs.write_png(folder / f"{name}-original.png", patch)
    for each, picture in zip(results, pictures, strict=True):
        outputs.write_png(folder / f"{file_name(each)}.png", picture)
    notes = [
        f"{patch.shape[0]} rows of {patch.shape[1]} grey pixels; the left {half} of each were given.",
        "",
        *outputs.differences(results, patch[:, half:].tobytes()),
    ]
    _page(folder / f"{name}.md", "Picture completed", results, notes)
    drawings.draw_images(patch, half, results, pictures, folder / name)
    return results


def _generate(
    name: str,
    modality: str,
    sources: Sequence[str] | None,
    segments: Sequence[Segment],
    settings: Settings | None,
    folder: Path,
    command: str,
    started: Started | None,
    row_bytes: int = 0,
) -> list[Generated]:
    settings = settings or Settings()

    def make(source: str) -> Source:
        return find_source(
            source,
            modality,  # type: ignore[arg-type]
            row_bytes=row_bytes,
            look_ahead=settings.look_ahead,
            candidates=settings.candidates,
        )

    folder.mkdir(parents=True, exist_ok=True)
    names = default_sources(modality) if sources is None else sources
    return generate_all(name, names, make, segments, settings, folder / f"{name}.jsonl", command, started)


def file_name(result: Generated) -> str:
    """How the files of a result are called, without suffix."""
    source = re.sub(r"[^A-Za-z0-9.]+", "-", result.source).strip("-")
    return f"{result.figure}-{source}-{result.mode}"


def _page(path: Path, title: str, results: list[Generated], notes: list[str]) -> None:
    explanation = [
        "Bits/byte are code lengths under the source, of what it drew and of the true bytes. A rank is the place of",
        "the true continuation among the candidates of its step, 1 for the likeliest: the 256 next bytes where the",
        "probabilities are exact, else some continuations of several bytes, the true one among them.",
    ]
    settings = f"Temperature {results[0].temperature:g}, seed {results[0].seed}." if results else ""
    lines = [f"# {title}", "", settings, "", *table(results), "", *explanation, "", *notes]
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")

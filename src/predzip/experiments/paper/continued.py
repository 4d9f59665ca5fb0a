"""Figures 3 to 5 on the data of a run: chooses what is given, who draws, and puts what was drawn into the report.

What is continued is one chunk of 2,048 bytes. Of a text it is the chunk in the middle: 1,948 bytes are given and 100
drawn. Of pictures and speech it is the one of 16 chunks, spread evenly, both halves of which vary most, since a wall or
a pause is continued well by everybody; the first half of the sound is given, or the left half of each row of the patch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from predzip.errors import MissingExtraError, ModelError, UsageError
from predzip.experiments.datasets import Dataset
from predzip.experiments.datasets.dataset import PATCH_COLUMNS, PATCH_ROWS
from predzip.experiments.generation import figures
from predzip.experiments.generation.outputs import readable
from predzip.experiments.generation.records import Generated, Settings
from predzip.experiments.generation.sources import ADAPTIVE, find_source
from predzip.experiments.paper.compressors import (
    IMPORT_PREFIX,
    MODEL_PREFIX,
    OWN_PREFIX,
    SEVEN_BITS_PREFIX,
    WITH_PREFIX,
)
from predzip.experiments.paper.session import Session
from predzip.experiments.paper.tables import Grid
from predzip.experiments.report import Figure, Section

Modality = Literal["text", "audio", "image"]
FIGURES: dict[str, Modality] = {"fig3": "text", "fig4": "audio", "fig5": "image"}
_KINDS = {"text": ("text", "file"), "audio": ("audio", "audio16"), "image": ("image",)}
_TITLES = {"text": "a text continued", "audio": "speech continued", "image": "a picture completed"}
_HOW = {
    "text": "The chunk in the middle of the text: 1,948 bytes are given and 100 drawn.",
    "audio": "Of 16 chunks spread evenly, the one both halves of which vary most: the first is given, the"
    " second drawn.",
    "image": "Of 16 grey patches of 32 x 64 spread evenly, the one both halves of which vary most: the left half of"
    " each row is given, the right half drawn, row by row.",
}
_MODES = (
    "Autoregressive: what was drawn is taken for what came. Teacher-forced: the true bytes come, whatever was drawn."
    " Models and predictors draw byte by byte from exact probabilities; predzip's adaptive model by decoding random"
    " bits; compressors by how long their output becomes with each of 64 continuations of 8 bytes, 2 to the power of"
    " minus that length. Temperature 1, seed 0. Bits per byte are code lengths: nothing was coded."
)
_LOOKED_AT = 16
_NO_SOURCES = (SEVEN_BITS_PREFIX, IMPORT_PREFIX, WITH_PREFIX)


def run(name: str, session: Session) -> Section:
    """Draw one of `FIGURES`, write its files, and describe it.

    Args:
        name: "fig3", "fig4" or "fig5".
        session: its data, compressors and models, and where to write.
    """
    modality = FIGURES[name]
    title = f"Figure {name[-1]}: {_TITLES[modality]}"
    data = next((each for each in session.datasets if each.kind in _KINDS[modality]), None)
    if data is None:
        return Section(title, [f"No data is {modality}: nothing to continue."])
    try:
        return _drawn(name, title, modality, data, session)
    except MissingExtraError as error:
        session.missing.append(f"{title.partition(':')[0]} is left out: {error}")
        return Section(title, [session.missing[-1]])


def sources(modality: Modality, session: Session) -> list[str]:
    """Who draws: the paper's compressors and predzip, or those of the run that were named and take such data; models.

    What is not installed is left out, with a line in `session.missing`.
    """
    if session.compressors_named:
        wanted = [word for name in session.names if (word := _source_name(name))]
    else:
        wanted = figures.compressors_of(modality)
    wanted += [name for name in session.names if name.startswith(MODEL_PREFIX)]
    usable = []
    for name in dict.fromkeys(wanted):
        try:
            find_source(name, modality, row_bytes=PATCH_COLUMNS)
            usable.append(name)
        except (MissingExtraError, ModelError) as error:
            session.missing.append(f"{name} does not draw: {error}")
        except UsageError:  # it does not take such data: PNG in a text
            continue
    return usable


def chosen_chunk(data: Dataset) -> tuple[int, bytes]:
    """Number and bytes of the chunk that is continued, see above."""
    count = max(1, data.total_bytes // data.chunk_bytes)

    def read(number: int) -> bytes:
        return data.read(number * data.chunk_bytes, (number + 1) * data.chunk_bytes)

    if data.kind in _KINDS["text"]:
        return count // 2, read(count // 2)
    looked_at = min(_LOOKED_AT, count)
    numbers = [place * count // looked_at for place in range(looked_at)]
    number = max(numbers, key=lambda each: _variation(_signal(read(each), data.kind)))
    return number, read(number)


def _variation(signal: Any) -> float:  # noqa: ANN401
    half = len(signal) // 2
    return min(float(signal[:half].std()), float(signal[half:].std()))


def _signal(chunk: bytes, kind: str) -> Any:  # noqa: ANN401 - an array of either type
    return np.frombuffer(chunk, "<i2" if kind == "audio16" else np.uint8)


def _source_name(name: str) -> str | None:
    """The name in figures 3 to 5 of a compressor of the tables; None where it has none."""
    if name.startswith((*_NO_SOURCES, MODEL_PREFIX)):
        return None
    if name.startswith(OWN_PREFIX):
        word = name.removeprefix(OWN_PREFIX)
        return ADAPTIVE if word.isdecimal() else word
    return name


def _drawn(name: str, title: str, modality: Modality, data: Dataset, session: Session) -> Section:
    number, chunk = chosen_chunk(data)
    if modality == "image" and len(chunk) != PATCH_ROWS * PATCH_COLUMNS:
        raise UsageError(f"{data.name} holds no patch of {PATCH_ROWS} x {PATCH_COLUMNS} pixels")
    names = sources(modality, session)
    settings = Settings()
    if not session.resume:
        (session.out / f"{name}.jsonl").unlink(missing_ok=True)
    options: dict[str, Any] = {
        "name": name,
        "command": str(session.environment.get("command", "")),
        "started": _teller(name, len(names) * len(settings.modes), session.say),
    }
    samples_shown: list[tuple[str, str]] = []
    if modality == "text":
        drawn_bytes = min(figures.TEXT_DRAWN_BYTES, len(chunk) // 2)
        context, truth = chunk[:-drawn_bytes], chunk[-drawn_bytes:]
        results = figures.text_figure(context, truth, session.out, names, settings, **options)
        samples_shown = [("the end of what was given", readable(context[-300:])), ("the truth", readable(truth))]
        samples_shown += [(f"{each.source}, {each.mode}", readable(each.drawn)) for each in results]
    elif modality == "audio":
        samples = _signal(chunk, data.kind).astype(np.int16 if data.kind == "audio16" else np.uint8)
        results = figures.audio_figure(samples, session.out, names, settings, **options)
    else:
        patch = _signal(chunk, data.kind).reshape(PATCH_ROWS, PATCH_COLUMNS)
        results = figures.image_figure(patch, session.out, names, settings, **options)
    grid = _grid(title, results, f"{data.name}, chunk {number:,} of {data.chunk_bytes:,} bytes ({data.source})")
    session.write([grid], f"{name}-table")
    session.written += [session.out / f"{name}{suffix}" for suffix in (".md", ".png", ".pdf", ".jsonl")]
    shown = [Figure(session.out / f"{name}.png", title)]
    if modality == "audio":
        shown += _sounds(name, results, session.out)
    return Section(title, [_HOW[modality], _MODES], [grid], shown, samples_shown)


def _sounds(name: str, results: list[Generated], folder: Path) -> list[Figure]:
    found = [Figure(folder / f"{name}-original.wav", "the original")]
    for each in results:
        found.append(Figure(folder / f"{figures.file_name(each)}.wav", f"{each.source}, {each.mode}"))
    return found


def _teller(name: str, total: int, say: Callable[[str], None] | None) -> Callable[[str, str], None]:
    begun = 0

    def tell(source: str, mode: str) -> None:
        nonlocal begun
        begun += 1
        if say is not None:
            say(f"{name}: {source}, {mode}; {begun} of at most {total}")

    return tell


def _grid(title: str, results: list[Generated], what: str) -> Grid:
    def number(value: float | None, digits: int) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    rows = [
        [
            each.source,
            each.mode,
            number(each.drawn_bits_per_byte, 2),
            number(each.truth_bits_per_byte, 2),
            number(each.mean_rank, 1),
            str(each.candidates or "-"),
        ]
        for each in results
    ]
    notes = [
        what,
        "Bits: code length per byte under the source, of what it drew and of the truth. Rank: mean place of the true"
        " continuation among the candidates of its step, 1 for the likeliest.",
        "With 256 candidates they are single bytes, else continuations of 8 bytes, the true one among them: ranks of"
        " the two kinds do not compare.",
    ]
    return Grid(title, ["source", "mode", "bits drawn", "bits truth", "rank", "candidates"], rows, notes, 2)

"""Figure 6: the rate along the context, from 1 byte to a chunk: who is good from the first byte, who must learn first.

Mean over 100 sequences, chunks spread evenly over the data. A prefix of each length is compressed by itself, decoded
and compared; framing does not count at all here, or at 1 byte nothing else would be seen. Models: code length.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from predzip.experiments import drawing
from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import figures
from predzip.experiments.paper.compressors import MODEL_PREFIX, WITH_PREFIX, compressor
from predzip.experiments.paper.rows import Row
from predzip.experiments.paper.runner import cell_of
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.work import CURVE, Cell

_MOST_COLUMNS = 2
"""Of panels: more would be too small to read on a page."""
_HIGHEST = 160
"""Percent: above it, a curve leaves the picture."""


def cells(datasets: list[Dataset], names: list[str]) -> list[Cell]:
    """A curve for each compressor on each dataset, but those that are for data in one piece."""
    names = [name for name in names if not name.startswith(WITH_PREFIX)]
    return [cell_of(data, CURVE, name) for data in datasets for name in names if compressor(name).fits(data.kind)]


def grid(rows: list[Row]) -> Grid:
    """The numbers of the figure."""
    lengths = sorted({length for row in rows for length, _, _ in row.curve})
    body = []
    for row in rows:
        values = {length: rate for length, rate, _ in row.curve}
        mark = "≈" if row.code_length else ""
        cells = [f"{100 * values[length]:.1f}" if length in values else "-" for length in lengths]
        body.append([row.dataset, mark + row.compressor.removeprefix(MODEL_PREFIX), *cells])
    sequences = {row.key: row.units // max(1, len(row.curve)) for row in rows if row.ok}
    most = max(sequences.values(), default=0)
    fewer = sorted({number for number in sequences.values() if number < most})
    of_tokens = f", of {' or '.join(map(str, fewer))} for models over tokens" if fewer else ""
    notes = [
        f"Mean of {most} sequences{of_tokens}; framing not counted. ≈ code length; the others decoded and compared."
    ]
    notes += [f"{row.compressor} on {row.dataset}: FAILED: {row.message}" for row in rows if not row.ok]
    return Grid(
        "Figure 6: rate in percent along the context",
        ["data", "compressor", *(str(length) for length in lengths)],
        body,
        notes,
        text_columns=2,
    )


def draw(rows: list[Row], folder: Path) -> list[Path]:
    """Write the figure, a panel for each dataset."""
    datasets = list(dict.fromkeys(row.dataset for row in rows if row.curve))
    palette = figures.colours(list(dict.fromkeys(row.compressor for row in rows)))
    columns = min(_MOST_COLUMNS, max(1, len(datasets)))
    lines = -(-max(1, len(datasets)) // columns)
    figure = drawing.new_figure(5.6 * columns, 4.2 * lines + 0.4)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    panels: list[Any] = list(grid.flat)[: max(1, len(datasets))]
    for unused in list(grid.flat)[len(panels) :]:
        unused.set_axis_off()
    for axes, dataset in zip(panels, datasets, strict=False):
        for row in rows:
            if row.dataset == dataset and row.curve:
                lengths, means, errors = zip(*row.curve, strict=True)
                percent = [100 * mean for mean in means]
                colour = palette[row.compressor]
                axes.plot(
                    lengths,
                    percent,
                    "--" if row.code_length else "-",
                    color=colour,
                    linewidth=1.6,
                    label=row.compressor.removeprefix(MODEL_PREFIX),
                )
                low = [100 * (mean - 2 * error) for mean, error in zip(means, errors, strict=True)]
                high = [100 * (mean + 2 * error) for mean, error in zip(means, errors, strict=True)]
                axes.fill_between(lengths, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.set_xscale("log", base=2)
        axes.set_ylim(0, _HIGHEST)
        axes.set_title(dataset, fontsize=10)
        axes.set_xlabel("bytes of the sequence")
        drawing.tidy(axes)
    for axes in panels[::columns]:
        axes.set_ylabel("rate, %  (dashed: code length)")
    # Below the panels: inside, sixteen names would cover the curves.
    lines_of: dict[str, Any] = {}
    for axes in panels:
        for line, name in zip(*axes.get_legend_handles_labels(), strict=True):
            lines_of.setdefault(name, line)
    figure.legend(lines_of.values(), lines_of.keys(), loc="outside lower center", ncols=3 * columns, fontsize=8)
    return drawing.save(figure, folder, "fig6")

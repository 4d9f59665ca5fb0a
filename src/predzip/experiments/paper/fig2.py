"""Figure 2: the adjusted rate against the size of a model, for data of several sizes.

The larger the data, the larger a model it pays for: each curve falls while better prediction saves more than the
parameters cost, and rises after its critical point. The raw rates are measured (`table1`); that they would be the same
on 10 MB, 100 MB or 1 GB of such data is an extrapolation, and so is the dotted line past the largest model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from predzip.experiments import drawing
from predzip.experiments.paper import rates
from predzip.experiments.paper.rows import Row
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.work import CHUNKED
from predzip.units import format_bytes

DATA_BYTES = {"enwik7": 10**7, "enwik8": 10**8, "enwik9": 10**9}
"""The paper's, by the names of its data."""
_PAST = 100
"""How far beyond the largest model the dotted line goes."""


@dataclass(frozen=True)
class Point:
    """A model on one dataset."""

    name: str
    parameters: int
    raw_rate: float

    def adjusted(self, data_bytes: int) -> float:
        """Adjusted rate if the raw rate holds for so much data."""
        return self.raw_rate + rates.PAPER_BYTES_PER_PARAMETER * self.parameters / data_bytes


def points(rows: list[Row]) -> dict[str, list[Point]]:
    """Dataset of text -> its models by size."""
    found: dict[str, list[Point]] = {}
    for row in rows:
        if row.ok and row.parameters and row.cut == CHUNKED and row.kind in ("text", "file"):
            name = row.compressor.partition(":")[2]
            found.setdefault(row.dataset, []).append(Point(name, row.parameters, row.raw_rate))
    return {name: sorted(each, key=lambda point: point.parameters) for name, each in found.items()}


def critical(each: list[Point], data_bytes: int) -> Point:
    """The model with the least adjusted rate."""
    return min(each, key=lambda point: point.adjusted(data_bytes))


def trend(each: list[Point]) -> tuple[float, float] | None:
    """(a, b) of raw rate = a * parameters^-b, by least squares of the logarithms; None where nothing falls."""
    if len({point.parameters for point in each}) < 2:
        return None
    xs = [math.log(point.parameters) for point in each]
    ys = [math.log(point.raw_rate) for point in each]
    middle, level = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - middle) * (y - level) for x, y in zip(xs, ys, strict=True)) / sum((x - middle) ** 2 for x in xs)
    return (math.exp(level - slope * middle), -slope) if slope < 0 else None


def grid(found: dict[str, list[Point]], rows: list[Row]) -> Grid:
    """The numbers of the figure, with the critical points marked."""
    body = []
    for dataset, each in found.items():
        for point in each:
            cells = [dataset, point.name, f"{point.parameters:,}", f"{100 * point.raw_rate:.2f}"]
            for size in DATA_BYTES.values():
                mark = " *" if critical(each, size) == point else ""
                cells.append(f"{100 * point.adjusted(size):.2f}{mark}")
            body.append(cells)
    measured = sorted({row.original_bytes for row in rows if row.parameters and row.ok})
    sizes = ", ".join(f"{size:,}" for size in measured)
    headings = ["data", "model", "parameters", "raw, %", *(f"on {format_bytes(size)}" for size in DATA_BYTES.values())]
    return Grid(
        "Figure 2: adjusted rate in percent, 2 bytes a parameter",
        headings,
        body,
        [
            "* critical point: the best of these models for data of that size",
            f"Raw rates were measured on {sizes} bytes and taken to be the same for other sizes: an extrapolation.",
        ],
        text_columns=2,
    )


def draw(found: dict[str, list[Point]], folder: Path) -> list[Path]:
    """Write the figure, a panel for each dataset."""
    figure = drawing.new_figure(6.2 * len(found), 4.6)
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    palette = ("#94a3b8", "#3b82f6", "#c2410c")
    for axes, (dataset, each) in zip(panels, found.items(), strict=True):
        fitted = trend(each)
        largest = each[-1].parameters
        for colour, (name, size) in zip(palette, DATA_BYTES.items(), strict=True):
            xs = [point.parameters for point in each]
            label = f"{format_bytes(size)} (as {name})"
            axes.plot(xs, [100 * point.adjusted(size) for point in each], "o-", color=colour, label=label)
            best = critical(each, size)
            axes.plot(best.parameters, 100 * best.adjusted(size), "*", color=colour, markersize=16)
            if fitted is not None:
                a, b = fitted
                line = [largest * _PAST ** (step / 40) for step in range(41)]
                values = [100 * (a * x**-b + rates.PAPER_BYTES_PER_PARAMETER * x / size) for x in line]
                axes.plot(line, values, ":", color=colour)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,g}")
        # Between powers of ten only 2 and 5 have room for a number.
        axes.yaxis.set_minor_formatter(lambda value, _position: f"{value:,g}" if f"{value:e}"[0] in "25" else "")
        axes.set_xlabel("parameters")
        axes.set_ylabel("adjusted rate, % (2 bytes a parameter)")
        dotted = "; dotted: a power law, extrapolated" if fitted else "; no trend to extrapolate"
        axes.set_title(f"{dataset}\n★ critical point{dotted}", fontsize=10)
        axes.legend(title="if the raw rate holds for", fontsize=8, title_fontsize=8)
        drawing.tidy(axes)
    return drawing.save(figure, folder, "fig2")

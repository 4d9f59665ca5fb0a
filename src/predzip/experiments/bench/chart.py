"""Size against speed: one dot for each codec, compressing on the left, decompressing on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from predzip.codecs.baselines import load_extra
from predzip.errors import UsageError
from predzip.experiments.bench.contenders import OWN_PREFIX
from predzip.experiments.bench.results import Measurement, totals
from predzip.experiments.drawing import new_figure
from predzip.units import format_bytes

_OWN_COLOUR = "#c2410c"
_OTHER_COLOUR = "#475569"
_GRID_COLOUR = "#e2e8f0"
_DOT_RADIUS_POINTS = 4.0
_SUFFIXES = (".png", ".svg", ".pdf")
_LABEL_PLACES = [
    (horizontal * distance, vertical * distance)
    for distance in (7, 12, 18, 26, 36, 48)
    for horizontal, vertical in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.8, 0.8), (0.8, -0.8), (-0.8, 0.8), (-0.8, -0.8))
]
"""Offsets of a label from its dot in points, best first."""


def check_target(target: Path) -> None:
    """Refuse before anything is measured what could not be drawn afterwards.

    Raises:
        MissingExtraError: matplotlib is not installed.
        UsageError: a suffix that stands for no kind of picture.
    """
    load_extra("matplotlib", "matplotlib", "plot")
    if target.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"--plot: a chart ends in {', '.join(_SUFFIXES)}, not {target.suffix or target.name!r}")


def draw(measurements: list[Measurement], target: Path) -> None:
    """Write the chart; the suffix of the target decides its format.

    Raises:
        MissingExtraError: matplotlib is not installed.
        UsageError: nothing to draw, or an unknown suffix.
    """
    check_target(target)
    rows = [row for row in totals(measurements) if row.ok and row.compress and row.decompress]
    if not rows:
        raise UsageError("--plot: nothing was measured on every file")
    figure = new_figure(11, 5)
    panels = figure.subplots(1, 2, sharey=True)
    _panel(panels[0], rows, lambda row: row.compress_bytes_per_second, "compress")
    _panel(panels[1], rows, lambda row: row.decompress_bytes_per_second, "decompress")
    panels[0].set_ylabel("bits per byte (lower is smaller)")
    figure.suptitle(_title(measurements, rows[0]), fontsize=11)
    figure.canvas.draw()  # fixes the layout, so that labels can be measured
    for panel in panels:
        _place_labels(panel, figure.canvas.get_renderer())
    figure.savefig(target, dpi=150)


def _title(measurements: list[Measurement], row: Measurement) -> str:
    files = {measurement.file for measurement in measurements}
    name = Path(next(iter(files))).name if len(files) == 1 else f"{len(files)} files"
    return f"{name}, {row.original_bytes:,} bytes: size against speed on one core"


def _panel(axes: Any, rows: list[Measurement], speed: Callable[[Measurement], float], heading: str) -> None:  # noqa: ANN401
    axes.set_xscale("log")
    axes.grid(visible=True, which="major", color=_GRID_COLOUR, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(f"{heading}: original bytes per second of processor time")
    axes.xaxis.set_major_formatter(lambda value, _position: f"{format_bytes(value)}/s")
    for row in rows:
        colour = _OWN_COLOUR if row.codec.startswith(OWN_PREFIX) else _OTHER_COLOUR
        axes.plot(speed(row), row.bits_per_byte, "o", markersize=2 * _DOT_RADIUS_POINTS, color=colour, gid=row.codec)
    own = sorted((speed(row), row.bits_per_byte) for row in rows if row.codec.startswith(OWN_PREFIX))
    axes.plot(*zip(*own, strict=True), "-", color=_OWN_COLOUR, linewidth=1, alpha=0.5) if own else None
    axes.margins(x=0.12, y=0.1)


def _place_labels(axes: Any, renderer: Any) -> None:  # noqa: ANN401
    """Put each name beside its dot where it covers neither a dot nor another name."""
    dots = [line for line in axes.lines if line.get_gid()]
    centres = [axes.transData.transform((line.get_xdata()[0], line.get_ydata()[0])) for line in dots]
    pixels = axes.figure.dpi / 72
    radius = _DOT_RADIUS_POINTS * pixels
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in centres]
    for line in sorted(dots, key=lambda line: not line.get_gid().startswith(OWN_PREFIX)):
        best = None
        for dx, dy in _LABEL_PLACES:
            label = axes.annotate(
                line.get_gid(),
                (line.get_xdata()[0], line.get_ydata()[0]),
                (dx, dy),
                textcoords="offset points",
                ha="left" if dx > 0 else "right" if dx < 0 else "center",
                va="bottom" if dy > 0 else "top" if dy < 0 else "center",
                fontsize=9,
                color=line.get_color(),
                arrowprops={"arrowstyle": "-", "color": _OTHER_COLOUR, "linewidth": 0.5}
                if abs(dx) + abs(dy) > 20
                else None,
            )
            box = label.get_window_extent(renderer).extents
            if best is not None:
                best.remove()
            best = label
            if not any(_overlap(box, other) for other in taken) and _inside(box, axes.bbox.extents):
                taken.append(tuple(box))
                break


def _overlap(a: Any, b: Any) -> bool:  # noqa: ANN401
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def _inside(a: Any, b: Any) -> bool:  # noqa: ANN401
    return bool(b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3])

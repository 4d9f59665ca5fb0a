"""What all figures have in common: a canvas without a display, few lines, a PNG beside a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from predzip.codecs.baselines import load_extra

_DOTS_PER_INCH = 150


def new_figure(width: float, height: float) -> Any:  # noqa: ANN401 - matplotlib is loaded late
    """An empty figure, in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    load_extra("matplotlib", "matplotlib", "plot")
    # Not pyplot: it would look for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Any) -> None:  # noqa: ANN401
    """Fewer lines."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, which="major", color="#e2e8f0", linewidth=0.8)
    axes.set_axisbelow(True)


def save(figure: Any, folder: Path, stem: str) -> list[Path]:  # noqa: ANN401
    """Write PNG and PDF; equal data gives equal files."""
    folder.mkdir(parents=True, exist_ok=True)
    png, pdf = folder / f"{stem}.png", folder / f"{stem}.pdf"
    figure.savefig(png, dpi=_DOTS_PER_INCH, metadata={"Software": None})
    figure.savefig(pdf, metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return [png, pdf]

"""The learning curve as a figure, beside the log that it was drawn from (extra `plot`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw_curve(records: list[dict[str, Any]], path: Path) -> None:
    """Draw bits a byte against bytes seen: training smoothed, held-out by kind.

    Args:
        records: of a log.
        path: of the picture; its suffix says which format.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    trained = [record for record in records if record["event"] == "train"]
    axes.plot(
        [record["seen"] / 1e6 for record in trained],
        [record["bits_per_byte"] for record in trained],
        color="0.7",
        label="training",
    )
    measured = [record for record in records if record["event"] in ("held_out", "end")]
    names = dict.fromkeys(name for record in measured for name in record["kinds"])
    for name in names:
        points = [record for record in measured if name in record["kinds"]]
        axes.plot(
            [record["seen"] / 1e6 for record in points],
            [record["kinds"][name] for record in points],
            marker=".",
            label=f"{name}, held out",
        )
    axes.set_xlabel("bytes seen, millions")
    axes.set_ylabel("bits/byte")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, dpi=120)

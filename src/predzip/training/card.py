"""The model card: what a model was trained on, how, what it reaches and where it ends; from the log of its run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from predzip.training.log import format_time, read_log
from predzip.training.presets import Preset
from predzip.units import format_bytes

_CURVE_ROWS = 12
_NO_LICENCE = "Nothing was said about the licences of the data, on which those of the weights may depend."
_LIMITS = (
    "- Predicts bytes like those of the data above; elsewhere it is of no use, and predzip's mixture ignores it.\n"
    "- Rates are measured on held-out ends of the same sources: other texts of the same kind do worse.\n"
    "- It repeats what the data says, errors and prejudices included. It is made for compression, not for being read."
)


def write_card(folder: Path, preset: Preset, weights: Path | None) -> Path:
    """Write NAME.md beside log.jsonl, and curve.png where matplotlib is installed.

    Args:
        folder: of the run.
        preset: what was trained.
        weights: the exported file, if there is one.

    Returns:
        Path of the card.
    """
    records = read_log(folder / "log.jsonl")
    figure = _draw(records, folder / "curve.png")
    path = folder / f"{preset.name}.md"
    path.write_text(render_card(records, preset, weights, figure), encoding="utf-8")
    return path


def _draw(records: list[dict[str, Any]], path: Path) -> Path | None:
    try:
        import matplotlib  # noqa: F401 - only asks whether it is there
    except ImportError:
        return None
    from predzip.training.curve import draw_curve

    draw_curve(records, path)
    return path


def render_card(
    records: list[dict[str, Any]], preset: Preset, weights: Path | None = None, figure: Path | None = None
) -> str:
    """The card as Markdown."""
    start: dict[str, Any] = next((record for record in records if record["event"] == "start"), {})
    measured = [record for record in records if record["event"] in ("held_out", "end")]
    parts = [f"# {preset.name}", f"{preset.title[0].upper()}{preset.title[1:]}.", *_facts(start, measured, weights)]
    if start.get("data"):
        parts += ["## Data", _data_table(start["data"]), start.get("licence") or _NO_LICENCE]
    if start.get("command"):
        parts += ["## How to train it again", f"    {start['command']}"]
    if measured:
        parts += ["## Rates of held-out bytes", _rates(measured[-1]), "## Curve", _curve_table(measured)]
    if figure is not None:
        parts.append(f"![Curve]({figure.name})")
    parts += ["## Limits", _LIMITS]
    return "\n\n".join(parts) + "\n"


def _facts(start: dict[str, Any], measured: list[dict[str, Any]], weights: Path | None) -> list[str]:
    facts = [f"- kind: {start.get('kind', '?')}"]
    facts += [f"- {name.replace('_', ' ')}: {value}" for name, value in start.get("architecture", {}).items()]
    if weights is not None:
        facts.append(f"- size on disk: {format_bytes(weights.stat().st_size)}")
    if measured:
        last = measured[-1]
        facts.append(
            f"- trained: {last['step']} steps, {format_bytes(last['seen'])}, {format_time(last['seconds'])} on "
            f"{start.get('processes', 1)} x {start.get('device', 'cpu')}"
        )
    return ["\n".join(facts)]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _data_table(data: dict[str, dict[str, Any]]) -> str:
    total = sum(part["weight"] for part in data.values()) or 1
    rows = [
        (name, format_bytes(part["bytes"]), format_bytes(part["held_out"]), f"{part['weight'] / total:.0%}")
        for name, part in data.items()
    ]
    return _table(("kind", "trained on", "held out", "share of batches"), rows)


def _rates(record: dict[str, Any]) -> str:
    rows = [(name, f"{rate:.3f}") for name, rate in record["kinds"].items()]
    if record.get("mean") is not None:
        rows.append(("mean", f"{record['mean']:.3f}"))
    return _table(("kind", "bits/byte"), rows)


def _curve_table(measured: list[dict[str, Any]]) -> str:
    every = -(-len(measured) // _CURVE_ROWS)
    chosen = [*measured[:-1:every], measured[-1]]
    rows = [
        (
            str(record["step"]),
            format_bytes(record["seen"]),
            format_time(record["seconds"]),
            f"{record['bits_per_byte']:.3f}",
            "" if record["mean"] is None else f"{record['mean']:.3f}",
        )
        for record in chosen
    ]
    return _table(("step", "bytes", "time", "training, bits/byte", "held out, mean bits/byte"), rows)

"""Which network predicts best for its cost: architectures at equal training time, and beside their speed as decoders.

    python benchmarks/architectures.py --data DIR [--minutes N] [--out DIR] [NAME...]

DIR holds the training data, a file a kind, as `predzip train` takes them (wiki.txt.xz, code.txt.xz, ...). Every
architecture trains for the same processor time of one thread, on the same kinds with the same weights, the last tenth
of it with its weights rounded, and is measured on the ends of the kinds, which none of them saw. Logs stay in --out,
and an architecture that is there is not trained again. Writes results/architectures.md, .png and .pdf. Needs torch.
"""

from __future__ import annotations

import argparse
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from predzip.experiments import drawing
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment
from predzip.predictors.neural import catalogue
from predzip.training.log import ProgressLine, read_log
from predzip.training.loop import Pace
from predzip.training.presets import PRESETS, Preset, with_batch
from predzip.training.run import Arguments, train
from predzip.training.schedule import Budget, Schedule

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "examples" / "data" / "alice29.txt"
RESULTS = ROOT / "benchmarks" / "results"
WEIGHTS = {"wiki": 22, "prose": 20, "docs": 14, "code": 20, "structured": 10, "multilingual": 14}
COMPARED = ("wiki", "prose", "docs", "code", "structured")
"""Kinds of the mean. The end of multilingual is one text in a script that minutes of training hardly meet: noise."""
STEP_BYTES = 8192
STEPPED_BYTES = 2048
HELD_OUT_BYTES = 300_000
NO_TABLES = {"orders": [[1, 8]], "word_bits": 0}
"""The least that the configuration allows: a table of the last byte, which the embedding knows as well."""


@dataclass(frozen=True)
class Contestant:
    """An architecture with what to call it."""

    title: str
    preset: Preset


def _like(name: str, of: str, **architecture: Any) -> Preset:  # noqa: ANN401 - fields of a config
    preset = PRESETS[of]
    return replace(preset, name=name, architecture={**preset.architecture, **architecture})


CONTESTANTS = {
    contestant.preset.name: contestant
    for contestant in (
        Contestant("Transformer, width 64", PRESETS["paper-200k"]),
        Contestant("Transformer, width 128", PRESETS["paper-800k"]),
        Contestant("Transformer, width 128, window 256", PRESETS["transformer-window"]),
        Contestant("GRU, hashed tables", PRESETS["gru"]),
        Contestant("linear recurrence, width 128, no tables", _like("no-tables", "small", **NO_TABLES)),
        Contestant("linear recurrence, width 128, hashed tables", PRESETS["small"]),
        Contestant("linear recurrence, width 256, hashed tables", PRESETS["base"]),
    )
}


def multiply_adds(preset: Preset) -> int:
    """Multiply-adds of matrices a byte; what attention reads from its cache comes on top."""
    a = preset.architecture
    width = a["width"]
    if preset.kind == "transformer":
        return int(a["layers"] * (4 * width * a["heads"] * a["head_dim"] + 2 * width * a["hidden"]) + 256 * width)
    tables = len(a["orders"]) + 2 * (a["word_bits"] > 0)
    state = a["state"]
    if a.get("cell") == "gru":
        return int(tables * a["table_width"] * width + 3 * state * (width + state) + 256 * state)
    block = 4 * state * width + 2 * width * a["hidden"]
    return int(tables * a["table_width"] * width + a["layers"] * block + 256 * width)


def trained(contestant: Contestant, data: Path, minutes: float, out: Path) -> list[dict[str, Any]]:
    """Train, unless it has been done, and return the measurements of held-out bytes from the log."""
    preset, folder = contestant.preset, out / contestant.preset.name
    log = folder / "log.jsonl"
    if not log.exists() or read_log(log)[-1]["event"] != "end":
        recipe = replace(with_batch(preset.recipe, STEP_BYTES), schedule=Schedule(warm_up_steps=50, decay=0.4))
        words = tuple(f"{kind}={data / kind}.txt.xz:{weight}" for kind, weight in WEIGHTS.items())
        pace = Pace(evaluate_seconds=12 * minutes, checkpoint_seconds=1e9, clock=time.process_time)
        arguments = Arguments(
            words,
            replace(preset, recipe=recipe),
            folder,
            Budget(minutes=minutes),
            held_out_bytes=HELD_OUT_BYTES,
            threads=1,
            pace=pace,
        )
        train(arguments, ProgressLine(None))
    measured = [record for record in read_log(log) if record["event"] in ("held_out", "end")]
    return [{**record, "mean": sum(record["kinds"][kind] for kind in COMPARED) / len(COMPARED)} for record in measured]


def step_seconds(contestant: Contestant, out: Path) -> float | None:
    """Processor seconds of a byte, one lane, a byte after the other, as a decoder goes; None without exact engine."""
    found = sorted((out / contestant.preset.name).glob("*.safetensors"))
    if not found:
        return None
    engine = catalogue.predictor(catalogue.load(found[0]))
    data = np.frombuffer(BOOK.read_bytes()[:STEPPED_BYTES], np.uint8)
    times = []
    for _ in range(4):  # the first one compiles
        engine.reset(1)
        begin = time.process_time()
        for at in range(len(data)):
            engine.predict()
            engine.update(data[at : at + 1])
        times.append((time.process_time() - begin) / len(data))
    return min(times)


def draw(rows: list[dict[str, Any]], folder: Path) -> None:
    """Held-out bits/byte against training time, and what came out against speed."""
    figure = drawing.new_figure(11, 4.6)
    left, right = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        color = f"C{number}"
        points = row["records"]
        left.plot([p["seconds"] / 60 for p in points], [p["mean"] for p in points], marker=".", color=color)
        speed = 1e-3 / row["seconds_a_byte"]
        face = color if row["measured"] else "none"
        right.scatter([speed], [points[-1]["mean"]], color=color, facecolor=face, s=50, label=row["title"])
    left.set_xlabel("training, minutes of processor time")
    right.set_xlabel("one lane, one core, KB/s (hollow: estimated)")
    right.set_xscale("log")
    ticks = (5, 10, 20, 50)
    right.set_xticks(ticks, [str(tick) for tick in ticks])
    right.minorticks_off()
    for axes in (left, right):
        axes.set_ylabel("held out, bits/byte, mean of five kinds")
        drawing.tidy(axes)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    drawing.save(figure, folder, "architectures")


def page(rows: list[dict[str, Any]], minutes: float, command: str) -> str:
    """The table in Markdown."""
    kinds = list(WEIGHTS)
    lines = [
        "# Architectures at equal training time",
        "",
        f"Each trained for {minutes:g} minutes of processor time of one thread, {STEP_BYTES:,} bytes a step, on six "
        "kinds of text; bits/byte of held-out ends, with weights rounded as they would be shipped. The mean is that of "
        "the first five: the end of multilingual is one text in a rare script. Speed: the exact "
        "engine, one lane, a byte after the other over the first 2,048 bytes of a book, as a decoder goes; ~ where "
        "there is no such engine: by its multiply-adds, at the pace of the linear recurrence of width 128. Without "
        "torch.compile, from which linear recurrences gain most.",
        "",
        f"| architecture | multiply-adds a byte | bytes seen | KB/s | mean | {' | '.join(kinds)} |",
        "|---|---:|---:|---:|---:|" + "---:|" * len(kinds),
    ]
    for row in rows:
        last = row["records"][-1]
        speed = f"{'' if row['measured'] else '~'}{1e-3 / row['seconds_a_byte']:.1f}"
        rates = " | ".join(f"{last['kinds'][kind]:.3f}" for kind in kinds)
        seen = f"{last['seen'] / 1e6:.1f} MB"
        macs = f"{row['multiply_adds'] / 1e6:.2f} M"
        lines.append(f"| {row['title']} | {macs} | {seen} | {speed} | **{last['mean']:.3f}** | {rates} |")
    return "\n".join([*lines, "", describe_environment(environment(command)), ""])


def main() -> None:
    """Train, measure, draw, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CONTESTANTS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=Path("architectures-out"))
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of table and figure")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in arguments.names or CONTESTANTS:
        contestant = CONTESTANTS[name]
        records = trained(contestant, arguments.data, arguments.minutes, arguments.out)
        seconds = step_seconds(contestant, arguments.out)
        macs = multiply_adds(contestant.preset)
        print(name, records[-1]["mean"], seconds, flush=True)
        rows.append({"title": contestant.title, "records": records, "multiply_adds": macs, "seconds_a_byte": seconds})
    paces = {row["title"]: row["seconds_a_byte"] / row["multiply_adds"] for row in rows if row["seconds_a_byte"]}
    pace = paces.get(CONTESTANTS["small"].title, next(iter(paces.values()), 0.0))
    for row in rows:
        row["measured"] = row["seconds_a_byte"] is not None
        row["seconds_a_byte"] = row["seconds_a_byte"] or pace * row["multiply_adds"]
    shown = ["python", "benchmarks/architectures.py", "--data", "data/train", "--minutes", f"{arguments.minutes:g}"]
    text = page(rows, arguments.minutes, shlex.join([*shown, *arguments.names]))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "architectures.md").write_text(text, encoding="utf-8")
    draw(rows, arguments.folder)
    print(text)


if __name__ == "__main__":
    main()

"""Measure every level of predzip on a folder of files: sizes, speed, memory.

    python benchmarks/levels.py [FILE or FOLDER]...

Without arguments it takes `../shared/data/bench` beside the checkout where that exists, else `examples/data`. It writes

    results/sizes.csv   bytes of each file at each level; depends on the files and the code only, so a diff means that
                        the output of predzip changed
    results/sizes.md    the same for people
    results/speed.md    speed and memory of each level, with machine and versions; depends on the day, too

Each result is decompressed and compared, each measurement made in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable
from pathlib import Path

from predzip.experiments.bench.contenders import OWN_PREFIX, default_levels, select
from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.results import Direction, Measurement, totals
from predzip.experiments.bench.runner import expand, measure_files
from predzip.experiments.bench.tables import describe_environment
from predzip.units import format_bytes

ROOT = Path(__file__).resolve().parent.parent
DATA_FOLDERS = (ROOT.parent / "shared" / "data" / "bench", ROOT / "examples" / "data")
RESULTS = ROOT / "benchmarks" / "results"
SPEED_FILES = ("dickens_1m.txt", "alice29.txt")
"""Texts on which the speed of a level is stated: the first one that was measured."""

_NOTES = (
    "Original bytes per second, compiled and warmed up: first of time as it passes, on a quiet machine, where levels",
    "with a prior use a second core; then of processor time, both threads together, waiting included. Memory is the",
    "peak of the process over all files that were measured, about 150 MB of it Python with NumPy and numba.",
)


def default_data() -> Path:
    """The first data folder that exists."""
    return next(folder for folder in DATA_FOLDERS if folder.is_dir())


def data_files(paths: Iterable[Path]) -> list[Path]:
    """Files to measure, without the notes that lie beside them."""
    return [path for path in expand(paths) if path.suffix != ".md"]


def sizes(rows: list[Measurement]) -> list[list[str]]:
    """A table with a heading: one line for each file, one column for each level."""
    levels = list(dict.fromkeys(row.codec for row in rows))
    by_file: dict[str, dict[str, Measurement]] = {}
    for row in rows:
        by_file.setdefault(Path(row.file).name, {})[row.codec] = row
    table = [["file", "bytes", *(name.replace(OWN_PREFIX, "level_") for name in levels)]]
    for file, of_level in sorted(by_file.items(), key=lambda item: item[0].lower()):
        original_bytes = next(iter(of_level.values())).original_bytes
        table.append([file, str(original_bytes), *(str(of_level[level].compressed_bytes) for level in levels)])
    return table


def sizes_page(table: list[list[str]]) -> str:
    """Sizes as Markdown, with a total."""
    columns = list(zip(*table[1:], strict=True))
    total = ["total", *(str(sum(map(int, column))) for column in columns[1:])]
    heading = [name.replace("_", " ") for name in table[0]]
    lines = ["# Bytes at each level", "", _line(heading), "|---" + "|---:" * (len(heading) - 1) + "|"]
    lines += [_line([row[0], *(f"{int(cell):,}" for cell in row[1:])]) for row in [*table[1:], total]]
    return "\n".join([*lines, "", "Written by `make bench`. Every result was decompressed and compared."]) + "\n"


def speed_page(rows: list[Measurement], command: str) -> str:
    """Speed of each level on one text, memory over all files."""
    text = next(
        (name for name in SPEED_FILES if name in {Path(row.file).name for row in rows}), Path(rows[0].file).name
    )
    lines = ["# Speed and memory of each level", ""]
    heading = ["level", f"{text}: compress", "decompress", "processor time: compress", "decompress", "peak memory"]
    lines += [_line(heading)]
    lines += ["|---" + "|---:" * 5 + "|"]
    for total in totals(rows):
        one = next(row for row in rows if Path(row.file).name == text and row.codec == total.codec)
        speeds = [
            *(_wall_speed(one, one.compress), _wall_speed(one, one.decompress)),
            *(one.compress_bytes_per_second, one.decompress_bytes_per_second),
        ]
        cells = [f"{format_bytes(speed)}/s" for speed in speeds]
        lines.append(_line([total.codec.removeprefix(OWN_PREFIX), *cells, format_bytes(total.peak_memory_bytes)]))
    lines += ["", *_NOTES, ""]
    return "\n".join([*lines, describe_environment(environment(command))]) + "\n"


def _wall_speed(row: Measurement, direction: Direction | None) -> float:
    return row.original_bytes / direction.wall_seconds if direction else 0.0


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Measure every level of predzip on files.")
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders")
    parser.add_argument("--levels", default=default_levels(), help="such as 1,2,3 (default: all)")
    parser.add_argument("--repeat", type=int, default=1, help="runs at least; the best one counts")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    files = data_files(options.paths or [default_data()])

    rows = []
    for row in measure_files(files, select(options.levels, "none"), repeat=options.repeat):
        rows.append(row)
        outcome = (
            f"{row.compressed_bytes:>10,}  {format_bytes(row.compress_bytes_per_second)}/s" if row.ok else row.message
        )
        print(f"{row.codec:10} {Path(row.file).name:20} {outcome}", file=sys.stderr, flush=True)
    if not all(row.ok for row in rows):
        sys.exit("nothing is written: not every file came back")
    options.output.mkdir(parents=True, exist_ok=True)
    table = sizes(rows)
    with (options.output / "sizes.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    (options.output / "sizes.md").write_text(sizes_page(table), encoding="utf-8")
    names = [path.name for path in options.paths]  # no paths: the page is committed
    speeds = speed_page(rows, f"benchmarks/levels.py {' '.join(names)}" if names else "make bench")
    (options.output / "speed.md").write_text(speeds, encoding="utf-8")
    print(sizes_page(table), speeds, sep="\n")


if __name__ == "__main__":
    main()

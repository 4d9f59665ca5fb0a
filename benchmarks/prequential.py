"""Prequential against two-part code, on a book: a small recurrent network that learns while it codes.

    python benchmarks/prequential.py [--bytes N] [--passes N,N,...] [FILE]

FILE is the book of the examples unless it is named. Writes results/prequential.md, .jsonl, .png and .pdf. Needs torch.
"""

from __future__ import annotations

import argparse
import gzip
import shlex
from pathlib import Path

import predzip
from predzip.experiments.prequential import Recipe, prequential, report, two_part

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "examples" / "data" / "alice29.txt"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=BOOK)
    parser.add_argument("--bytes", dest="count", type=int, default=0, help="take so many; 0: all")
    parser.add_argument("--passes", default="1,4,8")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--folder", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    data = arguments.file.read_bytes()
    data = data[: arguments.count or len(data)]
    recipe = Recipe(width=arguments.width)
    passes = [int(word) for word in arguments.passes.split(",")]
    learning = prequential(data, recipe)
    print(f"prequential: {learning.bits / len(data):.3f} bits/byte, {learning.cpu_seconds:.0f} s", flush=True)
    written = two_part(data, passes, recipe)
    others = [("gzip -9", 8.0 * len(gzip.compress(data, 9))), ("ppm", predzip.code_length(data, method="ppm"))]
    shown = ["python", "benchmarks/prequential.py", "--passes", arguments.passes, "--width", str(arguments.width)]
    shown += ["--bytes", str(len(data))]
    report("prequential", len(data), learning, written, others, recipe, arguments.folder, shlex.join(shown))
    print((arguments.folder / "prequential.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

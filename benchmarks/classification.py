"""Classification by compression on a small public set: six kinds of text, pieces of 1 to 2 KB.

    python benchmarks/classification.py --data DIR [--folder DIR] [METHOD...]

DIR holds one .txt.xz file for each class. From each, so many pieces are cut at line starts at random places: examples
from the first half, test texts from the second, so that no piece is in both. Writes them to --folder (a temporary one
unless it is named), a folder for each class, then runs `predzip classify` on them with each METHOD; "gzip@3" means 3
neighbours by NCD. The table goes to the screen and to results/classification.md.
"""

from __future__ import annotations

import argparse
import json
import lzma
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from predzip.experiments.bench.environment import environment
from predzip.experiments.bench.tables import describe_environment

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "classification.md"
KINDS = ("code", "docs", "multilingual", "prose", "structured", "wiki")
METHODS = ("ppm", "gzip", "gzip@1", "gzip@2", "gzip@3", "frequency", "predzip-1", "ngram")
LEAST_BYTES, MOST_BYTES = 1000, 2000
SEED = 1


def cut(data: bytes, count: int, random: Random) -> list[bytes]:
    """Cut pieces that begin at the start of a line and end at the end of one where that is possible."""
    pieces: list[bytes] = []
    while len(pieces) < count:
        at = data.find(b"\n", random.randrange(len(data) - 3 * MOST_BYTES)) + 1
        piece = data[at : at + random.randint(LEAST_BYTES, MOST_BYTES)]
        end = piece.rfind(b"\n") + 1
        piece = piece[:end] if end >= LEAST_BYTES else piece
        if len(piece) >= LEAST_BYTES:
            pieces.append(piece)
    return pieces


def make_set(source: Path, folder: Path, examples: int, tests: int) -> None:
    """Write the set: FOLDER/train/CLASS/NNN.txt and FOLDER/test/CLASS/NNN.txt."""
    random = Random(SEED)
    for kind in KINDS:
        data = lzma.decompress((source / f"{kind}.txt.xz").read_bytes())
        half = len(data) // 2
        for name, part, count in (("train", data[:half], examples), ("test", data[half:], tests)):
            place = folder / name / kind
            place.mkdir(parents=True, exist_ok=True)
            for number, piece in enumerate(cut(part, count, random)):
                (place / f"{number:03}.txt").write_bytes(piece)


def measure(folder: Path, method: str) -> dict[str, object]:
    """Run the command as people do, and read what it says of the whole."""
    name, _, neighbours = method.partition("@")
    command = ["classify", "--train", str(folder / "train"), "--test", str(folder / "test"), "--method", name, "--json"]
    command += ["--knn", neighbours] if neighbours else []
    begin = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", "predzip", *command], check=True, stdout=subprocess.PIPE, text=True
    )
    summary: dict[str, object] = json.loads(finished.stdout.splitlines()[-1])
    return {**summary, "seconds": time.perf_counter() - begin}


def row(result: dict[str, object]) -> str:
    """One line of the table."""
    low, high = (float(value) for value in result["interval_95"])  # type: ignore[attr-defined]
    return (
        f"| {result['classifier']} | {float(str(result['accuracy'])):.1%} | {low:.1%} to {high:.1%} "
        f"| {result['ties']} | {result['tied_with_right']} | {float(str(result['seconds'])):.0f} |"
    )


def main() -> None:
    """Make the set, measure, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("methods", nargs="*", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--examples", type=int, default=40, help="for each class")
    parser.add_argument("--tests", type=int, default=20, help="for each class")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        make_set(arguments.data, folder, arguments.examples, arguments.tests)
        lines = [
            "# Classification by compression",
            "",
            f"Six classes ({', '.join(KINDS)}), {arguments.examples} examples and {arguments.tests} test texts each,"
            f" pieces of {LEAST_BYTES:,} to {MOST_BYTES:,} bytes, seed {SEED}."
            " Accuracy counts a tie of n classes as 1/n right.",
            "",
            "| classifier | accuracy | 95 % | ties | with the right class | wall seconds |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for method in arguments.methods:
            lines.append(row(measure(folder, method)))
            print(lines[-1], flush=True)
    shown = ["python", "benchmarks/classification.py", "--data", "DIR", *arguments.methods]
    about = describe_environment(environment(shlex.join(shown)))
    lines += ["", about]
    arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

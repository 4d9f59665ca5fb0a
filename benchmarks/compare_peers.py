"""Put predzip's bytes beside those of other strong compressors, and say which aims are met.

    python benchmarks/compare_peers.py [--strict]

Reads `results/sizes.csv` (written by `levels.py`) and `peers.csv`: bytes of gzip -9, xz -9e, zstd -22, brotli -q 11,
bzip3, PPMd order 8, zpaq -m5, lpaq1 -9 and paq8px -8 on the same files. paq8px is the yardstick for size alone: it
codes 4 to 6 KB/s. With --strict a missed aim gives exit code 1.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WORDS = ("text", "code", "structured")
"""Kinds of files made of words: the sums over them are what levels are judged by."""
LARGEST_OVER_BEST_PEER = 1.01
SINGLE_AIMS = {
    "patches_1m.gray": 605_000,
    "speech_1m.pcm": 600_000,
    "kennedy_500k.xls": 12_000,
    "ooffice_500k.exe": 178_000,
}
OVER_PAQ8PX = {"wiki_2k.xml": 0.60, "wiki_20k.xml": 0.75, "requests_20k.py": 0.75}
OVER_PAQ8PX_BY_KIND = {"text": 0.97, "code": 0.97, "structured": 1.05}
"""Of files of 60 KB and more."""
MEAN_OVER_PAQ8PX = 0.88
"""Of text and code."""
_LONG_BYTES = 60_000


@dataclass(frozen=True)
class Row:
    """One file: our bytes at each level, and theirs."""

    file: str
    kind: str
    original_bytes: int
    levels: dict[int, int]
    peers: dict[str, int]

    @property
    def best_peer(self) -> int:
        """The smaller of lpaq1 and zpaq: the strongest that are about as fast as we are."""
        return min(self.peers["lpaq1"], self.peers["zpaq"])


@dataclass(frozen=True)
class Aim:
    """A figure to stay below."""

    text: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        """True where the value is at most the limit."""
        return self.value <= self.limit


def load(sizes: Path, peers: Path) -> list[Row]:
    """Join both tables; a file that only one of them knows is left out."""
    with peers.open(encoding="utf-8", newline="") as file:
        known = {row["file"]: row for row in csv.DictReader(file)}
    with sizes.open(encoding="utf-8", newline="") as file:
        ours = {row["file"]: row for row in csv.DictReader(file)}
    rows = []
    for name, peer in known.items():
        own = ours.get(name)
        if own is None or own["bytes"] != peer["bytes"]:
            continue
        levels = {int(key.removeprefix("level_")): int(size) for key, size in own.items() if key.startswith("level_")}
        numbers = {key: int(size) for key, size in peer.items() if key not in ("file", "kind", "bytes")}
        rows.append(Row(name, peer["kind"], int(peer["bytes"]), levels, numbers))
    return rows


def aims(rows: list[Row]) -> Iterator[Aim]:
    """Every aim that these files can tell about."""
    best = max(rows[0].levels)
    for row in rows:
        yield Aim(f"{row.file} <= 1.01 of lpaq1 and zpaq", row.levels[best], LARGEST_OVER_BEST_PEER * row.best_peer)
        if row.file in SINGLE_AIMS:
            yield Aim(f"{row.file} <= {SINGLE_AIMS[row.file]:,}", row.levels[best], SINGLE_AIMS[row.file])
    yield from _aims_beside_paq8px(rows, best)
    words = [row for row in rows if row.kind in WORDS]
    if not words:
        return
    lpaq1 = sum(row.peers["lpaq1"] for row in words)
    ppmd = sum(row.peers["ppmd"] for row in words)
    for level, text, limit in ((3, "0.95 of lpaq1", 0.95 * lpaq1), (2, "lpaq1", lpaq1), (1, "PPMd order 8", ppmd - 1)):
        if level in words[0].levels:
            total = sum(row.levels[level] for row in words)
            yield Aim(f"level {level}, sum of {', '.join(WORDS)} <= {text}", total, limit)


def _aims_beside_paq8px(rows: list[Row], best: int) -> Iterator[Aim]:
    ratios = []
    for row in rows:
        ratio = row.levels[best] / row.peers["paq8px"]
        limit = OVER_PAQ8PX.get(row.file)
        if row.original_bytes >= _LONG_BYTES:
            limit = OVER_PAQ8PX_BY_KIND.get(row.kind)
            if row.kind in ("text", "code"):
                ratios.append(ratio)
        if limit is not None:
            yield Aim(f"{row.file} <= {limit} of paq8px -8", ratio, limit)
    if ratios:
        mean = sum(ratios) / len(ratios)
        yield Aim(f"mean of text and code of 60 KB and more <= {MEAN_OVER_PAQ8PX} of paq8px -8", mean, MEAN_OVER_PAQ8PX)


def report(rows: list[Row]) -> Iterator[str]:
    """Lines for people."""
    best = max(rows[0].levels)
    levels = sorted(rows[0].levels)
    heading = "".join(f"{f'level {level}':>10}" for level in levels)
    yield f"{'file':20}{heading}{'ppmd':>10}{'zpaq':>10}{'lpaq1':>10}{'paq8px':>10}{'best/peer':>11}{'best/paq8px':>12}"
    for row in [*rows, *_sums(rows)]:
        own = "".join(f"{row.levels[level]:>10,}" for level in levels)
        theirs = "".join(f"{row.peers[name]:>10,}" for name in ("ppmd", "zpaq", "lpaq1", "paq8px"))
        ratios = f"{row.levels[best] / row.best_peer:>11.3f}{row.levels[best] / row.peers['paq8px']:>12.3f}"
        yield f"{row.file:20}{own}{theirs}{ratios}"
    yield ""
    for aim in aims(rows):
        verdict = "pass" if aim.met else "FAIL"
        digits = 3 if aim.limit < 2 else 0
        yield f"{verdict}  {aim.text}: {aim.value:,.{digits}f} ({aim.value / aim.limit:.3f} of the limit)"


def _sums(rows: list[Row]) -> Iterator[Row]:
    for name, members in (("words", [row for row in rows if row.kind in WORDS]), ("all", rows)):
        if members:
            levels = {level: sum(row.levels[level] for row in members) for level in members[0].levels}
            peers = {peer: sum(row.peers[peer] for row in members) for peer in members[0].peers}
            yield Row(f"sum of {name}", name, sum(row.original_bytes for row in members), levels, peers)


def main() -> None:
    """Print the table and the verdicts."""
    parser = argparse.ArgumentParser(description="Compare predzip's bytes with other compressors'.")
    parser.add_argument("--sizes", type=Path, default=FOLDER / "results" / "sizes.csv")
    parser.add_argument("--peers", type=Path, default=FOLDER / "peers.csv")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if an aim is missed")
    options = parser.parse_args()
    if not options.sizes.exists():
        sys.exit("nothing measured yet; run: make bench")
    rows = load(options.sizes, options.peers)
    if not rows:
        print("none of the measured files is in peers.csv")
        return
    print("\n".join(report(rows)))
    if options.strict and not all(aim.met for aim in aims(rows)):
        sys.exit(1)


if __name__ == "__main__":
    main()

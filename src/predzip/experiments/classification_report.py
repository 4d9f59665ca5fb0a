"""How often a classifier is right on texts whose class is known, and how that is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predzip.experiments.classification import Verdict

_Z95 = 1.96


@dataclass(frozen=True)
class Judged:
    """One text of a known class, or of an unknown one, with what the classifier said."""

    file: Path
    verdict: Verdict
    label: str = ""

    def record(self, unit: str) -> dict[str, Any]:
        """Plain values."""
        known = {"class": self.label, "right": self.verdict.chance_of(self.label)} if self.label else {}
        return {
            "file": self.file.as_posix(),
            "best": list(self.verdict.best),
            "scores": {label: round(score, 6) for label, score in self.verdict.scores.items()},
            "unit": unit,
            **known,
        }


@dataclass(frozen=True)
class Accuracy:
    """Over all texts of a test."""

    texts: int
    right: float
    """Expected number of right verdicts where ties are broken by a fair draw."""
    ties: int
    """Texts where classes share the first place."""
    tied_with_right: int
    """Ties that hold the right class: counted as right by those who break ties in their own favour."""

    @property
    def share(self) -> float:
        """Part of the texts that was right."""
        return self.right / self.texts if self.texts else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 % confidence (Wilson 1927)."""
        if not self.texts:
            return 0.0, 1.0
        n, p, z = self.texts, self.share, _Z95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def record(self) -> dict[str, Any]:
        """Plain values."""
        low, high = self.interval
        return {
            "texts": self.texts,
            "right": round(self.right, 6),
            "accuracy": round(self.share, 6),
            "interval_95": [round(low, 6), round(high, 6)],
            "ties": self.ties,
            "tied_with_right": self.tied_with_right,
        }


def accuracy(tested: Iterable[Judged]) -> Accuracy:
    """Count the right ones."""
    rows = [each for each in tested if each.label]
    ties = [each for each in rows if len(each.verdict.best) > 1]
    return Accuracy(
        len(rows),
        sum(each.verdict.chance_of(each.label) for each in rows),
        len(ties),
        sum(each.label in each.verdict.best for each in ties),
    )


def confusion(tested: Sequence[Judged]) -> tuple[list[str], dict[str, dict[str, float]]]:
    """For each true class, how many of its texts went where; a tie is dealt out among its classes."""
    labels = sorted({each.label for each in tested} | {label for each in tested for label in each.verdict.scores})
    counts = {true: dict.fromkeys(labels, 0.0) for true in labels}
    for each in tested:
        for label in each.verdict.best:
            counts[each.label][label] += 1 / len(each.verdict.best)
    return labels, counts


def line_of(tested: Judged, unit: str) -> str:
    """One verdict for people."""
    best = " or ".join(tested.verdict.best)
    scores = list(tested.verdict.scores.items())
    following = scores[len(tested.verdict.best) :][:1]
    shown = f"{abs(scores[0][1]):.2f} {unit.partition(',')[0]}"
    return f"{best} ({shown}{''.join(f'; next {label} {abs(score):.2f}' for label, score in following)})"


def report_text(about: str, tested: Sequence[Judged]) -> str:
    """Accuracy and confusion for people, as Markdown that reads as plain text too."""
    result = accuracy(tested)
    low, high = result.interval
    ties = f"; {result.ties} ties, {result.tied_with_right} of them with the right class" if result.ties else ""
    lines = [
        f"{about}: {result.share:.1%} of {result.texts} texts right (95 %: {low:.1%} to {high:.1%}){ties}",
        "",
    ]
    labels, counts = confusion(tested)
    cells = [["class", *labels], *([true, *(f"{counts[true][label]:.3g}" for label in labels)] for true in labels)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    rule = ["-" * width for width in widths]
    for row in (cells[0], rule, *cells[1:]):
        first, *others = zip(row, widths, strict=True)
        lines.append(f"| {first[0].ljust(first[1])} | {' | '.join(c.rjust(w) for c, w in others)} |")
    return "\n".join(lines) + "\n"


def report_json(about: str, tested: Sequence[Judged]) -> str:
    """Accuracy and confusion as one line of JSON."""
    _, counts = confusion(tested)
    return json.dumps({"classifier": about, **accuracy(tested).record(), "confusion": counts}) + "\n"

"""Figure 1: arithmetic coding of a short message, drawn from the exact fractions of the reference coder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predzip.coding.reference import IntervalStep, interval_steps, shortest_binary_fraction
from predzip.errors import UsageError
from predzip.experiments import drawing
from predzip.experiments.paper.tables import Grid

MESSAGE = "AIXI"
DISTRIBUTIONS = ("A=0.45,I=0.3,X=0.25", "A=0.2,I=0.6,X=0.2", "A=0.5,I=0.3,X=0.2", "A=0.3,I=0.35,X=0.35")
"""One for each letter, so that the message ends in the paper's interval, [0.322, 0.341), and code, 0101010.

How the third and fourth split what the message does not take is ours: it changes neither.
"""
_MOST_SYMBOLS = 12
_BAR_WIDTH = 0.34


@dataclass(frozen=True)
class Picture:
    """What is drawn."""

    message: str
    alphabets: list[list[str]]
    """Symbols of each step, in the order of the bar."""
    steps: list[IntervalStep]
    bits: str

    @property
    def ideal_bits(self) -> float:
        """Code length of the message."""
        return -math.log2(self.steps[-1].high - self.steps[-1].low)


def parse(text: str) -> dict[str, Fraction]:
    """Read "A=0.45,I=0.3,X=0.25"; values are decimals or fractions, exact.

    Raises:
        UsageError: that is no distribution.
    """
    found: dict[str, Fraction] = {}
    for word in text.split(","):
        symbol, equals, value = word.strip().partition("=")
        try:
            found[symbol] = Fraction(value)
        except (ValueError, ZeroDivisionError):
            found[symbol] = Fraction(0)
        if len(symbol) != 1 or not equals or found[symbol] <= 0:
            raise UsageError(f"{word!r} gives no symbol a probability; write A=0.45,I=0.3,X=0.25")
    if sum(found.values()) != 1:
        raise UsageError(f"the probabilities in {text!r} sum up to {float(sum(found.values())):g}, not to 1")
    return found


def trace(message: str = MESSAGE, distributions: list[str] | None = None) -> Picture:
    """Follow a message; a distribution for each symbol, the last one stands for all that come after it.

    Raises:
        UsageError: a symbol has no probability, or there are too many to draw.
    """
    if not 1 <= len(message) <= _MOST_SYMBOLS:
        raise UsageError(f"a message of 1 to {_MOST_SYMBOLS} symbols can be drawn")
    parsed = [parse(text) for text in distributions or DISTRIBUTIONS]
    parsed = (parsed + [parsed[-1]] * len(message))[: len(message)]
    symbols, tables = [], []
    for letter, each in zip(message, parsed, strict=True):
        if letter not in each:
            raise UsageError(f"{letter!r} has no probability; the distribution knows {', '.join(each)}")
        symbols.append(list(each).index(letter))
        tables.append(_cumulative(list(each.values())))
    steps = interval_steps(symbols, tables)
    return Picture(
        message, [list(each) for each in parsed], steps, shortest_binary_fraction(steps[-1].low, steps[-1].high)
    )


def _cumulative(values: list[Fraction]) -> NDArray[np.uint64]:
    total = math.lcm(*(value.denominator for value in values))
    counts = [int(value * total) for value in values]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)


def grid(picture: Picture) -> Grid:
    """The numbers of the picture."""
    rows = []
    for letter, step in zip(picture.message, picture.steps, strict=True):
        share = (step.high - step.low) / (step.boundaries[-1] - step.boundaries[0])
        rows.append([letter, f"{float(share):g}", f"{float(step.low):.6g}", f"{float(step.high):.6g}"])
    bits = picture.bits or "(none)"
    note = f"Code {bits}: {len(picture.bits)} bits; the ideal code length is {picture.ideal_bits:.2f} bits."
    return Grid(
        f"Figure 1: arithmetic coding of {picture.message}", ["symbol", "probability", "low", "high"], rows, [note]
    )


def draw(picture: Picture, folder: Path) -> list[Path]:
    """Write the figure: a bar for each step, opened up to the next; return the paths."""
    count = len(picture.steps)
    figure = drawing.new_figure(2.2 + 1.7 * count, 5.2)
    axes = figure.subplots()
    for number, step in enumerate(picture.steps):
        bottom, top = step.boundaries[0], step.boundaries[-1]
        height = top - bottom
        places = [float((point - bottom) / height) for point in step.boundaries]
        for index, symbol in enumerate(picture.alphabets[number]):
            chosen = index == step.symbol
            axes.bar(
                number,
                places[index + 1] - places[index],
                _BAR_WIDTH,
                places[index],
                color="#fed7aa" if chosen else "#f1f5f9",
                edgecolor="#334155",
                linewidth=1,
            )
            share = places[index + 1] - places[index]
            axes.text(
                number,
                (places[index] + places[index + 1]) / 2,
                f"{symbol}  {share:g}",
                ha="center",
                va="center",
                fontsize=9 if share > 0.04 else 6,
                fontweight="bold" if chosen else "normal",
            )
        for place, point in zip(places, step.boundaries, strict=True):
            where = number - _BAR_WIDTH / 2 - 0.03
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # dashed lines end before numbers
            axes.text(where, place, f"{float(point):.4g}", ha="right", va="center", fontsize=7, bbox=box)
        if number + 1 < count:
            for inner, outer in ((places[step.symbol], 0.0), (places[step.symbol + 1], 1.0)):
                ends = [number + _BAR_WIDTH / 2, number + 1 - _BAR_WIDTH / 2]
                axes.plot(ends, [inner, outer], "--", color="#c2410c", linewidth=0.8)
    last = picture.steps[-1]
    axes.set_title(
        f"{picture.message}: [{float(last.low):.4g}, {float(last.high):.4g})"
        f"  →  {picture.bits or '(no bits)'}   ({len(picture.bits)} bits, ideal {picture.ideal_bits:.2f})",
        fontsize=11,
    )
    axes.set_xlim(-0.65, count - 0.6)
    axes.set_ylim(-0.03, 1.03)
    axes.set_axis_off()
    return drawing.save(figure, folder, "fig1")

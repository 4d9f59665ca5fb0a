"""What is known of a number that is not finished: sums and counts, not a list that grows with the data.

A gigabyte in chunks is half a million units, but few sizes: counting them keeps everything that a mean and a bootstrap
need. Sums are exact whatever the order, so that it does not matter who finished first.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from predzip.experiments.paper.work import Part


@dataclass
class Tally:
    """Parts of one cell, added up."""

    indices: set[int] = field(default_factory=set)
    units: Counter[tuple[int, float]] = field(default_factory=Counter)
    """(original bytes, compressed bytes) -> how many units."""
    framing_bytes: int = 0
    """Of the first part."""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0

    def add(self, part: Part) -> None:
        """Add a part; one that is known already changes nothing."""
        if part.index in self.indices:
            return
        self.indices.add(part.index)
        self.units.update(part.units)
        if part.index == 0:
            self.framing_bytes = part.framing_bytes
        self.cpu_seconds += part.cpu_seconds
        self.wall_seconds += part.wall_seconds

    def original_bytes(self, length: int | None = None) -> int:
        """Original bytes of all units, or of those of one length."""
        return sum(size * count for (size, _), count in self.units.items() if length in (None, size))

    def compressed_bytes(self, length: int | None = None) -> float:
        """Compressed bytes of all units, or of those of one length; whole where nothing is a fraction."""
        total = math.fsum(packed * count for (size, packed), count in self.units.items() if length in (None, size))
        return int(total) if total.is_integer() else total

    def curve(self) -> tuple[tuple[int, float, float], ...]:
        """(length, mean rate, its standard error) for each length of a unit."""
        points = []
        for length in sorted({size for size, _ in self.units}):
            found = [(packed / length, count) for (size, packed), count in self.units.items() if size == length]
            number = sum(count for _, count in found)
            mean = math.fsum(rate * count for rate, count in found) / number
            squares = math.fsum(count * (rate - mean) ** 2 for rate, count in found)
            error = math.sqrt(squares / (number - 1) / number) if number > 1 else 0.0
            points.append((length, round(mean, 6), round(error, 6)))
        return tuple(points)

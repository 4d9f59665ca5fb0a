"""The slow, obvious oracles of `ngram`, `ppm` and `ctw`: definitions in fractions, no speed, no rounding.

Each follows the formulas of its paper line by line; tests hold the kernels against them.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

Distribution = list[Fraction]  # (256,)


class ExactContexts:
    """Counts of what followed each context, in a dictionary of dictionaries."""

    def __init__(self, order: int, update_exclusion: bool, count_limit: int) -> None:
        self.order = order
        self.update_exclusion = update_exclusion
        self.count_limit = count_limit
        self.past = b""
        self.counts: dict[bytes, dict[int, int]] = {}

    def active(self) -> list[dict[int, int]]:
        """Counts of the contexts that end here, longest first."""
        longest = min(self.order, len(self.past))
        suffixes = [self.past[len(self.past) - length :] for length in range(longest, -1, -1)]
        return [self.counts.setdefault(suffix, {}) for suffix in suffixes]

    def update(self, symbol: int) -> None:
        """Count `symbol` as `context_trie` does."""
        known_above = False
        for counts in self.active():
            if symbol not in counts:
                counts[symbol] = 1
            elif not (self.update_exclusion and known_above):
                known_above = True
                counts[symbol] += 1
                if counts[symbol] > self.count_limit:
                    for other in counts:
                        counts[other] = (counts[other] + 1) // 2
        self.past += bytes([symbol])


def exact_ngram(contexts: ExactContexts) -> Distribution:
    """Witten-Bell blending, shortest context first."""
    p = [Fraction(1, 256)] * 256
    for counts in reversed(contexts.active()):
        distinct, total = len(counts), sum(counts.values())
        if distinct:
            p = [(counts.get(x, 0) + distinct * p[x]) / Fraction(total + distinct) for x in range(256)]
    return p


def exact_ppm(contexts: ExactContexts, method: str) -> list[list[Fraction]]:
    """For each symbol the probabilities of its decisions: escapes, then the symbol itself."""
    decisions: list[list[Fraction]] = [[] for _ in range(256)]
    open_symbols = set(range(256))
    for counts in contexts.active():
        weight = {x: Fraction(c) if method == "C" else c - Fraction(1, 2) for x, c in counts.items()}
        escape = Fraction(len(counts)) if method == "C" else Fraction(len(counts), 2)
        total = sum((weight[x] for x in counts if x in open_symbols), escape)
        if not counts:
            continue
        for x in open_symbols:
            decisions[x].append((weight[x] if x in counts else escape) / total)
        open_symbols -= counts.keys()
    for x in open_symbols:
        decisions[x].append(Fraction(1, len(open_symbols)))
    return decisions


def kt(zeros: int, ones: int) -> Fraction:
    """Krichevsky-Trofimov probability of one sequence with so many zeros and ones (in whatever order)."""
    numerator = prod((Fraction(2 * i + 1, 2) for i in range(zeros)), start=Fraction(1))
    numerator *= prod((Fraction(2 * i + 1, 2) for i in range(ones)), start=Fraction(1))
    return numerator / prod(range(1, zeros + ones + 1))


class ExactContextTree:
    """One binary context tree: counts in every context up to a depth, and their weighted probability."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.counts: dict[tuple[int, ...], list[int]] = {}

    def update(self, context: tuple[int, ...], bit: int) -> None:
        """Count a bit; `context` ends with the most recent symbol and has at least `depth` of them."""
        for length in range(self.depth + 1):
            self.counts.setdefault(context[len(context) - length :], [0, 0])[bit] += 1

    def weighted(self) -> Fraction:
        """Pw of the root: the probability of all the bits counted."""
        children: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for context in self.counts:
            if context:
                children.setdefault(context[1:], []).append(context)

        def pw(context: tuple[int, ...]) -> Fraction:
            pe = kt(*self.counts[context])
            if len(context) == self.depth:
                return pe
            below = prod((pw(child) for child in children.get(context, [])), start=Fraction(1))
            return (pe + below) / 2

        return pw(()) if self.counts else Fraction(1)

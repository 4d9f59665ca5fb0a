"""A Bayesian mixture of predictors, weighted by 2 ** -code length: the finite form of Solomonoff's induction.

Section 2 of "Language Modeling Is Compression": a predictor that took L_i bits so far is believed in proportion to
2 ** -L_i, which is Bayes' rule with equal priors. The mixture

    p(x)  =  sum of w_i p_i(x)  /  sum of w_i,        w_i  =  2 ** -L_i  =  product of p_i(symbols so far)

takes never more than the best of its n predictors and log2(n) bits, whatever the data, and nobody need know which is
the best. Solomonoff's own mixture takes all programs, each with a prior of 2 ** -length; this one is finite.

`share` lets the best predictor change on the way (Herbster and Warmuth 1998, "Tracking the best expert"): after each
symbol, 2 ** -share of the whole weight is dealt out equally. With 0, the default, there is Bayes' rule alone.

Everything that decides a bit is an integer. A weight is a mantissa of 32 bits with an exponent of its own, so a
predictor that was wrong for a megabyte is still there with its true weight. A product is rounded down by 2 ** -31 of
itself at most; frequencies are rounded down and given 1 more, of 2 ** 31 in all: together below 0.001 bits a symbol.
"""

from __future__ import annotations

import numpy as np

from predzip.errors import UsageError
from predzip.predictors.base import Frequencies, Predictor

_MANTISSA_BITS = 32
_MASS_BITS = 31
_WORD = 32
_SHARE_MOST = 24

COMPONENTS: dict[str, tuple[str, dict[str, int]]] = {
    "u": ("uniform", {}),
    "f": ("frequency", {}),
    "g": ("ngram", {"order": 1}),
    "h": ("ngram", {"order": 2}),
    "n": ("ngram", {"order": 4}),
    "q": ("ppm", {"order": 3}),
    "p": ("ppm", {"order": 5}),
    "r": ("ppm", {"order": 8}),
    "c": ("ctw", {}),
}
"""What a letter of the option `components` stands for: permanent, since files hold the letters."""


class BayesianMixture:
    """Predictors weighted by 2 ** -code length.

    Args:
        components: a letter for each predictor, see `COMPONENTS`.
        share: after each symbol, 2 ** -share of the weight is dealt out equally; 0: nothing is.
    """

    alphabet_size = 256

    def __init__(self, components: str = "fnpc", share: int = 0) -> None:
        unknown = [letter for letter in components if letter not in COMPONENTS]
        if unknown or not components or len(set(components)) != len(components):
            raise UsageError(f"components must be different letters of {''.join(COMPONENTS)}, not {components!r}")
        if not 0 <= share <= _SHARE_MOST:
            raise UsageError(f"share must be 0 to {_SHARE_MOST}, not {share}")
        from predzip.predictors import registry  # which names this module

        self._parts: list[Predictor] = []
        for letter in components:
            name, options = COMPONENTS[letter]
            self._parts.append(registry.create(name, **options))
        self._share = share
        self._rows = np.empty((len(self._parts), 256), dtype=np.uint64)
        self.memory_bytes = sum(part.memory_bytes for part in self._parts) + (len(self._parts) + 2) * 4096
        self.reset()

    def reset(self) -> None:
        """Forget everything: all predictors are believed alike."""
        for part in self._parts:
            part.reset()
        self._mantissas = [1 << (_MANTISSA_BITS - 1)] * len(self._parts)
        self._exponents = [0] * len(self._parts)
        self._totals: list[int] = []
        """Sums of the rows; empty until the predictors were asked about the next symbol."""

    def predict(self) -> Frequencies:
        """Mix the distributions of all predictors by their weights."""
        self._ask()
        weights = self._aligned()
        whole = sum(weights)
        # The part of the mass 2^31 of each, then what 1 of its own frequencies is worth in units of 2^-32.
        parts = [(weight << _MASS_BITS) // whole for weight in weights]
        worth = [(part << _WORD) // total for part, total in zip(parts, self._totals, strict=True)]
        mass = np.array(worth, dtype=np.uint64) @ self._rows  # (256,), all together below 2^63: integers, so exact
        frequencies: Frequencies = ((mass >> np.uint64(_WORD)) + np.uint64(1)).astype(np.uint32)
        return frequencies

    def update(self, symbol: int) -> None:
        """Multiply each weight by the probability that its predictor gave the symbol, and let all learn it."""
        self._ask()
        given = self._rows[:, symbol].tolist()
        for index, (frequency, total) in enumerate(zip(given, self._totals, strict=True)):
            # At least 2^31 * 1 * 2^32 / 2^32, so a mantissa keeps its 32 bits.
            self._set(index, (self._mantissas[index] * frequency << _WORD) // total, self._exponents[index] - _WORD)
        if self._share:
            self._deal_out()
        for part in self._parts:
            part.update(symbol)
        self._totals = []

    def weights(self) -> list[float]:
        """Posterior probability of each predictor, for people: nothing that is coded depends on it."""
        heaviest = max(self._exponents)
        values = [m * 2.0 ** (e - heaviest) for m, e in zip(self._mantissas, self._exponents, strict=True)]
        return [value / sum(values) for value in values]

    def _ask(self) -> None:
        """Fetch the distribution of every predictor, once for each symbol."""
        if not self._totals:
            for index, part in enumerate(self._parts):
                self._rows[index] = part.predict()
            self._totals = self._rows.sum(axis=1).tolist()

    def _set(self, index: int, value: int, exponent: int) -> None:
        """Make a weight value * 2 ** exponent, rounded down to 32 bits."""
        surplus = value.bit_length() - _MANTISSA_BITS
        self._mantissas[index] = value >> surplus if surplus > 0 else value << -surplus
        self._exponents[index] = exponent + surplus

    def _aligned(self) -> list[int]:
        """Weights in the unit of the heaviest; one that is 2^32 times lighter counts as 0 this once."""
        heaviest = max(self._exponents)
        return [m >> min(heaviest - e, _MANTISSA_BITS) for m, e in zip(self._mantissas, self._exponents, strict=True)]

    def _deal_out(self) -> None:
        """Take 2 ** -share of every weight and give each predictor the same part of it."""
        weights = self._aligned()
        same = sum(weight >> self._share for weight in weights) // len(weights) + 1
        for index, weight in enumerate(weights):
            self._set(index, weight - (weight >> self._share) + same, 0)

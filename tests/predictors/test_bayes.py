"""The Bayesian mixture: Bayes' rule in fractions, the bound, and what happens at its edges."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

from predzip.codecs.entropy import EntropyCodec, code_length_bits
from predzip.errors import CorruptError, UsageError
from predzip.predictors import registry
from predzip.predictors.bayes import COMPONENTS, BayesianMixture

BOOK = (Path(__file__).parents[2] / "examples" / "data" / "alice29.txt").read_bytes()
KINDS = {
    "text": BOOK[5000:6800],
    "random": Random(1).randbytes(900),
    "runs": b"a" * 900 + b"\xff" * 10,
    "records": b"".join(bytes([i % 256, 7, i * 37 % 251, 0]) for i in range(250)),
}


def alone(letter: str, data: bytes) -> float:
    name, options = COMPONENTS[letter]
    return code_length_bits(registry.create(name, **options), data)


@pytest.mark.parametrize(
    ("components", "kind"), [*(("fnpc", kind) for kind in KINDS), ("uf", "random"), ("ghq", "text"), ("r", "runs")]
)
def test_never_worse_than_the_best_but_by_the_logarithm_of_their_number(components: str, kind: str) -> None:
    data = KINDS[kind]
    best = min(alone(letter, data) for letter in components)
    mixed = code_length_bits(BayesianMixture(components), data)
    assert mixed <= best + math.log2(len(components)) + 0.001 * len(data)
    if len(components) == 1:
        assert mixed == pytest.approx(best, abs=0.001 * len(data))


def test_it_is_the_rule_of_bayes() -> None:
    """Against the definition in fractions, on an input where the best predictor changes."""
    data = b"abracadabra" * 3 + KINDS["random"][:30]
    letters = "fpu"
    parts = [registry.create(COMPONENTS[letter][0], **COMPONENTS[letter][1]) for letter in letters]
    mixture = BayesianMixture(letters)
    exact = [Fraction(1)] * len(letters)
    for symbol in data:
        rows = [[Fraction(int(f)) for f in part.predict()] for part in parts]
        shares = [[f / sum(row) for f in row] for row in rows]
        wanted = [sum(w * p[x] for w, p in zip(exact, shares, strict=True)) / sum(exact) for x in range(256)]
        got = mixture.predict().astype(np.float64)
        assert got / got.sum() == pytest.approx([float(p) for p in wanted], rel=1e-4, abs=2**-30)
        assert mixture.weights() == pytest.approx([float(w / sum(exact)) for w in exact], rel=1e-6, abs=1e-12)
        exact = [w * p[symbol] for w, p in zip(exact, shares, strict=True)]
        for part in [*parts, mixture]:
            part.update(symbol)


def test_a_predictor_that_was_wrong_for_long_keeps_its_true_weight() -> None:
    mixture = BayesianMixture("uf")
    for _ in range(2600):
        mixture.update(0)
    assert mixture._exponents[0] < -20_000  # 8 bits a symbol, far below any float
    assert mixture.weights()[0] == 0
    assert mixture.predict().min() >= 1


def test_sharing_follows_a_change() -> None:
    """Text, then noise: what was learnt about the best predictor is soon unlearnt."""
    data = KINDS["text"] + KINDS["random"]
    bayes, tracking = (code_length_bits(BayesianMixture("up", share), data) for share in (0, 8))
    best_of_each = alone("p", KINDS["text"]) + 8 * len(KINDS["random"])
    assert tracking < bayes
    assert tracking < best_of_each * 1.01


def test_options_travel_in_the_frame() -> None:
    codec = EntropyCodec("bayes", components="fp", share=9)
    assert codec.parameters == b"components=fp,share=9"
    payload = codec.encode_block(KINDS["text"])
    again = EntropyCodec.for_frame(21, codec.parameters)
    assert again.decode_block(payload, len(KINDS["text"])) == KINDS["text"]


@pytest.mark.parametrize(
    "options", [{"components": ""}, {"components": "xy"}, {"components": "ff"}, {"share": -1}, {"share": 25}]
)
def test_options_out_of_range(options: dict[str, str | int]) -> None:
    with pytest.raises(UsageError):
        registry.create("bayes", **options)


@pytest.mark.parametrize(
    "parameters", [b"components=zz", b"share=99", b"components=fnpc", b"components=fnpcfnpcfnpcfnpcf"]
)
def test_hostile_parameters_are_corrupt(parameters: bytes) -> None:
    with pytest.raises(CorruptError):
        EntropyCodec.for_frame(21, parameters)


def test_letters_are_permanent() -> None:
    """They stand in files. A failure here means: take another letter."""
    assert COMPONENTS == {
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

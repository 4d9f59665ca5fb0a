"""A model over tokens as a source: what it draws and weighs, held against the other engine."""

from __future__ import annotations

import math
import sys
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.experiments.generation.base import DirectSource, Source
from predzip.experiments.generation.sampling import Segment, drawn_bytes, run
from predzip.experiments.generation.sources import find_source
from predzip.experiments.generation.tokens import TokenSource
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.predictors.neural.vocabulary import Vocabulary

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the models that are quick to test with

import tiny_models

GIVEN = [b" the", b" and", b" of"]


@pytest.fixture
def stem(tmp_path: Path) -> str:
    return str(tiny_models.write_token_model(tmp_path))


def names_of(stem: str) -> list[bytes]:
    vocabulary = Vocabulary.from_weights(catalogue.load(stem))
    return [vocabulary.token(number) for number in range(len(vocabulary))]


def frequencies_behind(stem: str, tokens: list[int]) -> np.ndarray:
    """By the other engine; the start token stands before the first."""
    engine = TransformerPredictor(catalogue.load(stem))
    for token in tokens:
        engine.update(np.array([token]))
    return engine.predict_fine()[0].astype(np.int64)


def started(stem: str, expected_bytes: int = 100) -> TokenSource:
    source = find_source(stem)
    assert isinstance(source, TokenSource)
    source.start(expected_bytes)
    return source


def test_it_is_a_source_that_draws_by_itself(stem: str) -> None:
    source = find_source(stem)
    assert isinstance(source, Source)
    assert isinstance(source, DirectSource)
    assert "of tokens, weights " in source.about
    with pytest.raises(UsageError, match="not started"):
        source.candidates(1, Random(1))


def test_tokens_are_drawn_by_their_frequencies(stem: str) -> None:
    names = names_of(stem)
    given = [names.index(token) for token in GIVEN]
    expected = frequencies_behind(stem, given)
    expected[0] = 0  # stands for nothing
    counts: Counter[bytes] = Counter()
    source = started(stem)
    random, draws = Random(1), 4000
    source.start(100)
    source.take(b"".join(GIVEN))
    told = (list(source._history), source._waiting)
    for _ in range(draws):
        drawn, bits = source.draw_directly(50, random, 1.0)
        counts[drawn] += 1
        token = names.index(drawn)
        total = frequencies_behind_total(stem, given)
        assert bits == pytest.approx(math.log2(total / expected[token]))
        source._history, source._waiting = list(told[0]), 0  # the model was told all but the drawn token
        source._weighed = source._weighed or rewound(source)
    shares = expected / expected.sum()
    for name, count in counts.most_common(8):
        share = shares[names.index(name)]
        assert abs(count / draws - share) < 5 * math.sqrt(share / draws)


_totals: dict[str, int] = {}


def frequencies_behind_total(stem: str, given: list[int]) -> int:
    if stem not in _totals:
        _totals[stem] = int(frequencies_behind(stem, given).sum())
    return _totals[stem]


def rewound(source: TokenSource) -> object:
    from predzip.experiments.token_bytes import WeighedTree

    return WeighedTree(source._tree, source._frequencies[0])


def test_the_likeliest_and_the_tempered(stem: str) -> None:
    names = names_of(stem)
    frequencies = frequencies_behind(stem, [names.index(token) for token in GIVEN])
    frequencies[0] = 0
    given = Segment(b"".join(GIVEN), 20)
    first = next(iter(run(find_source(stem), [given], Random(3), 0.0)))
    assert first.drawn == names[int(frequencies.argmax())]
    cheap = sum(step.drawn_bits for step in run(find_source(stem), [given], Random(3), 0.3)) / 20
    dear = sum(step.drawn_bits for step in run(find_source(stem), [given], Random(3), 3.0)) / 20
    assert cheap < dear


def test_a_token_that_is_too_long_is_cut(stem: str) -> None:
    """The bytes that are kept cost what all tokens that begin so cost together."""
    names = names_of(stem)
    frequencies = frequencies_behind(stem, [])
    seen = 0
    for seed in range(300):
        source = started(stem)
        drawn, bits = source.draw_directly(2, Random(seed), 1.0)
        assert 1 <= len(drawn) <= 2
        if len(drawn) == 2:
            together = sum(int(f) for f, name in zip(frequencies, names, strict=True) if name.startswith(drawn))
            alone = int(frequencies[names.index(drawn)]) if drawn in names else 0
            wholes = [math.log2(int(frequencies.sum()) / weight) for weight in (together, alone) if weight]
            assert any(bits == pytest.approx(whole) for whole in wholes)
            seen += drawn not in names
        assert len(drawn_bytes(run(find_source(stem), [Segment(b"", 7)], Random(seed)))) == 7 if seed < 3 else True
    assert seen


def test_the_truth_costs_its_tokens(stem: str) -> None:
    """Byte by byte, it adds up to the code length of the tokens, but for what says that the last one ends."""
    names = names_of(stem)
    truth = [b" that", b" was", b"q", b"", b" the", b"th", b"!"]  # "" is the escape of the byte 0xFE
    data = b" that wasq\xfe theth!"
    history = [names.index(token) for token in GIVEN]
    expected = 0.0
    for token in truth:
        frequencies = frequencies_behind(stem, history)
        history.append(names.index(token))
        expected += math.log2(int(frequencies.sum()) / int(frequencies[history[-1]])) + (8 if not token else 0)
    source = find_source(stem)
    steps = list(run(source, [Segment(b"".join(GIVEN), len(data), data)], Random(1), forced=True))
    assert [step.truth for step in steps] == [data[at : at + 1] for at in range(len(data))]
    assert all(step.candidates == 256 and len(step.drawn) == 1 for step in steps)
    assert isinstance(source, TokenSource)
    spent = sum(step.truth_bits or 0.0 for step in steps) + source._owed_bits
    assert spent == pytest.approx(expected)


def test_the_next_byte_is_weighed_by_all_tokens(stem: str) -> None:
    names = names_of(stem)
    frequencies = frequencies_behind(stem, [])
    total = int(frequencies.sum())
    source = started(stem)
    shares = source.candidates(1, Random(1), also=b" the").probabilities()
    for byte in (b" ", b"t", b"q", b"\xfe"):
        below = sum(int(f) for f, name in zip(frequencies, names, strict=True) if name.startswith(byte))
        assert shares[byte[0]] == pytest.approx((below + int(frequencies[0]) / 256) / total)
    source.take(b" ")
    inside = source.candidates(1, Random(1), also=b"the").probabilities()
    going_on = {name[1]: int(f) for f, name in zip(frequencies, names, strict=True) if name[:1] == b" " and name[1:]}
    assert set(np.flatnonzero(inside).tolist()) == set(going_on)


def test_rows_of_a_picture(stem: str) -> None:
    """Given and wanted bytes take turns; nothing is lost between them."""
    pixels = Random(2).randbytes(48)
    segments = [Segment(pixels[at : at + 6], 6, pixels[at + 6 : at + 12]) for at in range(0, 48, 12)]
    for forced in (False, True):
        source = find_source(stem, "image", row_bytes=12)
        drawn = drawn_bytes(run(source, segments, Random(1), forced=forced))
        assert len(drawn) == 24
        assert drawn == drawn_bytes(run(source, segments, Random(1), forced=forced))  # starts anew


def test_a_full_context_goes_on_with_its_last_half(tmp_path: Path) -> None:
    stem = str(tiny_models.write_token_model(tmp_path, "short", context=8))
    names = names_of(stem)
    tokens = [b"a", b"b", b"c", b"d", b"e", b"f", b"g"]
    for count, seen in ((7, tokens), (6, tokens[:6])):  # the start token and seven others fill it
        source = started(stem)
        source.take(b"".join(tokens[:count]))
        weighed = source._ask()
        expected = frequencies_behind(stem, [names.index(token) for token in seen])
        assert source._frequencies[0].tolist() == expected.tolist()
        assert weighed.total == expected.sum()
    source = started(stem)
    source.take(b"".join(tokens))
    source._ask()
    source.take(b"h")
    source._ask()
    expected = frequencies_behind(stem, [names.index(token) for token in (b"f", b"g", b"h")])
    assert source._frequencies[0].tolist() == expected.tolist()


@pytest.mark.parametrize("context", [1, 2, 3])
def test_contexts_of_a_few_positions(tmp_path: Path, context: int) -> None:
    stem = str(tiny_models.write_token_model(tmp_path, "few", context=context))
    assert len(drawn_bytes(run(find_source(stem), [Segment(b"one two", 9)], Random(1)))) == 9

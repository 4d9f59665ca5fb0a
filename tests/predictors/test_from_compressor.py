"""A compressor read backwards: the formula of the paper's section 3.4, with zlib as the compressor."""

import zlib
from fractions import Fraction

import numpy as np
import pytest

from predzip.codecs.entropy import code_length_bits, decode, encode
from predzip.errors import UsageError
from predzip.predictors.base import Predictor
from predzip.predictors.from_compressor import FromCompressor


def deflate(data: bytes) -> bytes:
    return zlib.compress(data, 9)


def test_probabilities_are_two_to_the_minus_length_difference() -> None:
    model = FromCompressor(deflate)
    context = b"the quick brown fox, the quick brown fox, the quick brow"
    for symbol in context:
        model.update(symbol)
    extra_bytes = [len(deflate(context + bytes([x]))) - len(deflate(context)) for x in range(256)]
    weights = [Fraction(1, 256**extra) if extra >= 0 else Fraction(256) ** -extra for extra in extra_bytes]
    frequencies = model.predict()
    total = int(frequencies.sum(dtype=np.uint64))
    assert len(set(extra_bytes)) > 1
    for x in range(256):
        assert Fraction(int(frequencies[x]), total) == weights[x] / sum(weights)


def test_lengths_far_apart_still_give_every_byte_a_frequency() -> None:
    model = FromCompressor(lambda data: bytes(10 * data[-1]))
    frequencies = model.predict()
    assert frequencies[0] == 2**23
    assert frequencies.min() == 1
    assert frequencies.sum(dtype=np.uint64) < 2**32


def test_the_context_is_bounded() -> None:
    seen: list[int] = []
    model = FromCompressor(lambda data: bytes(seen.append(len(data)) or 1), context_bytes=5)
    for symbol in b"a long context":
        model.update(symbol)
    model.predict()
    assert set(seen) == {6}


def test_zlib_predicts_what_repeats_better_than_chance_and_loses_nothing() -> None:
    data = b"abcabcabcabcabcabcabcabc" * 3
    model = FromCompressor(deflate, context_bytes=64)
    assert isinstance(model, Predictor)
    assert code_length_bits(model, data) < 8 * len(data)
    assert decode(model, encode(model, data), len(data)).tobytes() == data


def test_a_context_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        FromCompressor(deflate, context_bytes=0)

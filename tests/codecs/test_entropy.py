"""The loop that joins predictors and coders, and the codec of every registered predictor."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.codecs.entropy import EntropyCodec, code_length_bits, decode, encode
from predzip.coding.range_coder import RangeCoder
from predzip.errors import CorruptError, UnsupportedError, UsageError
from predzip.predictors import registry
from predzip.predictors.frequency import AdaptiveFrequency
from predzip.predictors.uniform import Uniform


class PlainCoder:
    """The range coder behind the plain interface: no short cut for plain frequencies."""

    name = "plain"
    needs_power_of_two_total = False
    encode = RangeCoder.encode
    decode = RangeCoder.decode

    class _Plain:
        def __init__(self, inner: object) -> None:
            self._inner = inner

        def encode(self, symbol: int, cumulative: np.ndarray) -> None:
            self._inner.encode(symbol, cumulative)  # type: ignore[attr-defined]

        def decode(self, cumulative: np.ndarray) -> int:
            return self._inner.decode(cumulative)  # type: ignore[attr-defined,no-any-return]

        def finish(self) -> bytes:
            return self._inner.finish()  # type: ignore[attr-defined,no-any-return]

    def encoder(self) -> "_Plain":
        return self._Plain(RangeCoder().encoder())

    def decoder(self, data: bytes) -> "_Plain":
        return self._Plain(RangeCoder().decoder(data))


class PowerOfTwoCoder(PlainCoder):
    name = "fussy"
    needs_power_of_two_total = True


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=300))
def test_any_coder_behind_the_interface_gives_the_bytes_back(data: bytes) -> None:
    model = AdaptiveFrequency()
    payload = encode(model, data, PlainCoder())
    assert payload == encode(model, data)
    assert decode(model, payload, len(data), PlainCoder()).tobytes() == data
    assert decode(model, payload, len(data)).tobytes() == data


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 49_999), max_size=50))
def test_large_alphabets_come_back(tokens: list[int]) -> None:
    model = AdaptiveFrequency(50_000)
    assert decode(model, encode(model, tokens), len(tokens)).tolist() == tokens


def test_the_code_length_is_the_probability_of_the_sequence() -> None:
    model = AdaptiveFrequency(4, start=1, increment=1)
    # Laplace on 4 symbols: 1/4 * 2/5 * 1/6
    assert code_length_bits(model, [2, 2, 0]) == pytest.approx(np.log2(4 * 5 / 2 * 6), abs=1e-12)
    assert code_length_bits(model, []) == 0.0


def test_the_predictor_is_reset_first() -> None:
    model = AdaptiveFrequency()
    first = encode(model, b"aaaaaaaaaaaa")
    assert encode(model, b"aaaaaaaaaaaa") == first
    model.update(3)
    assert code_length_bits(model, b"aa") == code_length_bits(AdaptiveFrequency(), b"aa")


@pytest.mark.parametrize("symbols", [[4], [-1], [0, 1, 2, 1000]])
def test_symbols_outside_the_alphabet_are_refused(symbols: list[int]) -> None:
    with pytest.raises(UsageError, match=r"0\.\.3"):
        encode(Uniform(4), symbols)
    with pytest.raises(UsageError, match=r"0\.\.3"):
        code_length_bits(Uniform(4), symbols)


def test_a_coder_that_needs_powers_of_two_is_refused() -> None:
    with pytest.raises(UsageError, match="powers of two"):
        encode(Uniform(), b"abc", PowerOfTwoCoder())
    with pytest.raises(UsageError, match="powers of two"):
        decode(Uniform(), b"abc", 3, PowerOfTwoCoder())


def test_an_exception_from_progress_stops_the_work() -> None:
    class StopError(Exception):
        pass

    calls: list[int] = []

    def stop(count: int) -> None:
        calls.append(count)
        raise StopError

    with pytest.raises(StopError):
        encode(Uniform(), bytes(100_000), progress=stop)
    assert len(calls) == 1


def test_default_options_are_permanent() -> None:
    """A frame without parameters means these values. A failure here means: take a new method id instead."""
    defaults = {
        name: {p.name: p.default for p in inspect.signature(registry.predictor_class(name)).parameters.values()}
        for name in registry.names()
    }
    assert defaults == {
        "uniform": {"alphabet_size": 256},
        "frequency": {"alphabet_size": 256, "start": 1, "increment": 32, "total_limit": 0},
        "ngram": {"order": 4, "count_limit": 255, "max_nodes": 2**22},
        "ppm": {
            "order": 5,
            "method": "D",
            "update_exclusion": True,
            "count_limit": 255,
            "max_nodes": 2**22,
        },
        "ctw": {
            "depth": 5,
            "symbol_bits": 8,
            "count_limit": 255,
            "alpha_inverse": 2,
            "max_nodes": 2**23,
            "past": b"",
        },
        "bayes": {"components": "fnpc", "share": 0},
    }


@pytest.mark.parametrize(
    ("name", "options", "parameters"),
    [
        ("ppm", {}, b""),
        ("ppm", {"order": 5}, b""),
        ("ppm", {"order": 3}, b"order=3"),
        ("ppm", {"order": 2, "method": "C", "update_exclusion": False}, b"method=C,order=2,update_exclusion=0"),
        ("ctw", {"alpha_inverse": 16, "depth": 2}, b"alpha_inverse=16,depth=2"),
        ("frequency", {"increment": 2}, b"increment=2"),
    ],
)
def test_options_travel_in_the_parameter_bytes(name: str, options: dict[str, int], parameters: bytes) -> None:
    data = b"how much wood would a woodchuck chuck if a woodchuck could chuck wood?" * 5
    codec = EntropyCodec(name, **options)
    assert codec.parameters == parameters
    again = EntropyCodec.for_frame(codec.method_id, parameters)
    assert again.parameters == parameters
    payload = codec.encode_block(data)
    assert again.encode_block(data) == payload
    assert again.decode_block(payload, len(data)) == data
    if parameters:
        assert payload != EntropyCodec(name).encode_block(data)


@pytest.mark.parametrize(
    "parameters",
    [
        b"order",
        b"order=",
        b"order=-1",
        b"order=99",
        b"order=4,order=4",
        b"order=4,",
        b",",
        b"order=5",  # the default is not written
        b"order=04",
        b"update_exclusion=2,order=4",
        b"order=4,method=C",  # not sorted
        b"order=C",
        b"method=9",
        b"method=X",
        b"nonsense=3",
        b"max_nodes=9999999999",
        b"\xff\xfe",
        b"=" * 255,
        b"self=1",
        b"order=\xb2",
    ],
)
def test_hostile_parameters_are_corrupt(parameters: bytes) -> None:
    with pytest.raises(CorruptError):
        EntropyCodec.for_frame(18, parameters)


@pytest.mark.parametrize("parameters", [b"past=abc", b"symbol_bits=1", b"depth=17"])
def test_hostile_parameters_of_ctw_are_corrupt(parameters: bytes) -> None:
    with pytest.raises(CorruptError):
        EntropyCodec.for_frame(19, parameters)


def test_an_unknown_method_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        EntropyCodec.for_frame(99, b"")


def test_options_without_a_place_in_a_file_are_refused() -> None:
    with pytest.raises(UsageError, match="past"):
        EntropyCodec("ctw", past=b"abc")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="did you mean"):
        EntropyCodec("pmm")
    with pytest.raises(UsageError, match="256"):
        EntropyCodec("uniform", alphabet_size=16)


def test_a_header_that_asks_for_much_memory_says_so_before_taking_it() -> None:
    codec = EntropyCodec.for_frame(18, b"max_nodes=2147483647")
    assert codec.memory_bytes(1000) > 2**34
    assert EntropyCodec("uniform").memory_bytes(1000) < 2**17

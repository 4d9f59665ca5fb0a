"""The one loop that joins a predictor and a coder; everything else here is a choice of what happens in its middle.

    for each position:   symbol = step(symbol, predictor.predict())      step:  encode | decode | add up -log2 p
                         predictor.update(symbol)

Encoder and decoder are the same code with another step, so they cannot drift apart. `EntropyCodec` makes a
`BlockCodec` of every predictor in `predictors.registry`.
"""

from __future__ import annotations

import inspect
import math
import re
from array import array
from collections.abc import Callable, Sequence

import numpy as np

from predzip.codecs.base import Progress
from predzip.coding.base import EntropyCoder
from predzip.coding.frequencies import accumulate
from predzip.coding.range_coder import RangeCoder, RangeDecoder, RangeEncoder
from predzip.errors import CorruptError, UsageError
from predzip.predictors import registry
from predzip.predictors.base import Frequencies, Predictor

_Step = Callable[[int, Frequencies], int]
_PROGRESS_SYMBOLS = 4096
_BUFFERS_PER_BYTE = 6  # block, copy, output and its growth


def encode(
    predictor: Predictor,
    symbols: Sequence[int],
    coder: EntropyCoder | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Code symbols by the predictor's distributions, from its reset state.

    Args:
        predictor: reset first, so it may have been used before.
        symbols: bytes, or any sequence of integers below the predictor's alphabet size.
        coder: the range coder unless told otherwise.
        progress: called with the number of symbols finished since the last call.

    Raises:
        UsageError: for a symbol outside the alphabet, or a coder that cannot take any total.
    """
    encoder = _usable(coder).encoder()

    def step(symbol: int, frequencies: Frequencies) -> int:
        encoder.encode(symbol, accumulate(frequencies))
        return symbol

    def range_step(symbol: int, frequencies: Frequencies) -> int:
        range_encoder.encode_frequencies(symbol, frequencies)
        return symbol

    if isinstance(encoder, RangeEncoder):  # the same bytes without the cumulative table
        range_encoder = encoder
        step = range_step
    _drive(predictor, step, _checked(predictor, symbols), progress)
    return encoder.finish()


def decode(
    predictor: Predictor,
    payload: bytes,
    count: int,
    coder: EntropyCoder | None = None,
    progress: Progress | None = None,
) -> array[int]:
    """Bring back `count` symbols; `tobytes()` of the result is the bytes of a byte predictor.

    Raises:
        CorruptError: where the payload contradicts itself; a damaged one may also give other symbols.
    """
    decoder = _usable(coder).decoder(payload)

    def step(symbol: int, frequencies: Frequencies) -> int:
        return decoder.decode(accumulate(frequencies))

    def range_step(symbol: int, frequencies: Frequencies) -> int:
        return range_decoder.decode_frequencies(frequencies)

    if isinstance(decoder, RangeDecoder):
        range_decoder = decoder
        step = range_step
    typecode = _typecode(predictor)
    symbols = array(typecode, bytes(count * array(typecode).itemsize))
    _drive(predictor, step, symbols, progress)
    return symbols


def code_length_bits(predictor: Predictor, symbols: Sequence[int], progress: Progress | None = None) -> float:
    """Return the ideal code length, -log2 of the probability of the whole sequence: no coder, no rounding."""
    total_bits = 0.0

    def step(symbol: int, frequencies: Frequencies) -> int:
        nonlocal total_bits
        total = int(frequencies.sum(dtype=np.uint64))
        total_bits += math.log2(total) - math.log2(int(frequencies[symbol]))
        return symbol

    _drive(predictor, step, _checked(predictor, symbols), progress)
    return total_bits


def _drive(predictor: Predictor, step: _Step, symbols: array[int], progress: Progress | None) -> None:
    """Predict, step, update: what the step returns is the symbol."""
    predictor.reset()
    for start in range(0, len(symbols), _PROGRESS_SYMBOLS):
        end = min(start + _PROGRESS_SYMBOLS, len(symbols))
        for position in range(start, end):
            symbol = step(symbols[position], predictor.predict())
            symbols[position] = symbol
            predictor.update(symbol)
        if progress:
            progress(end - start)


def _typecode(predictor: Predictor) -> str:
    return "B" if predictor.alphabet_size <= 256 else "I"


def _checked(predictor: Predictor, symbols: Sequence[int]) -> array[int]:
    if len(symbols) and not 0 <= min(symbols) <= max(symbols) < predictor.alphabet_size:
        raise UsageError(f"symbols must lie in 0..{predictor.alphabet_size - 1}")
    copied = array(_typecode(predictor))
    copied.extend(symbols)
    return copied


def _usable(coder: EntropyCoder | None) -> EntropyCoder:
    coder = coder or RangeCoder()
    if coder.needs_power_of_two_total:
        raise UsageError(f"the {coder.name} coder needs totals that are powers of two; predictors give any")
    return coder


class EntropyCodec:
    """A registered predictor with the range coder, as a block codec.

    The parameter bytes are the options that differ from the predictor's defaults, such as `order=4,method=C` in
    ASCII. What is not there has its default, so a default is as permanent as the method id.

    Args:
        name: of the predictor in the registry.
        options: keyword arguments of its class: integers, booleans or words.
    """

    def __init__(self, name: str, /, **options: int | str) -> None:
        self.method_id = registry.method_id(name)
        defaults = _storable_defaults(name)
        for option, value in options.items():
            if option not in defaults:
                raise UsageError(f"predictor {name!r} has no option {option!r} that a file can hold")
            if isinstance(value, str) != isinstance(defaults[option], str):
                raise UsageError(f"option {option!r} of predictor {name!r} cannot be {value!r}")
        changed = {option: value for option, value in options.items() if value != defaults[option]}
        self.parameters = _pack_options(changed)
        self._predictor = registry.create(name, **options)
        if self._predictor.alphabet_size != 256:
            raise UsageError("a codec for bytes needs a predictor of 256 symbols")

    @classmethod
    def for_frame(cls, method_id: int, parameters: bytes) -> EntropyCodec:
        """Make the codec that a frame header asks for.

        Raises:
            UnsupportedError: where no predictor known here has that id.
            CorruptError: where the parameters are not what this codec writes.
        """
        name = registry.name_of(method_id)
        options = _unpack_options(parameters)
        try:
            codec = cls(name, **options)
        except UsageError as error:
            raise CorruptError(f"parameters of method {method_id}: {error}") from error
        if codec.parameters != parameters:
            raise CorruptError(f"parameters of method {method_id} are not in their shortest form")
        return codec

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block, from the predictor's reset state."""
        return encode(self._predictor, data, progress=progress)

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back exactly `original_bytes` bytes."""
        return decode(self._predictor, payload, original_bytes, progress=progress).tobytes()

    def code_length_bits(self, data: bytes, progress: Progress | None = None) -> float:
        """Ideal code length of one block: what `encode_block` comes to, before the coder rounds."""
        return code_length_bits(self._predictor, data, progress)

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound: the predictor's own, and a few copies of the block."""
        return self._predictor.memory_bytes + _BUFFERS_PER_BYTE * original_bytes + 2**16


_OPTION = re.compile(r"([a-z_]{1,32})=([0-9]{1,10}|[A-Za-z]{1,16})")


def _storable_defaults(name: str) -> dict[str, int | str]:
    parameters = inspect.signature(registry.predictor_class(name)).parameters.values()
    return {p.name: p.default for p in parameters if isinstance(p.default, int | str)}


def _pack_options(options: dict[str, int | str]) -> bytes:
    words = [f"{name}={int(v) if isinstance(v, int) else v}" for name, v in sorted(options.items())]
    for word in words:
        if not _OPTION.fullmatch(word):
            raise UsageError(f"option {word} cannot be written to a file")
    return ",".join(words).encode("ascii")


def _unpack_options(parameters: bytes) -> dict[str, int | str]:
    options: dict[str, int | str] = {}
    for word in parameters.decode("latin-1").split(",") if parameters else []:
        match = _OPTION.fullmatch(word)
        if not match or match[1] in options:
            raise CorruptError("method parameters are malformed")
        options[match[1]] = int(match[2]) if match[2].isdigit() else match[2]
    return options

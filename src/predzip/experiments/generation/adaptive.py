"""predzip's adaptive model as a source: bit-exact lengths, and exact samples by decoding random bits.

An arithmetic decoder that is fed random bits draws from the model's own distribution: each decision comes out 1 with
the model's probability of 1, up to the coder's rounding. So at temperature 1 the decompressor itself is the sampler, as
fast as it decompresses. What a sequence costs is read from the coder's interval: -log2 of its width, to a fraction of a
bit.

At another temperature T, so many sequences of a few bytes are drawn, each from a copy of the model's state, and one of
them is taken with a chance in proportion to p ** (1/T - 1), p being its probability: sampling importance resampling
(Rubin 1987), which comes the closer to the distribution p ** (1/T) the more are drawn. The same draws are candidates
among which a true continuation gets its rank.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.coding.interval import DECODES, POSITION, RANGE
from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates
from predzip.experiments.generation.lengths import DEFAULT_LOOK_AHEAD

Modality = Literal["text", "image", "audio"]
_Code = Callable[[NDArray[np.uint64], NDArray[np.uint8], int, int], object]
_SLICE_BYTES = 4096
_MOST_DECISIONS = 14
"""Of one byte, whatever the model (codecs.mixing)."""
_WINDOW_BYTES = 8
"""What a decoder reads before its first decision."""


def interval_bits(coder: NDArray[np.uint64]) -> float:
    """How many bits a coder has written or read, to a fraction: -log2 of the width of its interval."""
    read_ahead = _WINDOW_BYTES if coder[DECODES] else 0
    return 8.0 * (int(coder[POSITION]) - read_ahead) + 64.0 - float(np.log2(float(coder[RANGE])))


class AdaptiveSource:
    """The adaptive model of a level, for one kind of data.

    Args:
        name: for tables.
        strength: 1 to 3, as in the levels.
        modality: which of its models: of text, of grey pixels, of 8-bit samples.
        row_bytes: length of a row of a picture.
        look_ahead: bytes of a candidate.
        count: how many continuations are drawn where one is chosen among them.
    """

    about = "its decoder on random bits"

    def __init__(
        self,
        name: str,
        strength: int = 3,
        modality: Modality = "text",
        row_bytes: int = 0,
        look_ahead: int = DEFAULT_LOOK_AHEAD,
        count: int = 64,
    ) -> None:
        if modality == "image" and row_bytes < 1:
            raise UsageError("a picture needs the length of its rows")
        self.name = name
        self.step_bytes = look_ahead
        self._strength = strength
        self._modality = modality
        self._row_bytes = row_bytes
        self._count = count
        self.start(1)

    def start(self, expected_bytes: int) -> None:
        """See `Source`."""
        length = max(1, expected_bytes)
        self._data, self._model, self._code = _new_model(self._modality, self._strength, self._row_bytes, length)
        self._length = length
        self._position = 0

    def take(self, data: bytes) -> None:
        """See `Source`. More than was expected is more than the model has room for."""
        if self._position + len(data) > self._length:
            raise UsageError(f"{self.name} was started for {self._length} bytes")
        self._data[self._position : self._position + len(data)] = np.frombuffer(data, np.uint8)
        end = self._position + len(data)
        for begin in range(self._position, end, _SLICE_BYTES):
            stop = min(begin + _SLICE_BYTES, end)
            self._code(new_encoder(), _room(stop - begin), begin, stop)
        self._position = end

    def draw_directly(self, length: int, random: Random, temperature: float) -> tuple[bytes, float]:
        """See `DirectSource`."""
        if temperature == 1:
            return self._decode_chance(min(length, _SLICE_BYTES, self._length - self._position), random)
        drawn, bits = self._draws(self._step(length), random)
        if temperature == 0:
            index = int(bits.argmin())
        else:
            # The probability of each is already in how often it was drawn: only what the temperature adds counts.
            index = Candidates(drawn, bits * (1 / temperature - 1)).draw(random)
        self.take(drawn[index])
        return drawn[index], float(bits[index])

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """See `Source`."""
        length = self._step(length)
        drawn, bits = self._draws(length, random)
        distinct = dict(zip(drawn, bits.tolist(), strict=True))
        required = also[:length]
        if required and required not in distinct:
            distinct[required] = self.cost_bits(required)
        return Candidates(list(distinct), np.array(list(distinct.values())))

    def _step(self, length: int) -> int:
        return min(length, self.step_bytes, self._length - self._position)

    def _decode_chance(self, length: int, random: Random) -> tuple[bytes, float]:
        """Decode random bits: the model goes on behind what came out."""
        # Two bytes of chance for a decision are the most that the coder can ask for; what is not read does no harm.
        payload = payload_buffer(random.randbytes(room_bytes(_MOST_DECISIONS * length)))
        coder = new_decoder(payload)
        begin, end = self._position, self._position + length
        self._code(coder, payload, begin, end)
        self._position = end
        return self._data[begin:end].tobytes(), interval_bits(coder)

    def _draws(self, length: int, random: Random) -> tuple[list[bytes], NDArray[np.float64]]:
        """Draw so many continuations from here, each with its cost; the model stays where it is."""
        drawn, bits = [], np.empty(self._count)
        with self._unchanged() as restore:
            for index in range(self._count):
                continuation, bits[index] = self._decode_chance(length, random)
                drawn.append(continuation)
                restore()
        return drawn, bits

    def cost_bits(self, continuation: bytes) -> float:
        """Code length of a continuation, of any length that there is room for; the model stays where it is."""
        if self._position + len(continuation) > self._length:
            raise UsageError(f"{self.name} was started for {self._length} bytes")
        with self._unchanged():
            begin, end = self._position, self._position + len(continuation)
            self._data[begin:end] = np.frombuffer(continuation, np.uint8)
            coder = new_encoder()
            self._code(coder, _room(len(continuation)), begin, end)
            return interval_bits(coder)

    @contextlib.contextmanager
    def _unchanged(self) -> Iterator[Callable[[], None]]:
        """Bring the model back to its present state at the end, and whenever it is asked."""
        position = self._position
        arrays = _arrays(self._model)
        saved = [array.copy() for array in arrays]

        def restore() -> None:
            self._position = position
            self._data[position:] = 0
            for array, before in zip(arrays, saved, strict=True):
                np.copyto(array, before)

        yield restore
        restore()


def _room(length: int) -> NDArray[np.uint8]:
    return np.zeros(room_bytes(_MOST_DECISIONS * length), np.uint8)


def _arrays(model: object) -> list[NDArray[Any]]:
    """Every array of a model's state: models are tuples of arrays, or of such tuples."""
    if isinstance(model, np.ndarray):
        return [model] if model.flags.writeable else []
    return [array for part in model for array in _arrays(part)] if isinstance(model, tuple) else []


def _new_model(
    modality: Modality, strength: int, row_bytes: int, length: int
) -> tuple[NDArray[np.uint8], object, _Code]:
    """Room for the data, a fresh model, and what codes a piece of the data with it."""
    if modality == "image":
        from predzip.predictors.mixing.pixels import code_pixels, new_pixel_model

        pixels = new_pixel_model(row_bytes, 1, length)
        data = np.zeros(length, np.uint8)
        return data, pixels, lambda coder, buffer, begin, end: code_pixels(pixels, coder, buffer, data, begin, end)
    if modality == "audio":
        from predzip.predictors.mixing.audio import code_audio, new_audio_model

        audio = new_audio_model(8, 1, False, length)
        data = np.zeros(length, np.uint8)
        return data, audio, lambda coder, buffer, begin, end: code_audio(audio, coder, buffer, data, begin, end)
    from predzip.predictors.mixing import settings
    from predzip.predictors.mixing.model import SKIP_UNTIL, new_model, padded
    from predzip.predictors.mixing.step import code_bytes

    model = new_model(strength, settings.TEXT, length)
    # Where 400 bytes repeat, a file's coder takes 64 more in one decision, reading ahead of what has come: not here.
    model.settings[SKIP_UNTIL] = 1 << 40
    data = padded(bytes(length))
    no_priors = np.zeros((0, 0, 1, 256), np.uint16)

    def code(coder: NDArray[np.uint64], buffer: NDArray[np.uint8], begin: int, end: int) -> object:
        return code_bytes(model, coder, buffer, data, no_priors, begin, end)

    return data, model, code

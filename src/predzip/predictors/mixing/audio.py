"""The model of PCM audio: 8-bit unsigned or 16-bit signed samples, one or two channels, in one pass.

`new_audio_model` makes the state, `code_audio` codes or decodes a slice of the bytes. What is inside:
`audio_predict` (where the next sample should be), `audio_coder` (the decisions that code it), `audio_model` (state).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.coding.interval import Buffer, State
from predzip.jit import kernel
from predzip.predictors.mixing.audio_coder import code_sample
from predzip.predictors.mixing.audio_model import (
    BIG_ENDIAN,
    CHANNELS,
    INTERNAL_SHIFT,
    SAMPLE_BYTES,
    AudioModel,
    new_audio_model,
)
from predzip.predictors.mixing.audio_predict import learn_sample, predict_sample

__all__ = ["AudioModel", "code_audio", "new_audio_model"]

_DECODES = 0  # slot of the coder's state
_EVEN = 32768


@kernel
def _load(geometry: NDArray[np.int64], samples: NDArray[np.uint8], position: int) -> int:
    """Value with sign of the sample at `position`."""
    first = np.int64(samples[position])
    if geometry[SAMPLE_BYTES] == 1:
        return int(first - 128)
    second = np.int64(samples[position + 1])
    value = first << 8 | second if geometry[BIG_ENDIAN] else second << 8 | first
    return int(value - 65536 if value >= 32768 else value)


@kernel
def _store(geometry: NDArray[np.int64], samples: NDArray[np.uint8], position: int, value: int) -> None:
    if geometry[SAMPLE_BYTES] == 1:
        samples[position] = np.uint8(value + 128)
        return
    high, low = np.uint8((value >> 8) & 255), np.uint8(value & 255)
    samples[position] = high if geometry[BIG_ENDIAN] else low
    samples[position + 1] = low if geometry[BIG_ENDIAN] else high


@kernel
def code_audio(
    model: AudioModel, state: State, buffer: Buffer, samples: NDArray[np.uint8], begin: int, end: int
) -> None:
    """Code `samples[begin:end]`; slices follow each other, the same in both directions.

    Args:
        model: from `new_audio_model`; holds all that is learnt.
        state: of the binary coder; its direction decides whether `samples` is read or filled.
        buffer: the coder's; an encoder's needs `room_bytes(8 * (end - begin))` free bytes.
        samples: the whole segment as stored.
        begin: multiple of a frame (all channels' samples).
        end: multiple of a frame, or the end of the segment: a sample cut off there is coded as it is.
    """
    geometry = model.geometry
    size = geometry[SAMPLE_BYTES]
    encodes = state[_DECODES] == np.uint64(0)
    position = begin
    while position + size <= end:
        channel = (position // size) % geometry[CHANNELS]
        predict_sample(model, channel)
        value = _load(geometry, samples, position) if encodes else 0
        value = code_sample(model, state, buffer, channel, value)
        if not encodes:
            _store(geometry, samples, position, value)
        learn_sample(model, channel, value << geometry[INTERNAL_SHIFT])
        position += size
    while position < end:
        known = int(samples[position]) if encodes else 0
        byte = 0
        for place in range(7, -1, -1):
            byte = 2 * byte + code_bit(state, buffer, _EVEN, (known >> place) & 1)
        if not encodes:
            samples[position] = np.uint8(byte)
        position += 1

"""Code a stream by lanes, with priors or without: the loop that a neural codec will have, for the tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import finish, new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.predictors.base import LanePredictor
from predzip.predictors.mixing.model import PADDING, Model, new_model, padded
from predzip.predictors.mixing.step import code_bytes

_Bytes = NDArray[np.uint8]


def encode_lanes(
    data: bytes, level: int, family: int, lanes: int = 1, priors: tuple[LanePredictor, ...] = (), slice_steps: int = 0
) -> bytes:
    array = padded(data)
    coder = new_encoder()
    buffer = np.zeros(room_bytes(9 * len(data)), np.uint8)
    model = new_model(level, family, len(data), lanes, len(priors))
    _run(model, coder, buffer, array, lanes, priors, slice_steps)
    return bytes(buffer[: int(finish(coder, buffer))])


def decode_lanes(
    payload: bytes,
    length: int,
    level: int,
    family: int,
    lanes: int = 1,
    priors: tuple[LanePredictor, ...] = (),
    slice_steps: int = 0,
    garbage_seed: int = 1,
) -> bytes:
    """The array to fill holds garbage at first: whoever reads what is not decoded yet will not find the original."""
    array = np.zeros(length + PADDING, np.uint8)
    array[:length] = np.random.default_rng(garbage_seed).integers(0, 256, length, dtype=np.uint8)
    buffer = payload_buffer(payload)
    model = new_model(level, family, length, lanes, len(priors))
    _run(model, new_decoder(buffer), buffer, array, lanes, priors, slice_steps)
    return array[:length].tobytes()


def _run(
    model: Model,
    coder: NDArray[np.uint64],
    buffer: _Bytes,
    array: _Bytes,
    lanes: int,
    priors: tuple[LanePredictor, ...],
    slice_steps: int,
) -> None:
    length = len(array) - PADDING
    lane_bytes = max(1, -(-length // lanes))
    for prior in priors:
        prior.reset(lanes)
    starts = np.arange(lanes) * lane_bytes
    step = 1 if priors else slice_steps or lane_bytes
    nothing = np.zeros((0, 0, lanes, 256), np.uint16)
    t = 0
    while t < lane_bytes and length:
        end = min(t + step, lane_bytes)
        frequencies = np.stack([prior.predict() for prior in priors])[:, np.newaxis] if priors else nothing
        following = int(code_bytes(model, coder, buffer, array, frequencies, t, end))
        if priors:
            places = starts + t
            symbols = np.where(places < length, array[np.minimum(places, length - 1)], 0).astype(np.uint8)
            for prior in priors:
                prior.update(symbols)
        t = following

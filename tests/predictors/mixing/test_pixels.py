"""The picture model as a whole: what goes in comes out, however it is sliced, and noise costs what noise must."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.coding.binary import finish, new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.predictors.mixing.pixels import MAX_DECISIONS, code_pixels, new_pixel_model
from predzip.predictors.mixing.pixels_model import model_bytes


def encode(data: NDArray[np.uint8], width: int, stride: int, slice_bytes: int = 1 << 20) -> bytes:
    model = new_pixel_model(width, stride, len(data))
    state = new_encoder()
    buffer = np.zeros(room_bytes(MAX_DECISIONS * len(data)), np.uint8)
    pixels = data.copy()
    for begin in range(0, len(data), slice_bytes):
        code_pixels(model, state, buffer, pixels, begin, min(begin + slice_bytes, len(data)))
    assert (pixels == data).all()
    return buffer[: finish(state, buffer)].tobytes()


def decode(payload: bytes, length: int, width: int, stride: int, slice_bytes: int = 1 << 20) -> NDArray[np.uint8]:
    model = new_pixel_model(width, stride, length)
    buffer = payload_buffer(payload)
    state = new_decoder(buffer)
    pixels = np.full(length, 0xA5, np.uint8)  # not zeros: a peek at a byte not yet known must show
    for begin in range(0, length, slice_bytes):
        code_pixels(model, state, buffer, pixels, begin, min(begin + slice_bytes, length))
    return pixels


def noisy_slope(rows: int, width: int, deviation: float, channels: int = 1, seed: int = 1) -> NDArray[np.uint8]:
    """A smooth slope with Gaussian noise, alike in all channels but for a constant."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:width]
    smooth = 110 + 40 * np.sin(x / 19) + 30 * np.cos(y / 13)
    planes = [smooth + 10 * c + rng.normal(0, deviation, smooth.shape) for c in range(channels)]
    return np.clip(np.rint(np.stack(planes, -1)), 0, 255).astype(np.uint8).ravel()


SAMPLES = {
    "random": np.random.default_rng(3).integers(0, 256, 3000).astype(np.uint8),
    "black": np.zeros(3000, np.uint8),
    "white": np.full(3000, 255, np.uint8),
    "checks": np.tile(np.array([0, 255], np.uint8), 1500),
    "gradient": (np.arange(3000) % 256).astype(np.uint8),
    "jumps": np.repeat(np.random.default_rng(4).integers(0, 256, 100), 30).astype(np.uint8),
    "slope": noisy_slope(50, 60, 3.0),
}


@pytest.mark.parametrize("stride", [1, 3, 4])
@pytest.mark.parametrize("width", [1, 2, 7, 64, 100, 5000])
@pytest.mark.parametrize("name", SAMPLES)
def test_round_trip(name: str, width: int, stride: int) -> None:
    data = SAMPLES[name]
    payload = encode(data, width, stride)
    assert (decode(payload, len(data), width, stride) == data).all()


@pytest.mark.parametrize("length", range(6))
@pytest.mark.parametrize("stride", [1, 3, 4])
@pytest.mark.parametrize("width", [1, 3, 64])
def test_tiny(length: int, width: int, stride: int) -> None:
    data = np.array([7, 200, 0, 255, 31], np.uint8)[:length]
    payload = encode(data, width, stride)
    assert len(payload) <= length + 3
    assert (decode(payload, length, width, stride) == data).all()


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=300), st.integers(1, 40), st.sampled_from([1, 3, 4]), st.integers(1, 50))
def test_slices_do_not_matter(content: bytes, width: int, stride: int, slice_bytes: int) -> None:
    data = np.frombuffer(content, np.uint8)
    payload = encode(data, width, stride)
    assert encode(data, width, stride, slice_bytes) == payload
    assert (decode(payload, len(data), width, stride, slice_bytes) == data).all()


def test_wide_rows_share_tiles() -> None:
    data = noisy_slope(3, 9001, 2.0)
    payload = encode(data, 9001, 1)
    assert (decode(payload, len(data), 9001, 1) == data).all()
    assert len(payload) < 0.5 * len(data)


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_costs_its_entropy(channels: int) -> None:
    deviation = 4.0
    data = noisy_slope(160, 128, deviation, channels)
    ideal_bits = math.log2(deviation * math.sqrt(2 * math.pi * math.e))
    assert len(encode(data, 128 * channels, channels)) * 8 / len(data) < 1.06 * ideal_bits


def test_shared_channels_are_nearly_free() -> None:
    grey = noisy_slope(100, 100, 6.0)
    colour = np.stack([grey, grey + np.uint8(9), grey - np.uint8(5)], -1).ravel()
    assert len(encode(colour, 300, 3)) < 1.1 * len(encode(grey, 100, 1))


def test_repetition_is_found() -> None:
    rng = np.random.default_rng(8)
    tile = rng.integers(0, 256, (8, 16)).astype(np.uint8)
    drawing = np.tile(tile, (20, 8)).ravel()
    assert len(encode(drawing, 128, 1)) < 1100


def test_new_content_is_met_quickly() -> None:
    """Stacked patches of unlike content cost little more than each alone with a model that knows its kind."""
    smooth = noisy_slope(32, 64, 1.0)
    rough = noisy_slope(32, 64, 12.0, seed=2)
    alone = len(encode(np.tile(smooth, 6), 64, 1)) + len(encode(np.tile(rough, 6), 64, 1))
    assert len(encode(np.tile(np.concatenate([smooth, rough]), 6), 64, 1)) < 1.08 * alone


@pytest.mark.parametrize(
    ("width", "stride", "length"),
    [(64, 1, 1 << 20), (1 << 16, 1, 1 << 24), (1 << 16, 3, 1 << 24), (1 << 16, 4, 1 << 24), (1, 1, 0)],
)
def test_memory_is_bounded(width: int, stride: int, length: int) -> None:
    assert model_bytes(width, stride, length) <= 80 << 20


_INTERPRETED = """
import json, sys, warnings
sys.path.insert(0, {folder!r})
warnings.simplefilter("ignore", RuntimeWarning)
import interpreted
interpreted._replace_instructions()
from test_pixels import encode
import numpy as np
json.dump([encode(np.array(d, np.uint8), w, s).hex() for d, w, s in json.load(sys.stdin)], sys.stdout)
"""


def test_interpreter_agrees() -> None:
    """Python integers cannot overflow: where a compiled kernel did, the payloads would differ."""
    cases = [
        (noisy_slope(20, 24, 5.0).tolist(), 24, 1),
        (SAMPLES["random"][:150].tolist(), 11, 1),
        (noisy_slope(6, 12, 3.0, 3).tolist(), 36, 3),
        (([0, 255] * 8 + [255, 0] * 8) * 4, 16, 1),
    ]
    folder = str(Path(__file__).parent)
    run = subprocess.run(
        [sys.executable, "-c", _INTERPRETED.format(folder=folder)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    for (data, width, stride), payload in zip(cases, json.loads(run.stdout), strict=True):
        assert encode(np.array(data, np.uint8), width, stride).hex() == payload

"""The audio model as a whole: every sound comes back, however it is sliced, and known sources cost their entropy."""

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

from predzip.coding.binary import finish, new_decoder, new_encoder, output_bytes, payload_buffer, room_bytes
from predzip.predictors.mixing.audio import code_audio, new_audio_model

FORMATS = [(8, 1, False), (8, 2, False), (16, 1, False), (16, 2, False), (16, 1, True), (16, 2, True)]
Format = tuple[int, int, bool]
MONO16, MONO8, STEREO16 = FORMATS[2], FORMATS[0], FORMATS[3]


def encode(data: bytes, kind: Format, slice_bytes: int = 1 << 15) -> bytes:
    model = new_audio_model(*kind, len(data))
    state, buffer, samples = new_encoder(), np.zeros(room_bytes(8 * len(data)), np.uint8), payload_buffer(data)
    for begin in range(0, len(data), slice_bytes):
        code_audio(model, state, buffer, samples, begin, min(begin + slice_bytes, len(data)))
    assert samples.tobytes() == data
    return buffer[: finish(state, buffer)].tobytes()


def decode(payload: bytes, length: int, kind: Format, slice_bytes: int = 1 << 15) -> bytes:
    model = new_audio_model(*kind, length)
    buffer = payload_buffer(payload)
    state = new_decoder(buffer)
    samples = np.full(length, 0xA5, np.uint8)  # not zeros: a look at a byte not yet known must show
    for begin in range(0, length, slice_bytes):
        code_audio(model, state, buffer, samples, begin, min(begin + slice_bytes, length))
    return samples.tobytes()


def resonant(count: int, deviation: float, seed: int = 1) -> NDArray[np.float64]:
    """An autoregressive source of order 2, driven by Gaussian noise."""
    noise = np.random.default_rng(seed).normal(0, deviation, count)
    out = np.zeros(count)
    for t in range(2, count):
        out[t] = 1.7 * out[t - 1] - 0.85 * out[t - 2] + noise[t]
    return out


def pcm16(values: NDArray[np.float64], order: str = "<") -> bytes:
    return np.clip(np.rint(values), -32768, 32767).astype(f"{order}i2").tobytes()


_TIME = np.arange(1500)
SOUNDS = {
    "noise": np.random.default_rng(3).integers(0, 256, 3000).astype(np.uint8).tobytes(),
    "zeros": bytes(3000),
    "ones": b"\xff" * 3000,
    "midpoint": b"\x80" * 3000,
    "square": pcm16(np.where(_TIME // 25 % 2 == 0, -32768.0, 32767.0)),
    "fastest square": pcm16(np.where(_TIME % 2 == 0, -32768.0, 32767.0)),
    "clipped sine": pcm16(60000 * np.sin(_TIME * 0.07)),
    "clicks": pcm16(np.where(_TIME % 97 == 0, 32767.0, 0.0)),
    "silence, then noise": bytes(1500) + np.random.default_rng(4).integers(0, 256, 1500).astype(np.uint8).tobytes(),
    "resonance": pcm16(resonant(1500, 300)),
    "coarse grid": pcm16(np.rint(resonant(1500, 4)) * 256),
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", SOUNDS)
def test_round_trip(name: str, kind: Format) -> None:
    data = SOUNDS[name]
    assert decode(encode(data, kind), len(data), kind) == data


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("length", range(10))
def test_tiny_and_cut_off(length: int, kind: Format) -> None:
    data = bytes([7, 200, 0, 255, 31, 128, 127, 1, 254])[:length]
    payload = encode(data, kind)
    assert len(payload) <= 8 * length  # the start expects a soft sound
    assert decode(payload, length, kind) == data


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=400), st.sampled_from(FORMATS), st.integers(1, 40))
def test_slices_do_not_matter(data: bytes, kind: Format, frames: int) -> None:
    slice_bytes = frames * kind[0] // 8 * kind[1]
    payload = encode(data, kind)
    assert encode(data, kind, slice_bytes) == payload
    assert decode(payload, len(data), kind, slice_bytes) == data


def test_byte_order_is_only_an_order() -> None:
    values = resonant(2000, 200)
    assert encode(pcm16(values), (16, 1, False)) == encode(pcm16(values, ">"), (16, 1, True))


@pytest.mark.parametrize("deviation", [2.0, 100.0, 1500.0])
def test_source_costs_its_entropy(deviation: float) -> None:
    data = pcm16(resonant(20000, deviation))
    # Rounding to integers adds a variance of 1/12 to what the filter of the source passes on.
    rounding = (1 + 1.7**2 + 0.85**2) / 12
    ideal_bits = 0.5 * math.log2(2 * math.pi * math.e * (deviation**2 + rounding))
    assert len(encode(data, MONO16)) * 8 / 20000 < 1.012 * ideal_bits + 0.03


@pytest.mark.parametrize(("kind", "growth"), [(MONO16, 1.02), (MONO8, 1.03)])
def test_noise_hardly_grows(kind: Format, growth: float) -> None:
    data = np.random.default_rng(5).integers(0, 256, 40000).astype(np.uint8).tobytes()
    assert len(encode(data, kind)) < growth * len(data)


def test_silence_is_nearly_free() -> None:
    assert len(encode(bytes(100000), MONO16)) < 30


def test_other_channel_helps() -> None:
    source = resonant(8000, 300)
    noise = np.random.default_rng(6).normal(0, 8, 8000)
    left, right = source, 0.7 * np.roll(source, 2) + noise
    stereo = len(encode(pcm16(np.stack([left, right], -1).ravel()), STEREO16))
    alone = len(encode(pcm16(left), MONO16)) + len(encode(pcm16(right), MONO16))
    assert stereo < 0.8 * alone


def test_unrelated_channels_cost_little_more() -> None:
    left, right = resonant(8000, 300), resonant(8000, 300, seed=2)
    stereo = len(encode(pcm16(np.stack([left, right], -1).ravel()), STEREO16))
    alone = len(encode(pcm16(left), MONO16)) + len(encode(pcm16(right), MONO16))
    assert stereo < 1.03 * alone


def test_pitch_helps() -> None:
    """A noise that repeats after 150 samples is beyond the systems; the pitch must find it."""
    period = np.random.default_rng(7).normal(0, 1000, 150)
    values = np.tile(period, 40) + np.random.default_rng(8).normal(0, 20, 6000)
    assert len(encode(pcm16(values), MONO16)) < 0.8 * len(
        encode(pcm16(np.random.default_rng(9).permutation(values)), MONO16)
    )


def test_unused_low_bits_cost_nothing() -> None:
    coarse = np.clip(np.rint(resonant(6000, 6)), -128, 127)
    in_16_bits = len(encode(pcm16(coarse * 256), MONO16))
    in_8_bits = len(encode((coarse + 128).astype(np.uint8).tobytes(), MONO8))
    assert in_16_bits < 1.05 * in_8_bits + 100


@pytest.mark.parametrize("kind", FORMATS)
def test_surprises_stay_within_the_room(kind: Format) -> None:
    """After a long silence every sample may be the least likely one: no sample takes more than 16 bytes a byte."""
    rng = np.random.default_rng(10)
    quiet = bytes([128 if kind[0] == 8 else 0]) * 40000
    wild = rng.integers(0, 256, 2000).astype(np.uint8).tobytes()
    samples = payload_buffer(quiet + wild)
    model, state = new_audio_model(*kind, len(samples)), new_encoder()
    buffer = np.zeros(room_bytes(8 * len(samples)), np.uint8)
    code_audio(model, state, buffer, samples, 0, len(quiet))
    frame = kind[0] // 8 * kind[1]
    used = output_bytes(state)
    for begin in range(len(quiet), len(samples), frame):
        code_audio(model, state, buffer, samples, begin, begin + frame)
        assert output_bytes(state) - used <= room_bytes(8 * frame)
        used = output_bytes(state)
    payload = buffer[: finish(state, buffer)].tobytes()
    assert decode(payload, len(samples), kind) == samples.tobytes()


@pytest.mark.parametrize(("bits", "channels"), [(24, 1), (16, 3), (8, 0)])
def test_unknown_formats_are_refused(bits: int, channels: int) -> None:
    with pytest.raises(ValueError, match="no such audio"):
        new_audio_model(bits, channels, False, 100)


@pytest.mark.parametrize("channels", [1, 2])
def test_memory_is_small(channels: int) -> None:
    assert sum(array.nbytes for array in new_audio_model(16, channels, False, 1 << 30)) < 1 << 20


_INTERPRETED = """
import json, sys, warnings
sys.path.insert(0, {folder!r})
warnings.simplefilter("ignore", RuntimeWarning)  # the coder wraps uint64
warnings.filterwarnings("error", module=r"predzip\\.predictors\\.mixing\\.audio")  # this model must not
import interpreted
interpreted._replace_instructions()
from test_audio import encode
json.dump([encode(bytes.fromhex(d), tuple(k)).hex() for d, k in json.load(sys.stdin)], sys.stdout)
"""


def test_interpreter_agrees() -> None:
    """With every kernel run by Python, NumPy reports each signed overflow, and the payloads must be the same."""
    cases = [
        (SOUNDS["resonance"][:400], MONO16),
        (SOUNDS["square"][:400], STEREO16),
        (SOUNDS["silence, then noise"][1300:1700], MONO16),
        (SOUNDS["noise"][:150], MONO8),
    ]
    run = subprocess.run(
        [sys.executable, "-c", _INTERPRETED.format(folder=str(Path(__file__).parent))],
        input=json.dumps([(data.hex(), kind) for data, kind in cases]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    assert run.returncode == 0, run.stderr
    for (data, kind), payload in zip(cases, json.loads(run.stdout), strict=True):
        assert encode(data, kind).hex() == payload

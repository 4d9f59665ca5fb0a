"""Raw pictures and sound are found with their widths and channels; what only resembles them is not."""

from __future__ import annotations

import numpy as np
import pytest

from predzip.predictors.mixing.kinds.segments import Kind
from predzip.predictors.mixing.kinds.signals import (
    Surface,
    find_surface,
    find_wave,
    is_centred,
    is_faint,
    is_smooth,
)

from . import samples


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


@pytest.mark.parametrize("width", [64, 100, 333, 1200])
def test_width_of_a_raw_picture(width: int) -> None:
    data = _array(samples.picture(width, 60000 // width))
    assert is_smooth(data, 20000, 23000, 97)
    assert find_surface(data, 0, data.size, None, False) == Surface(Kind.IMAGE8, width)


def test_width_of_a_raw_colour_picture() -> None:
    data = _array(samples.picture(150, 150, 3))
    assert find_surface(data, 0, data.size, None, False) == Surface(Kind.IMAGE24, 450)


@pytest.mark.parametrize("seed", range(5))
def test_a_patch_of_2048_bytes(seed: int) -> None:
    image = _array(samples.picture(640, 320, seed=seed)).reshape(320, 640)
    patch = np.ascontiguousarray(image[100:132, 200:264]).ravel()
    assert is_smooth(patch, 0, 2048, 104)
    assert find_surface(patch, 0, 2048, None, is_centred(patch, 0, 2048)) == Surface(Kind.IMAGE8, 64)


def test_a_fitting_hint_is_kept_and_a_wrong_one_replaced() -> None:
    data = _array(samples.picture(100, 600))
    for hint in (Surface(Kind.IMAGE8, 100), Surface(Kind.IMAGE8, 77), Surface(Kind.AUDIO8, 1)):
        assert find_surface(data, 0, data.size, hint, False) == Surface(Kind.IMAGE8, 100)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("phase", [0, 1])
def test_raw_pcm(channels: int, phase: int) -> None:
    sound = samples.sound(1500, channels).astype("<i2").tobytes()
    wave = find_wave(_array(bytes(phase) + sound), 0, phase + len(sound))
    assert wave is not None
    assert (wave.phase, wave.channels, wave.swings) == (phase, channels, True)


def test_quiet_sound_beside_zero_is_still_sound() -> None:
    quiet = samples.sound(1500) // 64 - 120
    wave = find_wave(_array(quiet.astype("<i2").tobytes()), 0, 3000)
    assert wave is not None
    assert wave.swings


def test_unsigned_samples_do_not_swing() -> None:
    wave = find_wave(_array((samples.sound(1500) // 4 + 9000).astype("<i2").tobytes()), 0, 3000)
    assert wave is not None
    assert not wave.swings


def test_eight_bit_sound() -> None:
    data = _array(((samples.sound(40000) >> 8) + 128).astype(np.uint8).tobytes())
    assert is_centred(data, 0, data.size)
    assert is_smooth(data, 0, 3000, 97)
    assert find_surface(data, 0, data.size, None, True) == Surface(Kind.AUDIO8, 1)


def test_faint_sound_of_a_few_values() -> None:
    data = _array(((samples.sound(2048) // 16 >> 8) + 128).astype(np.uint8).tobytes())
    assert is_faint(data, 0, 2048)
    assert not is_faint(_array(bytes([130]) * 2048), 0, 2048)


_OTHERS = {
    "text": samples.text(6000),
    "noise": samples.noise(6000),
    "records": samples.records(261),
    "code": samples.machine_code(6000),
    "counter": np.arange(1500, dtype="<i4").tobytes(),
    "sorted": np.cumsum(np.frombuffer(samples.noise(1500), np.uint8).astype("<i4")).astype("<i4").tobytes(),
    "floats": (np.frombuffer(samples.noise(1500), np.uint8) / np.float32(7)).astype("<f4").tobytes(),
    "small numbers": np.frombuffer(samples.noise(1500), np.int8).astype("<i4").tobytes(),
    "flags": (_array(samples.noise(6000)) < 5).astype(np.uint8).tobytes(),
    "zeros": bytes(6000),
}


@pytest.mark.parametrize("name", list(_OTHERS))
def test_what_is_neither(name: str) -> None:
    data = _array(_OTHERS[name])
    assert not is_smooth(data, 0, data.size, 97)
    wave = find_wave(data, 0, data.size)
    assert wave is None or not wave.swings

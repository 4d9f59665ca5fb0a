"""Warm starts: packing is undone, pictures and sounds round-trip, chunks get smaller, the tables never change."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_audio import FORMATS, SOUNDS, pcm16, resonant
from test_pixels import SAMPLES, noisy_slope

from predzip.coding.binary import finish, new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.predictors.mixing.audio import code_audio, new_audio_model
from predzip.predictors.mixing.audio_scales import log2_16ths
from predzip.predictors.mixing.audio_shapes import ratio_p1
from predzip.predictors.mixing.pixels import MAX_DECISIONS, code_pixels, new_pixel_model
from predzip.predictors.mixing.warm import (
    FOLDER,
    pack_map,
    pack_numbers,
    read_start,
    unpack_map,
    unpack_start,
    write_start,
)

NAMES = ("warm-pixels", "warm-audio8", "warm-audio16")
# The tables decide bits: a file that gives others needs a new name and a new strength of the format.
DIGESTS = {
    "warm-pixels": "743ed78bf9f8636da5ef3760214acf9b8d922a85e4e2bf145458757331645010",
    "warm-audio8": "b0494613a200c0b3e0a6dbd411345233794b0b4de7920c2e7481d09a468c873c",
    "warm-audio16": "155955cb753e6c810050f9d3709fd8ba0c38479f4e38dc608dd81bdaf03b0376",
}
Format = tuple[int, int, bool]


def code_picture(data: NDArray[np.uint8], width: int, stride: int = 1, *, warm: bool = True) -> bytes:
    """Encode, decode, compare; return the payload."""
    payload = b""
    for encodes in (True, False):
        model = new_pixel_model(width, stride, len(data), warm=warm)
        buffer = np.zeros(room_bytes(MAX_DECISIONS * len(data)), np.uint8) if encodes else payload_buffer(payload)
        state = new_encoder() if encodes else new_decoder(buffer)
        pixels = data.copy() if encodes else np.full(len(data), 0xA5, np.uint8)
        for begin in range(0, len(data), 1000):
            code_pixels(model, state, buffer, pixels, begin, min(begin + 1000, len(data)))
        if encodes:
            payload = buffer[: finish(state, buffer)].tobytes()
        assert (pixels == data).all()
    return payload


def code_sound(data: bytes, kind: Format, *, warm: bool = True) -> bytes:
    """Encode, decode, compare; return the payload."""
    payload = b""
    for encodes in (True, False):
        model = new_audio_model(*kind, len(data), warm=warm)
        buffer = np.zeros(room_bytes(8 * len(data)), np.uint8) if encodes else payload_buffer(payload)
        state = new_encoder() if encodes else new_decoder(buffer)
        samples = payload_buffer(data) if encodes else np.full(len(data), 0xA5, np.uint8)
        for begin in range(0, len(data), 1000):
            code_audio(model, state, buffer, samples, begin, min(begin + 1000, len(data)))
        if encodes:
            payload = buffer[: finish(state, buffer)].tobytes()
        assert samples.tobytes() == data
    return payload


@pytest.mark.parametrize("name", NAMES)
def test_tables_never_change(name: str) -> None:
    digest = hashlib.sha256()
    for key, table in sorted(read_start(name).items()):
        digest.update(key.encode() + table.astype("<i8").tobytes())
    assert digest.hexdigest() == DIGESTS[name]


def test_files_are_small() -> None:
    assert sum((FOLDER / f"{name}.npz.xz").stat().st_size for name in NAMES) <= 900_000


def test_tables_are_shared_and_read_only() -> None:
    table = read_start("warm-pixels")["weights"]
    assert read_start("warm-pixels")["weights"] is table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_map_entries_come_back_nearly() -> None:
    p1 = np.array([70, 3000, 32768, 50000, 65000], np.uint32)
    counts = np.array([200, 20, 16, 15, 1000], np.uint32)
    entries = unpack_map(pack_map(p1 << np.uint32(16) | counts, 16, 24))
    assert (entries & 1023).tolist() == [24, 20, 16, 0, 24]
    assert entries[3] == 0
    seen = counts >= 16
    assert (entries >> 16)[seen] / 65536 == pytest.approx(p1[seen] / 65536, rel=0.08)


@pytest.mark.parametrize(("numbers", "kind"), [([-70000, 5, 1 << 20], "int16"), ([1 << 30, -3], "int32")])
def test_numbers_come_back_rounded(numbers: list[int], kind: str, tmp_path: Path) -> None:
    packed = pack_numbers(np.array(numbers, np.int64), 6)
    assert packed.dtype == kind
    write_start(tmp_path / "a", {"x@6": packed})
    write_start(tmp_path / "b", {"x@6": packed})
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    assert np.abs(unpack_start(content)["x"] - numbers).max() <= 32


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("width", [1, 7, 64, 5000])
@pytest.mark.parametrize("name", ["random", "black", "checks", "slope"])
def test_pictures_round_trip(name: str, width: int, stride: int) -> None:
    code_picture(SAMPLES[name], width, stride)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["noise", "zeros", "fastest square", "silence, then noise", "coarse grid"])
def test_sounds_round_trip(name: str, kind: Format) -> None:
    code_sound(SOUNDS[name][:2001], kind)


@pytest.mark.parametrize("length", range(4))
def test_tiny(length: int) -> None:
    data = np.array([7, 200, 0], np.uint8)[:length]
    code_picture(data, 2)
    code_sound(data.tobytes(), (8, 1, False))


def test_colour_starts_cold() -> None:
    data = noisy_slope(8, 12, 3.0, 3)
    assert code_picture(data, 36, 3) == code_picture(data, 36, 3, warm=False)


def test_chunks_get_smaller() -> None:
    patch = noisy_slope(32, 64, 3.0)
    assert len(code_picture(patch, 64)) < 0.985 * len(code_picture(patch, 64, warm=False))
    # A hum is no speech, of which the start knows: real speech in chunks gets 2 % smaller (docs/design/audio.md).
    quiet = (np.rint(resonant(2048, 0.7)) + 128).astype(np.uint8).tobytes()
    assert len(code_sound(quiet, (8, 1, False))) < 1.01 * len(code_sound(quiet, (8, 1, False), warm=False))


def test_long_data_does_not_suffer() -> None:
    picture = noisy_slope(160, 128, 4.0)
    assert len(code_picture(picture, 128)) < 1.002 * len(code_picture(picture, 128, warm=False))
    sound = pcm16(resonant(20000, 100))
    assert len(code_sound(sound, (16, 1, False))) < 1.002 * len(code_sound(sound, (16, 1, False), warm=False))


def test_mended_logarithm_is_exact_to_a_sixteenth() -> None:
    for value in [256, 257, 300, 511, 512, 65537, 70000, 10**6, (1 << 32) + 5, (1 << 40) - 1]:
        assert 0 <= 16 * np.log2(value) - log2_16ths(value, 1) < 1.1


def test_a_curve_without_mass_knows_nothing() -> None:
    assert ratio_p1(5, 5, 5, 1024 << 16) == 32768
    assert ratio_p1(1 << 40, 1 << 40, 0, 1024 << 16) == 65535
    assert ratio_p1(1 << 40, 1 << 39, 0, 1024 << 16) == pytest.approx(32768, abs=1)


_INTERPRETED = """
import json, sys, warnings
sys.path.insert(0, {folder!r})
warnings.simplefilter("ignore", RuntimeWarning)  # the coder wraps uint64
warnings.filterwarnings("error", module=r"predzip\\.predictors\\.mixing\\.audio")  # this model must not
import interpreted
interpreted._replace_instructions()
from test_warm import code_picture, code_sound
import numpy as np
picture, sound = json.load(sys.stdin)
payloads = code_picture(np.array(picture, np.uint8), 24), code_sound(bytes(sound), (8, 1, False))
json.dump([payload.hex() for payload in payloads], sys.stdout)
"""


def test_interpreter_agrees() -> None:
    """Python integers cannot overflow: where a compiled kernel did, the payloads would differ."""
    picture, sound = noisy_slope(6, 24, 5.0), SOUNDS["silence, then noise"][1400:1600]
    run = subprocess.run(
        [sys.executable, "-c", _INTERPRETED.format(folder=str(Path(__file__).parent))],
        input=json.dumps([picture.tolist(), list(sound)]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [code_picture(picture, 24).hex(), code_sound(sound, (8, 1, False)).hex()]

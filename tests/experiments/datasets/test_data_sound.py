"""Recordings to bytes: the top byte of each sample, as the paper's code takes it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

import corpus
from experiments.datasets.test_data_pictures import tar_of
from predzip.errors import UsageError
from predzip.experiments.datasets import audio

SAMPLES = corpus.sound(1500)


def top_bytes(raw: bytes) -> bytes:
    """lin2lin(raw, 2, 1) and a bias of 128, in the words of the format: high byte, sign bit turned."""
    return bytes(raw[place + 1] ^ 0x80 for place in range(0, len(raw), 2))


def test_the_extremes() -> None:
    values = [-32768, -32767, -257, -256, -1, 0, 255, 256, 32767]
    raw = struct.pack(f"<{len(values)}h", *values)
    assert (
        audio.top_bytes(np.array(values, np.int16))
        == top_bytes(raw)
        == bytes([0, 0, 126, 127, 127, 128, 128, 129, 255])
    )


@pytest.mark.parametrize(("bits", "expected"), [(8, top_bytes(SAMPLES)), (16, SAMPLES)])
def test_raw_samples_in_whole_chunks(tmp_path: Path, bits: int, expected: bytes) -> None:
    path = tmp_path / "speech.pcm"
    path.write_bytes(SAMPLES)
    found = b"".join(audio.recordings(path, bits, 128))
    assert found == expected[: len(expected) // 128 * 128]
    assert len(expected) % 128  # else nothing was dropped


def test_each_recording_of_a_folder_loses_its_own_tail(tmp_path: Path) -> None:
    for name, count in (("b.pcm", 300), ("a.pcm", 130), ("short.pcm", 20)):
        (tmp_path / name).write_bytes(SAMPLES[: 2 * count])
    whole = top_bytes(SAMPLES)
    assert b"".join(audio.recordings(tmp_path, 8, 128)) == whole[:128] + whole[:256]
    members = {name: (tmp_path / name).read_bytes() for name in ("a.pcm", "b.pcm")}
    archive = tar_of(tmp_path / "x.tar", members)
    assert b"".join(audio.recordings(archive, 8, 128)) == whole[:128] + whole[:256]


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_files_of_sound(tmp_path: Path, suffix: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.frombuffer(SAMPLES, "<i2")
    soundfile.write(tmp_path / f"one{suffix}", samples, 16000, subtype="PCM_16")
    assert b"".join(audio.recordings(tmp_path, 16, 2)) == SAMPLES
    soundfile.write(tmp_path / f"stereo{suffix}", np.stack([samples, samples], 1), 16000, subtype="PCM_16")
    with pytest.raises(UsageError, match="2 channels"):
        list(audio.recordings(tmp_path / f"stereo{suffix}", 16, 2))
    (tmp_path / f"broken{suffix}").write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="is not a recording"):
        list(audio.recordings(tmp_path / f"broken{suffix}", 16, 2))
    with pytest.raises(UsageError, match="holds no recording"):
        list(audio.recordings(tar_of(tmp_path / "y.tar", {"a.txt": b"text"}), 8, 128))


def test_floats_of_the_hub_are_the_integers_that_they_were() -> None:
    samples = np.frombuffer(SAMPLES, "<i2")
    rows = iter([{"audio": {"array": samples / 32768, "sampling_rate": 16000}}])
    assert b"".join(audio.table_recordings(rows, 16, 2)) == SAMPLES

"""One contract for every general codec: the same bytes come back, whatever they are."""

from __future__ import annotations

import random
import sys

import pytest

from predzip.codecs.baselines import BASELINE_NAMES, GENERAL_NAMES, MEDIA_NAMES, Baseline, baseline
from predzip.errors import CorruptError, MissingExtraError, UsageError

INPUTS = {
    "empty": b"",
    "one byte": b"\xff",
    "every byte": bytes(range(256)),
    "random": random.Random(1).randbytes(20_000),
    "one long run": b"\0" * 100_000,
    "runs": b"".join(bytes([value]) * (value * 7) for value in range(256)),
    "text": b"the quick brown fox jumps over the lazy dog. " * 200,
    "looks like gzip": b"\x1f\x8b\x08\0\0\0\0\0" * 3,
}


@pytest.fixture(params=GENERAL_NAMES)
def codec(request: pytest.FixtureRequest) -> Baseline:
    found = baseline(request.param)
    try:
        found.check_installed()
    except MissingExtraError as error:
        pytest.skip(str(error))
    return found


@pytest.mark.parametrize("data", INPUTS.values(), ids=INPUTS)
def test_round_trip(codec: Baseline, data: bytes) -> None:
    payload = codec.compress(data)
    assert codec.decompress(payload, len(data)) == data
    assert codec.compress(data) == payload


def test_compresses_what_repeats(codec: Baseline) -> None:
    assert len(codec.compress(INPUTS["text"])) < len(INPUTS["text"]) // 20
    assert len(codec.compress(INPUTS["random"])) < 1.1 * len(INPUTS["random"])


def test_small_random_inputs(codec: Baseline) -> None:
    generator = random.Random(2)
    for _ in range(50):
        data = bytes(generator.choices(range(generator.choice([1, 2, 256])), k=generator.randrange(300)))
        assert codec.decompress(codec.compress(data), len(data)) == data


def test_wrong_length_is_noticed() -> None:
    codec = baseline("gzip")
    with pytest.raises(CorruptError, match="4 bytes instead of 5"):
        codec.decompress(codec.compress(b"abcd"), 5)


def test_names_are_known_and_described() -> None:
    assert len(set(BASELINE_NAMES)) == len(BASELINE_NAMES)
    for name in BASELINE_NAMES:
        codec = baseline(name)
        assert codec.name == name
        assert codec.settings
    assert "dictionary" in baseline("brotli").note


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match="no codec 'rar'; there are zlib, gzip"):
        baseline("rar")


@pytest.mark.parametrize(
    ("name", "modules", "install_line"),
    [
        ("brotli", ["brotli"], r"pip install 'predzip\[bench\]'"),
        ("ppmd-8", ["pyppmd"], r"pip install 'predzip\[bench\]'"),
        ("zstd-19", ["compression.zstd", "backports.zstd"], r"pip install 'predzip\[bench\]'"),
        ("png", ["PIL.Image"], r"pip install 'predzip\[image\]'"),
        ("jpeg-xl", ["imagecodecs"], r"pip install 'predzip\[image\]'"),
        ("flac", ["soundfile"], r"pip install 'predzip\[audio\]'"),
    ],
)
def test_missing_package_names_its_install_line(
    monkeypatch: pytest.MonkeyPatch, name: str, modules: list[str], install_line: str
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=install_line):
        baseline(name).check_installed()


@pytest.mark.parametrize("name", MEDIA_NAMES)
def test_media_codecs_refuse_what_is_no_picture_or_sound(name: str) -> None:
    with pytest.raises(UsageError, match="this file is not a"):
        baseline(name).compress(b"text")

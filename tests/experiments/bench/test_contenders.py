"""Names on the command line."""

from __future__ import annotations

import pytest

from predzip.codecs.baselines import BASELINE_NAMES
from predzip.codecs.media import picture_layout, sound_layout
from predzip.errors import UsageError
from predzip.experiments.bench.contenders import build, default_levels, fits, select, warm_up


def test_families_and_order() -> None:
    assert select("3,1", "zstd,gzip,zstd-19") == ["predzip-3", "predzip-1", "zstd-19", "zstd-22", "gzip"]
    assert select("none", "all") == list(BASELINE_NAMES)
    assert select("", "predzip-frequency, png") == ["predzip-frequency", "png"]
    assert select(default_levels(), "none")[0] == "predzip-1"


@pytest.mark.parametrize(
    ("levels", "codecs", "message"),
    [
        ("none", "none", "nothing to measure"),
        ("0", "all", "'0' is not a level"),
        ("best", "all", "'best' is not a level"),
        ("1", "rar", "no codec 'rar'"),
        ("1", "predzip-frequncy", "did you mean frequency"),
        ("1", "predzip-12", "level 12"),
    ],
)
def test_refusals(levels: str, codecs: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select(levels, codecs)


def test_own_codec_goes_through_the_library() -> None:
    codec = build("predzip-frequency")
    data = b"abracadabra " * 50
    warm_up(codec, data)
    payload = codec.compress(data)
    assert len(payload) < len(data)
    assert codec.decompress(payload, len(data)) == data
    assert codec.settings == "--method frequency"
    assert build("predzip-2").settings == "-2"


def test_what_fits_what() -> None:
    picture, sound = picture_layout(bytes(100), 10), sound_layout(bytes(100), 8)
    assert [fits("png", layout) for layout in (None, picture, sound)] == [False, True, False]
    assert [fits("flac", layout) for layout in (None, picture, sound)] == [False, False, True]
    assert fits("gzip", None)

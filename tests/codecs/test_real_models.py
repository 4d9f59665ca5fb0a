"""Real language models as compressors: any bytes, other settings, rates; the models come from the Python index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import corpus
import predzip
import real_models
from predzip.api import resolve_model
from predzip.predictors.neural import catalogue

pytestmark = [pytest.mark.foundation, pytest.mark.slow]

PROSE = corpus.book(3000)
MULTILINGUAL = (
    "Größe, naïve, Łódź, Привет, мир! 你好\uff0c世界。こんにちは 안녕하세요 مرحبا שלום "
    "\u0928\u092e\u0938\u094d\u0924\u0947 \U0001f642 e\u0301 \u2581_\r\n\t  x"
).encode()
CASES = {
    "prose": PROSE,
    "multilingual": MULTILINGUAL * 4,
    "marks": b"<|im_start|>user\n<|endoftext|></s><bos><start_of_turn>model <0x0A>" * 5,
    "invalid": PROSE[:400] + b"\xff\xfe\xc0\x80 \xed\xa0\x80" + PROSE[400:700] + MULTILINGUAL[:7],
    "binary": bytes(range(256)) * 3,
    "nothing": b"",
    "one byte": b"\xf5",
    "one letter": b"a",
}
LEAST_RATES = {"smollm2": 1.75, "gemma3": 1.75}
"""Bits per byte of 3,000 bytes of Alice, generously; level 6 takes 2.1."""


@pytest.fixture(scope="module", params=real_models.REAL)
def name(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of the user's, converted."""
    source = real_models.path_of(request.param)
    folder = tmp_path_factory.getbasetemp().parent / f"converted-{request.param}"  # for all workers of a run
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREDZIP_MODELS", str(folder))
        with real_models.alone(folder / "model"):
            stem = resolve_model(str(source))
        assert stem is not None
        catalogue.offer(stem)
    return stem


@pytest.fixture(scope="module")
def packed(name: str) -> dict[str, bytes]:
    return {case: predzip.compress(data, model=name) for case, data in CASES.items()}


def test_any_bytes_come_back(packed: dict[str, bytes]) -> None:
    for case, data in CASES.items():
        assert predzip.decompress(packed[case]) == data, case


def test_rate(name: str, packed: dict[str, bytes]) -> None:
    bits_per_byte = 8 * len(packed["prose"]) / len(PROSE)
    assert bits_per_byte < next(rate for key, rate in LEAST_RATES.items() if key[:5] in name.lower())
    alone = predzip.code_length(PROSE, model=name) / len(PROSE)
    assert bits_per_byte < 1.03 * alone + 8 * 64 / len(PROSE)  # header, name of the model, checksum


SETTINGS = [
    {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"},
]
_DECODE = """
import os, sys
from pathlib import Path
if len(sys.argv) > 3:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import predzip
from predzip.predictors.neural import catalogue
catalogue.offer(sys.argv[1])
data = predzip.decompress(Path(sys.argv[2]).read_bytes())
assert predzip.compress(data, model=sys.argv[1]) == Path(sys.argv[2]).read_bytes()
sys.stdout.buffer.write(data)
"""


@pytest.mark.parametrize("setting", range(3))
def test_other_settings_read_and_write_the_same_file(name: str, tmp_path: Path, setting: int) -> None:
    """Two processors that are older, and a single core."""
    if "gemma" in name and setting:
        pytest.skip("one model under all settings is enough")
    data = PROSE[:600]
    file = tmp_path / "text.pz"
    file.write_bytes(predzip.compress(data, model=name))
    environment = {**os.environ, **(SETTINGS[setting] if setting < len(SETTINGS) else {})}
    arguments = [sys.executable, "-c", _DECODE, name, str(file), *(["alone"] if setting == len(SETTINGS) else [])]
    done = subprocess.run(arguments, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == data

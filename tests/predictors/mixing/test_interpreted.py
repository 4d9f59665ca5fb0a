"""The compiled loop against the same code under the Python interpreter: overflow and miscompilation show here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from lane_driver import encode_lanes

from predzip.predictors.mixing.settings import BINARY, TEXT

HERE = Path(__file__).parent
TEXT_SAMPLE = b'{"name": "Aal", "n": [1, 22]}\n{"name": "Ben", "n": [3, 22]}\nthe cat (the hat) sat\n' * 3
BINARY_SAMPLE = b"".join(bytes([i & 255, 0xFF, 0x80 ^ i, 0, *Random(i).randbytes(2)]) for i in range(40))
JAPANESE_SAMPLE = "「私は先生の家ですか。」\n猫カナa先生のa".encode()
OTHER_SCRIPTS_SAMPLE = "한국어 한국말, русский 🙂. हिन्दी".encode() + b"\xe3\x81\xff"
EXTREMES = b"\xff" * 30 + b"\x00" * 30 + b"\xff\x00" * 10 + b"\x80\x7f" * 10

REQUESTS = [
    (1, TEXT, 1, TEXT_SAMPLE),
    (1, BINARY, 1, BINARY_SAMPLE),
    (1, BINARY, 1, b"\x00" * 700 + b"\x01" + b"\x00" * 120),  # long enough to skip
    (2, TEXT, 1, TEXT_SAMPLE[:90]),
    (2, TEXT, 3, TEXT_SAMPLE[:100]),
    (2, BINARY, 1, EXTREMES),
    (3, TEXT, 1, TEXT_SAMPLE[:90]),
    (3, BINARY, 2, BINARY_SAMPLE[:70]),
    (4, TEXT, 1, TEXT_SAMPLE[:60]),
    (4, TEXT, 2, JAPANESE_SAMPLE),
    (4, TEXT, 1, OTHER_SCRIPTS_SAMPLE),
]


@pytest.mark.slow
def test_the_compiled_loop_gives_the_payloads_of_the_interpreter() -> None:
    requests = [
        {"level": level, "family": family, "lanes": lanes, "data": data.hex()}
        for level, family, lanes, data in REQUESTS
    ]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    found = subprocess.run(
        [sys.executable, str(HERE / "interpreted.py")],
        input=json.dumps(requests).encode(),
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
    )
    for (level, family, lanes, data), payload in zip(REQUESTS, json.loads(found.stdout), strict=True):
        compiled = encode_lanes(data, level, family, lanes)
        assert compiled.hex() == payload, (level, family, lanes, data[:10])

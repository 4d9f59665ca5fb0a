"""What is quick must stay quick: importing, the help text, listing and stored data load no kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import predzip
import standin

standin.register()
HEAVY = ("numba", "numpy", "torch", "rich", "matplotlib", "fsspec", "psutil", "predzip.jit")
QUIET = "import io, sys; from predzip.cli.main import run; sys.stdout = io.TextIOWrapper(io.BytesIO()); "


def loaded(program: str, folder: Path) -> set[str]:
    """Names of the heavy modules that a program has loaded when it ends."""
    report = f"\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    finished = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, check=False, cwd=folder
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stderr.split())


@pytest.mark.parametrize(
    "program",
    [
        "import predzip",
        "import predzip; predzip.decompress(predzip.compress(b''))",
        "import predzip; predzip.inspect('x.pz')",
        "import predzip.integrations.fsspec",
        QUIET + "assert run(['--help']) == 0",
        QUIET + "assert run(['--version']) == 0",
        QUIET + "assert run(['-l', 'mixing.pz']) == 0",
        QUIET + "assert run(['-t', 'stored.pz']) == 0",
    ],
)
def test_light(program: str, tmp_path: Path) -> None:
    noise = os.urandom(100)
    writer = predzip.container.FrameWriter(predzip.container.FrameHeader(1, b"\x03"))
    coded = writer.block(bytes(100), b"payload") + writer.finish()
    (tmp_path / "mixing.pz").write_bytes(coded)
    for name in ("x.pz", "stored.pz"):
        (tmp_path / name).write_bytes(predzip.compress(noise, method=standin.NAME))
    assert loaded(program, tmp_path) - {"numpy"} == set()
    if "x.pz" not in program and "stored" not in program:  # naming a method of predictors.registry takes NumPy
        assert loaded(program, tmp_path) == set()


def test_the_question_can_be_answered_with_yes(tmp_path: Path) -> None:
    assert {"numpy", "numba", "predzip.jit"} <= loaded("import predzip.coding.binary", tmp_path)

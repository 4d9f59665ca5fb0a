"""The same frequencies from other instruction sets, thread counts, libraries and without optimisation.

Each variant is a process. All start together, since some have to compile their kernels.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from numba.core.codegen import get_host_cpu_features

sys.path.insert(0, str(Path(__file__).parent))

from transformer_report import digest

HERE = Path(__file__).parent


def _numpy_without_its_fast_paths() -> str:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return ",".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


_AVX2 = "+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+bmi,+bmi2,+lzcnt,+fma,+f16c,+movbe,+cx16"

VARIANTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "oldest processor, one thread": (
        {
            "NUMBA_CPU_NAME": "generic",
            "OPENBLAS_CORETYPE": "Prescott",
            "OPENBLAS_NUM_THREADS": "1",
            "NPY_DISABLE_CPU_FEATURES": _numpy_without_its_fast_paths(),
        },
        ["auto", "blas", "kernel"],
    ),
    "AVX2, no AVX-512": (
        {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": _AVX2, "OPENBLAS_CORETYPE": "Haswell"},
        ["kernel", "blas"],
    ),
    "another processor, two threads": ({"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"}, ["blas", "auto"]),
    "torch without vectors, two threads": (
        {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "2"},
        ["torch"],
    ),
}
if importlib.util.find_spec("torch") is None:
    del VARIANTS["torch without vectors, two threads"]

if not set(_AVX2.split(",")) <= set(get_host_cpu_features().split(",")):
    del VARIANTS["AVX2, no AVX-512"]


@pytest.fixture(scope="module")
def processes() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    started = {}
    for title, (environment, backends) in VARIANTS.items():
        command = [sys.executable, str(HERE / "transformer_report.py"), *backends]
        started[title] = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment})
    yield started
    for process in started.values():
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("title", VARIANTS)
def test_a_variant_gives_the_same_bits(processes: dict[str, subprocess.Popen[bytes]], title: str) -> None:
    output, _ = processes[title].communicate()
    assert processes[title].returncode == 0
    backends = VARIANTS[title][1]
    expected = digest("auto")[1]
    for wanted, (used, found) in zip(backends, json.loads(output), strict=True):
        assert used.startswith(wanted)  # none was refused by the self-test
        assert found == expected, used

"""The same `.pz` bytes from other instruction sets, compiler settings, threads, ways in: docs/design/determinism.md.

Each variant is a process. Kernels are compiled anew where the variant changes them; so few kernels and small inputs.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from small_blocks import BLOCK_BYTES, NAME

import corpus
import predzip

HERE = Path(__file__).parent

INPUTS = {
    "text": corpus.book(40_000) + corpus.log(8000) + corpus.table(8000) + corpus.structured(8000),
    "binary": corpus.machine_code(12_000) + corpus.records(12_000) + corpus.noise(9000) + bytes(9000),
    "pixels": corpus.pixels(9000) + corpus.bitmap(9000),
    "sound": corpus.sound(3500) + corpus.wave(7000),
    "tiny_text": corpus.book(1500) + corpus.structured(700) + b"ab" * 500,
    "tiny_binary": corpus.records(1200) + corpus.machine_code(1200) + bytes(700),
}
BYTES_ONLY = ["text:1", "text:3", "text:5", "binary:1", "binary:2", "binary:3"]
TYPED = ["pixels:3", "sound:3"]
TINY = ["tiny_text:1", "tiny_text:3", "tiny_text:5", "tiny_binary:2", "tiny_binary:3"]


def _numpy_without_its_fast_paths() -> str:
    """Names of everything that NumPy chooses by looking at the processor."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return ",".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


@dataclass(frozen=True)
class Variant:
    environment: dict[str, str]
    jobs: list[str]
    own_cache: bool = False
    """Whether numba would take kernels of another variant from the cache: its key holds the processor, no more."""


# The oldest processor of the kind (x86-64: no AVX, no FMA, no BMI), and a compiler that optimises nothing.
VARIANTS = {
    "another hash seed": Variant({"PYTHONHASHSEED": "1"}, [*BYTES_ONLY, *TYPED]),
    "no SIMD in NumPy": Variant({"NPY_DISABLE_CPU_FEATURES": _numpy_without_its_fast_paths()}, [*BYTES_ONLY, *TYPED]),
    "generic processor": Variant({"NUMBA_CPU_NAME": "generic"}, BYTES_ONLY),
    "generic processor, pictures and sound": Variant({"NUMBA_CPU_NAME": "generic"}, TYPED),
    "not optimised": Variant({"NUMBA_OPT": "0", "PYTHONWARNINGS": "ignore"}, TINY, own_cache=True),
}


@dataclass(frozen=True)
class Reference:
    folder: Path
    digests: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """Compress here; meanwhile the variants that have to compile work on the other core."""
    folder = tmp_path_factory.mktemp("exactness")
    digests = {}
    for name, data in INPUTS.items():
        (folder / name).write_bytes(data)
    for job in [*BYTES_ONLY, *TYPED, *TINY]:
        name, level = job.split(":")
        compressed = predzip.compress(INPUTS[name], int(level))
        (folder / f"{name}.{level}.pz").write_bytes(compressed)
        digests[job] = hashlib.sha256(compressed).hexdigest()
    processes = {}
    for title, variant in VARIANTS.items():
        environment = {**os.environ, **variant.environment}
        if variant.own_cache:
            environment["NUMBA_CACHE_DIR"] = str(folder / "kernels")
        command = [sys.executable, str(HERE / "report.py"), str(folder), *variant.jobs]
        processes[title] = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    yield Reference(folder, digests, processes)
    for process in processes.values():
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("title", VARIANTS)
def test_a_variant_writes_and_reads_the_same_bytes(reference: Reference, title: str) -> None:
    output, _ = reference.processes[title].communicate()
    assert reference.processes[title].returncode == 0
    assert json.loads(output) == {job: [reference.digests[job], True] for job in VARIANTS[title].jobs}


def _command(*arguments: str, module: str = "predzip", stdin: bytes | None = None) -> bytes:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", module, "--quiet", *arguments]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, env=environment, check=True).stdout


def test_pipes_files_and_the_library_write_the_same_bytes(reference: Reference) -> None:
    source, target = reference.folder / "text", reference.folder / "from_file.pz"
    _command("-1", "-k", "-o", str(target), str(source))
    from_pipe = _command("-1", "-c", stdin=INPUTS["text"])
    from_file_to_pipe = _command("-1", "-c", str(source))
    assert target.read_bytes() == from_pipe == from_file_to_pipe
    assert hashlib.sha256(from_pipe).hexdigest() == reference.digests["text:1"]
    assert _command("-d", "-c", stdin=from_pipe) == INPUTS["text"]


def test_pieces_of_any_size_give_the_same_bytes(reference: Reference) -> None:
    data = INPUTS["text"]
    for piece_bytes in (1000, 16384, 40_001):
        compressor = predzip.Compressor(1)
        pieces = [compressor.compress(data[start : start + piece_bytes]) for start in range(0, len(data), piece_bytes)]
        compressed = b"".join([*pieces, compressor.flush()])
        assert hashlib.sha256(compressed).hexdigest() == reference.digests["text:1"]


def test_one_and_two_threads_write_the_same_bytes(tmp_path: Path) -> None:
    data = INPUTS["text"] + INPUTS["binary"]
    assert len(data) > 4 * BLOCK_BYTES
    source = tmp_path / "data"
    source.write_bytes(data)
    written = [
        _command("--method", NAME, "-T", threads, "-c", str(source), module="small_blocks") for threads in ("1", "2")
    ]
    assert written[0] == written[1] == predzip.compress(data, method=NAME)
    for threads in ("1", "2"):
        assert _command("-d", "-c", "-T", threads, module="small_blocks", stdin=written[0]) == data

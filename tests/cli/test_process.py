"""What only a process of its own can show: signals, full disks, closed pipes, terminals, and how quickly it starts."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import predzip
import standin
from conftest import TEXT, leftovers

TESTS = Path(__file__).parent.parent
SLOW = standin.SLOW_MARK + TEXT
COMMAND = [sys.executable, "-m", "standin", "--method", standin.NAME]
PACKED = predzip.compress(TEXT, method=standin.NAME)


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


def started(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, **options)


def finished(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, **options)


def wait_for(condition: object, what: str) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"waited in vain for {what}")


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "terminated")],
)
def test_signals_leave_no_partial_output(number: signal.Signals, code: int, word: str) -> None:
    Path("x").write_bytes(SLOW)
    Path("x.pz").write_bytes(b"precious")
    process = started("-f", "x")
    wait_for(lambda: len(leftovers(Path())) == 3, "the temporary file")
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (code, f"predzip: {word}\n".encode())
    assert leftovers(Path()) == ["x", "x.pz"]
    assert Path("x.pz").read_bytes() == b"precious"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_owner(number: signal.Signals) -> None:
    slow_block = SLOW[: standin.BLOCK_BYTES]
    Path("x").write_bytes(slow_block * 4)
    process = started("-T2", "x", start_new_session=True)
    wait_for(lambda: len(children(process.pid)) >= 3, "two workers and the tracker of resources")
    workers = children(process.pid)
    time.sleep(0.5)  # let them begin with their block
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.kill()
    _, errors = process.communicate(timeout=20)
    if number == signal.SIGINT:
        assert (process.returncode, errors) == (130, b"predzip: interrupted\n")
        assert leftovers(Path()) == ["x"]
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "the workers to end")


def test_a_dead_worker_is_told() -> None:
    Path("x").write_bytes(TEXT[: standin.BLOCK_BYTES] + standin.DEADLY_MARK + TEXT)
    process = finished("-T2", "x")
    assert process.returncode == 1
    assert process.stderr.startswith(b"predzip: x: a worker process died")
    assert process.stderr.count(b"\n") == 1
    assert leftovers(Path()) == ["x"]


def test_a_reader_that_has_seen_enough() -> None:
    noise = os.urandom(1 << 20)
    Path("x").write_bytes(noise)
    process = started("-c", "x", stdout=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output() -> None:
    Path("x").write_bytes(TEXT)
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run([*COMMAND, "-c", "x"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (process.returncode, process.stderr) == (1, b"predzip: (stdout): No space left on device\n")


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "predzip-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("mode", ["compress", "decompress"])
def test_full_disk(mode: str) -> None:
    content = os.urandom(200_000) if mode == "compress" else predzip.compress(TEXT, method=standin.NAME)
    Path("x.pz").write_bytes(content)
    with small_disk(Path("disk")):
        process = finished("--rm", *(["-d"] if mode == "decompress" else ["-f"]), "x.pz", "-o", "disk/out")
        assert (process.returncode, process.stderr) == (1, b"predzip: disk/out: No space left on device\n")
        assert leftovers(Path()) == ["x.pz"]
    assert Path("x.pz").read_bytes() == content


def test_a_file_that_may_not_grow() -> None:
    """What a full disk is, where nothing can be mounted."""
    Path("x").write_bytes(os.urandom(200_000))
    limit = 50_000
    process = finished("--rm", "x", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert (process.returncode, process.stderr) == (1, b"predzip: x.pz: File too large\n")
    assert leftovers(Path()) == ["x"]


def test_standard_streams_that_are_closed() -> None:
    Path("x").write_bytes(TEXT)
    for number in (0, 1, 2):
        process = finished("-f", "x", preexec_fn=lambda number=number: os.close(number))
        assert (process.returncode, process.stderr) == (0, b"")
        assert Path("x.pz").read_bytes() == PACKED
    process = finished("-c", "x", preexec_fn=lambda: os.close(1))
    assert process.returncode == 1
    assert b"Traceback" not in process.stderr


def test_a_bar_on_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    Path("x").write_bytes(SLOW[: standin.BLOCK_BYTES])
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen([*COMMAND, "x"], stderr=terminal, env=environment)
    os.close(terminal)
    seen = b""
    while b"65.5 kB" not in seen:
        seen += os.read(controller, 10_000)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # how Linux tells the end of a terminal
        while piece := os.read(controller, 10_000):
            seen += piece
    os.close(controller)
    assert process.wait(timeout=20) == 130
    assert b"predzip: interrupted" in seen
    assert b"\x1b[?25h" in seen  # the cursor is back
    assert b"Traceback" not in seen

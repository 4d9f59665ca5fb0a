"""`make demo`: compress a book, bring it back, compare, and measure the result against four well-known compressors.

Runs the commands that a person would type, and shows them.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK = Path("examples/data/alice29.txt")
OUTPUT = Path("demo-out")
COMPRESSED = OUTPUT / "alice29.txt.pz"
RESTORED = OUTPUT / "alice29.txt"


def run(*arguments: object) -> None:
    """Show a command and run it."""
    words = [str(word) for word in arguments]
    print(f"\n$ {shlex.join(['predzip', *words])}", flush=True)
    started = time.perf_counter()
    finished = subprocess.run(  # noqa: S603  (our own program, fixed arguments)
        [sys.executable, "-m", "predzip", *words], cwd=ROOT, stdin=subprocess.DEVNULL, check=False
    )
    if finished.returncode:
        sys.exit(f"that failed with exit code {finished.returncode}")
    if words[0] != "bench":
        print(f"  {time.perf_counter() - started:.1f} s", flush=True)


def main() -> None:
    """Compress, decompress, compare, measure."""
    (ROOT / OUTPUT).mkdir(exist_ok=True)
    run("-f", "-o", COMPRESSED, BOOK)
    run("-d", "-f", "-o", RESTORED, COMPRESSED)
    original, restored = (ROOT / BOOK).read_bytes(), (ROOT / RESTORED).read_bytes()
    if original != restored:
        sys.exit("the restored file differs: this is a bug")
    size_bytes = (ROOT / COMPRESSED).stat().st_size
    print(f"\n{len(original):,} bytes became {size_bytes:,}; the restored file is the same, byte for byte")
    run("bench", "--codecs", "gzip,xz,zstd-22,brotli", BOOK)


if __name__ == "__main__":
    main()

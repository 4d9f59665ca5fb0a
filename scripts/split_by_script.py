"""Split a text of many languages by writing system, so that training can draw rare ones more often than they occur.

    python scripts/split_by_script.py multilingual.txt.xz FOLDER

Writes FOLDER/latin.txt, FOLDER/east-asian.txt (Chinese, Japanese, Korean) and FOLDER/other-scripts.txt. Blocks of
whole lines of about 4 KB go where most of their letters beyond ASCII belong; every block goes somewhere, in order.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from predzip.training.sources import read_file

BLOCK_CHARACTERS = 3000
SHARE = 0.1
"""Of the characters of a block that makes it one of a script."""
EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
OTHER = re.compile(r"[\u0370-\u1cff\ufb1d-\ufeff]")


def blocks(text: str) -> Iterator[str]:
    """Whole lines, some thousand characters at a time."""
    start = 0
    while start < len(text):
        end = text.find("\n", min(start + BLOCK_CHARACTERS, len(text)))
        end = len(text) if end < 0 else end + 1
        yield text[start:end]
        start = end


def script(block: str) -> str:
    """Which file a block belongs to."""
    east, other = len(EAST_ASIAN.findall(block)), len(OTHER.findall(block))
    if max(east, other) < SHARE * len(block):
        return "latin"
    return "east-asian" if east >= other else "other-scripts"


def main() -> None:
    """Split."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    text = read_file(source).tobytes().decode("utf-8")
    parts: dict[str, list[str]] = {"latin": [], "east-asian": [], "other-scripts": []}
    for block in blocks(text):
        parts[script(block)].append(block)
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in parts.items():
        data = "".join(chosen).encode("utf-8")
        (folder / f"{name}.txt").write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()

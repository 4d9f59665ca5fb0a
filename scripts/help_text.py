"""Write the help texts of the command line into README and docs, or check that they are still true.

A page asks for a text by a pair of comments; what stands between them is generated:

    <!-- help: predzip bench -->
    <!-- end help -->

`scripts/help_text.py` writes, `scripts/help_text.py --check` exits with 1 where a page is out of date.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SLOT = re.compile(r"<!-- help: predzip ?(?P<command>[a-z0-9 -]*?) -->\n(?P<body>.*?)<!-- end help -->", re.DOTALL)
_WIDTH = "100"


def pages() -> list[Path]:
    """Every page that may hold a help text."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def help_text(command: str) -> str:
    """What `predzip COMMAND --help` prints."""
    environment = {**os.environ, "COLUMNS": _WIDTH, "TERMINAL_WIDTH": _WIDTH, "NO_COLOR": "1"}
    finished = subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-m", "predzip", *command.split(), "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.rstrip()


def filled(page: str) -> str:
    """The page with every help text as it is now."""

    def fill(slot: re.Match[str]) -> str:
        command = slot["command"]
        title = f"predzip {command}".strip()
        return f"<!-- help: {title} -->\n```text\n{help_text(command)}\n```\n<!-- end help -->"

    return _SLOT.sub(fill, page)


def main() -> None:
    """Write or check all pages."""
    check = sys.argv[1:] == ["--check"]
    stale = []
    for path in pages():
        page = path.read_text(encoding="utf-8")
        if (new := filled(page)) != page:
            stale.append(path.relative_to(ROOT).as_posix())
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale:
        print("\n".join(f"{'out of date' if check else 'written'}: {name}" for name in stale))
    if stale and check:
        sys.exit("run: make docs")


if __name__ == "__main__":
    main()

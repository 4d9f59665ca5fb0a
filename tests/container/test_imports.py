"""Listing a file must start fast anywhere: the container loads the standard library and predzip's errors alone."""

from __future__ import annotations

import subprocess
import sys


def test_container_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import predzip.container;"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['predzip']"

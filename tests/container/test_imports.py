"""Listing a file must start fast anywhere: importing the container (and with it the package) loads the standard
library and predzip alone."""

from __future__ import annotations

import subprocess
import sys


def test_container_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import predzip.container;"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'__mp_main__'}))"  # multiprocessing's name for __main__
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['predzip']"

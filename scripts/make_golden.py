"""Write golden files of predzip's own codecs: tests/golden/v1/NAME, and NAME.HOW.pz for each level and method.

    python scripts/make_golden.py           adds what is missing, says what would differ
    python scripts/make_golden.py --force   writes all anew: only before a release, since old files must decode for ever

HOW is a level (1 to 6) or the name of a method. `tests/golden` decodes every file and compresses it again to the same
bytes. A change that alters them is a change of the format: it needs a new version, and the old files stay.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import predzip
from predzip.codecs.levels import LEVELS
from predzip.codecs.registry import methods

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "golden" / "v1"
SAMPLE_BYTES = 12_000
PRIOR_SAMPLES = ("empty", "one_byte", "text.txt", "code.py", "data.json", "mixture.tar", "short.txt", "japanese.txt")
"""What levels with a prior get: they are slow, and do with everything but text what level 4 does."""
METHOD_BYTES = 1000
"""The predictors of the literature are slow: they get the beginning of a text."""


def samples() -> dict[str, bytes]:
    """Contents by name: every kind of data, and the edges."""
    sys.path.insert(0, str(ROOT / "tests"))
    found: dict[str, bytes] = importlib.import_module("corpus").samples(SAMPLE_BYTES)
    found["mixture.tar"] = found["mixture.tar"][: 2 * SAMPLE_BYTES]
    found["short.txt"] = found["text.txt"][:METHOD_BYTES]
    return found


def golden_files() -> dict[str, bytes]:
    """Everything that should stand in the folder, by name."""
    files: dict[str, bytes] = {}
    for name, data in samples().items():
        files[name] = data
        for level in (number for number, row in LEVELS.items() if not row.prior or name in PRIOR_SAMPLES):
            files[f"{name}.{level}.pz"] = predzip.compress(data, level)
    for method in (name for name, each in methods().items() if not each.runs_models):
        files[f"short.txt.{method}.pz"] = predzip.compress(files["short.txt"], 3, method=method)
    return files


def main() -> int:
    """Write what is missing; return 1 where a file that exists differs and may not be overwritten."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--force", action="store_true", help="overwrite files that differ")
    force = parser.parse_args().force
    FOLDER.mkdir(parents=True, exist_ok=True)
    differing = 0
    for name, data in golden_files().items():
        path = FOLDER / name
        if path.exists() and path.read_bytes() == data:
            continue
        if path.exists() and not force:
            print(f"differs: {path.relative_to(ROOT)}", file=sys.stderr)
            differing += 1
            continue
        path.write_bytes(data)
        print(f"{len(data):7,} bytes  {path.relative_to(ROOT)}")
    if differing:
        print(f"{differing} files differ from what this release writes: a new format?", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

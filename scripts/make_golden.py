"""Write golden files of predzip's own codecs: tests/golden/v1/NAME, and NAME.HOW.pz for each level and method.

    python scripts/make_golden.py           adds what is missing, says what would differ
    python scripts/make_golden.py --force   writes all anew: only before a release, since old files must decode for ever

HOW is a level (1 to 6) or the name of a method. Methods that run models of their users have files in
tests/golden/models/v1, HOW being MODEL.METHOD, where MODEL is one of the tiny ones in tests/golden/models, of random
weights. `tests/golden` decodes every file and compresses it again to the same bytes. A change that alters them is a
change of the format: it needs a new version, and the old files stay.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import predzip
from predzip.codecs.levels import LEVELS
from predzip.codecs.registry import methods

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "golden" / "v1"
MODELS = ROOT / "tests" / "golden" / "models"
MODEL_METHODS = {"tiny-bytes": ("chunks",), "tiny-llama": ("chunks", "tokens"), "tiny-gemma": ("chunks", "tokens")}
MODEL_SAMPLES = ("empty", "one_byte", "text.txt", "all_bytes", "records.bin", "japanese.txt")
SAMPLE_BYTES = 12_000
PRIOR_SAMPLES = ("empty", "one_byte", "text.txt", "code.py", "data.json", "mixture.tar", "short.txt", "japanese.txt")
"""What levels with a prior get: they are slow, and do with everything but text what level 4 does."""
METHOD_BYTES = 1000
"""The predictors of the literature are slow: they get the beginning of a text."""


def of_tests(name: str) -> Any:  # noqa: ANN401  (a module)
    """A module of the tests."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def samples() -> dict[str, bytes]:
    """Contents by name: every kind of data, and the edges."""
    found: dict[str, bytes] = of_tests("corpus").samples(SAMPLE_BYTES)
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


def write_models() -> None:
    """Write the tiny models that are not there. Never anew: random numbers of another NumPy may be others."""
    tiny = of_tests("tiny_models")
    write: dict[str, Callable[[Path, str], object]] = {
        "tiny-bytes": tiny.write_transformer,
        "tiny-llama": tiny.write_token_model,
        "tiny-gemma": lambda folder, name: tiny.write_token_model(folder, name, 5, architecture=tiny.GEMMA_LIKE),
    }
    MODELS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in (name for name in write if not (MODELS / f"{name}.safetensors").exists()):
            write[name](Path(folder), name)
            for made in (f"{name}.json", f"{name}.safetensors"):
                shutil.copy(Path(folder) / made, MODELS / made)


def golden_model_files() -> dict[str, bytes]:
    """The same for methods that run models of their users: frames by their path below the folder of models."""
    contents, files = samples(), {}
    with of_tests("tiny_models").always_by_model():
        for path in sorted(MODELS.glob("*.safetensors")):
            for method in MODEL_METHODS[path.stem]:
                for name in MODEL_SAMPLES:
                    frame = predzip.compress(contents[name], method=method, model=str(path.with_suffix("")))
                    files[f"v1/{name}.{path.stem}.{method}.pz"] = frame
    return files


def main() -> int:
    """Write what is missing; return 1 where a file that exists differs and may not be overwritten."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--force", action="store_true", help="overwrite files that differ")
    force = parser.parse_args().force
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_models()
    (MODELS / "v1").mkdir(exist_ok=True)
    wanted = {FOLDER / name: data for name, data in golden_files().items()}
    wanted |= {MODELS / name: data for name, data in golden_model_files().items()}
    differing = 0
    for path, data in wanted.items():
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

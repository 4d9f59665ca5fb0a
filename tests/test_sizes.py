"""One idea a file: no file grows beyond the budget, and none is a drawer for leftovers."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_LINES = 400
FOLDERS = ("src", "tests", "benchmarks", "examples", "scripts")
GOLDEN = ROOT / "tests" / "golden" / "v1"  # data, some of which looks like a source
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if GOLDEN not in path.parents)


def test_sources_are_found() -> None:
    assert {path.name for path in SOURCES} >= {"errors.py", "test_sizes.py", "levels.py", "demo.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "misc", "common"])
def test_no_module_is_a_drawer(name: str) -> None:
    assert not [path for path in SOURCES if path.stem == name or path.parent.name == name]

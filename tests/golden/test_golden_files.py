"""Golden files, found by glob: every one decodes for ever, and this release writes the same bytes again.

scripts/make_golden.py writes them. Never overwrite one: what a release has written stays readable.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import predzip
from predzip.codecs.levels import LEVELS
from predzip.codecs.registry import PRIVATE_IDS, methods

GOLDEN = Path(__file__).parent
FILES = sorted(GOLDEN.glob("v*/*.pz"))
CURRENT = "v1"
"""The format that this release writes; files of older ones are only read."""


def content_of(path: Path) -> bytes:
    name, _, _ = path.name.removesuffix(".pz").rpartition(".")
    return path.with_name(name).read_bytes()


def how_of(path: Path) -> str:
    return path.name.removesuffix(".pz").rpartition(".")[2]


def compress_as(how: str, data: bytes) -> bytes:
    if how.isdecimal():
        return predzip.compress(data, int(how))
    return predzip.compress(data, 3, method=how)  # "mixing" has as many strengths as there are levels


def test_every_level_and_method_has_files() -> None:
    found = {how_of(path) for path in FILES if path.parent.name == CURRENT}
    released = {name for name, method in methods().items() if method.method_id not in PRIVATE_IDS}
    released -= {name for name, method in methods().items() if method.runs_models}  # beside the tests of each
    assert found == {str(level) for level in LEVELS} | released


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_decodes_for_ever(path: Path) -> None:
    assert predzip.decompress(path.read_bytes()) == content_of(path)


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == CURRENT], ids=lambda path: path.name)
def test_this_release_writes_the_same_bytes(path: Path) -> None:
    assert compress_as(how_of(path), content_of(path)) == path.read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_files_are_small(path: Path) -> None:
    assert len(content_of(path)) <= 25_000

"""Files of every format version, found by glob: x.pz decodes to x for ever. Never rewrite one; add new ones.

Method 16,128 (private use) stands for zlib. Files of predzip's own codecs are in tests/golden.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .educational import decode
from .samples import read

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("v*/*.pz"))


def test_there_are_some() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GOLDEN)))
def test_decodes_for_ever(path: Path) -> None:
    data, content = path.read_bytes(), path.with_suffix("").read_bytes()
    assert read([data]) == content
    assert decode(data) == content

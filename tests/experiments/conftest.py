"""A machine that every table may name."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def where() -> dict[str, Any]:
    return {
        "predzip": "1.2.3",
        "commit": "0123456789abcdef",
        "command": "predzip paper table1",
        "date": "2026-01-02T03:04:05+00:00",
        "python": "3.14.1",
        "packages": {"numpy": "2.4"},
        "system": "Linux x86_64",
        "processor": "Some CPU",
        "cores": 2,
    }

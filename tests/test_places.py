"""Folders of the platform: the variables that name them count, and each system has its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from predzip.places import user_cache_folder, user_data_folder


def test_each_system_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    found = {}
    for system in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        found[system] = [folder().relative_to(tmp_path).parts for folder in (user_cache_folder, user_data_folder)]
    assert found == {
        "linux": [(".cache", "predzip"), (".local", "share", "predzip")],
        "darwin": [("Library", "Caches", "predzip"), ("Library", "Application Support", "predzip")],
        "win32": [("AppData", "Local", "predzip")] * 2,
    }


def test_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    assert user_cache_folder() == Path("/somewhere/cache/predzip")
    assert user_data_folder() == Path("/somewhere/data/predzip")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/somewhere/local")
    assert user_cache_folder() == user_data_folder() == Path("/somewhere/local/predzip")

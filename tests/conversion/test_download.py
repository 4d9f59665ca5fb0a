from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conversion.tiny_sources import LLAMA, random_floats, write_folder
from predzip.conversion.convert import open_source
from predzip.conversion.download import WANTED, fetch
from predzip.errors import ModelError, UsageError

hub = pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What the hub's client was asked for; it answers with a folder of a cache."""
    calls: list[dict[str, Any]] = []

    def answer(name: str, **options: Any) -> str:
        calls.append({"name": name, **options})
        return str(tmp_path / "snapshots" / COMMIT)

    monkeypatch.setattr(hub, "snapshot_download", answer)
    return calls


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(hub, "snapshot_download", fail)


def test_a_branch_becomes_its_commit(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    fetched = fetch("hf:some/model-1.5B")
    assert fetched == (tmp_path / "snapshots" / COMMIT, "some/model-1.5B", COMMIT)
    assert asked[0]["revision"] == "main"
    fetch(f"hf:some/model@{COMMIT}")
    assert asked[1]["revision"] == COMMIT


def test_only_numbers_and_descriptions_are_fetched(asked: list[dict[str, Any]]) -> None:
    fetch("hf:some/model")
    patterns = asked[0]["allow_patterns"]
    assert patterns == list(WANTED)
    names = ["pytorch_model.bin", "model.pt", "modeling.py", "model.gguf", "original/consolidated.00.pth", "a.pkl"]
    from fnmatch import fnmatch

    assert not [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]


def test_the_model_records_its_commit(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    write_folder(tmp_path / "snapshots" / COMMIT, LLAMA, random_floats(LLAMA))
    about = open_source("hf:some/model@v1.0").about
    assert (about["source"], about["revision"]) == ("some/model", COMMIT)
    assert asked[0]["revision"] == "v1.0"


@pytest.mark.parametrize("source", ["hf:", "hf:model", "hf:a/b/c", "hf:a/b@", "hf:../x/y", "hf:a/b c"])
def test_names_that_are_none(source: str, asked: list[dict[str, Any]]) -> None:
    with pytest.raises(UsageError, match="ORGANISATION/NAME"):
        fetch(source)
    assert not asked


def test_without_a_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, hub.errors.LocalEntryNotFoundError("Got: ConnectError"))
    with pytest.raises(ModelError, match=r"cannot fetch some/model at v2: it is not in the cache.*try again") as raised:
        fetch("hf:some/model@v2")
    assert "ConnectError" not in str(raised.value)


def test_other_failures_keep_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, OSError("no room left"))
    with pytest.raises(ModelError, match="OSError: no room left"):
        fetch("hf:some/model")


def test_offline_the_real_client_gives_the_same_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="cannot fetch some/model at main: it is not in the cache"):
        fetch("hf:some/model")


def test_a_folder_of_no_commit_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(ModelError, match="which commit"):
        fetch("hf:some/model")

"""Models of the Hugging Face hub: hf:ORGANISATION/NAME@REVISION to a folder, by the hub's own client and its cache.

Only descriptions and tensors are fetched, never pickles or code. What is fetched is one commit: a branch (main, where
no revision is named) stands for the commit that it is at now, and that is what the converted model records.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from predzip.conversion.libraries import library
from predzip.errors import ModelError, UsageError

SCHEME = "hf:"
WANTED = ("config.json", "generation_config.json", "tokenizer*.json", "model*.safetensors", "model*.json", "README.md")
"""The last for the licence alone."""
_REPOSITORY = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}")


class Fetched(NamedTuple):
    """A model on disk."""

    folder: Path
    name: str
    """ORGANISATION/NAME."""
    commit: str


def fetch(source: str) -> Fetched:
    """Fetch a model, or find it in the cache of the hub's client; HF_HUB_OFFLINE=1 leaves it at the latter.

    Raises:
        UsageError: it is not named as hf:ORGANISATION/NAME@REVISION.
        ModelError: it is not there, not for everybody, or the network is missing.
        MissingExtraError: the package huggingface_hub is not installed.
    """
    found = _REPOSITORY.fullmatch(source)
    if found is None:
        raise UsageError(
            f"{source} names no model; it takes {SCHEME}ORGANISATION/NAME or {SCHEME}ORGANISATION/NAME@REVISION"
        )
    name, revision = found["name"], found["revision"] or "main"
    hub = library("huggingface_hub")
    try:
        folder = Path(hub.snapshot_download(name, revision=revision, allow_patterns=list(WANTED)))
    except Exception as error:  # of the hub, of its HTTP client, of the disk
        raise ModelError(f"cannot fetch {name} at {revision}: {_reason(error, hub)}") from None
    commit = folder.name
    if not _COMMIT.fullmatch(commit):
        raise ModelError(f"cannot tell which commit of {name} lies in {folder}")
    return Fetched(folder, name, commit)


def _reason(error: Exception, hub: object) -> str:
    errors = hub.errors  # type: ignore[attr-defined]
    if isinstance(error, errors.GatedRepoError):
        return "it is for those who accepted its terms; do so on its page, run hf auth login, and try again"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "the hub has no such model for you; see whether its name is right, or run hf auth login"
    if isinstance(error, errors.RevisionNotFoundError):
        return "it has no such branch, tag or commit"
    if isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
        return (
            "it is not in the cache, and the hub cannot be reached;"
            " try again with a network, or copy its folder here and name that"
        )
    return f"{type(error).__name__}: {error}"

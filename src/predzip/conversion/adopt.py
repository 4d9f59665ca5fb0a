"""From a model of somebody else's, wherever it lies, to one among the user's: converted once, then found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from predzip.conversion.convert import Progress, convert_source, open_source
from predzip.conversion.download import SCHEME, fetch
from predzip.conversion.float_entry import adopt_float, known_float, runs_exactly
from predzip.conversion.names import check_name, is_shipped, name_after
from predzip.conversion.source import Source
from predzip.errors import ModelError, PredzipError, UsageError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import read_config

GGUF_SUFFIX = ".gguf"


def adopt(source: str, *, name: str = "", context: int | None = None, progress: Progress | None = None) -> Path:
    """Return the path, without a suffix, of the user's model that was made of a source; make it where there is none.

    A model that the exact engine does not run becomes an entry for transformers, which runs it in floats.

    Args:
        source: as `convert.open_source` takes it.
        name: of the model; empty: one that follows from the source.
        context: positions of the model; None: 2048, or fewer if it was trained with fewer.
        progress: called while tensors are rounded.

    Raises:
        ModelError: the source is not there, damaged, or of a kind that the engine does not run.
        UsageError: the name is taken by another model, or is none.
        MissingExtraError: a package is not installed.
    """
    try:
        found = fetch(source) if source.startswith(SCHEME) else source  # asked for once
        if not source.endswith(GGUF_SUFFIX) and not runs_exactly(found):
            return known_float(found, name, context) or adopt_float(found, name=name, context=context)
        opened = open_source(found, context)
    except ModelError:
        known = _made_of(source, context) if source.startswith(SCHEME) else None
        if known is None:
            raise
        return known  # no network, and none needed
    for stem, config in _entries():
        is_same = config.get("about") == opened.about and config.get("context") == opened.config.context
        if is_same and name in ("", stem.name):
            return stem
    folder = catalogue.user_folder()
    name = name or _free_name(opened, folder)
    check_name(name)
    stem = folder / name
    if stem.with_name(f"{name}.json").exists():
        raise UsageError(f"{folder} has another model named {name}")
    folder.mkdir(parents=True, exist_ok=True)
    fingerprint = convert_source(opened, stem, progress)
    catalogue.write_list(folder, {**catalogue.read_list(folder), stem.name: fingerprint})
    return stem


def _entries() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The user's models and what they say of themselves."""
    for found in catalogue.installed():
        if found.origin == "user":
            try:
                yield found.stem, read_config(found.stem)
            except PredzipError:
                continue


def _made_of(source: str, context: int | None) -> Path | None:
    """The model that was made of a repository of the hub, so far as its name and revision tell."""
    name, _, revision = source.removeprefix(SCHEME).partition("@")
    for stem, config in _entries():
        about = config.get("about")
        if not isinstance(about, dict) or about.get("source") != name or context not in (None, config.get("context")):
            continue
        if str(about.get("revision", "")).startswith(revision):
            return stem
    return None


def _free_name(opened: Source, folder: Path) -> str:
    """A name after the source; with a part of a hash where another model has it."""
    name = name_after(Path(str(opened.about["source"])).name.removesuffix(GGUF_SUFFIX))
    if is_shipped(name) or (folder / f"{name}.json").exists():
        name += f"-{_hash_of(opened)[:8]}"
    return name


def _hash_of(opened: Source) -> str:
    import hashlib

    text = json.dumps([opened.about, opened.config.to_dict()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()

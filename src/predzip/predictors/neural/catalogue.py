"""Which models there are and where their weights lie: those of the package, the user's folder, paths named just now.

A model is found by a word (`load("small")`, `load("folder/mine")`) or, when a file is decoded, by its fingerprint.
Importing this loads no NumPy: lists and error messages must stay quick.
"""

from __future__ import annotations

import difflib
import os
from collections import OrderedDict
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from predzip.errors import ModelError
from predzip.places import user_data_folder
from predzip.predictors.neural.model_files import MODEL_SUFFIXES, are_there, files_of, stem_of
from predzip.predictors.neural.model_sources import command_for

if TYPE_CHECKING:
    from predzip.predictors.base import LanePredictor
    from predzip.predictors.neural.weights import Weights

SHIPPED_FOLDER = Path(__file__).parents[2] / "models"
FINGERPRINTS = "FINGERPRINTS"
"""List of fingerprints in a folder of models, a line each as sha256sum writes them: 64 hex digits, two spaces, name."""
FOLDER_VARIABLE = "PREDZIP_MODELS"
"""Environment variable that names another folder for the user's models."""

_KINDS = {
    "recurrent": "predzip.predictors.neural.recurrent.predictor:RecurrentPredictor",
    "transformer": "predzip.predictors.neural.transformer.predictor:TransformerPredictor",
}
_KEPT = 4


@dataclass(frozen=True)
class Entry:
    """A model of the package."""

    number: int
    """Permanent literal: stands in files, never given to other weights."""
    name: str
    title: str

    @property
    def file(self) -> Path:
        """Path of its weights, without a suffix."""
        return SHIPPED_FOLDER / self.name


_SHIPPED = (
    Entry(1, "small", "small recurrent prior: for speed"),
    Entry(2, "base", "base recurrent prior: for small output"),
    Entry(3, "paper-200k", "vanilla Transformer of the paper, 200K parameters, Wikipedia"),
    Entry(4, "paper-800k", "vanilla Transformer of the paper, 800K parameters, Wikipedia"),
    Entry(5, "paper-3.2m", "vanilla Transformer of the paper, 3.2M parameters, Wikipedia"),
)


@dataclass(frozen=True)
class Found:
    """A model on disk."""

    name: str
    stem: Path
    """Path of its files, without a suffix."""
    origin: str
    """"package", "user" or "path"."""


def shipped() -> tuple[Entry, ...]:
    """The models of the package, whether or not their files are installed."""
    return _SHIPPED


def entry(name_or_number: str | int) -> Entry:
    """A model of the package by its name or permanent number.

    Raises:
        ModelError: there is none.
    """
    for each in _SHIPPED:
        if name_or_number in (each.name, each.number):
            return each
    raise ModelError(f"no model of this release is {name_or_number!r}")


def user_folder() -> Path:
    """Where `predzip models add` puts weights: PREDZIP_MODELS, else the platform's folder for data of programs."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_data_folder() / "models"


def installed() -> list[Found]:
    """Every model whose files are there: the package's, the user's, those that were named by a path."""
    found = [Found(each.name, each.file, "package") for each in _SHIPPED if are_there(each.file)]
    folder = user_folder()
    descriptions = sorted(folder.glob("*.json")) if folder.is_dir() else []
    found += [
        Found(path.stem, path.with_suffix(""), "user") for path in descriptions if are_there(path.with_suffix(""))
    ]
    found += [Found(stem.name, stem, "path") for stem in _offered if are_there(stem)]
    return found


def locate(name_or_path: str | os.PathLike[str]) -> Found:
    """Find a model by its name, or by the path of its files with or without a suffix.

    A name wins over a file of that name; ./NAME is always a path.

    Raises:
        ModelError: there is none; the message suggests the nearest name.
    """
    text = os.fspath(name_or_path)
    models = installed()
    for found in models:
        if found.name == text:
            return found
    stem = stem_of(text)
    if are_there(stem):
        return Found(stem.name, stem.absolute(), "path")
    if any(each.name == text for each in _SHIPPED):
        raise ModelError(f"the weights of model {text} are missing from this installation of predzip; {_REINSTALL}")
    is_path = os.sep in text or text.endswith(MODEL_SUFFIXES)
    if stem.name and (is_path or any(path.exists() for path in files_of(stem))):
        raise ModelError(f"no model at {text}: it takes {stem.name}.json and {stem.name}.safetensors")
    names = list(dict.fromkeys(found.name for found in models))
    close = difflib.get_close_matches(text, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(names) or 'none'}, or name a path"
    raise ModelError(f"no model is named {text!r}; {hint}")


def load(name_or_path: str | os.PathLike[str]) -> Weights:
    """Read a model by name or path; the last few are kept.

    Raises:
        ModelError: there is no such model, or its files are damaged.
        LimitError: its files are larger than any model of this release.
    """
    return _read(locate(name_or_path).stem)


def is_over_tokens(stem: Path) -> bool:
    """Say whether a model predicts tokens of a vocabulary, not bytes.

    Raises:
        ModelError: its description is missing or damaged.
    """
    from predzip.predictors.neural.weights import read_config

    return has_tokens(read_config(stem))


def runs_in_floats(stem: Path) -> bool:
    """Say whether a model is one that transformers runs, in floats.

    Raises:
        ModelError: its description is missing or damaged.
    """
    from predzip.predictors.neural.weights import read_config

    return bool(read_config(stem)["kind"] == "float")


def has_tokens(config: dict[str, Any]) -> bool:
    """Say of the description of a model whether it predicts tokens of a vocabulary, not bytes."""
    is_larger = config["kind"] == "transformer" and config.get("vocab_size", 256) != 256
    return bool(is_larger or config["kind"] == "float")


def offer(path: str | os.PathLike[str]) -> Path:
    """Let `find_by_fingerprint` consider a model outside the folders, for as long as this process lives.

    Raises:
        ModelError: there is none at that path.
    """
    stem = locate(path).stem
    if stem not in _offered:
        _offered.append(stem)
    return stem


def offered() -> tuple[str, ...]:
    """Paths that were offered, for handing them to another process."""
    return tuple(str(stem) for stem in _offered)


def name_of(prefix: bytes) -> str:
    """Name of the model whose fingerprint starts so, as far as lists and earlier look-ups tell; else empty.

    Hashes nothing.
    """
    for (stem, *_), known in _fingerprints.items():
        if prefix and known.startswith(prefix):
            return stem.name
    for folder in (SHIPPED_FOLDER, user_folder()):
        for name, value in read_list(folder).items():
            if prefix and value.startswith(prefix):
                return name
    return ""


def find_by_fingerprint(prefix: bytes) -> Weights:
    """Read the model that a frame asks for.

    Args:
        prefix: the first bytes of its fingerprint, 8 or more.

    Raises:
        ModelError: it is not here; the message says what would bring it.
    """
    return _read(locate_by_fingerprint(prefix))


def locate_by_fingerprint(prefix: bytes, source: str = "") -> Path:
    """Path of the files that `find_by_fingerprint` reads, without a suffix; `source` says where to get them."""
    if len(prefix) < 8:
        raise ModelError("a fingerprint of less than 8 bytes names no model")
    models = installed()
    listed = {found.stem for found in models if listed_fingerprint(found).startswith(prefix)}
    # Those that the lists name come first, so that seldom more than one file is hashed.
    for found in sorted(models, key=lambda found: found.stem not in listed):
        if fingerprint(found.stem).startswith(prefix):
            return found.stem
    raise ModelError(_missing(prefix, source))


def fingerprint(stem: Path) -> bytes:
    """Fingerprint of the files at a path, hashed once for each state of them."""
    from predzip.predictors.neural.weights import fingerprint_of

    key = _state(stem)
    if key not in _fingerprints:
        _fingerprints[key] = fingerprint_of(stem)
    return _fingerprints[key]


def listed_fingerprint(found: Found) -> bytes:
    """What the list beside a model says its fingerprint is; empty where it is not listed."""
    return read_list(found.stem.parent).get(found.name, b"")


def read_list(folder: Path) -> dict[str, bytes]:
    """Read the list of fingerprints of a folder; lines that are not of its form are passed over."""
    try:
        lines = (folder / FINGERPRINTS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    listed = {}
    for line in lines:
        digits, _, name = line.partition("  ")
        if len(digits) == 64 and set(digits) <= set("0123456789abcdef"):
            listed[name] = bytes.fromhex(digits)
    return listed


def write_list(folder: Path, fingerprints: dict[str, bytes]) -> None:
    """Write the list of fingerprints of a folder."""
    lines = [f"{value.hex()}  {name}\n" for name, value in sorted(fingerprints.items())]
    (folder / FINGERPRINTS).write_text("".join(lines), encoding="utf-8")


def predictor(weights: Weights) -> LanePredictor:
    """Make the engine that runs these weights.

    Raises:
        ModelError: no engine of this release runs them, or they are not what the engine takes.
    """
    target = _KINDS.get(weights.kind)
    if target is None:
        raise ModelError(f"model {weights.name} is of kind {weights.kind!r}; this release runs {', '.join(_KINDS)}")
    module, _, name = target.partition(":")
    return cast("LanePredictor", getattr(import_module(module), name)(weights))


_REINSTALL = "run: pip install --force-reinstall predzip"
_State = tuple[Path, int, int, int, int]
_offered: list[Path] = []
_fingerprints: dict[_State, bytes] = {}
_weights: OrderedDict[_State, Weights] = OrderedDict()


def _missing(prefix: bytes, source: str = "") -> str:
    name = name_of(prefix)
    if source:
        command = command_for(source)
        return f"needs the model {source} (fingerprint {prefix.hex()}), which is not here; run: {command}"
    if any(each.name == name for each in _SHIPPED):
        return f"needs the model {name} (fingerprint {prefix.hex()}), which this installation lost; {_REINSTALL}"
    return (
        f"needs the model {f'{name} with ' if name else 'with '}fingerprint {prefix.hex()}, which is not here;"
        " with its weights at PATH, run: predzip models add PATH"
    )


def _state(stem: Path) -> _State:
    first, second = (path.stat() for path in files_of(stem))
    return stem, first.st_size, first.st_mtime_ns, second.st_size, second.st_mtime_ns


def _read(stem: Path) -> Weights:
    from predzip.predictors.neural.weights import read_weights

    key = _state(stem)
    if key not in _weights:
        _weights[key] = read_weights(stem)
        _fingerprints[key] = _weights[key].fingerprint
    _weights.move_to_end(key)
    while len(_weights) > _KEPT:
        _weights.popitem(last=False)
    return _weights[key]

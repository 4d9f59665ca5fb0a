"""A causal language model that transformers runs in floats: what its entry says, where its weights lie, loading it.

    NAME.json          kind "float": sizes, where the model comes from, SHA-256 of every file of it that matters
    NAME.safetensors   the bytes of each token, and nothing else
    NAME.folder        the path of the model's own files on this machine; no part of the fingerprint

The fingerprint is that of the first two, so it pins the weights by their hashes. These are safetensors, never pickles,
and code that comes with a model is never run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from predzip.errors import MissingExtraError, ModelError
from predzip.predictors.neural.model_files import folder_path
from predzip.predictors.neural.weights import Weights

KIND = "float"
EXTRA = "float"
"""Name of the extra of predzip that installs torch and transformers."""
DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""What a model may compute in, and what a number takes."""

_MOST_TOKENS = 1 << 20
_LONGEST_CONTEXT = 1 << 20
_MOST_PARAMETERS = 1 << 44
_MOST_FILES = 1024
_FILE_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)
_HASH = re.compile("[0-9a-f]{64}")
_SOURCE = re.compile(r"[ -~]{1,200}")


@dataclass(frozen=True)
class FloatConfig:
    """The entry of a model.

    Raises:
        ModelError: a field is out of range.
    """

    source: str
    """hf:ORGANISATION/NAME@COMMIT, or the name of a folder."""
    dtype: str
    """What it computes in."""
    vocab_size: int
    """V, symbols of its output."""
    start_token: int
    """Stands before the first token."""
    context: int
    """Positions before a lane starts anew."""
    parameters: int
    files: dict[str, str]
    """SHA-256 of each file, by its name in the folder."""

    def __post_init__(self) -> None:
        for name, least, most in (
            ("vocab_size", 1, _MOST_TOKENS),
            ("start_token", 0, _MOST_TOKENS),
            ("context", 1, _LONGEST_CONTEXT),
            ("parameters", 1, _MOST_PARAMETERS),
        ):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ModelError(f"{name} must be {least} to {most}, not {str(value)[:64]!r}")
        if self.start_token >= self.vocab_size:
            raise ModelError(f"start_token must be a symbol, 0 to {self.vocab_size - 1}")
        if self.dtype not in DTYPE_BYTES:
            raise ModelError(f"dtype must be one of {', '.join(DTYPE_BYTES)}, not {str(self.dtype)[:64]!r}")
        if not isinstance(self.source, str) or not _SOURCE.fullmatch(self.source):
            raise ModelError("the description of the model does not say where it comes from")
        if not isinstance(self.files, dict) or not 1 <= len(self.files) <= _MOST_FILES:
            raise ModelError("the description of the model names no files, or too many")
        for name, value in self.files.items():
            if not _FILE_NAME.fullmatch(name) or not isinstance(value, str) or not _HASH.fullmatch(value):
                raise ModelError(f"{name[:64]!r} is not the name of a file, or has no hash")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FloatConfig:
        """Read the fields from a description.

        Raises:
            ModelError: it describes a model of another kind, or a field is missing, unknown or out of range.
        """
        if values.get("kind") != KIND:
            raise ModelError(f"the model is of kind {values.get('kind')!r}, which does not run in floats")
        chosen = {key: value for key, value in values.items() if key not in ("kind", "format", "name", "about")}
        known = {field.name for field in fields(cls)}
        if different := sorted(known ^ chosen.keys()):
            raise ModelError(f"the description of the model lacks fields, or has unknown ones: {', '.join(different)}")
        return cls(**chosen)

    def to_dict(self) -> dict[str, Any]:
        """The fields as `from_dict` reads them."""
        return asdict(self)


def libraries() -> tuple[Any, Any]:
    """Import torch and transformers.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", EXTRA) from None
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("transformers", EXTRA) from None
    return torch, transformers


def weights_folder(weights: Weights) -> Path:
    """Where the model's own files lie on this machine, after comparing all of them with their hashes.

    Raises:
        ModelError: they are not here, or others; the message says what would bring them.
    """
    config = FloatConfig.from_dict(weights.config)
    path = None if weights.stem is None else folder_path(weights.stem)
    source = config.source if config.source.startswith("hf:") else "FOLDER"
    command = f"run: predzip models convert {source} --name {weights.name}"
    try:
        folder = Path(path.read_text(encoding="utf-8").strip()) if path is not None else None
    except (OSError, ValueError):
        folder = None
    if folder is None or not folder.is_dir():
        where = f"no folder at {folder}" if folder else "no file says where"
        raise ModelError(
            f"model {weights.name} (fingerprint {weights.fingerprint[:8].hex()}) needs the weights of {config.source},"
            f" which are not here ({where}); {command}"
        )
    for name, expected in config.files.items():
        if _hash_of(folder / name) != expected:
            raise ModelError(
                f"{folder / name} is missing, or is not the file that model {weights.name} was entered with; {command}"
            )
    return folder


def _hash_of(path: Path) -> str:
    """SHA-256 of a file, hashed once for each state of it; empty where there is none."""
    try:
        status = path.stat()
        return _hash_of_state(path, status.st_size, status.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _hash_of_state(path: Path, size_bytes: int, time_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_model(weights: Weights, device: str = "cpu") -> Any:  # noqa: ANN401 - a class of an optional package
    """Load a model that has an entry; the last one is kept.

    Args:
        weights: its entry.
        device: "cpu" or "cuda".

    Raises:
        ModelError: its files are not here, or transformers does not make the whole of a causal language model of them.
        MissingExtraError: torch or transformers is not installed.
    """
    return _load(weights_folder(weights), weights.fingerprint, str(weights.config["dtype"]), device)


@lru_cache(maxsize=1)
def _load(folder: Path, fingerprint: bytes, dtype: str, device: str) -> Any:  # noqa: ANN401
    return load_folder(folder, dtype).to(device)


def load_folder(folder: Path, dtype: str) -> Any:  # noqa: ANN401 - a class of an optional package
    """Load the model of a folder, ready to be asked.

    Raises:
        ModelError: transformers does not make the whole of a causal language model of what lies there.
        MissingExtraError: torch or transformers is not installed.
    """
    torch, transformers = libraries()
    options = {
        "dtype": getattr(torch, dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": False,  # where nothing is said, transformers asks whoever sits at the terminal
        "output_loading_info": True,
    }
    try:
        with quiet(transformers):
            model, found = transformers.AutoModelForCausalLM.from_pretrained(str(folder), **options)
    except Exception as error:  # what the library raises has no class of its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"transformers {transformers.__version__} cannot load {folder}: {reason}") from None
    # What is missing would be made up by chance, and differently each time.
    for what in ("missing_keys", "mismatched_keys", "error_msgs"):
        if found.get(what):
            raise ModelError(f"{folder} is not the whole of a model: {what} {sorted(map(str, found[what]))[:3]}")
    return model.eval()


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:  # noqa: ANN401 - a module without types
    """Keep transformers from drawing bars and from giving advice meanwhile."""
    logging = transformers.utils.logging
    verbosity, draws = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if draws:
            logging.enable_progress_bar()

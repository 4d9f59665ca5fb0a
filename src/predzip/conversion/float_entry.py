"""An entry for a model that the exact engine does not know: transformers runs it in floats, wherever its folder lies.

Nothing of the model is copied. What is written, and what it holds, is described in `predictors.float_model`; beside it,
as for every model over tokens, NAME.tokenizer.json for encoders.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from predzip.conversion.architectures import ARCHITECTURES
from predzip.conversion.download import SCHEME, Fetched, fetch
from predzip.conversion.hashes import sha256_of
from predzip.conversion.huggingface import licence_of, read_json
from predzip.conversion.names import check_name, name_after
from predzip.conversion.source import DEFAULT_CONTEXT, context_for
from predzip.conversion.tokenizers import lossless
from predzip.conversion.vocabulary import tokens_of_description
from predzip.errors import ModelError, UsageError
from predzip.predictors.float_model import DTYPE_BYTES, KIND, FloatConfig, libraries, load_folder
from predzip.predictors.float_stepper import FloatStepper
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import files_of, folder_path, stem_of, tokenizer_path
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import read_config, write_weights

_HASHED = ("config.json", "tokenizer.json", "model*.safetensors", "model*.json")
_CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "n_ctx", "context_length", "max_seq_len")
_MOST_NAME_LETTERS = 200
_TRIED_TOKENS = 8
_TOLERANCE = 0.02
"""Between steps and the whole, of the largest logit: bfloat16 has 8 bits."""


def runs_exactly(source: str | os.PathLike[str] | Fetched) -> bool:
    """Say whether a model is of a family that the exact engine runs, so that it should be converted.

    Raises:
        ModelError: it is not there, or has no description.
    """
    folder = _find(source).folder
    return read_json(folder / "config.json").get("model_type") in ARCHITECTURES


def write_float_entry(
    source: str | os.PathLike[str] | Fetched,
    target_stem: str | os.PathLike[str],
    *,
    context: int | None = None,
    dtype: str = "float32",
) -> bytes:
    """Write the entry of a model, after loading it and taking some steps.

    Args:
        source: a folder as transformers writes it, or hf:ORGANISATION/NAME@REVISION, which is fetched.
        target_stem: path of the files to write, without a suffix.
        context: positions that it looks at; None: 2048, or fewer if it was trained with fewer.
        dtype: what it computes in, "float32", "bfloat16" or "float16".

    Returns:
        The fingerprint, 32 bytes.

    Raises:
        ModelError: the model is not there, damaged, or none that can be run step by step.
        UsageError: the model was trained with a shorter context, or there is no such dtype.
        MissingExtraError: a package is not installed.
    """
    libraries()  # refuses what cannot succeed before anything is fetched
    if dtype not in DTYPE_BYTES:
        raise UsageError(f"a model computes in {', '.join(DTYPE_BYTES)}, not in {dtype}")
    folder, name, commit = _find(source)
    description, hashed = read_json(folder / "tokenizer.json"), _hashed(folder)
    model = load_folder(folder, dtype)
    sizes = model.config.get_text_config()
    config = FloatConfig(
        source=_origin(name, commit),
        dtype=dtype,
        vocab_size=sizes.vocab_size,
        start_token=_start_token(sizes),
        context=context_for(_trained_context(sizes), context),
        parameters=sum(each.numel() for each in model.parameters()),
        files={path.name: sha256_of(path) for path in hashed},
    )
    about = {
        "source": name,
        "revision": commit,
        "licence": licence_of(folder),
        "architecture": str(model.config.model_type),
    }
    _try(model, config)
    vocabulary = Vocabulary.from_tokens(tokens_of_description(description, config.vocab_size))
    fingerprint = write_weights(target_stem, {"kind": KIND, **config.to_dict(), "about": about}, vocabulary.tensors())
    stem = stem_of(target_stem)
    tokenizer_path(stem).write_text(lossless(description), encoding="utf-8")
    folder_path(stem).write_text(f"{folder.resolve()}\n", encoding="utf-8")
    return fingerprint


def known_float(source: str | Fetched, name: str = "", context: int | None = None) -> Path | None:
    """The user's entry of a model at the place where it lies now, if there is one."""
    folder, found, commit = _find(source)
    for each in catalogue.installed():
        if each.origin != "user" or name not in ("", each.name):
            continue
        there = read_config(each.stem)
        is_same = there["kind"] == KIND and there.get("source") == _origin(found, commit)
        if is_same and context in (None, there.get("context")) and _place_of(each.stem) == folder.resolve():
            return each.stem
    return None


def _place_of(stem: Path) -> Path | None:
    try:
        return Path(folder_path(stem).read_text(encoding="utf-8").strip())
    except OSError:
        return None


def adopt_float(source: str | Fetched, *, name: str = "", context: int | None = None, dtype: str = "float32") -> Path:
    """Write the entry of a model into the user's folder; return its path without a suffix.

    An entry that is there already is written again: so a folder that moved is found.

    Args:
        source: as `write_float_entry` has it.
        name: of the model; empty: one that follows from the source.
        context: as `write_float_entry` has it.
        dtype: as `write_float_entry` has it.

    Raises:
        UsageError: the name is taken by another model, or is none.
        ModelError: as `write_float_entry` says.
        MissingExtraError: as `write_float_entry` says.
    """
    _, found, commit = _find(source)
    name = name or name_after(found.rpartition("/")[2])
    check_name(name)
    folder = catalogue.user_folder()
    stem = folder / name
    if files_of(stem)[0].exists():
        there = read_config(stem)
        if there["kind"] != KIND or there.get("source") != _origin(found, commit):
            raise UsageError(f"{folder} has another model named {name}; choose another name")
    fingerprint = write_float_entry(source, stem, context=context, dtype=dtype)
    catalogue.write_list(folder, {**catalogue.read_list(folder), name: fingerprint})
    return stem


def _origin(name: str, commit: str) -> str:
    return f"{SCHEME}{name}@{commit}" if commit else name


def _find(source: str | os.PathLike[str] | Fetched) -> Fetched:
    """The folder of a model, what to call it, and its commit, if any."""
    if isinstance(source, Fetched):
        return source
    source = os.fspath(source)
    if source.startswith(SCHEME):
        return fetch(source)
    folder = Path(source)
    if not (folder / "config.json").is_file():
        raise ModelError(f"no model at {source}: it takes a folder with config.json, or {SCHEME}ORG/NAME")
    return Fetched(folder, ascii(folder.resolve().name)[1:-1][:_MOST_NAME_LETTERS], "")


def _hashed(folder: Path) -> list[Path]:
    found = sorted({path for pattern in _HASHED for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in found):
        raise ModelError(f"{folder} holds no model*.safetensors; pickles (.bin, .pt) are not read")
    return found


def _start_token(sizes: Any) -> int:  # noqa: ANN401 - a class of an optional package
    """The token before a document: the one for its beginning, else for the end of the one before."""
    for value in (sizes.bos_token_id, sizes.eos_token_id):
        first = value[0] if isinstance(value, list) and value else value
        if type(first) is int:
            return first
    raise ModelError("config.json does not say which token begins a document (bos_token_id)")


def _trained_context(sizes: Any) -> int:  # noqa: ANN401
    values = [getattr(sizes, name, None) for name in _CONTEXT_NAMES]
    return next((value for value in values if type(value) is int and value > 0), DEFAULT_CONTEXT)


def _try(model: Any, config: FloatConfig) -> None:  # noqa: ANN401
    """See that steps give about what the whole gives: that what is kept between steps is kept rightly."""
    torch, _ = libraries()
    stepper = FloatStepper(config, model, 1, min(_TRIED_TOKENS, config.context))
    tokens = np.arange(config.start_token, config.start_token + stepper.positions)[None] % config.vocab_size
    try:
        steps = np.concatenate([stepper.hidden(tokens[:, i : i + 1]) for i in range(stepper.positions)])
        with torch.inference_mode():
            whole = model(input_ids=torch.from_numpy(tokens)).logits[0].float().numpy()
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(f"models like {type(model).__name__} cannot be run step by step: {error}") from None
    if np.abs(steps - whole).max() > _TOLERANCE * max(1.0, float(np.abs(whole).max())):
        raise ModelError("the model says one thing step by step and another all at once: it cannot be run in steps")

"""Make a model of the exact engine of a language model that somebody else trained.

    NAME.json             sizes, and where the model comes from
    NAME.safetensors      matrices with 8 bits a number, and the bytes of each token
    NAME.tokenizer.json   for encoders only: not part of the fingerprint, since any tokens that join to the data will do

Tensors are read and rounded some rows at a time, so that memory stays near the size of the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predzip.conversion.download import SCHEME, Fetched, fetch
from predzip.conversion.source import Source, read_rows, row_order
from predzip.errors import ModelError
from predzip.predictors.neural.model_files import stem_of, tokenizer_path
from predzip.predictors.neural.transformer.quantize import round_rows
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Tensors, write_weights

Progress = Callable[[int, int], None]
"""Called with parameters done and parameters in all."""
_AT_ONCE = 1 << 21
"""Numbers rounded together."""


def open_source(source: str | os.PathLike[str] | Fetched, context: int | None = None) -> Source:
    """Read what a model says of itself, not yet its tensors.

    Args:
        source: a GGUF file, a folder as transformers writes it, or hf:ORGANISATION/NAME@REVISION, which is fetched.
        context: positions of the converted model; None: 2048, or fewer if it was trained with fewer.

    Raises:
        ModelError: it is not there, damaged, or of a kind that the engine does not run.
        UsageError: the model was trained with a shorter context.
        MissingExtraError: a package is not installed.
    """
    from predzip.conversion.gguf_source import gguf_source
    from predzip.conversion.huggingface import huggingface_source

    if not isinstance(source, Fetched) and os.fspath(source).startswith(SCHEME):
        source = fetch(os.fspath(source))
    if isinstance(source, Fetched):
        return huggingface_source(source.folder, context, name=source.name, revision=source.commit)
    text = os.fspath(source)
    path = Path(text)
    if path.is_dir():
        return huggingface_source(path, context)
    if not path.is_file():
        raise ModelError(f"no model at {text}: name a GGUF file, a folder with config.json, or {SCHEME}ORG/NAME")
    return gguf_source(path, context)


def convert(
    source: str | os.PathLike[str],
    target_stem: str | os.PathLike[str],
    *,
    context: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Convert a model; see `open_source` for what may be named.

    Args:
        source: the model.
        target_stem: path of the files to write, without a suffix.
        context: positions of the converted model; None: 2048, or fewer if it was trained with fewer.
        progress: called while tensors are rounded.

    Returns:
        The fingerprint, 32 bytes.

    Raises:
        ModelError: the model is not there, damaged, or of a kind that the engine does not run.
        UsageError: the model was trained with a shorter context.
        MissingExtraError: a package is not installed.
    """
    return convert_source(open_source(source, context), target_stem, progress)


def convert_source(opened: Source, target_stem: str | os.PathLike[str], progress: Progress | None = None) -> bytes:
    """Convert a model that `open_source` has read; see `convert`."""
    tokenizer = opened.tokenizer()
    tensors = rounded_tensors(opened, progress)
    tensors.update(Vocabulary.from_tokens(opened.tokens).tensors())
    config = {"kind": "transformer", **opened.config.to_dict(), "about": opened.about}
    fingerprint = write_weights(target_stem, config, tensors)
    tokenizer_path(stem_of(target_stem)).write_text(tokenizer, encoding="utf-8")
    return fingerprint


def rounded_tensors(source: Source, progress: Progress | None = None) -> Tensors:
    """Every tensor as `quantize_transformer` would make it, in much less memory."""
    result: Tensors = {}
    done, total = 0, source.config.parameters()
    for name, shape in source.config.float_shapes().items():
        if len(shape) == 1:
            result[name] = _checked(name, read_rows(source, name, 0, shape[0])).astype(np.float32)
        else:
            result[name], result[f"{name.removesuffix('.weight')}.scale"] = _rounded(source, name, shape)
        order = row_order(source.places[name], shape[0])
        if order is not None:
            scale = f"{name.removesuffix('.weight')}.scale"
            for part in (name, scale) if len(shape) == 2 else (name,):
                result[part] = result[part][order]
        done += int(np.prod(shape))
        if progress is not None:
            progress(done, total)
    return result


def _rounded(source: Source, name: str, shape: tuple[int, ...]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    codes, scales = np.empty(shape, np.int8), np.empty(shape[0], np.float32)
    step = max(1, _AT_ONCE // shape[1])
    for at in range(0, shape[0], step):
        end = min(shape[0], at + step)
        values = _checked(name, read_rows(source, name, at, end))
        codes[at:end], scales[at:end] = round_rows(values.astype(np.float64))
    return codes, scales


def _checked(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise ModelError(f"tensor {name} holds a number that is not finite")
    return values

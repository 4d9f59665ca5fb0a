"""Section 3.2: could the parameters themselves be compressed? gzip and LZMA2 on weights in float16.

The paper found 92.2 % and 89.1 % for a Transformer of 38M parameters, and so counts 2 bytes a parameter. Weights of the
exact engine were rounded to 8 bits a row before; in float16 they hold less than 16 bits each, and shrink more. So the
files that the engine reads stand beside, before any packing. Of models of more than 16 MB, an even part is measured.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from predzip.experiments.paper.published import WEIGHTS_RATES
from predzip.experiments.paper.tables import Grid
from predzip.predictors.neural import cards, catalogue
from predzip.predictors.neural.model_files import files_of, read_model_file
from predzip.predictors.neural.vocabulary import BYTES_TENSOR, ENDS_TENSOR
from predzip.predictors.neural.weights import MAX_TENSOR_BYTES, Weights
from predzip.units import format_bytes

MOST_BYTES = 16 << 20
"""Of each form of a model; LZMA2 takes half a minute for so much."""
_PIECE_BYTES = 1 << 16


def float16_bytes(weights: Weights, share: float = 1.0) -> bytes:
    """All parameters of a Transformer in float16, by the order of their names; rounded ones with their scale.

    Args:
        weights: the bytes of the tokens that it may have are no parameters.
        share: the first rows of each tensor alone.
    """
    parts = []
    for name, tensor in sorted(weights.tensors.items()):
        if name.endswith((".scale", "_scale")) or name in (BYTES_TENSOR, ENDS_TENSOR):
            continue
        kept = max(1, round(share * len(tensor)))
        values = tensor[:kept].astype(np.float32)
        scale = weights.tensors.get(name.removesuffix(".weight") + ".scale")
        if scale is not None and tensor.dtype == np.int8 and scale.shape == tensor.shape[:1]:
            values = values * scale[:kept, None]
        parts.append(values.astype("<f2").tobytes())
    return b"".join(parts)


def rates_of(data: bytes) -> tuple[float, float]:
    """Rates of gzip -9 and LZMA2, both decoded and compared."""
    packed = gzip.compress(data, 9, mtime=0)
    squeezed = lzma.compress(data)
    if gzip.decompress(packed) != data or lzma.decompress(squeezed) != data:
        raise ValueError("weights did not come back")  # pragma: no cover - would be a bug of zlib or xz
    return len(packed) / len(data), len(squeezed) / len(data)


def grid(models: Iterable[str]) -> Grid:
    """Rates of the weights of models."""
    rows = [["Transformer 38M (paper)", "", "float16", *(f"{WEIGHTS_RATES[name]:.1f}" for name in ("gzip", "lzma2"))]]
    for model in models:
        found = catalogue.locate(model)
        weights = catalogue.load(model)
        count = f"{cards.parameters(weights.config):,}"
        forms = {"8 bits": _part(_files(found.stem))}
        if weights.kind == "transformer":  # other kinds keep their scales elsewhere
            share = min(1.0, MOST_BYTES / (2 * cards.parameters(weights.config)))
            forms = {"float16": float16_bytes(weights, share), **forms}
        for form, data in forms.items():
            rows.append([found.name, count, form, *(f"{100 * rate:.1f}" for rate in rates_of(data))])
    return Grid(
        "Section 3.2: rates in percent of the parameters themselves",
        ["model", "parameters", "form", "gzip", "LZMA2"],
        rows,
        [
            "Models here were rounded to 8 bits a weight, so that their float16 holds less than the paper's.",
            f"Of more than {format_bytes(MOST_BYTES)}, an even part of so many bytes.",
        ],
        text_columns=3,
    )


def _part(data: bytes) -> bytes:
    """All of it, or pieces spread evenly over it."""
    pieces = range(0, len(data), _PIECE_BYTES)
    step = -(-len(pieces) * _PIECE_BYTES // MOST_BYTES)
    return b"".join(data[at : at + _PIECE_BYTES] for at in pieces[:: max(1, step)])


def _files(stem: Path) -> bytes:
    return b"".join(read_model_file(path, MAX_TENSOR_BYTES) for path in files_of(stem))

"""What can be said about a model without running it: its parameters, its bytes, and what its card reports.

A card is NAME.md beside the weights, written by training; people read it, `bits_per_byte` reads its summary.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from predzip.errors import ModelError
from predzip.predictors.neural.model_files import files_of

_RATES = re.compile(r"\| kind \| bits/byte \|\n\|[-: |]+\|\n((?:\|[^\n]*\|\n?)+)")
_ROW = re.compile(r"\| [^|\n]* \| (\d+\.\d+) \|")
_MOST_CARD_BYTES = 1 << 20


def parameters(config: dict[str, Any]) -> int:
    """Number of trained parameters of the model that a description describes.

    Raises:
        ModelError: the description is of no kind known here, or is damaged.
    """
    if config["kind"] == "transformer":
        from predzip.predictors.neural.transformer.config import TransformerConfig

        return TransformerConfig.from_dict(config).parameters()
    if config["kind"] == "recurrent":
        return _recurrent_parameters(config.get("architecture"))
    if config["kind"] == "float":
        from predzip.predictors.float_model import FloatConfig

        return FloatConfig.from_dict(config).parameters
    raise ModelError(f"models of kind {config['kind']!r} are unknown to this release")


def _recurrent_parameters(architecture: object) -> int:
    from predzip.predictors.neural.recurrent.config import RecurrentConfig

    if not isinstance(architecture, dict):
        raise ModelError("the description of the recurrent model lacks its architecture")
    sizes = RecurrentConfig.from_dict(architecture)
    d, h, m, w = sizes.width, sizes.state, sizes.hidden, sizes.table_width
    tables = sum(1 << bits for bits in sizes.row_bits) * w + len(sizes.row_bits) * w * d
    layer = 3 * h * d + 3 * h + d * h + 2 * m * d
    return 256 * d + tables + sizes.layers * layer + 256 * d + 256


def bytes_on_disk(stem: Path) -> int:
    """Size of the description and the tensors; of a model in floats, with the numbers of its own files elsewhere."""
    from predzip.predictors.neural.weights import read_config

    size = sum(path.stat().st_size for path in files_of(stem))
    config = read_config(stem)
    if config["kind"] == "float":
        from predzip.predictors.float_model import DTYPE_BYTES, FloatConfig

        entry = FloatConfig.from_dict(config)
        size += entry.parameters * DTYPE_BYTES[entry.dtype]
    return size


def card_path(stem: Path) -> Path:
    """Where the card of a model lies, whether or not it is there."""
    return stem.with_name(stem.name + ".md")


def read_card(stem: Path) -> str:
    """The card of a model.

    Raises:
        ModelError: there is none.
    """
    path = card_path(stem)
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_CARD_BYTES)
    except OSError as error:
        raise ModelError(f"model {stem.name} has no card at {path}: {error.strerror}") from None


def bits_per_byte(stem: Path) -> float | None:
    """Mean rate of held-out data that the card reports: the last row of its table of kinds; None without one."""
    try:
        table = _RATES.search(read_card(stem))
    except ModelError:
        return None
    rates = _ROW.findall(table[1]) if table else []
    return float(rates[-1]) if rates else None

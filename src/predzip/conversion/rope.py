"""Rotary positions of models whose context was made longer after training: what divides each frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from predzip.errors import ModelError

PLAIN = ("default", "none")


def factors_of(scaling: Mapping[str, Any] | None, base: float, head_dim: int) -> list[float]:
    """What divides frequency i < H / 2; nothing where all stay.

    Args:
        scaling: `rope_type` and its numbers, as descriptions of transformers have them.
        base: of the rotary positions.
        head_dim: H.

    Raises:
        ModelError: for a kind of scaling that this release does not know, or one that lacks a number.
    """
    if scaling is None:
        return []
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if scaling.get("partial_rotary_factor", 1.0) != 1.0:
        raise ModelError("only a part of each head has rotary positions, which the engine does not do")
    if kind in PLAIN:
        return []
    if kind == "linear":
        return [_number(scaling, "factor")] * (head_dim // 2)
    if kind == "llama3":
        return [_llama3(scaling, 2 * math.pi * base ** (2 * i / head_dim)) for i in range(head_dim // 2)]
    raise ModelError(f"rotary positions are scaled by {str(kind)[:64]!r}, which this release does not know")


def _llama3(scaling: Mapping[str, Any], wavelength: float) -> float:
    """Short waves stay, long ones are divided by the factor, those between are in between."""
    factor, low, high, trained = (
        _number(scaling, key)
        for key in ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    )
    if wavelength < trained / high:
        return 1.0
    if wavelength > trained / low:
        return factor
    smooth = (trained / wavelength - low) / (high - low)
    return 1.0 / ((1.0 - smooth) / factor + smooth)


def _number(scaling: Mapping[str, Any], key: str) -> float:
    value = scaling.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise ModelError(f"the scaling of rotary positions does not say {key}")
    return float(value)

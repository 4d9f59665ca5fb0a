"""Bits, nats, bytes and rates: the only place that divides by log 2 or by 8.

Adds to nothing: it stands at the bottom, so that a unit is converted in one place with one name.
"""

from __future__ import annotations

import math

BITS_PER_BYTE = 8
NATS_PER_BIT = math.log(2.0)


def nats_to_bits(nats: float) -> float:
    """Convert a code length in nats (what most frameworks call a loss) to bits."""
    return nats / NATS_PER_BIT


def bits_to_bytes(bits: float) -> float:
    """Convert bits to bytes, unrounded."""
    return bits / BITS_PER_BYTE


def bits_per_byte(code_length_bits: float, original_bytes: int) -> float:
    """Bits spent for each original byte; 8 means incompressible, 0.0 stands for an empty input."""
    return code_length_bits / original_bytes if original_bytes else 0.0


def raw_rate(compressed_bytes: float, original_bytes: int) -> float:
    """Compressed over original bytes, the paper's raw compression rate (lower is better)."""
    return compressed_bytes / original_bytes if original_bytes else 0.0


def adjusted_rate(compressed_bytes: float, parameter_bytes: float, original_bytes: int) -> float:
    """The paper's adjusted rate (section 3.2): the model's own bytes count as compressed output."""
    return raw_rate(compressed_bytes + parameter_bytes, original_bytes)


def format_bytes(count: float) -> str:
    """Write a byte count for people: 999 B, 1.5 KB, 20 MB (powers of 1000, three digits)."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("KB", "MB", "GB", "TB"):
        count /= 1000
        if count < 999.5 or unit == "TB":
            break
    return f"{count:.3g} {unit}" if count < 999.5 else f"{count:.0f} {unit}"

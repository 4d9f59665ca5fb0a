"""How much of the data the slow ones see, where they would take hours for what others do in a minute."""

from __future__ import annotations

from predzip.experiments.paper.compressors import TEXTS, SevenBits, TableCompressor, compressor
from predzip.experiments.paper.own import OwnCompressor

CURVE_SEQUENCES = 100
TOKENS_CURVE_SEQUENCES = 16
"""Sequences of a curve, mean of which figure 6 draws; a model over tokens takes seconds for each."""
_SLOW_BYTES_PER_SECOND = 100_000
_LEVEL_TIMES_MORE = 4
_TOKENS_TIMES_LESS = 4
"""Pictures, sound and noise have four times as many tokens as so much text, and tokens are what takes time."""


def most_bytes(name: str, kind: str, slow_bytes: int | None) -> int | None:
    """How much of a dataset a compressor sees.

    Args:
        name: of the compressor.
        kind: of the data. On text, levels 4 and up are slow. On pictures, sound and noise all run at 60 KB/s and more,
            but those above the default do what the default does: their larger priors are for text.
        slow_bytes: for models; levels that are slow, or the default again, see `_LEVEL_TIMES_MORE` times as much;
            models over tokens see less of what is no text; None: all.

    Returns:
        None for all of it.
    """
    chosen = _without_seven_bits(name)
    if not isinstance(chosen, OwnCompressor):
        return None
    if slow_bytes is None:
        return None
    if chosen.model is not None:
        return slow_bytes if kind in TEXTS or not chosen.is_over_tokens else slow_bytes // _TOKENS_TIMES_LESS
    if chosen.method is not None:
        return None
    from predzip.codecs.levels import DEFAULT_LEVEL, level_row

    row = level_row(chosen.level)
    slow = row.bytes_per_second < _SLOW_BYTES_PER_SECOND if kind in TEXTS else row.level > DEFAULT_LEVEL
    return _LEVEL_TIMES_MORE * slow_bytes if slow else None


def most_sequences(name: str) -> int:
    """Sequences of a curve of a compressor."""
    chosen = _without_seven_bits(name)
    return TOKENS_CURVE_SEQUENCES if isinstance(chosen, OwnCompressor) and chosen.is_over_tokens else CURVE_SEQUENCES


def _without_seven_bits(name: str) -> TableCompressor:
    chosen = compressor(name)
    while isinstance(chosen, SevenBits):
        chosen = chosen.inner
    return chosen

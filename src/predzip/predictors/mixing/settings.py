"""What a level of the adaptive model consists of: how many contexts, gates and matches, and how much memory.

A plain table. Every number here decides bits: changing one changes the format.
"""

from __future__ import annotations

from dataclasses import dataclass

TEXT, BINARY, EXECUTABLE = 0, 1, 2
FAMILIES = (TEXT, BINARY, EXECUTABLE)
"""Sets of contexts; permanent numbers."""


@dataclass(frozen=True)
class MixingSettings:
    """One level of the adaptive model."""

    contexts: tuple[int, int, int]
    """Contexts used, by family."""
    weight_sets: int
    """Gates of the mixer: 1, 4, 7 or 12."""
    matches: int
    """Match models: 1 or 2."""
    match_bytes: tuple[int, int]
    """Bytes that each match model hashes."""
    recent_inputs: bool
    """Whether each context gives three inputs (counts, their linear form, recent bits) or one."""
    line_bits_max: int
    """log2 of the greatest number of context lines (32 bytes each)."""
    first_weight: float
    """Weight of every context input at the start."""
    rate: int
    """Learning rate of the mixer in the long run (mixer.rated_error)."""
    extra_rate: int
    """What is added to the rate at the start; falls by one each 8 bytes."""
    final_rate: int
    """Learning rate of the final mixer."""
    wide: bool = False
    """Whether the further contexts of text, refinements and the third final mixer are there."""


LEVELS: dict[int, MixingSettings] = {
    1: MixingSettings((6, 6, 6), 1, 1, (6, 0), False, 20, 0.18, 90, 1500, 0),
    2: MixingSettings((12, 12, 12), 4, 1, (6, 0), False, 22, 0.12, 110, 1500, 160),
    3: MixingSettings((42, 32, 40), 7, 2, (5, 12), True, 24, 0.045, 90, 900, 140),
    4: MixingSettings((84, 32, 40), 12, 2, (5, 12), True, 24, 0.028, 50, 400, 140, wide=True),
}

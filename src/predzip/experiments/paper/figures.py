"""Colours of the figures: warm for predzip, blue for models, others for the rest."""

from __future__ import annotations

from predzip.experiments.paper.compressors import MODEL_PREFIX, OWN_PREFIX

COLOURS = ("#475569", "#94a3b8", "#0f766e", "#65a30d", "#a16207", "#7c3aed", "#db2777", "#0284c7", "#4d7c0f", "#b45309")
OWN_COLOURS = ("#c2410c", "#ea580c", "#f97316", "#fb923c")
MODEL_COLOURS = ("#1d4ed8", "#3b82f6", "#60a5fa", "#1e3a8a", "#818cf8")


def colours(names: list[str]) -> dict[str, str]:
    """A colour for each compressor: warm for predzip, blue for models."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(
            "own" if name.startswith(OWN_PREFIX) else "model" if name.startswith(MODEL_PREFIX) else "", []
        ).append(name)
    palettes = {"own": OWN_COLOURS, "model": MODEL_COLOURS, "": COLOURS}
    return {
        name: palettes[group][number % len(palettes[group])]
        for group, members in groups.items()
        for number, name in enumerate(members)
    }

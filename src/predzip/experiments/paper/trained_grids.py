"""The tables of `trained`: rates by alphabet and model with the paper's beside, and how each model was trained."""

from __future__ import annotations

from predzip.experiments.paper.published import TABLE_2
from predzip.experiments.paper.rows import Row
from predzip.experiments.paper.table2 import published_rates
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.trained import CHUNK_TOKENS
from predzip.units import BITS_PER_BYTE


def grids(rows: list[Row]) -> list[Grid]:
    """Both tables, of rows that `trained.run` gave."""
    return [_rates(rows), _details(rows)]


def _rates(rows: list[Row]) -> Grid:
    presets = list(dict.fromkeys(str(row.training["preset"]) for row in rows))
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        known = cells.setdefault((row.dataset, str(row.training["alphabet"])), {})
        known[str(row.training["preset"])] = f"≈{100 * row.raw_rate:.1f}"
    body = [
        [dataset, alphabet, *(rates.get(preset, "") for preset in presets), *published_rates(alphabet)]
        for (dataset, alphabet), rates in cells.items()
    ]
    learnt = ", ".join(sorted({f"{row.training['training_bytes']:,}" for row in rows}))
    measured = ", ".join(sorted({f"{row.original_bytes:,}" for row in rows}))
    budgets = "; ".join(sorted({row.settings for row in rows}))
    return Grid(
        "Table 2: rate in percent of Transformers trained on each alphabet",
        ["data", "alphabet", *presets, *(f"paper {model}" for model in TABLE_2)],
        body,
        [
            f"Each model was trained on the first {learnt} bytes: {budgets}.",
            f"≈ code length of the next {measured} bytes under the exact model, in chunks of {CHUNK_TOKENS:,} tokens,"
            " over the bytes; neither parameters nor alphabet count.",
            "Paper: trained on enwik8, for a million steps as far as is known; its 6.4M and 38M have no published"
            " settings.",
        ],
        text_columns=2,
    )


def _details(rows: list[Row]) -> Grid:
    body = []
    for row in rows:
        facts = row.training
        body.append(
            [
                row.dataset,
                str(facts["alphabet"]),
                str(facts["preset"]),
                f"{row.parameters:,}",
                f"{facts['steps']:,}",
                f"{facts['seconds']:.0f}",
                f"{facts['seen_tokens']:,}",
                f"{facts['seen_tokens'] / facts['training_tokens']:.1f}",
                f"{facts['measured_tokens']:,}",
                f"{BITS_PER_BYTE * row.compressed_bytes / facts['measured_tokens']:.2f}",
                f"≈{100 * row.raw_rate:.1f}",
            ]
        )
    return Grid(
        "Table 2: how the Transformers were trained",
        [
            *("data", "alphabet", "model", "parameters", "steps", "seconds", "tokens read", "passes"),
            *("tokens measured", "bits/token", "rate"),
        ],
        body,
        ["Passes: tokens read over the tokens of the first half. Embedding and output have a row a symbol."],
        text_columns=3,
    )

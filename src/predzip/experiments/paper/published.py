"""What the paper says: table 1 of "Language Modeling Is Compression", v2 (ICLR 2024, arXiv 2309.10668), and table 2.

Percent of 1 GB (976,562.5 KiB in 488,281 chunks). The abstract gives other figures for Chinchilla 70B (43.4 and 16.4
on ImageNet and LibriSpeech) than the table (48.0 and 21.0); the table's stand here.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = {"text": "enwik9", "image": "ImageNet", "audio": "LibriSpeech", "random": "random"}
"""Kind of data here -> the paper's column."""
DATA_BYTES = 1_000_000_000
PARAMETERS = {"Transformer 200K": 231_936, "Transformer 800K": 856_832, "Transformer 3.2M": 3_286_272}
"""Counted from the authors' code with the settings they gave later; the paper rounds."""


@dataclass(frozen=True)
class PublishedRow:
    """One row of table 1, in percent."""

    cut: str
    """"whole" for the paper's infinite chunk, "chunks" for 2,048 bytes."""
    title: str
    raw: tuple[float, float, float, float]
    adjusted: tuple[float, float, float, float]

    def value(self, kind: str, *, adjusted: bool = False) -> float | None:
        """The number for a kind of data; None where the paper has no such column."""
        if kind not in COLUMNS:
            return None
        return (self.adjusted if adjusted else self.raw)[list(COLUMNS).index(kind)]


def _same(cut: str, title: str, *rates: float) -> PublishedRow:
    first, second, third, fourth = rates
    raw = (first, second, third, fourth)
    return PublishedRow(cut, title, raw, raw)


TABLE_1 = (
    _same("whole", "gzip", 32.3, 70.7, 36.4, 100.0),
    _same("whole", "LZMA2", 23.0, 57.9, 29.9, 100.0),
    _same("whole", "PNG", 42.9, 58.5, 32.2, 100.0),
    _same("whole", "FLAC", 89.5, 61.9, 30.9, 107.8),
    _same("chunks", "gzip", 48.1, 68.6, 38.5, 100.1),
    _same("chunks", "LZMA2", 50.0, 62.4, 38.2, 100.0),
    _same("chunks", "PNG", 80.6, 61.7, 37.6, 103.2),
    _same("chunks", "FLAC", 88.9, 60.9, 30.3, 107.2),
    _same("chunks", "Transformer 200K", 30.9, 194.0, 146.6, 195.5),
    PublishedRow("chunks", "Transformer 800K", (21.7, 185.1, 131.1, 200.1), (21.9, 185.3, 131.3, 200.3)),
    PublishedRow("chunks", "Transformer 3.2M", (17.0, 215.8, 228.2, 224.0), (17.7, 216.5, 228.9, 224.7)),
    PublishedRow("chunks", "Llama 2 (7B)", (8.9, 53.4, 23.1, 103.2), (1408.9, 1453.4, 1423.1, 1503.2)),
    PublishedRow("chunks", "Chinchilla 1B", (11.3, 62.2, 24.9, 108.8), (211.3, 262.2, 224.9, 308.8)),
    PublishedRow("chunks", "Chinchilla 7B", (10.2, 54.7, 23.6, 101.6), (1410.2, 1454.7, 1423.6, 1501.6)),
    PublishedRow("chunks", "Chinchilla 70B", (8.3, 48.0, 21.0, 100.8), (14008.3, 14048.0, 14021.0, 14100.8)),
)

TITLES = {
    "gzip": "gzip",
    "lzma2": "LZMA2",
    "png": "PNG",
    "flac": "FLAC",
    "model:paper-200k": "Transformer 200K",
    "model:paper-800k": "Transformer 800K",
    "model:paper-3.2m": "Transformer 3.2M",
}
"""Compressor here -> row of the paper. Models here have the paper's architecture, and were trained far less."""

TOKENIZERS = ("ASCII", 1000, 2000, 5000, 10000, 20000)
TABLE_2 = {
    "200K": (22.9, 25.4, 25.6, 23.1, 21.3, 19.3),
    "6.4M": (13.6, 14.8, 15.7, 17.1, 17.0, 16.4),
    "38M": (6.4, 6.9, 7.4, 8.7, 8.9, 9.0),
}
"""Raw rate in percent by size of the model, for each tokenizer."""
WEIGHTS_RATES = {"gzip": 92.2, "lzma2": 89.1}
"""Percent of the float16 weights of a Transformer of 38M parameters (section 3.2)."""


def published(cut: str, compressor: str) -> PublishedRow | None:
    """The paper's row for a compressor of ours, if it has one."""
    title = TITLES.get(compressor)
    return next((row for row in TABLE_1 if row.cut == cut and row.title == title), None)

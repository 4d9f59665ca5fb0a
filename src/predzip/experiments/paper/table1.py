"""Table 1: every compressor on every kind of data, in chunks and in one piece, with the paper's numbers beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from predzip.experiments.datasets import Dataset
from predzip.experiments.paper import rates
from predzip.experiments.paper.compressors import MODEL_PREFIX, WITH_PREFIX, compressor, is_model
from predzip.experiments.paper.published import COLUMNS, TABLE_1, TITLES, PublishedRow, published
from predzip.experiments.paper.rows import Row
from predzip.experiments.paper.runner import cell_of
from predzip.experiments.paper.slow import most_bytes
from predzip.experiments.paper.tables import Grid
from predzip.experiments.paper.work import CHUNKED, CUTS, SLIDING, WHOLE, Cell
from predzip.units import BITS_PER_BYTE, format_bytes

_CUT_TITLES = {WHOLE: "∞", SLIDING: "sliding"}
_MISSING = "-"


def cells(
    datasets: Iterable[Dataset],
    names: list[str],
    cuts: Iterable[str] = (WHOLE, CHUNKED),
    slow_bytes: int | None = None,
) -> list[Cell]:
    """All numbers of the table, the quick ones first.

    Args:
        datasets: the columns.
        names: compressors that are installed.
        cuts: of `work.CUTS`.
        slow_bytes: models see only a prefix of so many bytes, and the others that prefix too; levels that are slow on
            such data see more of it, but not all (`slow.most_bytes`); None: everything.
    """
    wanted = [cut for cut in CUTS if cut in set(cuts)]
    found: dict[Cell, None] = {}
    for dataset in datasets:
        fitting = [name for name in names if compressor(name).fits(dataset.kind)]
        limits = {name: most_bytes(name, dataset.kind, slow_bytes) for name in fitting}
        known = [limit for limit in limits.values() if limit is not None]
        short = dataset.prefix(min(known)) if known else dataset
        for cut in wanted:
            for name in fitting:
                if _is_cut(name, cut):
                    limit = limits[name]
                    found[cell_of(dataset if limit is None else dataset.prefix(limit), cut, name)] = None
                    found[cell_of(short, cut, name)] = None  # the same where nothing is slow
    return sorted(found, key=lambda cell: is_model(cell.compressor) or cell.compressor.startswith(WITH_PREFIX))


def _is_cut(name: str, cut: str) -> bool:
    """Whether a compressor is measured on data that is cut so."""
    if name.startswith(WITH_PREFIX):
        return cut == WHOLE
    if cut == SLIDING:
        return name.startswith(MODEL_PREFIX)
    return cut == CHUNKED or not is_model(name)


def grids(rows: list[Row]) -> list[Grid]:
    """The tables: raw rates, adjusted rates both ways, equal data, details, and when models pay."""
    every, longest = rows, _columns(rows)
    shortest = {row.dataset: row.original_bytes for row in sorted(rows, key=lambda row: -row.original_bytes)}
    shorter = [row for row in rows if row.original_bytes == shortest[row.dataset] < longest[row.dataset].original_bytes]
    # Who was measured on several prefixes stands in the main tables with the longest.
    by_size = sorted(rows, key=lambda row: row.original_bytes)
    best = {(row.cut, row.compressor, row.dataset): row for row in by_size}
    rows = [row for row in rows if best[row.cut, row.compressor, row.dataset] is row]
    made = [
        _rates(rows, "Table 1: raw rate in percent", lambda row: row.raw_rate, paper=True, adjusted=False),
        _rates(
            rows,
            "Table 1: adjusted rate in percent, 2 bytes a parameter",
            lambda row: row.adjusted_rate,
            paper=True,
            adjusted=True,
        ),
    ]
    if any(row.model_bytes for row in rows):
        made.append(
            _rates(rows, "Adjusted rate in percent, weights as shipped", lambda row: row.shipped_rate, paper=False)
        )
    if shorter:
        title = "Raw rate in percent on equal data: what the slow ones saw"
        made.append(_rates(shorter, title, lambda row: row.raw_rate, paper=False))
    made.append(_details(every))
    if paying := _paying(every):
        made.append(paying)
    return made


def _groups(rows: list[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """(cut, compressor) -> dataset -> row, in the order of the paper: one piece first."""
    order = [WHOLE, CHUNKED, SLIDING]
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: order.index(row.cut)):
        found.setdefault((row.cut, row.compressor), {})[row.dataset] = row
    return found


def _columns(rows: list[Row]) -> dict[str, Row]:
    """Dataset -> the row that saw the most of it."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.dataset not in found or row.original_bytes > found[row.dataset].original_bytes:
            found[row.dataset] = row
    return found


def _cut_title(row: Row) -> str:
    return _CUT_TITLES.get(row.cut, f"{row.chunk_bytes:,}")


def _marked(row: Row, longest: Row, text: str) -> str:
    return f"{'≈' if row.code_length else ''}{text}{'†' if row.original_bytes < longest.original_bytes else ''}"


def _rates(rows: list[Row], title: str, value: Callable[[Row], float], *, paper: bool, adjusted: bool = False) -> Grid:
    columns = _columns(rows)
    headings = ["chunk", "compressor"]
    kinds = [column.kind for column in columns.values()]
    for name, column in columns.items():
        headings.append(column.kind if kinds.count(column.kind) == 1 else name)
        if paper and column.kind in COLUMNS:
            headings.append("paper")
    body = []
    for (cut, name), found in _groups(rows).items():
        cells = [_cut_title(next(iter(found.values()))), name.removeprefix(MODEL_PREFIX)]
        for dataset, column in columns.items():
            row = found.get(dataset)
            cells.append(_marked(row, column, f"{100 * value(row):.2f}") if row and row.ok else _failure(row))
            if paper and column.kind in COLUMNS:
                cells.append(_published_text(published(cut, name), column.kind, adjusted=adjusted))
        body.append(cells)
    if paper:
        shown = {TITLES.get(row.compressor) for row in rows}
        for line in TABLE_1:
            if line.title not in shown:
                cells = ["∞" if line.cut == WHOLE else "2,048", f"{line.title} (paper)"]
                for column in columns.values():
                    cells.append("")
                    if column.kind in COLUMNS:
                        cells.append(_published_text(line, column.kind, adjusted=adjusted))
                body.append(cells)
    return Grid(title, headings, body, _notes(rows, columns), text_columns=2)


def _failure(row: Row | None) -> str:
    return _MISSING if row is None else "FAILED"


def _published_text(line: PublishedRow | None, kind: str, *, adjusted: bool) -> str:
    value = line.value(kind, adjusted=adjusted) if line else None
    return "" if value is None else f"{value:.1f}"


def _notes(rows: list[Row], columns: dict[str, Row]) -> list[str]:
    notes = [
        f"{name}: {column.original_bytes:,} bytes ({column.source}), SHA-256 {column.dataset_sha256[:16]}"
        for name, column in columns.items()
    ]
    notes.append("Every result was decoded and compared with its input; framing counts once (docs).")
    shorter = sorted({row.original_bytes for row in rows if row.original_bytes < columns[row.dataset].original_bytes})
    if shorter:
        notes.append(f"† the first {' or '.join(f'{size:,}' for size in shorter)} bytes alone: models and slow levels")
    if any(row.code_length for row in rows):
        notes.append("≈ code length: an ideal coder's, nothing was coded")
    if any(row.framing_bytes * 1000 > row.original_bytes for row in rows if row.cut == CHUNKED):
        notes.append("The data is so short that framing, counted once, is more than 0.1 % of it.")
    notes += [f"{row.compressor} on {row.dataset}: FAILED: {row.message}" for row in rows if not row.ok]
    return notes


def _details(rows: list[Row]) -> Grid:
    body = []
    for row in rows:
        if not row.ok:
            continue
        bounds = [row.interval_low, row.interval_high]
        interval = " to ".join(f"{100 * bound:.2f}" for bound in bounds if bound is not None)
        body.append(
            [
                row.dataset,
                _cut_title(row),
                row.compressor.removeprefix(MODEL_PREFIX),
                f"{100 * row.raw_rate:.2f}",
                interval or _MISSING,
                f"{BITS_PER_BYTE * row.raw_rate:.3f}",
                f"{row.units:,}",
                f"{row.original_bytes:,}",
            ]
        )
    notes = [
        f"Interval: {rates.RESAMPLES:,} draws of as many units with replacement, seed {rates.SEED}. A unit is a chunk;"
        " 64 chunks for models, which code them side by side.",
        "Times are in results.jsonl: they are all that differs from run to run.",
    ]
    headings = ["data", "chunk", "compressor", "raw, %", "95 % interval", "bits/byte", "units", "bytes"]
    return Grid("Rates in detail", headings, body, notes, text_columns=3)


def _paying(rows: list[Row]) -> Grid | None:
    """From how much data on a model with its parameters is ahead of the best of the paper's own compressors."""
    body = []
    for row in rows:
        if not (row.ok and row.parameters and row.cut == CHUNKED):
            continue
        others = [
            other
            for other in rows
            if other.ok and not other.parameters and other.dataset_sha256 == row.dataset_sha256 and other.cut == CHUNKED
        ]
        for other in sorted(others, key=lambda other: other.raw_rate)[:1] + [
            other for other in others if other.compressor == "gzip"
        ]:
            cells = [row.dataset, row.compressor.removeprefix(MODEL_PREFIX), f"{other.compressor}"]
            for size in (rates.PAPER_BYTES_PER_PARAMETER * row.parameters, row.model_bytes):
                needed = rates.pays_from_bytes(size, row.raw_rate, other.raw_rate)
                cells.append("never" if needed is None else format_bytes(needed))
            if cells not in body:
                body.append(cells)
    if not body:
        return None
    headings = ["data", "model", "against", "2 bytes a parameter", "as shipped"]
    note = (
        "From so many bytes of such data on, the model and what it codes are smaller; an extrapolation of rates above."
    )
    return Grid("When a model pays for its own parameters", headings, body, [note], text_columns=3)

"""`predzip paper all`: every experiment that can run here, one after another, as sections of one report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from predzip.errors import MissingExtraError
from predzip.experiments.paper import continued, fig1, fig2, fig6, table1, table2, trained, trained_grids, weights
from predzip.experiments.paper.compressors import MODEL_PREFIX, is_model
from predzip.experiments.paper.halves import Halves
from predzip.experiments.paper.rows import Row
from predzip.experiments.paper.session import Session
from predzip.experiments.paper.tables import Grid
from predzip.experiments.report import Figure, Section, page

REPORT = "report.html"
_TITLE = "Language Modeling Is Compression, on data at hand"
_INTRODUCTION = (
    "Compressors and models on the same bytes, by the protocol of Delétang et al. (2023), with the paper's numbers"
    " beside. The data is not the paper's unless its name says so: compare rows with each other first, and with the"
    " paper's second.",
)


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave."""

    section: Section
    failed: list[Row]


def run_table1(session: Session) -> Outcome:
    """Table 1."""
    rows = session.measure(session.cells())
    grids = table1.grids(rows)
    session.write(grids, "table1")
    return Outcome(Section("Table 1", [_doc(table1)], list(grids)), _failed(rows))


def run_table2(session: Session) -> Outcome:
    """Table 2."""
    texts = [data for data in session.datasets if data.kind in ("text", "file")]
    halves = [Halves(data, session.slow_bytes) for data in texts]
    try:
        rows = [row for each in halves for row in table2.measure(each)]
    except MissingExtraError as error:
        session.missing.append(f"table 2 is left out: {error}")
        return Outcome(Section("Table 2", [session.missing[-1]]), [])
    if not rows:
        return Outcome(Section("Table 2", ["No data is text: nothing to tokenize."]), [])
    grids = [table2.grid(rows)]
    words = [_doc(table2)]
    if session.plan.presets:
        grids += trained_grids.grids(trained.run(halves, session.plan, session))
        words.append(_doc(trained))
    session.write(grids, "table2")
    return Outcome(Section("Table 2", words, list(grids)), [])


def run_fig1(session: Session, message: str = fig1.MESSAGE, distributions: list[str] | None = None) -> Outcome:
    """Figure 1."""
    picture = fig1.trace(message, distributions)
    grid = fig1.grid(picture)
    return Outcome(
        _drawn(session, "Figure 1", fig1.__doc__, [grid], "fig1", lambda: fig1.draw(picture, session.out)), []
    )


def run_fig2(session: Session) -> Outcome:
    """Figure 2, from the rows of table 1 that it needs."""
    cells = [cell for cell in session.cells() if is_model(cell.compressor) and cell.dataset.kind in ("text", "file")]
    rows = session.measure(cells)
    found = fig2.points(rows)
    if not found:
        return Outcome(Section("Figure 2", ["No model was measured on text: nothing to draw."]), _failed(rows))
    grid = fig2.grid(found, rows)
    section = _drawn(session, "Figure 2", fig2.__doc__, [grid], "fig2", lambda: fig2.draw(found, session.out))
    return Outcome(section, _failed(rows))


def run_fig3(session: Session) -> Outcome:
    """Figure 3: text."""
    return Outcome(continued.run("fig3", session), [])


def run_fig4(session: Session) -> Outcome:
    """Figure 4: audio."""
    return Outcome(continued.run("fig4", session), [])


def run_fig5(session: Session) -> Outcome:
    """Figure 5: image."""
    return Outcome(continued.run("fig5", session), [])


def run_fig6(session: Session) -> Outcome:
    """Figure 6."""
    rows = session.measure(fig6.cells(session.datasets, session.names))
    grid = fig6.grid(rows)
    section = _drawn(session, "Figure 6", fig6.__doc__, [grid], "fig6", lambda: fig6.draw(rows, session.out))
    return Outcome(section, _failed(rows))


def run_weights(session: Session) -> Outcome:
    """Rates of the parameters themselves."""
    grid = weights.grid(name.removeprefix(MODEL_PREFIX) for name in session.names if name.startswith(MODEL_PREFIX))
    session.write([grid], "weights")
    return Outcome(Section("Section 3.2: weights", [_doc(weights)], [grid]), [])


EXPERIMENTS: dict[str, Callable[[Session], Outcome]] = {
    "table1": run_table1,
    "table2": run_table2,
    "fig1": run_fig1,
    "fig2": run_fig2,
    "fig3": run_fig3,
    "fig4": run_fig4,
    "fig5": run_fig5,
    "fig6": run_fig6,
    "weights": run_weights,
}
"""In the order of the report; another experiment adds itself here."""


def write_report(session: Session, sections: list[Section]) -> Path:
    """Write the page."""
    target = session.out / REPORT
    target.write_text(page(_TITLE, _INTRODUCTION, sections, session.environment), encoding="utf-8")
    session.written.append(target)
    return target


def _drawn(
    session: Session, title: str, words: str | None, grids: list[Grid], stem: str, draw: Callable[[], list[Path]]
) -> Section:
    """Tables are written in any case; the figure where matplotlib is installed."""
    session.write(grids, stem)
    paragraphs = [_plain(words)]
    figures = []
    try:
        paths = draw()
        session.written += paths
        figures = [Figure(path, title) for path in paths if path.suffix == ".png"]
    except MissingExtraError as error:
        session.missing.append(f"{title} is not drawn: {error}")
        paragraphs.append(session.missing[-1])
    return Section(title, paragraphs, list(grids), figures)


def _failed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.ok]


def _doc(module: object) -> str:
    return _plain(module.__doc__)


def _plain(words: str | None) -> str:
    """The words above a module, as one paragraph."""
    return " ".join((words or "").split())

"""The page: one file, well formed, that asks nobody for anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from predzip.errors import UsageError
from predzip.experiments.paper.tables import Grid
from predzip.experiments.report import Figure, Section, page

WHERE: dict[str, Any] = {
    "predzip": "1.2.3",
    "commit": None,
    "command": "predzip paper all --data '<x>'",
    "date": "2026-01-02",
    "python": "3.14",
    "packages": {"numpy": "2.4"},
    "system": "Linux",
    "processor": "Some CPU",
    "cores": 2,
}


class _Balance(HTMLParser):
    """Counts what is open, and gathers addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.cells: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.cells.append(0)
        if tag in ("td", "th"):
            self.cells[-1] += 1
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page(tmp_path: Path) -> None:
    (tmp_path / "f.png").write_bytes(b"\x89PNG picture")
    (tmp_path / "s.wav").write_bytes(b"RIFF sound")
    grid = Grid("T <1>", ["a", "b"], [["x & y", "1"], ["z", "2"]], ["note <b>"])
    sections = [
        Section("One", ["How <it> was made."], [grid], [Figure(tmp_path / "f.png", "a picture")]),
        Section("Two", figures=[Figure(tmp_path / "s.wav", "a sound")], samples=[("gzip said", "<script>alert(1)")]),
    ]
    text = page("Title & more", ["Words."], sections, WHERE)
    parser = _Balance()
    parser.feed(text)
    assert parser.open == []
    assert parser.cells == [2, 2, 2]
    assert all(address.startswith(("data:", "#s")) for address in parser.addresses)
    assert "http" not in text.replace("https://example", "")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "How &lt;it&gt; was made." in text
    assert "<script" not in text
    assert "--data &#x27;&lt;x&gt;&#x27;" in text
    assert re.search(r'<div class="scroll"><table>', text)
    assert '<td class="word">x &amp; y</td><td>1</td>' in text


def test_what_no_browser_shows(tmp_path: Path) -> None:
    (tmp_path / "f.pdf").write_bytes(b"%PDF")
    with pytest.raises(UsageError, match="cannot stand in a page"):
        page("t", [], [Section("s", figures=[Figure(tmp_path / "f.pdf")])], WHERE)

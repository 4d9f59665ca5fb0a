"""JSON Lines that a run adds to: what was cut off is lost alone."""

from __future__ import annotations

from pathlib import Path

from predzip.experiments import journal


def test_lines_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert list(journal.records(path)) == []
    for number in range(3):
        journal.append(path, {"number": number, "text": "é\n"})
    assert [each["number"] for each in journal.records(path)] == [0, 1, 2]
    assert path.read_bytes().count(b"\n") == 3


def test_a_line_that_was_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    journal.append(path, {"number": 1})
    with path.open("ab") as file:
        file.write(b'{"numb')
    journal.append(path, {"number": 2})
    with path.open("ab") as file:
        file.write(b"[3]\n\xff\xfe\n")
    assert list(journal.records(path)) == [{"number": 1}, {"number": 2}]

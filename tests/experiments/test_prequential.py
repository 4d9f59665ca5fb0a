"""A network that learns while it codes: it pays for what it did not know, and never looks ahead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from predzip.errors import UsageError
from predzip.experiments.prequential import Recipe, prequential, report, two_part

pytest.importorskip("torch")

SMALL = Recipe(embedding=4, width=8, lanes=4, piece_bytes=8, rate=0.02, replays=1)
DATA = b"the same words again and again; " * 30


def test_the_first_piece_costs_8_bits_a_byte_and_the_rest_less() -> None:
    result = prequential(DATA, SMALL)
    sizes = [size for size, _ in result.curve]
    assert sizes[:2] == [0, 32]
    assert sizes[-1] == len(DATA)
    assert result.curve[1][1] == pytest.approx(8 * 32, rel=1e-5)
    assert result.curve[-1][1] == result.bits < 7 * len(DATA)


def test_what_comes_later_changes_nothing_before() -> None:
    recipe = Recipe(embedding=4, width=8, lanes=1, piece_bytes=8, replays=2)
    known = prequential(DATA[:160], recipe).curve
    longer = prequential(DATA[:160] + bytes(range(80)), recipe).curve
    assert [bits for _, bits in longer[: len(known)]] == pytest.approx([bits for _, bits in known])


def test_a_last_lane_that_is_shorter_is_not_paid_for() -> None:
    result = prequential(DATA[:97], SMALL)  # lanes of 25 bytes, the last of 22
    assert result.curve[-1][0] == 97
    assert two_part(DATA[:97], [0], SMALL)[0].data_bits == pytest.approx(8 * 97, rel=1e-5)


def test_two_parts() -> None:
    before, after = two_part(DATA, [0, 3], SMALL)
    parameters = 256 * 4 + 3 * 8 * (4 + 8 + 2) + 256 * (8 + 1)
    assert before.parameter_bits == after.parameter_bits == 16 * parameters == 16 * prequential(DATA, SMALL).parameters
    assert before.data_bits == pytest.approx(8 * len(DATA), rel=1e-5)
    assert after.data_bits < before.data_bits
    assert after.bits == after.data_bits + after.parameter_bits


def test_the_seed_decides() -> None:
    first, again = (prequential(DATA[:300], SMALL).bits for _ in range(2))
    assert first == again


def test_what_makes_no_sense() -> None:
    with pytest.raises(UsageError):
        prequential(b"abc", SMALL)
    with pytest.raises(UsageError):
        two_part(DATA, [3, 1], SMALL)
    with pytest.raises(UsageError):
        Recipe(width=0)


def test_the_report(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    learning, written = prequential(DATA[:200], SMALL), two_part(DATA[:200], [0, 1], SMALL)
    report("sizes", 200, learning, written, [("gzip", 500.0)], SMALL, tmp_path, "by hand")
    records = [json.loads(line) for line in (tmp_path / "sizes.jsonl").read_text().splitlines()]
    assert [record["code"] for record in records] == ["prequential", "two-part, 0 passes", "two-part, 1 pass", "gzip"]
    page = (tmp_path / "sizes.md").read_text()
    assert f"| {(written[0].bits) / 200:.3f} |" in page
    assert (tmp_path / "sizes.png").exists()
    assert (tmp_path / "sizes.pdf").exists()

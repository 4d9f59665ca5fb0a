"""Registers and contexts of Japanese and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predzip.predictors.mixing import east_asian
from predzip.predictors.mixing.characters import CHAR_1, CHAR_2, CHAR_3, PART, RUN_1, update_characters
from predzip.predictors.mixing.gates import GATES_MAX, ROWS_OF_A_GATE
from predzip.predictors.mixing.registers import new_registers
from predzip.predictors.mixing.settings import LEVELS, TEXT

Registers = NDArray[np.uint64]
CONTEXTS = LEVELS[4].contexts[TEXT]


def after(text: str, extra: bytes = b"") -> Registers:
    r: Registers = new_registers(1, 1 << 20)[0]
    for byte in text.encode() + extra:
        before, run_before = r[CHAR_3], r[RUN_1]
        update_characters(r, byte)
        east_asian.update_east_asian(r, before, run_before)
    return r


def contexts(r: Registers) -> list[int]:
    filled = np.zeros(CONTEXTS, np.uint64)
    east_asian.east_asian_contexts(filled, r)
    return [int(value) for value in filled if value]


def number(character: str) -> int:
    return int.from_bytes(character.encode(), "big")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("plain words", False),
        ("naïve café", False),
        ("русский", False),
        ("한국어", False),
        ("漢", True),
        ("ひ", True),
        ("カ", True),
        ("「", True),
        ("漢a", True),
        ("漢ab", False),
        ("漢\n", True),
    ],
)
def test_is_east_asian(text: str, expected: bool) -> None:
    assert east_asian.is_east_asian(after(text)) is expected


def test_registers() -> None:
    r = after("私は先生の家へ行ったのだ")
    assert [int(r[i]) for i in (CHAR_1, CHAR_2, CHAR_3, east_asian.CHAR_4, east_asian.CHAR_5)] == [
        number(c) for c in "だのたっ行"
    ]
    assert (int(r[east_asian.HAN_1]), int(r[east_asian.HAN_2])) == (number("行"), number("家"))
    assert [int(r[east_asian.KANA]) >> shift & 0xFFFF for shift in (0, 16, 32, 48)] == [
        number(c) & 0xFFFF for c in "だのたっ"
    ]
    assert int(r[east_asian.RUN_LENGTH]) == 4
    assert int(r[east_asian.SENTENCE_LENGTH]) == 12


def test_a_mark_begins_a_sentence() -> None:
    r = after("行った。先")
    assert int(r[east_asian.LAST_MARK]) == number("。")
    assert int(r[east_asian.SENTENCE_LENGTH]) == 1
    assert int(r[east_asian.SENTENCE_HEAD]) == int(after("\n先")[east_asian.SENTENCE_HEAD])


def test_runs_before() -> None:
    """RUN_2 is the hash that RUN_1 was before the script changed last."""
    earlier = after("漢字かなカ")
    later = after("漢字かなカナ漢")
    assert later[east_asian.RUN_2] == earlier[RUN_1] != 0


def test_contexts_differ() -> None:
    found = contexts(after("私は先生の家へ行った"))
    assert len(set(found)) == len(found) == 20


def test_contexts_see_the_character_begun() -> None:
    whole, begun = after("先生の"), after("先生の", "家".encode()[:2])
    assert int(begun[PART]) == number("家") >> 8
    assert not set(contexts(whole)) & set(contexts(begun))


def test_gates_stay_in_their_rows() -> None:
    for text in ("", "カ" * 40, "漢字" * 9, "。", "かな、カナ漢a", "漢a" * 40):
        for extra in (b"", b"\xe3", b"\xe3\x81", b"\xf0", b"\xf0\x9f"):
            rows = np.full(GATES_MAX, -1, np.int64)
            east_asian.east_asian_gates(rows, after(text, extra))
            for gate, row in enumerate(rows.tolist()):
                assert row == -1 or gate * ROWS_OF_A_GATE <= row < (gate + 1) * ROWS_OF_A_GATE


def test_refinements_have_16_bits() -> None:
    assert all(0 <= int(value) < 65536 for value in east_asian.east_asian_refinements(after("先生の", b"\xe5")))

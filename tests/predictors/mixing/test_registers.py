from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predzip.predictors.mixing import registers as names
from predzip.predictors.mixing.registers import CLASS, REGISTERS, new_registers, update_registers

MASK_64 = (1 << 64) - 1
FACTOR = 0x2F0B4C47A3D15B91
DELIMITERS = b',\t;|:=" '
BOOK = Path(__file__).parents[3] / "examples" / "data" / "alice29.txt"


def hash_of(values: bytes) -> int:
    h = 0
    for value in values:
        h = (h + value + 1) * FACTOR & MASK_64
    return h


def lines_of(data: bytes) -> tuple[int, int]:
    """Where the current line and the one above begin."""
    starts = [0, 0, *(i + 1 for i, byte in enumerate(data) if byte == 10)]
    return starts[-1], starts[-2]


def fields_of(line: bytes, at: int) -> tuple[list[int], int]:
    """Where the fields of a line start, the last one open; and where the last delimiter ended. Empty fields count not.

    In the first line of a lane nothing says where field 0 starts, unless a delimiter comes first.
    """
    starts, begin = [at], at
    for i, byte in enumerate(line):
        if byte in DELIMITERS:
            if i > begin - at:
                starts.append(0)
            begin = at + i + 1
            starts[-1] = begin
    return starts, begin


def aligned_of(data: bytes) -> int:
    """Three bytes of the same field of the line above."""
    line_at, previous_at = lines_of(data)
    if line_at == 0:
        return 0
    above, _ = fields_of(data[previous_at : line_at - 1], previous_at)
    starts, begin = fields_of(data[line_at:], line_at)
    start = above[len(starts) - 1] if len(starts) <= len(above) else 0
    place = start + len(data) - begin
    if start == 0 or place + 1 >= line_at:
        return 0
    return data[place] | data[place - 1] << 8 | data[place + 1] << 16


def tokens_of(data: bytes) -> list[int]:
    """Words that have ended and single marks, the newest first."""
    found = re.finditer(rb"[A-Za-z0-9\x80-\xff]+|[!-\x7f]", data)
    tokens = []
    for token in found:
        if int(CLASS[token[0][0]]) >= 7:
            tokens.append(token[0][0])
        elif token.end() < len(data):
            tokens.append(hash_of(token[0].lower()))
    return [0, 0, 0, *tokens][:-4:-1]


def head_of(line: bytes) -> int:
    """The first word of the line, once it has ended."""
    word = re.search(rb"([A-Za-z0-9\x80-\xff]+)[^A-Za-z0-9\x80-\xff]", line, re.DOTALL)
    return hash_of(word[1].lower()) if word else 0


def expected_registers(data: bytes) -> dict[str, int]:
    """What the registers are after `data`, from their definitions and from the beginning."""
    words = re.findall(rb"[A-Za-z0-9\x80-\xff]+", data)
    inside = bool(words) and data.endswith(words[-1])
    hashes = [0, 0, 0, *(hash_of(word.lower()) for word in (words[:-1] if inside else words))]
    line_at, previous_at = lines_of(data)
    line = data[line_at:]
    starts, field_at = fields_of(line, line_at)
    number = re.search(rb"([^0-9]?)([0-9]*)\Z", data, re.DOTALL)
    assert number is not None
    expected = {
        "LAST_8": int.from_bytes(data[-8:], "big"),
        "LAST_16": int.from_bytes(data[-16:-8], "big"),
        "POSITION": len(data),
        "WORD": hash_of(words[-1].lower()) if inside else 0,
        "WORD_1": hashes[-1],
        "WORD_2": hashes[-2],
        "WORD_3": hashes[-3],
        "LINE_AT": line_at,
        "PREVIOUS_LINE_AT": previous_at,
        "LINE_START": len(line),
        "LINE_HEAD": head_of(line),
        "INDENT": len(line) - len(line.lstrip(b" \t\r")),
        "FIELD": len(starts) - 1,
        "FIELD_AT": field_at,
        "FIELD_HASH": hash_of(data[field_at:]),
        "ALIGNED": aligned_of(data),
        "SKELETON": skeleton_of(data),
        "NUMBER": ((number[1][0] + 1) << 8 if number[1] else 0) + len(number[2]),
        "ABOVE": 0,
    }
    expected |= dict(zip(("TOKEN_1", "TOKEN_2", "TOKEN_3"), tokens_of(data), strict=True))
    above = previous_at + len(line)
    if above + 1 < line_at:
        before = data[above - 1] if line else 10
        expected["ABOVE"] = data[above] | before << 8 | data[above + 1] << 16
    return expected


def skeleton_of(data: bytes) -> int:
    shape = [0]
    for byte in data:
        kind = int(CLASS[byte])
        if kind != shape[-1] or kind >= 7:
            shape.append(kind)
    return int("".join(f"{kind:x}" for kind in shape[-16:]), 16)


def brackets_of(data: bytes, word_1: list[int]) -> tuple[int, int]:
    """Depth, and the hash of what opened the innermost bracket; `word_1` is the word before each byte."""
    stack: list[int] = []
    for byte, word in zip(data, word_1, strict=True):
        if byte in b"([{<":
            stack.append((word * FACTOR + byte) * FACTOR & MASK_64)
        elif byte in b")]}>" and stack:
            stack.pop()
    return len(stack), stack[-1] if stack else 0


def run(data: bytes, lane_start: int = 0) -> tuple[NDArray[np.uint64], list[int]]:
    r = new_registers(1, 1)[0]
    for register in (names.POSITION, names.LINE_AT, names.PREVIOUS_LINE_AT):
        r[register] = lane_start
    if lane_start == 0:
        assert r.tolist() == new_registers(3, len(data))[0].tolist()
    array = np.frombuffer(bytearray(b"\xaa" * lane_start + data), np.uint8)
    words = []
    for byte in data:
        update_registers(r, array, byte)
        words.append(int(r[names.WORD_1]))
    return r, words


def check(data: bytes) -> None:
    r, words = run(data)
    found = {name: int(r[getattr(names, name)]) for name in expected_registers(data)}
    assert found == expected_registers(data)
    depth, bracket = brackets_of(data, words)
    assert r[names.DEPTH] == depth
    assert r[names.BRACKET] == bracket


texts = st.lists(
    st.sampled_from(
        [b"a", b"The", b"9", b"42", b"\xc3\xa9", b" ", b", ", b"\n", b"\n\n", b"(", b")", b"=", b"\t", b"\0"]
    ),
    max_size=60,
).map(b"".join)


@settings(deadline=None, max_examples=150)
@given(data=texts.filter(lambda data: data.count(b"(") <= 8))
def test_registers_are_what_they_say(data: bytes) -> None:
    check(data)


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=40))
def test_on_any_bytes_too(data: bytes) -> None:
    check(data)


def test_on_a_piece_of_a_book() -> None:
    check(BOOK.read_bytes()[:1500])


@settings(deadline=None, max_examples=40)
@given(data=texts, lane_start=st.integers(1, 50))
def test_a_lane_sees_nothing_in_front_of_it(data: bytes, lane_start: int) -> None:
    alone, _ = run(data)
    in_lane, _ = run(data, lane_start)
    positions = [names.POSITION, names.LINE_AT, names.PREVIOUS_LINE_AT]
    fields = [names.FIELD_AT, *range(names.FIELDS, names.FIELDS + 128)]  # 0 where there is none
    for register in [*positions, *(field for field in fields if in_lane[field])]:
        in_lane[register] -= np.uint64(lane_start)
    assert in_lane.tolist() == alone.tolist()


@pytest.mark.parametrize("depth", [9, 100, 1000])
def test_many_brackets_end_where_they_began(depth: int) -> None:
    r, _ = run(b"a(" * depth + b")" * depth)
    assert r[names.DEPTH] == 0
    r, _ = run(b")" * depth)
    assert r[names.DEPTH] == 0


def test_the_head_of_a_line_is_its_first_word() -> None:
    heads = [int(run(line)[0][names.LINE_HEAD]) for line in (b"one two", b"x\none 2 3", b"two two", b"one", b"one 2\n")]
    assert heads[0] == heads[1] == hash_of(b"one")
    assert heads[2] == hash_of(b"two")
    assert heads[3] == heads[4] == 0


def test_every_byte_has_a_class() -> None:
    assert CLASS.shape == (256,)
    assert CLASS.max() <= 13
    assert [int(CLASS[byte]) for byte in b"\n aZ7(\xff"] == [1, 2, 3, 4, 5, 9, 6]


def test_lanes_start_at_their_places() -> None:
    registers = new_registers(3, 100)
    assert registers.shape == (3, REGISTERS)
    assert registers[:, names.POSITION].tolist() == [0, 100, 200]
    assert (registers[:, names.LINE_AT] == registers[:, names.POSITION]).all()


def test_registers_do_not_overlap() -> None:
    values = [getattr(names, name) for name in dir(names) if name[0].isupper() and name != "REGISTERS"]
    places = [value for value in values if isinstance(value, int)]
    places += [names.STACK + i for i in range(1, 8)] + [names.MATCH + i for i in range(1, 8)]
    places += range(names.FIELDS + 1, names.FIELDS + 128)
    assert len(set(places)) == len(places)
    assert max(places) < REGISTERS

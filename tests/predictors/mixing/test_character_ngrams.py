"""N-grams of characters: against a slow reference, what they begin with, and texts that try to break them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from lane_driver import encode_lanes
from numpy.typing import NDArray

import predzip
from predzip.predictors.mixing import character_ngrams as ngrams
from predzip.predictors.mixing import character_start
from predzip.predictors.mixing import character_tables as tables
from predzip.predictors.mixing.character_ngrams import SPEAKS
from predzip.predictors.mixing.character_tables import CharacterNgrams, CharacterStart, new_ngrams
from predzip.predictors.mixing.characters import CHAR_3, LEFT, RUN_1, update_characters
from predzip.predictors.mixing.east_asian import update_east_asian
from predzip.predictors.mixing.registers import new_registers
from predzip.predictors.mixing.settings import TEXT

JAPANESE = "私はその人を常に先生と呼んでいた。だからここでもただ先生と書くだけで本名は打ち明けない。"
KOREAN = "죽는 날까지 하늘을 우러러 한 점 부끄럼이 없기를, 잎새에 이는 바람에도 나는 괴로워했다. "
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. "  # noqa: RUF001
MASS = 1 << 40
Registers = NDArray[np.uint64]


class Reference:
    """The definition, with dictionaries: contexts are tuples of characters, the newest first."""

    def __init__(self) -> None:
        self.contexts: dict[tuple[int, ...], dict[int, int]] = {}
        self.alphabet: dict[int, int] = {}

    @staticmethod
    def shares(counts: dict[int, int], mass: int) -> dict[int, int]:
        factor = (mass << 16) // (64 * sum(counts.values()))
        return {char: (64 * times - {1: 44, 2: 58}.get(times, 64)) * factor >> 16 for char, times in counts.items()}

    def predict(self, past: tuple[int, ...]) -> tuple[dict[int, int], int]:
        """Shares by character, and what is left for new ones."""
        total: dict[int, int] = {}
        mass = MASS
        for counts in [*(self.contexts.get(past[:order]) for order in range(5, 0, -1)), self.alphabet]:
            for char, share in self.shares(counts, mass).items() if counts else ():
                total[char] = total.get(char, 0) + share
                mass -= share
        return total, mass

    def learn(self, past: tuple[int, ...], char: int) -> None:
        for order in range(5, 0, -1):
            counts = self.contexts.setdefault(past[:order], {})
            known = char in counts
            counts[char] = counts.get(char, 0) + 1
            if known:
                self.alphabet.setdefault(char, 1)
                return
        self.alphabet[char] = self.alphabet.get(char, 0) + 1


def take(n: CharacterNgrams, r: Registers, byte: int) -> None:
    before, run_before = r[CHAR_3], r[RUN_1]
    update_characters(r, byte)
    update_east_asian(r, before, run_before)
    ngrams.learn_character(n, r, 0)


def predictions(n: CharacterNgrams, data: bytes) -> Iterator[tuple[int, bool, Registers]]:
    """Place, whether the n-grams speak, registers; before each byte."""
    r: Registers = new_registers(1, len(data))[0]
    for place, byte in enumerate(data):
        yield place, ngrams.predict_character(n, r, 0), r
        take(n, r, byte)


@pytest.mark.parametrize("text", [JAPANESE * 3, KOREAN * 2 + JAPANESE, RUSSIAN * 3 + "🙂🙃🙂"])
def test_shares_are_those_of_the_definition(text: str) -> None:
    n, reference = new_ngrams(1000, 1), Reference()
    numbers = [int.from_bytes(char.encode(), "big") for char in text]
    starts = np.cumsum([0, *(len(char.encode()) for char in text)]).tolist()
    compared = 0
    for place, speaks, _ in predictions(n, text.encode()):
        if place not in starts:
            continue
        t = starts.index(place)
        longer = [number > 0xFF for number in numbers[max(0, t - 8) : t]]
        assert speaks == (sum(longer) >= 4)
        if not speaks:
            continue
        past = (*numbers[:t][::-1], 0, 0, 0, 0, 0)[:5]
        expected, left = reference.predict(past)
        found: dict[int, int] = {}
        for char, share in zip(n.candidates[0][: n.found[0]].tolist(), n.shares[0].tolist(), strict=False):
            found[char] = found.get(char, 0) + share
        assert found == expected
        assert abs(int(n.news[0].sum()) - left) <= 512
        reference.learn(past, numbers[t])
        compared += 1
    assert compared > 100


@pytest.mark.parametrize("text", [JAPANESE, KOREAN, RUSSIAN])
def test_the_tree_sums_up_and_gives_every_byte_something(text: str) -> None:
    n = new_ngrams(1000, 1)
    spoken = 0
    for _, speaks, _ in predictions(n, text.encode()):
        if speaks:
            tree = n.tree.tolist()
            assert min(tree[256:]) >= 1
            assert all(tree[i] == tree[2 * i] + tree[2 * i + 1] for i in range(1, 256))
            spoken += 1
    assert spoken > 100


def test_what_came_before_is_expected() -> None:
    n = new_ngrams(1000, 1)
    text = (JAPANESE * 2).encode()
    likely = [
        n.tree[256 + text[place]] / n.tree[1]
        for place, speaks, _ in predictions(n, text)
        if speaks and place > len(text) // 2 + 30
    ]
    assert np.mean(likely) > 0.8


@pytest.mark.parametrize("text", ["plain words " * 9, "naïve café, déjà vu, Ångström " * 4, "a私b " * 20])
def test_says_nothing_of_text_of_one_byte_a_character(text: str) -> None:
    n = new_ngrams(1000, 1)
    assert not any(speaks for _, speaks, _ in predictions(n, text.encode()))
    assert n.used.tolist() == [0, 0, 0]


def test_a_full_table_begins_anew() -> None:
    n = new_ngrams(1000, 1)
    n = n._replace(contexts=np.zeros((256, 4), np.uint32), successors=np.zeros((200, 4), np.uint32))
    most = 0
    random = Random(1)
    text = "".join(chr(random.randrange(0x4E00, 0x9FA0)) for _ in range(500))
    for _, _, _ in predictions(n, text.encode()):
        assert n.used[0] <= 192
        assert n.used[1] <= 200
        most = max(most, int(n.used[0]))
    assert most > 150
    assert n.used[0] < most
    assert len({*n.alphabet[: n.used[2], 0].tolist()}) == n.used[2] == len(set(text[4:]))


@pytest.mark.parametrize(
    ("char", "code", "two"),
    [("a", 0x61, 0x61), ("é", 0xE9, 0xC3A9), ("私", 0x79C1, 0xE7A7), ("한", 0xD55C, 0xED95), ("🙂", 0xDE42, 0xF09F)],
)
def test_code_points(char: str, code: int, two: int) -> None:
    encoded = char.encode()
    number = int.from_bytes(encoded, "big")
    if len(encoded) < 4:
        assert ngrams.code_point(number) == ord(char) == code
    else:
        assert 0xD800 <= ngrams.code_point(number) < 0xE000  # where no character is
    assert ngrams.first_bytes(number) == (encoded[0], two)


def texts() -> Iterator[bytes]:
    """Valid and not."""
    random = Random(5)
    yield (JAPANESE + KOREAN + RUSSIAN).encode()
    yield JAPANESE.encode()[1:-1]
    yield b"\xe3\x81" * 40 + b"\xe3\x81\x82" * 40 + b"\xe3" * 40 + b"\x81" * 40
    parts = [*(char.encode() for char in "🙂é私a"), b"\xff"]
    yield b"".join(random.choice(parts) for _ in range(300))
    yield bytes(random.choice((0xE3, 0x81, 0x82, 0xF4, 0xC2)) for _ in range(600))
    yield "".join(chr(code) for code in range(0x4E00, 0x4E00 + 5000)).encode()  # more than the alphabet holds


@pytest.mark.parametrize("number", range(6))
def test_any_text_comes_back(number: int) -> None:
    data = list(texts())[number]
    packed = predzip.compress(data, 4)
    assert predzip.decompress(packed) == data


def test_lanes_share_what_they_learn() -> None:
    one = (JAPANESE + KOREAN).encode()
    alone = len(encode_lanes(one, 4, TEXT, 1))
    assert len(encode_lanes(one + one, 4, TEXT, 2)) < 1.35 * alone


def test_a_start_is_packed_and_unpacked() -> None:
    weights = {ord(char): 1 + i for i, char in enumerate("aéж私先生")}
    followers = {(ord("先"),): [ord("生")], (ord("生"), ord("先")): [ord("私"), ord("a")], (ord("a"),): [ord("ж")]}
    start = character_start.unpack_start(character_start.pack_start(weights, followers))
    assert {code: int(start.weights[code]) for code in weights} == weights
    assert start.rest[0xE7] == weights[ord("私")] + weights[ord("生")]
    assert start.rest[0xE7A7] == weights[ord("私")]
    first = 0
    found: dict[tuple[int, ...], list[int]] = {}
    for order, context, size in zip(start.orders, start.contexts.tolist(), start.sizes, strict=True):
        codes = [ngrams.code_point(char) for char in start.successors[first : first + size].tolist()]
        found[tuple(ngrams.code_point(char) for char in context[:order])] = codes
        first += size
    assert found == {key: sorted(after) for key, after in followers.items()}


def test_the_start_of_the_package() -> None:
    start: CharacterStart = character_start.character_start()
    assert (character_start.FOLDER / character_start.FILE).stat().st_size < 120_000
    assert len(start.orders) == len(start.contexts) == len(start.sizes) <= tables.KNOWN_CONTEXTS_MAX
    assert start.sizes.sum() == len(start.successors) <= tables.KNOWN_SUCCESSORS_MAX
    assert start.sizes.max() <= tables.CHARACTERS_MAX
    n = new_ngrams(10, 1, start)
    for _, _, _ in predictions(n, JAPANESE.encode()):
        pass
    assert n.used[0] > len(start.orders)
    assert n.used[2] == len(set(JAPANESE[4:]))
    assert start.rest.sum() > 0
    assert n.rest[0xE3] < start.rest[0xE3]  # those that have come are no longer new
    assert (n.known_successors == start.successors).all()


def test_a_start_helps_from_the_beginning() -> None:
    cold, warm = new_ngrams(10, 1), new_ngrams(10, 1, character_start.character_start())
    data = JAPANESE.encode()
    bits = []
    for n in (cold, warm):
        shares = [n.tree[256 + data[place]] / n.tree[1] for place, speaks, _ in predictions(n, data) if speaks]
        bits.append(-np.log2(shares).sum())
    assert bits[1] < 0.8 * bits[0]


def test_the_registers_say_when_it_speaks() -> None:
    n = new_ngrams(1000, 1)
    for _, speaks, r in predictions(n, JAPANESE.encode()):
        assert bool(r[SPEAKS]) == speaks
        assert r[LEFT] < 3

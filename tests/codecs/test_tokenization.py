from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predzip.codecs import tokenization
from predzip.codecs.longest_match import longest_tokens
from predzip.codecs.tokenization import WITHOUT, pieces, tokenize
from predzip.errors import ModelError
from predzip.predictors.neural.vocabulary import Vocabulary

MARKS = ["<|endoftext|>", "<|im_start|>"]
WITHOUT_TOKEN = (0x04, 0xC0, 0xF5)
"""Bytes that the byte-level vocabulary below cannot say."""
ENGLISH = "".join(
    f"{line}\n"
    for line in (
        "It was the best of times, it was the worst of times, it was the age of wisdom,",
        "it was the age of foolishness, it was the epoch of belief; naïve façades, 1984.",
        "    def indented(self):  # with blanks before and behind   ",
        "",
        "<table><tr><td>one</td></tr></table>",
    )
    * 40
)
ODD = [
    b"",
    b"\n",
    b"a",
    b"Plain text, as it is.",
    b"line\r\nline\rline\n\r",
    b"\x00\x01 nul \x00",
    b"\xff\xfe\x00caf\xe9 au lait, latin-1: \xe9\xe8\xea and more text behind it",
    "cafe\u0301, A\u030a, \u1100\u1161, \ufb01".encode(),
    "literal \u2581 and \u2581\u2581 marks".encode(),
    b"<|im_start|>user<|im_end|> <unk> <s> <0x41> <bos><|endoftext|>",
    "emoji 👩‍👩‍👧‍👦 and 中文字符, ไทย".encode(),
    b"\xed\xb2\x80 a surrogate, encoded \xc0\x80",
    b"   blanks before and behind   ",
    b"\t\ttabs\t \t",
    b" " * 5000 + b"x",
    b"ab" * 3000,
    "é".encode() * 9000,
    b"\x04\x04" + b"text between" + b"\xf5",
    bytes(range(256)) * 2,
    "\ud7ff\ue000\uffff\U0010ffff".encode(),
    "\u0085next line\u2028separator".encode(),
]


def description(*, byte_level: bool) -> dict[str, Any]:
    library = pytest.importorskip("tokenizers")
    tokenizer = library.Tokenizer(library.models.BPE())
    if byte_level:
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        alphabet = [
            character
            for character in library.pre_tokenizers.ByteLevel.alphabet()
            if character not in {chr(0x104), "\u00c0", "\u00f5"}  # how 0x04, 0xC0, 0xF5 are spelled
        ]
    else:
        tokenizer.normalizer = library.normalizers.Replace(" ", "\u2581")
        tokenizer.decoder = library.decoders.Sequence(
            [library.decoders.Replace("\u2581", " "), library.decoders.ByteFallback(), library.decoders.Fuse()]
        )
        alphabet = []
    trainer = library.trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=alphabet, special_tokens=MARKS, show_progress=False
    )
    if not byte_level:
        cut = library.pre_tokenizers.Split  # as pieces of real models end: no word goes beyond its line
        tokenizer.pre_tokenizer = library.pre_tokenizers.Sequence(
            [cut("\u2581", "merged_with_next"), cut("\n", "isolated")]
        )
    tokenizer.train_from_iterator([ENGLISH], trainer)
    values: dict[str, Any] = json.loads(tokenizer.to_str())
    if not byte_level:
        values["pre_tokenizer"] = None
        vocab = values["model"]["vocab"]
        vocab.update({f"<0x{byte:02X}>": len(vocab) + byte for byte in range(256)})
        values["model"].update(byte_fallback=True, fuse_unk=True)
    return values


class Case:
    """A tokenizer on disk and its vocabulary."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        from predzip.conversion.vocabulary import tokens_of_description

        self.path = path
        path.write_text(json.dumps(values))
        self.vocabulary = Vocabulary.from_tokens(tokens_of_description(values, 1000))


@pytest.fixture(scope="module", params=["bytes", "pieces", "changing"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    values = description(byte_level=request.param != "pieces")
    if request.param == "changing":  # as some are published
        values["normalizer"] = {"type": "NFC"}
        values["pre_tokenizer"]["add_prefix_space"] = True
    return Case(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json", values)


def said(vocabulary: Vocabulary, tokens: np.ndarray, data: bytes) -> bytes:
    """Join tokens; bytes that have none are taken from the data, and checked to have none."""
    parts, at = [], 0
    for token in tokens.tolist():
        if token == WITHOUT:
            parts.append(data[at : at + 1])
            assert not any(vocabulary.token(i) == parts[-1] for i in range(len(vocabulary)))
        else:
            parts.append(vocabulary.token(token))
            assert parts[-1] != b""
        at += len(parts[-1])
    return b"".join(parts)


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
def test_odd_bytes_come_out_as_they_went_in(case: Case, data: bytes) -> None:
    for path in (case.path, None):
        tokens = tokenize(data, case.vocabulary, path)
        assert tokens.dtype == np.int64
        assert said(case.vocabulary, tokens, data) == data
    around = ENGLISH.encode() + data + ENGLISH.encode()
    assert said(case.vocabulary, tokenize(around, case.vocabulary, case.path), around) == around


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_come_out_as_they_went_in(case: Case, data: bytes) -> None:
    assert said(case.vocabulary, tokenize(data, case.vocabulary, case.path), data) == data


def asked(case: Case, text: str) -> list[int]:
    library = pytest.importorskip("tokenizers")
    ids: list[int] = library.Tokenizer.from_file(str(case.path)).encode(text, add_special_tokens=False).ids
    return ids


def test_text_gets_the_tokens_of_the_tokenizer(case: Case) -> None:
    text = ENGLISH * 3
    assert len(text) > 3 * tokenization._PIECE
    expected = asked(case, text)
    found = tokenize(text.encode(), case.vocabulary, case.path).tolist()
    if case.vocabulary.join(expected) == text.encode():
        assert found == expected
    else:  # one that changes text: most tokens are the same nevertheless
        assert len(set(expected) ^ set(found)) < 0.1 * len(set(expected))
        assert abs(len(found) - len(expected)) < 0.05 * len(expected)


def test_one_odd_byte_spoils_only_its_own_place(case: Case) -> None:
    data = ENGLISH.encode()
    middle = data.index(b"foolishness", len(data) // 2)
    expected = tokenize(data, case.vocabulary, case.path).tolist()
    for odd in (b"\xff", "e\u0301".encode(), "\u2581".encode()):
        found = tokenize(data[:middle] + odd + data[middle:], case.vocabulary, case.path).tolist()
        different = {token for token in found if found.count(token) != expected.count(token)}
        assert len(different) < 20
        assert said(case.vocabulary, np.array(found), data[:middle] + odd) == data[:middle] + odd + data[middle:]


def test_bytes_that_no_token_says_are_told(tmp_path: Path) -> None:
    case = Case(tmp_path / "tokenizer.json", description(byte_level=True))
    data = b"It was \x04 the \xc0\xf5 worst of times"
    for path in (case.path, None):
        tokens = tokenize(data, case.vocabulary, path)
        lengths = np.where(tokens == WITHOUT, 1, case.vocabulary.lengths[tokens])
        places = (np.cumsum(lengths) - lengths)[tokens == WITHOUT]
        assert [data[place] for place in places] == list(WITHOUT_TOKEN)


def test_marks_in_the_text_are_text(case: Case) -> None:
    marks = {MARKS.index(mark) for mark in MARKS}
    tokens = tokenize(b"a <|im_start|> b <|endoftext|>", case.vocabulary, case.path)
    assert not marks & set(tokens.tolist())


def test_without_a_tokenizer_the_longest_tokens_match() -> None:
    vocabulary = Vocabulary.from_tokens([b"a", b"b", b"ab", b"abcd", b"", b"c", b"bc"])
    assert longest_tokens(b"abcdabca", vocabulary).tolist() == [3, 2, 5, 0]
    assert longest_tokens(b"abxbc", vocabulary).tolist() == [2, WITHOUT, 6]
    assert longest_tokens(b"dab", vocabulary).tolist() == [WITHOUT, 2]
    assert longest_tokens(b"", vocabulary).tolist() == []
    assert tokenize(b"abcdabca", vocabulary).tolist() == [3, 2, 5, 0]


def test_without_the_library_or_the_file_the_longest_tokens_match(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = ENGLISH.encode()
    expected = longest_tokens(data, case.vocabulary).tolist()
    assert tokenize(data, case.vocabulary, tmp_path / "nothing.json").tolist() == expected
    assert tokenize(data, case.vocabulary, "").tolist() == expected
    tokenization._read.cache_clear()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert tokenize(data, case.vocabulary, case.path).tolist() == expected
    tokenization._read.cache_clear()


@pytest.mark.parametrize("content", ["", "{}", '{"model": 1}', "\x00"])
def test_a_file_that_is_no_tokenizer(tmp_path: Path, content: str) -> None:
    pytest.importorskip("tokenizers")
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ModelError, match="not the description of a tokenizer"):
        tokenize(b"text", Vocabulary.from_tokens([b"a"]), path)


def test_a_tokenizer_of_another_model_changes_nothing(case: Case) -> None:
    vocabulary = Vocabulary.from_tokens([bytes([byte]) for byte in range(256)])
    data = ENGLISH.encode()[:3000]
    assert vocabulary.join(tokenize(data, vocabulary, case.path)) == data


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH * 4,
        "word " * 5000,
        "x" * 20_000,
        "\n" * 20_000,
        " " * 20_000,
        "a\n b\n" * 6000,
        "\u00e9\n" * 9000,
        "",
    ],
    ids=["english", "words", "one word", "lines", "blanks", "indented", "short", "nothing"],
)
def test_pieces_are_bounded_and_join(text: str) -> None:
    found = list(pieces(text, 1000))
    assert "".join(found) == text
    assert all(0 < len(piece) <= 1000 for piece in found)
    assert all(len(piece) >= 500 for piece in found[:-1])


def test_pieces_end_where_words_do() -> None:
    assert all(piece.endswith("\n") for piece in pieces(ENGLISH * 4, 1000))
    assert all(piece.startswith(" ") for piece in list(pieces("some words " * 900, 1000))[1:])
    assert all(piece.endswith(("e\n", "a")) for piece in pieces("  line\n  line\na" * 900, 1000))


def test_tokenizers_are_forgotten_and_read_again(case: Case) -> None:
    first = tokenize(ENGLISH.encode(), case.vocabulary, case.path)
    tokenization.forget_tokenizers()
    assert tokenization._read.cache_info().currsize == 0
    assert np.array_equal(tokenize(ENGLISH.encode(), case.vocabulary, case.path), first)
    assert tokenization._read.cache_info().currsize == 1

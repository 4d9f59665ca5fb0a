from __future__ import annotations

import json
from typing import Any

import pytest

from conversion.tiny_sources import SPECIAL, TEXT, byte_level_description, piece_vocabulary
from predzip.conversion.vocabulary import byte_characters, tokens_of_description, tokens_of_gguf
from predzip.errors import ModelError


def gguf_metadata(texts: list[str], kinds: list[int], kind: str = "gpt2") -> dict[str, Any]:
    return {
        "tokenizer.ggml.model": kind,
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": kinds,
    }


def pieces_description(vocab: dict[str, int], added: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    model = {"type": "BPE", "vocab": vocab, "merges": [], "byte_fallback": True, "unk_token": "<unk>"}
    return {"model": model, "added_tokens": added or []}


def test_every_byte_has_a_character_of_its_own() -> None:
    pre_tokenizers = pytest.importorskip("tokenizers").pre_tokenizers
    characters = byte_characters()
    assert sorted(characters.values()) == list(range(256))
    assert set(characters) == set(pre_tokenizers.ByteLevel.alphabet())
    for text in ("a b", "é\n", "\x00\x7f\xad"):
        [(spelled, _)] = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
        assert bytes(characters[character] for character in spelled) == text.encode()


def test_byte_level_tokens_of_gguf() -> None:
    texts = ["<s>", "\u0120the", "\u00c3\u00a9", "<think>", "<unused>", "\u0120the "]
    tokens = tokens_of_gguf(gguf_metadata(texts, [3, 1, 1, 4, 5, 1]), 8)
    assert tokens == [b"", b" the", "é".encode(), b"<think>", b"", "\u0120the ".encode(), b"", b""]


def test_pieces_of_gguf() -> None:
    texts, _, kinds = piece_vocabulary()
    tokens = tokens_of_gguf(gguf_metadata(texts, kinds, "llama"), 300)
    assert tokens[texts.index("\u2581the")] == b" the"
    assert tokens[texts.index("\n\n")] == b"\n\n"
    assert tokens[texts.index("<0xE9>")] == b"\xe9"
    assert tokens[:4] == [b""] * 4
    assert set(bytes([byte]) for byte in range(256)) <= set(tokens)


def test_pieces_go_before_bytes_and_the_first_before_others() -> None:
    texts = ["<0x41>", "A", "B", "<0x42>", "\u2581", " "]
    tokens = tokens_of_gguf(gguf_metadata(texts, [6, 1, 1, 6, 1, 4], "llama"), 6)
    assert tokens == [b"", b"A", b"B", b"", b" ", b""]


def test_byte_level_tokens_of_a_description() -> None:
    pytest.importorskip("tokenizers")
    description = byte_level_description()
    description["added_tokens"].append({"id": 310, "content": "<think>é", "special": False})
    tokens = tokens_of_description(description, 320)
    vocab = description["model"]["vocab"]
    assert all(tokens[vocab[mark]] == b"" for mark in SPECIAL)
    assert tokens[310] == "<think>é".encode()
    assert tokens[319] == b""
    assert {bytes([byte]) for byte in range(256)} <= set(tokens)
    ids = pytest.importorskip("tokenizers").Tokenizer.from_str(json.dumps(byte_level_description())).encode(TEXT).ids
    assert b"".join(tokens[number] for number in ids) == TEXT.encode()


def test_pieces_of_a_description() -> None:
    vocab = {"<unk>": 0, "<s>": 1, "<0x20>": 2, "\u2581a": 3, "\u2581": 4, "b": 5}
    added = [
        {"id": 1, "content": "<s>", "special": True},
        {"id": 6, "content": "\u2581\u2581", "special": False},
        {"id": 0, "content": "<unk>", "special": True},
    ]
    tokens = tokens_of_description(pieces_description(vocab, added), 8)
    assert tokens == [b"", b"", b"", b" a", b" ", b"b", b"  ", b""]


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({}, "byte pairs"),
        ({"model": {"type": "Unigram", "vocab": [["a", 0.0]]}}, "byte pairs"),
        ({"model": {"type": "BPE", "vocab": {"a": 0}}}, "cannot say every text"),
        (pieces_description({"a": 9}), "no row"),
        (pieces_description({"a": -1}), "no row"),
        (pieces_description({"a": 0}, [{"content": "b"}]), "not described"),
        (pieces_description({"a": 0}, [{"id": 1}]), "not described"),
        (pieces_description({"a": 0}, ["b"]), "not described"),  # type: ignore[list-item]
    ],
)
def test_descriptions_that_are_refused(description: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        tokens_of_description(description, 4)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "kind 'None'"),
        (gguf_metadata(["a"], [1], "bert"), "kind 'bert'"),
        (gguf_metadata(["a"], [1, 1]), "does not fit"),
        (gguf_metadata(["a"] * 5, [1] * 5), "does not fit"),
        (gguf_metadata([], []), "does not fit"),
        (gguf_metadata([1], [1]), "does not fit"),  # type: ignore[list-item]
        (gguf_metadata(["x"], [6], "llama"), "does not read as one"),
    ],
)
def test_metadata_that_are_refused(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        tokens_of_gguf(metadata, 4)

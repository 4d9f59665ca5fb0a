from __future__ import annotations

import json
from typing import Any

import pytest

from conversion.tiny_sources import SPECIAL, byte_level_description, piece_vocabulary
from predzip.conversion.tokenizers import lossless, merges_of, tokenizer_of_gguf
from predzip.errors import ModelError

tokenizers = pytest.importorskip("tokenizers")


def encoded(description: str, text: str) -> list[str]:
    tokens: list[str] = tokenizers.Tokenizer.from_str(description).encode(text, add_special_tokens=False).tokens
    return tokens


def byte_level_metadata(pre: str = "default") -> dict[str, Any]:
    model = byte_level_description()["model"]
    texts = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": [3 if text in SPECIAL else 1 for text in texts],
        "tokenizer.ggml.merges": [" ".join(merge) for merge in model["merges"]],
    }


def piece_metadata() -> dict[str, Any]:
    texts, scores, kinds = piece_vocabulary()
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.token_type": kinds,
    }


def test_a_file_of_byte_pairs_cuts_text_as_its_own_tokenizer() -> None:
    text = "The cat sat on the mat. The rain, the dog;\n\n  café"
    assert encoded(tokenizer_of_gguf(byte_level_metadata()), text) == encoded(
        json.dumps(byte_level_description()), text
    )


@pytest.mark.parametrize(
    ("pre", "expected"),
    [
        ("default", [" 1984", "\n\n", "\n", "x"]),
        ("smollm", ["1", "9", "8", "4", "\n\n", "\n", "x"]),
        ("llama-bpe", ["198", "4", "\n\n\n", "x"]),
        ("qwen2", ["1", "9", "8", "4", "\n\n\n", "x"]),
    ],
)
def test_words_end_where_the_vocabulary_has_them(pre: str, expected: list[str]) -> None:
    tokenizer = tokenizers.Tokenizer.from_str(tokenizer_of_gguf(byte_level_metadata(pre)))
    text = "a 1984\n\n\nx"
    words = [text[begin:end] for _, (begin, end) in tokenizer.pre_tokenizer.pre_tokenize_str(text)]
    assert words[-len(expected) :] == expected


def test_marks_are_text() -> None:
    assert "<|im_start|>" not in encoded(tokenizer_of_gguf(byte_level_metadata()), "a <|im_start|> b")


def test_pieces_are_joined_as_sentencepiece_joins_them() -> None:
    assert encoded(tokenizer_of_gguf(piece_metadata()), "the cat in") == ["th", "e", "\u2581cat", "\u2581in"]
    assert encoded(tokenizer_of_gguf(piece_metadata()), " the  cat\n\n\n<td>") == [
        *("\u2581the", "  ", "cat", "\n\n", "\n", "<td>")
    ]
    assert encoded(tokenizer_of_gguf(piece_metadata()), "<bos>x") == ["<0x3C>", "<0x62>", "o", "s", "<0x3E>", "<0x78>"]


def test_merges_go_by_the_order_of_the_pieces() -> None:
    pieces = {"a": (9.0, 0), "b": (9.0, 1), "ab": (1.0, 2), "aba": (0.0, 3), "ba": (2.0, 4), "zz": (3.0, 5)}
    assert merges_of(pieces) == [("ab", "a"), ("a", "ba"), ("a", "b"), ("b", "a")]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({**byte_level_metadata(), "tokenizer.ggml.merges": None}, "which pairs"),
        ({**byte_level_metadata(), "tokenizer.ggml.merges": ["q"]}, "no tokenizer can be made"),
        ({**byte_level_metadata(), "tokenizer.ggml.merges": ["\u0120\u0120\u0120 q"]}, "no tokenizer can be made"),
        ({**piece_metadata(), "tokenizer.ggml.scores": [0.0]}, "which pieces"),
        ({**piece_metadata(), "tokenizer.ggml.tokens": ["a"] * 300}, "spelled alike"),
    ],
)
def test_metadata_of_which_no_tokenizer_can_be_made(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        tokenizer_of_gguf(metadata)


def test_lossless_takes_away_what_changes_text() -> None:
    description = byte_level_description()
    description["normalizer"] = {
        "type": "Sequence",
        "normalizers": [{"type": "NFC"}, {"type": "Prepend", "prepend": "_"}],
    }
    description["pre_tokenizer"]["add_prefix_space"] = True
    template = tokenizers.processors.TemplateProcessing("<|im_start|> $A", special_tokens=[("<|im_start|>", 1)])
    full = tokenizers.Tokenizer.from_str(json.dumps(description))
    full.post_processor = template
    full.enable_truncation(3)
    plain = tokenizers.Tokenizer.from_str(lossless(json.loads(full.to_str())))
    text = "cafe\u0301 the cat sat on the mat"
    assert plain.decode(plain.encode(text).ids) == text
    assert full.decode(full.encode(text).ids) != text
    assert plain.normalizer is None


def test_lossless_keeps_what_spells_blanks() -> None:
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    description = {
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, replace]},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"}],
        },
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    result = json.loads(lossless(description))
    assert result["normalizer"]["normalizers"] == [replace]
    assert result["pre_tokenizer"]["pretokenizers"][0]["prepend_scheme"] == "never"
    assert description["normalizer"]["normalizers"][0]["type"] == "Prepend"  # type: ignore[index]

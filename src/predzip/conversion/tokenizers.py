"""Descriptions of tokenizers for the library `tokenizers`, in a form that loses nothing.

A tokenizer as published may put a blank before the text, bring it into a normal form, or surround it with marks; here
it does none of it, since what comes out must join to what went in. That changes no token of text that needs none of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from predzip.conversion.libraries import library
from predzip.conversion.vocabulary import BLANK, NORMAL, USER_DEFINED
from predzip.errors import ModelError

_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLITS = {
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}"),
}
"""Where the words of a byte-level vocabulary end, by what GGUF calls it; others split as GPT-2 did."""
_DIGIT_BY_DIGIT = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone")
_WHOLE_WORDS = ("llama-bpe", "llama3", "llama-v3")
"""Vocabularies that are looked up for a word before it is put together from pairs."""
_CHANGES_TEXT = ("Prepend", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Nmt", "Precompiled")


def tokenizer_of_gguf(metadata: Mapping[str, Any]) -> str:
    """Describe the tokenizer of a GGUF file, as JSON.

    Raises:
        ModelError: the metadata are not those of one.
        MissingExtraError: the package tokenizers is not installed.
    """
    kind = metadata.get("tokenizer.ggml.model")
    texts: list[str] = metadata["tokenizer.ggml.tokens"]
    numbers = {text: i for i, text in reversed(list(enumerate(texts)))}
    if len(numbers) != len(texts):
        raise ModelError("two tokens of the vocabulary are spelled alike")
    try:
        tokenizer = _byte_level(metadata, numbers) if kind == "gpt2" else _pieces(metadata, numbers)
        added = library("tokenizers").AddedToken
        whole = [
            text
            for text, of_type in zip(texts, metadata["tokenizer.ggml.token_type"], strict=True)
            if of_type == USER_DEFINED
        ]
        tokenizer.add_tokens([added(text, normalized=False, special=False) for text in whole])
    except ModelError:
        raise
    except Exception as error:  # what the library raises has no class of its own
        raise ModelError(f"no tokenizer can be made of the vocabulary: {error}") from None
    return str(tokenizer.to_str())


def _byte_level(metadata: Mapping[str, Any], numbers: dict[str, int]) -> Any:  # noqa: ANN401 - the library's
    tokenizers = library("tokenizers")
    kind = metadata.get("tokenizer.ggml.pre", "default")
    merges = metadata.get("tokenizer.ggml.merges")
    if not isinstance(merges, list):
        raise ModelError("the vocabulary does not say which pairs become tokens")
    pairs = [tuple(merge.split(" ")) for merge in merges]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(numbers, pairs, ignore_merges=kind in _WHOLE_WORDS))
    cut = tokenizers.pre_tokenizers
    if kind in _SPLITS:
        words = [cut.Split(tokenizers.Regex(_SPLITS[kind]), "isolated"), cut.ByteLevel(False, use_regex=False)]
    else:
        digits = [cut.Digits(individual_digits=True)] if kind in _DIGIT_BY_DIGIT else []
        words = [*digits, cut.ByteLevel(False)]
    tokenizer.pre_tokenizer = cut.Sequence(words)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return tokenizer


def _pieces(metadata: Mapping[str, Any], numbers: dict[str, int]) -> Any:  # noqa: ANN401 - the library's
    tokenizers = library("tokenizers")
    types: list[int] = metadata["tokenizer.ggml.token_type"]
    scores = metadata.get("tokenizer.ggml.scores")
    if not isinstance(scores, list) or len(scores) != len(types):
        raise ModelError("the vocabulary does not say which pieces go before others")
    normal = {text: (-scores[i], i) for text, i in numbers.items() if types[i] == NORMAL}
    model = tokenizers.models.BPE(numbers, merges_of(normal), byte_fallback=True, fuse_unk=True)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = tokenizers.normalizers.Replace(" ", BLANK)
    decode = tokenizers.decoders
    tokenizer.decoder = decode.Sequence([decode.Replace(BLANK, " "), decode.ByteFallback(), decode.Fuse()])
    return tokenizer


def merges_of(pieces: Mapping[str, tuple[float, int]]) -> list[tuple[str, str]]:
    """Pairs of pieces that become a piece, those first that SentencePiece joins first.

    Args:
        pieces: where each stands in that order.
    """
    found = []
    for piece, order in pieces.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in pieces and right in pieces:
                found.append((order, pieces[left], pieces[right], left, right))
    found.sort()
    return [(left, right) for *_, left, right in found]


def lossless(description: Mapping[str, Any]) -> str:
    """Take from a tokenizer.json all that changes text or adds to it; JSON again."""
    result = dict(description)
    result.update(truncation=None, padding=None, post_processor=None)
    result["normalizer"] = _without_changes(result.get("normalizer"), "normalizers")
    result["pre_tokenizer"] = _without_blank(result.get("pre_tokenizer"))
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def _without_changes(part: Any, steps: str) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(part, dict) or part.get("type") in _CHANGES_TEXT:
        return None
    if part.get("type") != "Sequence":
        return part
    kept = [step for step in part.get(steps, []) if _without_changes(step, steps) is not None]
    return {**part, steps: kept} if kept else None


def _without_blank(part: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(part, dict):
        return part
    if part.get("type") == "Sequence":
        return {**part, "pretokenizers": [_without_blank(step) for step in part.get("pretokenizers", [])]}
    changes: dict[str, dict[str, Any]] = {
        "Metaspace": {"prepend_scheme": "never"},
        "ByteLevel": {"add_prefix_space": False},
    }
    return {**part, **changes.get(str(part.get("type")), {})}

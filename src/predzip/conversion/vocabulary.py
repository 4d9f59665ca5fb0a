"""What the tokens of others' vocabularies stand for, in bytes.

    byte-level     each byte is written as a character, as GPT-2 did it: the printable ones as themselves
    SentencePiece  text with U+2581 for blanks; the bytes that no piece spells are pieces <0x00> ... <0xFF>

Marks of the model's own (control, unused) stand for nothing. So does, of tokens for the same bytes, all but one: pieces
go before single bytes, since a model expects them in text, then the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from predzip.errors import ModelError

BLANK = "\u2581"
NORMAL, USER_DEFINED, BYTE = 1, 4, 6
"""Types of tokens in GGUF that stand for something; 2, 3, 5: unknown, control, unused."""
_BYTE_PIECE = re.compile("<0x([0-9A-Fa-f]{2})>")


@cache
def byte_characters() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary is."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(byte): byte for byte in own} | {chr(256 + i): byte for i, byte in enumerate(others)}


def tokens_of_gguf(metadata: Mapping[str, Any], size: int) -> list[bytes]:
    """Bytes of the tokens of a GGUF file.

    Args:
        metadata: of the file.
        size: rows of the embedding; those beyond the vocabulary stand for nothing.

    Raises:
        ModelError: there is no vocabulary, or one of a kind that this release does not know.
    """
    texts: Any = metadata.get("tokenizer.ggml.tokens")
    types: Any = metadata.get("tokenizer.ggml.token_type")
    kind = metadata.get("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        raise ModelError(f"the vocabulary is of kind {str(kind)[:64]!r}; this release knows gpt2 and llama")
    is_listed = isinstance(texts, list) and isinstance(types, list) and all(isinstance(text, str) for text in texts)
    if not is_listed or not 0 < len(texts) == len(types) <= size:
        raise ModelError("the vocabulary does not fit the embedding, or does not say what its tokens are")
    spell = _spell_byte_level if kind == "gpt2" else _spell_piece
    tokens = [b""] * size
    for i, (text, of_type) in enumerate(zip(texts, types, strict=True)):
        if of_type == NORMAL:
            tokens[i] = spell(text)
        elif of_type == USER_DEFINED:
            tokens[i] = text.encode("utf-8") if kind == "gpt2" else _spell_piece(text)
        elif of_type == BYTE:
            tokens[i] = _spell_byte(text)
    return _without_twins(tokens, {i for i, of_type in enumerate(types) if of_type == BYTE})


def tokens_of_description(description: Mapping[str, Any], size: int) -> list[bytes]:
    """Bytes of the tokens of a tokenizer.json.

    Raises:
        ModelError: it is not one, or of a kind that this release does not know.
    """
    model = description.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or not isinstance(model.get("vocab"), dict):
        raise ModelError("the tokenizer is not of byte pairs (BPE), which is the kind that this release knows")
    is_byte_level = "ByteLevel" in _types(description)
    if not is_byte_level and not model.get("byte_fallback"):
        raise ModelError("the tokenizer is neither byte-level nor falls back to bytes: it cannot say every text")
    try:
        tokens, single = _read_tokens(description, is_byte_level)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the tokenizer is not described as it should be: {error!r}") from None
    if any(type(number) is not int or not 0 <= number < size for number in tokens):
        raise ModelError("the vocabulary has tokens for which the embedding has no row")
    return _without_twins([tokens.get(number, b"") for number in range(size)], single)


def _read_tokens(description: Mapping[str, Any], is_byte_level: bool) -> tuple[dict[int, bytes], set[int]]:
    """Bytes of tokens by their numbers, and which are single bytes."""
    vocabulary = description["model"]["vocab"]
    spell = _spell_byte_level if is_byte_level else _spell_piece
    literal = str.encode if is_byte_level else _spell_piece
    tokens: dict[int, bytes] = {}
    single = set()
    for text, number in vocabulary.items():
        if not is_byte_level and _BYTE_PIECE.fullmatch(text):
            tokens[number] = _spell_byte(text)
            single.add(number)
        else:
            tokens[number] = spell(text)
    for added in description.get("added_tokens") or []:
        tokens[added["id"]] = b"" if added.get("special") else literal(added["content"])
    unknown = description["model"].get("unk_token")
    if unknown in vocabulary:
        tokens[vocabulary[unknown]] = b""
    return tokens, single


def _types(description: Mapping[str, Any]) -> set[str]:
    """Every `type` of the parts of a description that cut and join text."""
    found: set[str] = set()
    waiting = [description.get(key) for key in ("normalizer", "pre_tokenizer", "decoder")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found.add(str(part.get("type")))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _spell_byte_level(text: str) -> bytes:
    characters = byte_characters()
    try:
        return bytes([characters[character] for character in text])
    except KeyError:  # a token that was added as it reads
        return text.encode("utf-8")


def _spell_piece(text: str) -> bytes:
    return text.replace(BLANK, " ").encode("utf-8")


def _spell_byte(text: str) -> bytes:
    found = _BYTE_PIECE.fullmatch(text)
    if found is None:
        raise ModelError(f"token {text[:64]!r} is said to be a byte, and does not read as one")
    return bytes.fromhex(found[1])


def _without_twins(tokens: list[bytes], single: Iterable[int]) -> list[bytes]:
    """Leave the bytes of all but one of equal tokens away; those in `single` go last."""
    behind = set(single)
    seen = {b""}
    result = list(tokens)
    for i in sorted(range(len(tokens)), key=lambda i: i in behind):
        if tokens[i] in seen:
            result[i] = b""
        seen.add(tokens[i])
    return result

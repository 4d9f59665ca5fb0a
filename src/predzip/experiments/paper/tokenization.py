"""Byte-pair alphabets that lose nothing: any bytes to symbols and back, for table 2.

The library `tokenizers` works on characters; here each byte is the character of its own number (Latin-1), so that every
byte string has tokens, valid UTF-8 or not. Words are split from each other first, each with the blank before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from predzip.codecs.baselines import load_extra
from predzip.errors import CorruptError

BYTES = 256
_PIECE_BYTES = 1 << 16
_WORDS = r" ?[^\s]+|\s+"


@dataclass(frozen=True)
class Tokens:
    """Symbols of some data."""

    symbols: list[int] = field(repr=False)
    alphabet_size: int


class ByteAlphabet:
    """Every byte is its own symbol: what the paper calls ASCII."""

    name = "bytes"
    alphabet_size = BYTES
    model_bytes = 0

    def encode(self, data: bytes) -> list[int]:
        """Bytes to symbols."""
        return list(data)

    def decode(self, symbols: Iterable[int]) -> bytes:
        """And back."""
        return bytes(symbols)


class BytePairs:
    """A byte-pair alphabet trained on some data.

    Args:
        size: symbols, the 256 bytes among them; fewer where the data does not give so many pairs.
        pieces: what to train on.

    Raises:
        MissingExtraError: tokenizers is not installed.
    """

    def __init__(self, size: int, pieces: Iterable[bytes]) -> None:
        library: Any = load_extra("tokenizers", "tokenizers", "tokenizers")
        self._tokenizer = library.Tokenizer(library.models.BPE())
        words = library.pre_tokenizers.Split(library.Regex(_WORDS), "isolated")
        self._tokenizer.pre_tokenizer = words
        trainer = library.trainers.BpeTrainer(
            vocab_size=size, initial_alphabet=[chr(byte) for byte in range(BYTES)], show_progress=False
        )
        self._tokenizer.train_from_iterator((piece.decode("latin-1") for piece in pieces), trainer)
        self._texts = {number: text.encode("latin-1") for text, number in self._tokenizer.get_vocab().items()}
        self.name = f"BPE {size:,}"
        self.alphabet_size = len(self._texts)
        merges = json.loads(self._tokenizer.to_str())["model"]["merges"]
        self.model_bytes = 4 * len(merges)
        """Two symbols of 16 bits for each merge: all that a decoder needs."""

    def encode(self, data: bytes) -> list[int]:
        """Bytes to symbols; pieces of 64 KiB by themselves."""
        symbols: list[int] = []
        for piece in _pieces(data):
            symbols += self._tokenizer.encode(piece.decode("latin-1")).ids
        return symbols

    def decode(self, symbols: Iterable[int]) -> bytes:
        """And back."""
        return b"".join(self._texts[symbol] for symbol in symbols)


def proven_tokens(alphabet: ByteAlphabet | BytePairs, data: bytes) -> Tokens:
    """Symbols of data, decoded again and compared.

    Raises:
        CorruptError: they stand for other bytes.
    """
    symbols = alphabet.encode(data)
    if alphabet.decode(symbols) != data:
        raise CorruptError(f"{alphabet.name} did not bring back the bytes that it was given")
    return Tokens(symbols, alphabet.alphabet_size)


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES))

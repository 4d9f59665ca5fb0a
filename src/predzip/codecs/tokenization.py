"""Bytes to the tokens of a model that somebody else trained, so that the tokens join to exactly these bytes.

Decoders need the vocabulary alone, and any tokens that join to the data will do; but a model expects text in the tokens
that it was trained on. So the tokenizer of the model is asked first, and believed only where its tokens join to the
piece of data that it was given. It may change text (normal forms, blanks), and knows only text:

    data -> bytes that are no UTF-8             longest tokens that match
         -> pieces of text, cut after lines     the tokenizer's, if they join to the piece; else
              -> its lines                      the tokenizer's, if they join to the line; else
                   -> what is odd in the line   longest tokens that match
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.longest_match import WITHOUT as WITHOUT
from predzip.codecs.longest_match import longest_tokens
from predzip.errors import ModelError
from predzip.predictors.neural.vocabulary import Vocabulary

Tokens = NDArray[np.int64]

_PIECE = 1 << 13
_LINE = 1 << 8
_LEAST_TEXT = 8
"""Characters between bytes that are no UTF-8 for which it pays to ask the tokenizer."""
_FIRST_ODD, _LAST_ODD = 0xDC80, 0xDCFF  # what the error handler "surrogateescape" makes of bytes 0x80 to 0xFF


def tokenize(data: bytes, vocabulary: Vocabulary, tokenizer_path: str | os.PathLike[str] | None = None) -> Tokens:
    """Find tokens for data, (T,).

    Args:
        data: any bytes.
        vocabulary: what tokens there are.
        tokenizer_path: of the description of the tokenizer that the model was trained with, as the library `tokenizers`
            writes it. Without one, or without the library, all tokens are the longest that match.

    Returns:
        Tokens that have bytes and, for each byte of data that none of them says, one `WITHOUT`: joined, these bytes
        put in, they are the data.

    Raises:
        ModelError: the file at `tokenizer_path` is not the description of a tokenizer.
    """
    tokenizer = _load(tokenizer_path)
    if tokenizer is None:
        return longest_tokens(data, vocabulary)
    text = data.decode("utf-8", "surrogateescape")
    parts: list[Tokens] = []
    at = 0
    for begin, end in _runs_not_of_text(text):
        parts += _tokens_of_text(text[at:begin], vocabulary, tokenizer, _PIECE)
        parts.append(longest_tokens(text[begin:end].encode("utf-8", "surrogateescape"), vocabulary))
        at = end
    parts += _tokens_of_text(text[at:], vocabulary, tokenizer, _PIECE)
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _runs_not_of_text(text: str) -> list[tuple[int, int]]:
    """Where bytes that are no UTF-8 stand, and what little text is between them: begins and ends."""
    if text.isascii():
        return []
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    odd = np.flatnonzero((codes >= _FIRST_ODD) & (codes <= _LAST_ODD))
    last = np.append(np.diff(odd) > _LEAST_TEXT, True)[: len(odd)]
    first = np.append(True, last[:-1])[: len(odd)]
    return list(zip(odd[first].tolist(), (odd[last] + 1).tolist(), strict=True))


def _tokens_of_text(text: str, vocabulary: Vocabulary, tokenizer: Any, size: int) -> Iterator[Tokens]:  # noqa: ANN401
    """Tokens of text in parts, asked for in pieces of about so many characters."""
    for piece in pieces(text, size):
        data = piece.encode("utf-8")
        asked = np.array(tokenizer.encode(piece, add_special_tokens=False).ids, np.int64)
        asked = asked[vocabulary.lengths[asked] > 0] if asked.size and asked.max() < len(vocabulary) else asked[:0]
        said = vocabulary.join(asked)
        if said == data:
            yield asked
        elif size > _LINE:
            yield from _tokens_of_text(piece, vocabulary, tokenizer, _LINE)
        else:
            yield from _mended(data, said, asked, vocabulary)


def _mended(data: bytes, said: bytes, asked: Tokens, vocabulary: Vocabulary) -> Iterator[Tokens]:
    """Keep the first and the last tokens, as far as they say the data; find others for what is between."""
    lengths = vocabulary.lengths[asked]
    ends = np.cumsum(lengths)
    starts = ends - lengths
    first = int(np.searchsorted(ends, _length_of_common_start(data, said), "right"))
    begin = int(ends[first - 1]) if first else 0
    same = min(_length_of_common_start(data[::-1], said[::-1]), len(data) - begin, len(said) - begin)
    last = max(first, int(np.searchsorted(starts, len(said) - same)))
    end = len(data) - (len(said) - int(starts[last]) if last < len(asked) else 0)
    yield asked[:first]
    yield longest_tokens(data[begin:end], vocabulary)
    yield asked[last:]


def _length_of_common_start(a: bytes, b: bytes) -> int:
    count = min(len(a), len(b))
    different = np.flatnonzero(np.frombuffer(a, np.uint8, count) != np.frombuffer(b, np.uint8, count))
    return int(different[0]) if len(different) else count


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut text into pieces of `size` / 2 to `size` characters where no tokenizer joins what is cut.

    That is after the end of a line whose neighbours are not blank, or else before a blank between words. Where there
    is none, anywhere.
    """
    at = 0
    while len(text) - at > size:
        end = _cut(text, at + size // 2, at + size)
        yield text[at:end]
        at = end
    if at < len(text):
        yield text[at:]


def _cut(text: str, least: int, most: int) -> int:
    for mark, shift in (("\n", 1), (" ", 0)):
        found = text.rfind(mark, least, most)
        while found > least:
            if not text[found - 1].isspace() and not text[found + 1].isspace():
                return found + shift
            found = text.rfind(mark, least, found)
    return most


def forget_tokenizers() -> None:
    """Let go of tokenizers, before something large is done without them: 30 MB (SmolLM2) to 290 MB (Gemma 3)."""
    _read.cache_clear()
    # A C library keeps small pieces that were given back; that of GNU can be told to hand them on.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _load(path: str | os.PathLike[str] | None) -> Any:  # noqa: ANN401 - a class of an optional package
    """Read a tokenizer; None where there is no file, or no library to read it."""
    if not path or not Path(path).is_file():
        return None
    status = Path(path).stat()
    return _read(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: str, size_bytes: int, time_ns: int) -> Any:  # noqa: ANN401 - a class of an optional package
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # what the library raises has no class of its own
        raise ModelError(f"{path} is not the description of a tokenizer: {error}") from None
    # Data is data: what reads like a mark of the model's own is spelled out.
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer

"""What the n-grams of characters begin with: which characters there are, and which followed which, in training text.

Written by `scripts/make_character_start.py` as an uncompressed `.npz` in xz. Every character of the alphabet has a
weight, how likely it is to come as a new one; of contexts of one and two characters there is only what followed often
enough, as if it had come once, so that the text at hand soon outweighs it. It decides bits: whoever changes it changes
the format.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.mixing.character_ngrams import code_point, first_bytes
from predzip.predictors.mixing.character_tables import CODES, CharacterStart
from predzip.predictors.mixing.warm import FOLDER

FILE = "characters.npz.xz"

Context = tuple[int, ...]
"""One or two code points, the newest first."""


def pack_start(weights: Mapping[int, int], followers: Mapping[Context, Sequence[int]]) -> bytes:
    """Content of a file.

    Args:
        weights: of the alphabet, 1..255, by code point.
        followers: code points that followed each context; all of them in the alphabet.
    """
    alphabet = np.array(sorted(weights), np.uint16)
    number = {int(code): i for i, code in enumerate(alphabet)}
    arrays: dict[str, NDArray[Any]] = {
        "alphabet": np.diff(alphabet, prepend=np.uint16(0)),
        "weights": np.array([weights[code] for code in number], np.uint8),
    }
    for order in (1, 2):
        contexts = sorted(tuple(number[code] for code in each) for each in followers if len(each) == order)
        after = [sorted(number[each] for each in followers[tuple(int(alphabet[i]) for i in key)]) for key in contexts]
        for place in range(order):
            column = np.array([key[place] for key in contexts], np.uint16)
            arrays[f"context_{order}_{place}"] = np.diff(column, prepend=np.uint16(0))
        arrays[f"sizes_{order}"] = np.array([len(each) for each in after], np.uint16)
        numbers = np.array([i for each in after for i in each], np.uint16)
        steps = np.diff(numbers, prepend=np.uint16(0))
        arrays[f"successors_{order}"] = np.stack([steps & 255, steps >> 8]).astype(np.uint8)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return lzma.compress(stream.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _summed(steps: NDArray[np.uint16]) -> NDArray[np.uint16]:
    total: NDArray[np.uint16] = np.cumsum(steps, dtype=np.uint16)
    return total


def unpack_start(content: bytes) -> CharacterStart:
    """What `pack_start` packed."""
    with np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False) as arrays:
        codes = _summed(arrays["alphabet"]).tolist()
        characters = np.array([int.from_bytes(chr(code).encode(), "big") for code in codes], np.uint32)
        contexts, successors = [], []
        for order in (1, 2):
            columns = [characters[_summed(arrays[f"context_{order}_{place}"])] for place in range(order)]
            contexts.append(np.stack([columns[0], columns[-1]], axis=1))
            low, high = arrays[f"successors_{order}"].astype(np.uint16)
            successors.append(characters[_summed(low | high << 8)])
        weights, rest = _by_code(characters.tolist(), arrays["weights"].tolist())
        return CharacterStart(
            weights,
            rest,
            np.repeat(np.array([1, 2], np.uint8), [len(each) for each in contexts]),
            np.concatenate(contexts),
            np.concatenate([arrays["sizes_1"], arrays["sizes_2"]]),
            np.concatenate(successors),
        )


def _by_code(characters: list[int], of_each: list[int]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    weights, rest = np.zeros(CODES, np.uint8), np.zeros(CODES, np.uint32)
    for char, weight in zip(characters, of_each, strict=True):
        weights[code_point(char)] = weight
        first, two = first_bytes(char)
        rest[first] += np.uint32(weight)
        if two != first:
            rest[two] += np.uint32(weight)
    return weights, rest


@cache
def character_start() -> CharacterStart:
    """The start of the package, read once a process.

    Raises:
        ModelError: the file is missing.
    """
    try:
        return unpack_start((FOLDER / FILE).read_bytes())
    except OSError as error:
        raise ModelError(f"{FILE} is missing; run: pip install --force-reinstall predzip") from error

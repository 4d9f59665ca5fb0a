"""Tables of the n-grams of characters: what is counted, what each lane is about, and what they begin with.

A context has a place in a hash table of fixed size and a list of the characters that followed it, oldest first; when
the table is three quarters full it begins anew. Untouched tables take no memory, so other text does not pay for them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ORDERS = 5
"""Characters of the longest context."""

CODES = 65536
CHARACTERS_MAX = 4096
"""Of the alphabet, and of those that follow one context; more are not told apart."""
KNOWN_CONTEXTS_MAX, KNOWN_SUCCESSORS_MAX = 1 << 15, 1 << 17
"""Room for what a start may hold."""

CHECK, TOTAL, FIRST = 0, 1, 2  # of a context
CHAR, COUNT, NEXT = 0, 1, 2  # of a successor; the alphabet has the first two

_CONTEXT_BITS_MAX = 21
_CANDIDATES = (ORDERS + 1) * CHARACTERS_MAX


class CharacterStart(NamedTuple):
    """What it begins with: K contexts; characters are numbers of their bytes in UTF-8."""

    weights: NDArray[np.uint8]  # 65536: how likely a character is to come as a new one, by its code point
    rest: NDArray[np.uint32]  # 65536: sums of weights by the first byte of the characters, by the first two
    orders: NDArray[np.uint8]  # K: characters of each context, 1 or 2
    contexts: NDArray[np.uint32]  # K, 2: those characters, the newest first
    sizes: NDArray[np.uint16]  # K: how many followed
    successors: NDArray[np.uint32]  # those of one context after those of the other


NOTHING_KNOWN = CharacterStart(
    np.zeros(CODES, np.uint8),
    np.zeros(CODES, np.uint32),
    np.zeros(0, np.uint8),
    np.zeros((0, 2), np.uint32),
    np.zeros(0, np.uint16),
    np.zeros(0, np.uint32),
)


class CharacterNgrams(NamedTuple):
    """What was counted, for all lanes, and what each lane is about. C contexts, S successors, L lanes."""

    known_orders: NDArray[np.uint8]  # K: what it begins with, as in `character_start`
    known_contexts: NDArray[np.uint32]  # K, 2
    known_sizes: NDArray[np.uint16]  # K
    known_successors: NDArray[np.uint32]  # all of them
    used: NDArray[np.int64]  # 3: contexts, successors, characters
    contexts: NDArray[np.uint32]  # C, 4: check of the hash (0: none), sum of counts, first successor + 1
    successors: NDArray[np.uint32]  # S, 4: character, count, next successor + 1
    alphabet: NDArray[np.uint32]  # CHARACTERS_MAX, 2: character, count, where there is no context
    total: NDArray[np.int64]  # 1: sum of those counts
    seen: NDArray[np.uint8]  # 65536: whether a character is in the alphabet, by its code point
    kinds: NDArray[np.uint32]  # 256: characters of the alphabet by their first byte
    weights: NDArray[np.uint8]  # 65536: how likely a new character is, by its code point
    rest: NDArray[np.uint32]  # 65536: weights of those not in the alphabet, by their first byte, by their first two
    all_of: NDArray[np.uint32]  # 256: rest by the first byte, when nothing had come
    hashes: NDArray[np.uint64]  # L, ORDERS: of the contexts of the character being written
    found: NDArray[np.int64]  # L: candidates
    candidates: NDArray[np.uint32]  # L, _CANDIDATES: characters, as often as they were found
    shares: NDArray[np.int64]  # L, _CANDIDATES: what each of them was given
    news: NDArray[np.int64]  # L, 256: what new characters were given, by the byte
    tree: NDArray[np.int64]  # 512: shares of all that begin with some bits; the root at 1


def _context_bits(length: int) -> int:
    # Text of two bytes a character brings up to one new context a byte; three in four places are taken at most.
    return min(_CONTEXT_BITS_MAX, (2 * (length + KNOWN_CONTEXTS_MAX)).bit_length())


def _successors(length: int) -> int:
    return (1 << _context_bits(length)) + KNOWN_SUCCESSORS_MAX


def memory_bytes(length: int) -> int:
    """Bytes that `new_ngrams` takes for one lane of text."""
    return 16 * ((1 << _context_bits(length)) + _successors(length)) + CODES * 5 + CHARACTERS_MAX * 8 + _CANDIDATES * 12


def new_ngrams(length: int, lanes: int, start: CharacterStart = NOTHING_KNOWN) -> CharacterNgrams:
    """Nothing counted yet.

    Args:
        length: bytes to come in all lanes together.
        lanes: L; 0 for a model that has none of this.
        start: what it begins with, as soon as it has something to say.
    """
    contexts, successors, characters, codes = 1, 1, 1, 1
    if lanes:
        contexts, successors = 1 << _context_bits(length), _successors(length)
        characters, codes = CHARACTERS_MAX, CODES
    return CharacterNgrams(
        known_orders=start.orders,
        known_contexts=start.contexts,
        known_sizes=start.sizes,
        known_successors=start.successors,
        used=np.zeros(3, np.int64),
        contexts=np.zeros((contexts, 4), np.uint32),
        successors=np.zeros((successors, 4), np.uint32),
        alphabet=np.zeros((characters, 2), np.uint32),
        total=np.zeros(1, np.int64),
        seen=np.zeros(codes, np.uint8),
        kinds=np.zeros(256, np.uint32),
        weights=start.weights,
        rest=start.rest[:codes].copy(),
        all_of=start.rest[:256].copy(),
        hashes=np.zeros((lanes, ORDERS), np.uint64),
        found=np.zeros(lanes, np.int64),
        candidates=np.zeros((lanes, _CANDIDATES), np.uint32),
        shares=np.zeros((lanes, _CANDIDATES), np.int64),
        news=np.zeros((lanes, 256), np.int64),
        tree=np.zeros(512, np.int64),
    )

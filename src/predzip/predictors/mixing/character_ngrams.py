"""Which character follows the last ones: n-grams of characters, smoothed as Kneser and Ney do.

For text whose characters take several bytes. The contexts of the mixture learn bit by bit, so a new character of Japanese
is 24 decisions that each must learn to be sure; here it is one event. A context of n characters hands every character
that followed it its count less a discount, and what the discounts leave goes down to the next shorter context:

    p(c | n characters) = (count - discount(count)) / total  +  left over * p(c | n - 1 characters)

A character is counted in the longest context where it was known and in the longer ones (Moffat 1990), so that a short
context counts in how many longer ones a character came, not how often: that is what Kneser and Ney (1995) found to be
right for what is left over; three discounts by count are Chen and Goodman's (1999). Below the empty context stand the
characters that have not come yet, by how many of their first bytes have.

All in integers: shares of 2^40, rounded down. Works while at least half of the last eight characters are longer than a
byte; other text is coded as if this file did not exist. What it begins with is in `character_start`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.characters import CHAR_1, CHAR_2, CHAR_3, LEFT, LENGTHS, PART
from predzip.predictors.mixing.east_asian import CHAR_4, CHAR_5
from predzip.predictors.mixing.lines import mix

ORDERS = 5
"""Characters of the longest context."""

SPEAKS = 204
"""Register: whether this character is predicted, and learnt when it has come."""

_CHARACTERS_MAX = 4096
_CONTEXT_BITS_MAX = 21
KNOWN_CONTEXTS_MAX, KNOWN_SUCCESSORS_MAX = 1 << 15, 1 << 17
"""Room for what a start may hold."""
_CANDIDATES = 6 * _CHARACTERS_MAX
_MASS = 1 << 40
_COUNT_ONE = 64
_DISCOUNTS = (44, 58, 64)
"""Of a character that came once, twice, more often, in 1/64."""
CODES = 65536
_NEWS = 16
_U = np.uint64
_M1 = _U(0xFF)
_SALT = _U(0x601)
_CHECK, _TOTAL, _FIRST = 0, 1, 2
_CHAR, _COUNT, _NEXT = 0, 1, 2


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
    alphabet: NDArray[np.uint32]  # _CHARACTERS_MAX, 2: character, count, where there is no context
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
    return 16 * ((1 << _context_bits(length)) + _successors(length)) + CODES * 5 + _CHARACTERS_MAX * 8 + _CANDIDATES * 12


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
        characters, codes = _CHARACTERS_MAX, CODES
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


@kernel
def _find(contexts: NDArray[np.uint32], context: np.uint64) -> np.uint64:
    """Place of a context, or the empty place where it belongs."""
    mask = _U(contexts.shape[0] - 1)
    place = context & mask
    check = np.uint32(context >> _U(32)) | np.uint32(1)
    while contexts[place, _CHECK] != np.uint32(0) and contexts[place, _CHECK] != check:
        place = (place + _U(1)) & mask
    return place


@kernel
def _share(count: int, factor: int) -> int:
    discount = _DISCOUNTS[0] if count == 1 else _DISCOUNTS[1] if count == 2 else _DISCOUNTS[2]
    return (count * _COUNT_ONE - discount) * factor >> 16


@kernel
def _find_candidates(n: CharacterNgrams, r: NDArray[np.uint64], lane: int) -> int:
    """Share the mass out among all that followed; return what is left for new characters."""
    hashes, candidates, shares = n.hashes[lane], n.candidates[lane], n.shares[lane]
    hashes[0] = mix(r[CHAR_1], _SALT)
    hashes[1] = mix(hashes[0], r[CHAR_2])
    hashes[2] = mix(hashes[1], r[CHAR_3])
    hashes[3] = mix(hashes[2], r[CHAR_4])
    hashes[4] = mix(hashes[3], r[CHAR_5])
    mass = _MASS
    found = 0
    for order in range(ORDERS - 1, -1, -1):
        place = _find(n.contexts, hashes[order])
        if n.contexts[place, _CHECK] == np.uint32(0):
            continue
        factor = (mass << 16) // (int(n.contexts[place, _TOTAL]) * _COUNT_ONE)
        successor = int(n.contexts[place, _FIRST])
        while successor > 0:
            each = n.successors[_U(successor - 1)]
            share = _share(int(each[_COUNT]), factor)
            candidates[found] = each[_CHAR]
            shares[found] = share
            found += 1
            mass -= share
            successor = int(each[_NEXT])
    if n.total[0] > 0:
        factor = (mass << 16) // (int(n.total[0]) * _COUNT_ONE)
        for i in range(n.used[2]):
            share = _share(int(n.alphabet[i, _COUNT]), factor)
            candidates[found] = n.alphabet[i, _CHAR]
            shares[found] = share
            found += 1
            mass -= share
    n.found[lane] = found
    return mass


@kernel
def _begin(n: CharacterNgrams) -> None:
    """Forget all contexts but those that were known from the start; characters in the alphabet stay."""
    for i in range(n.contexts.shape[0]):
        n.contexts[i, _CHECK] = np.uint32(0)
    first = 0
    for i in range(n.known_orders.shape[0]):
        hashed = mix(_U(n.known_contexts[i, 0]), _SALT)
        if n.known_orders[i] > np.uint8(1):
            hashed = mix(hashed, _U(n.known_contexts[i, 1]))
        row = n.contexts[_find(n.contexts, hashed)]
        row[_CHECK] = np.uint32(hashed >> _U(32)) | np.uint32(1)
        row[_TOTAL] = np.uint32(n.known_sizes[i])
        row[_FIRST] = np.uint32(first + 1)
        behind = first + int(n.known_sizes[i])
        for successor in range(first, behind):
            n.successors[successor, _CHAR] = n.known_successors[successor]
            n.successors[successor, _COUNT] = np.uint32(1)
            n.successors[successor, _NEXT] = np.uint32(successor + 2 if successor + 1 < behind else 0)
        first = behind
    n.used[0] = n.known_orders.shape[0]
    n.used[1] = first


@kernel
def predict_character(n: CharacterNgrams, r: NDArray[np.uint64], lane: int) -> bool:
    """Fill the tree with the shares of the next byte; False where nothing is said."""
    left = int(r[LEFT])
    if left == 0:
        lengths = r[LENGTHS] & _M1
        longer = 0
        while lengths != _U(0):
            lengths &= lengths - _U(1)
            longer += 1
        r[SPEAKS] = _U(longer >= 4)
    if r[SPEAKS] == _U(0):
        return False
    candidates, shares, news, tree = n.candidates[lane], n.shares[lane], n.news[lane], n.tree
    part = int(r[PART])
    for i in range(256):
        tree[256 + i] = 0
    if left == 0:
        if n.used[0] == 0:
            _begin(n)
        new = _find_candidates(n, r, lane)
        for i in range(n.found[lane]):
            tree[256 + first_bytes(int(candidates[i]))[0]] += shares[i]
        weights = 0
        for i in range(256):
            news[i] = 1
            if n.kinds[i] > np.uint32(0):
                of_rest = (1 + int(n.rest[i])) * 256 // (1 + int(n.all_of[i]))
                news[i] += 1 + int(n.kinds[i]) * of_rest * _NEWS >> 8
            weights += news[i]
        for i in range(256):
            news[i] = new * news[i] // weights + 1
    else:
        new = int(news[part & 0xFF])
        kept = 0
        for i in range(n.found[lane]):
            char = int(candidates[i])
            if char >> 8 * left == part:
                candidates[kept] = candidates[i]
                shares[kept] = shares[i]
                tree[256 + (char >> 8 * (left - 1) & 0xFF)] += shares[i]
                kept += 1
        n.found[lane] = kept
        weights = 0
        code = (part & 0xF if left > 1 else part & 0x1F) << 6
        if part > 0xFF:
            code = (part >> 8 & 0xF) << 12 | (part & 0x3F) << 6
        for i in range(256):
            weight = 0
            if 128 <= i < 192:
                if left > 1:
                    weight = 1 + int(n.rest[_U(part & 0xFF) << _U(8) | _U(i)])
                elif tree[256 + i] == 0:
                    weight = 1 + int(n.weights[code | i & 0x3F])
            news[i] = weight
            weights += weight
        weights = max(weights, 1)
        for i in range(256):
            news[i] = new * news[i] // weights + 1
    for i in range(256):
        tree[256 + i] += news[i]
    for prefix in range(255, 0, -1):
        tree[prefix] = tree[2 * prefix] + tree[2 * prefix + 1]
    return True


@kernel
def _count(n: CharacterNgrams, context: np.uint64, char: np.uint32) -> bool:
    """Count a character in a context; say whether it was known there."""
    place = _find(n.contexts, context)
    row = n.contexts[place]
    if row[_CHECK] == np.uint32(0):
        row[_CHECK] = np.uint32(context >> _U(32)) | np.uint32(1)
        row[_TOTAL] = np.uint32(0)
        row[_FIRST] = np.uint32(0)
        n.used[0] += 1
    successor = int(row[_FIRST])
    last = 0
    walked = 0
    while successor > 0:
        each = n.successors[_U(successor - 1)]
        if each[_CHAR] == char:
            each[_COUNT] += np.uint32(1)
            row[_TOTAL] += np.uint32(1)
            return True
        last = successor
        successor = int(each[_NEXT])
        walked += 1
    if walked == _CHARACTERS_MAX:
        return False
    new = n.used[1]
    n.used[1] += 1
    n.successors[new, _CHAR] = char
    n.successors[new, _COUNT] = np.uint32(1)
    n.successors[new, _NEXT] = np.uint32(0)
    if last > 0:
        n.successors[last - 1, _NEXT] = np.uint32(new + 1)
    else:
        row[_FIRST] = np.uint32(new + 1)
    row[_TOTAL] += np.uint32(1)
    return False


@kernel
def learn_character(n: CharacterNgrams, r: NDArray[np.uint64], lane: int) -> None:
    """Count the character that has ended, CHAR_1, where it was predicted."""
    if r[LEFT] != _U(0) or r[SPEAKS] == _U(0):
        return
    most = n.contexts.shape[0]
    if 4 * (n.used[0] + ORDERS) > 3 * most or n.used[1] + ORDERS > n.successors.shape[0]:
        _begin(n)
    char = np.uint32(r[CHAR_1])
    known = False
    for order in range(ORDERS - 1, -1, -1):
        if _count(n, n.hashes[lane, order], char):
            known = True
            break
    code = code_point(int(char))
    if n.seen[code] != np.uint8(0):
        if known:
            return
        for i in range(n.used[2]):
            if n.alphabet[i, _CHAR] == char:
                n.alphabet[i, _COUNT] += np.uint32(1)
                n.total[0] += 1
                return
    elif n.used[2] < _CHARACTERS_MAX:
        n.seen[code] = np.uint8(1)
        n.alphabet[n.used[2], _CHAR] = char
        n.alphabet[n.used[2], _COUNT] = np.uint32(1)
        n.used[2] += 1
        n.total[0] += 1
        first, two = first_bytes(int(char))
        n.kinds[first] += np.uint32(1)
        n.rest[first] -= np.uint32(n.weights[code])
        if two != first:
            n.rest[two] -= np.uint32(n.weights[code])


@kernel
def code_point(char: int) -> int:
    """Of a character as its bytes in UTF-8; those of four bytes share places that no other character has."""
    if char <= 0xFF:
        return char
    if char <= 0xFFFF:
        return (char >> 8 & 0x1F) << 6 | char & 0x3F
    if char <= 0xFFFFFF:
        return (char >> 16 & 0xF) << 12 | (char >> 8 & 0x3F) << 6 | char & 0x3F
    return 0xD800 | char & 0x7FF


@kernel
def first_bytes(char: int) -> tuple[int, int]:
    """First byte of a character, and its first two as one number (again the first byte if there is but one)."""
    first, two = char, char
    while first > 0xFF:
        two, first = first, first >> 8
    return first, two

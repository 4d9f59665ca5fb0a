"""Which character follows the last ones: n-grams of characters, smoothed as Kneser and Ney do.

For text whose characters take several bytes. The contexts of the mixture learn bit by bit, so a character of Japanese
is 24 decisions that must all learn to be sure; here it is one event. A context of n characters hands every character
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

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel
from predzip.predictors.mixing.character_tables import (
    CHAR,
    CHARACTERS_MAX,
    CHECK,
    COUNT,
    FIRST,
    NEXT,
    ORDERS,
    TOTAL,
    CharacterNgrams,
)
from predzip.predictors.mixing.characters import CHAR_1, CHAR_2, CHAR_3, LEFT, LENGTHS, PART
from predzip.predictors.mixing.east_asian import CHAR_4, CHAR_5
from predzip.predictors.mixing.lines import mix

SPEAKS = 204
"""Register: whether this character is predicted, and learnt when it has come."""

_MASS = 1 << 40
_COUNT_ONE = 64
_DISCOUNTS = (44, 58, 64)
"""Of a character that came once, twice, more often, in 1/64."""
_NEWS = 16
"""Weight of a character that has come, against a first byte that none began with, where new ones are shared out."""
_LEAST_LONGER = 4
"""Of the last eight characters, to speak."""
_U = np.uint64
_M1 = _U(0xFF)
_SALT = _U(0x601)


@kernel
def _find(contexts: NDArray[np.uint32], context: np.uint64) -> np.uint64:
    """Place of a context, or the empty place where it belongs."""
    mask = _U(contexts.shape[0] - 1)
    place = context & mask
    check = np.uint32(context >> _U(32)) | np.uint32(1)
    while contexts[place, CHECK] != np.uint32(0) and contexts[place, CHECK] != check:
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
        if n.contexts[place, CHECK] == np.uint32(0):
            continue
        factor = (mass << 16) // (int(n.contexts[place, TOTAL]) * _COUNT_ONE)
        successor = int(n.contexts[place, FIRST])
        while successor > 0:
            each = n.successors[_U(successor - 1)]
            share = _share(int(each[COUNT]), factor)
            candidates[found] = each[CHAR]
            shares[found] = share
            found += 1
            mass -= share
            successor = int(each[NEXT])
    if n.total[0] > 0:
        factor = (mass << 16) // (int(n.total[0]) * _COUNT_ONE)
        for i in range(n.used[2]):
            share = _share(int(n.alphabet[i, COUNT]), factor)
            candidates[found] = n.alphabet[i, CHAR]
            shares[found] = share
            found += 1
            mass -= share
    n.found[lane] = found
    return mass


@kernel
def _begin(n: CharacterNgrams) -> None:
    """Forget all contexts but those that were known from the start; characters in the alphabet stay."""
    for i in range(n.contexts.shape[0]):
        n.contexts[i, CHECK] = np.uint32(0)
    first = 0
    for i in range(n.known_orders.shape[0]):
        hashed = mix(_U(n.known_contexts[i, 0]), _SALT)
        if n.known_orders[i] > np.uint8(1):
            hashed = mix(hashed, _U(n.known_contexts[i, 1]))
        row = n.contexts[_find(n.contexts, hashed)]
        row[CHECK] = np.uint32(hashed >> _U(32)) | np.uint32(1)
        row[TOTAL] = np.uint32(n.known_sizes[i])
        row[FIRST] = np.uint32(first + 1)
        behind = first + int(n.known_sizes[i])
        for successor in range(first, behind):
            n.successors[successor, CHAR] = n.known_successors[successor]
            n.successors[successor, COUNT] = np.uint32(1)
            n.successors[successor, NEXT] = np.uint32(successor + 2 if successor + 1 < behind else 0)
        first = behind
    n.used[0] = n.known_orders.shape[0]
    n.used[1] = first


@kernel
def _predict_first_byte(n: CharacterNgrams, r: NDArray[np.uint64], lane: int) -> None:
    """Leaves of the tree, and what of them is for new characters, where a character begins."""
    news, tree = n.news[lane], n.tree
    if n.used[0] == 0:
        _begin(n)
    new = _find_candidates(n, r, lane)
    for i in range(n.found[lane]):
        tree[256 + first_bytes(int(n.candidates[lane, i]))[0]] += n.shares[lane, i]
    # New characters come from where the others did, while there is something left.
    weights = 0
    for i in range(256):
        news[i] = 1
        if n.kinds[i] > np.uint32(0):
            of_rest = (1 + int(n.rest[i])) * 256 // (1 + int(n.all_of[i]))
            news[i] += 1 + int(n.kinds[i]) * of_rest * _NEWS >> 8
        weights += news[i]
    for i in range(256):
        news[i] = new * news[i] // weights + 1


@kernel
def _predict_further_byte(n: CharacterNgrams, lane: int, part: int, left: int) -> None:
    """The same behind `part`, the bytes of the character so far, with `left` to come; forgets all other candidates."""
    candidates, shares, news, tree = n.candidates[lane], n.shares[lane], n.news[lane], n.tree
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
    code = (part & 0x1F) << 6
    if part > 0xFF:
        code = (part >> 8 & 0xF) << 12 | (part & 0x3F) << 6
    weights = 0
    for i in range(256):
        weight = 0
        if 128 <= i < 192:
            if left > 1:
                weight = 1 + int(n.rest[_U(part & 0xFF) << _U(8) | _U(i)])
            elif tree[256 + i] == 0:  # who is a candidate is not new
                weight = 1 + int(n.weights[code | i & 0x3F])
        news[i] = weight
        weights += weight
    weights = max(weights, 1)
    for i in range(256):
        news[i] = new * news[i] // weights + 1


@kernel
def predict_character(n: CharacterNgrams, r: NDArray[np.uint64], lane: int) -> bool:
    """Fill the tree with the shares of the next byte; False where nothing is said. To be called once a byte."""
    left = int(r[LEFT])
    if left == 0:
        lengths = r[LENGTHS] & _M1
        longer = 0
        while lengths != _U(0):
            lengths &= lengths - _U(1)
            longer += 1
        r[SPEAKS] = _U(longer >= _LEAST_LONGER)
    if r[SPEAKS] == _U(0):
        return False
    tree = n.tree
    for i in range(256):
        tree[256 + i] = 0
    if left == 0:
        _predict_first_byte(n, r, lane)
    else:
        _predict_further_byte(n, lane, int(r[PART]), left)
    for i in range(256):
        tree[256 + i] += n.news[lane, i]
    for prefix in range(255, 0, -1):
        tree[prefix] = tree[2 * prefix] + tree[2 * prefix + 1]
    return True


@kernel
def _count(n: CharacterNgrams, context: np.uint64, char: np.uint32) -> bool:
    """Count a character in a context; say whether it was known there."""
    place = _find(n.contexts, context)
    row = n.contexts[place]
    if row[CHECK] == np.uint32(0):
        row[CHECK] = np.uint32(context >> _U(32)) | np.uint32(1)
        row[TOTAL] = np.uint32(0)
        row[FIRST] = np.uint32(0)
        n.used[0] += 1
    successor = int(row[FIRST])
    last = 0
    walked = 0
    while successor > 0:
        each = n.successors[_U(successor - 1)]
        if each[CHAR] == char:
            each[COUNT] += np.uint32(1)
            row[TOTAL] += np.uint32(1)
            return True
        last = successor
        successor = int(each[NEXT])
        walked += 1
    if walked == CHARACTERS_MAX:
        return False
    new = n.used[1]
    n.used[1] += 1
    n.successors[new, CHAR] = char
    n.successors[new, COUNT] = np.uint32(1)
    n.successors[new, NEXT] = np.uint32(0)
    if last > 0:
        n.successors[last - 1, NEXT] = np.uint32(new + 1)
    else:
        row[FIRST] = np.uint32(new + 1)
    row[TOTAL] += np.uint32(1)
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
            if n.alphabet[i, CHAR] == char:
                n.alphabet[i, COUNT] += np.uint32(1)
                n.total[0] += 1
                return
    elif n.used[2] < CHARACTERS_MAX:
        n.seen[code] = np.uint8(1)
        n.alphabet[n.used[2], CHAR] = char
        n.alphabet[n.used[2], COUNT] = np.uint32(1)
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

"""Code lengths of prefixes and of sliding windows under a model over tokens: what `sliding` does for models of bytes.

Frequencies are those that method 3 codes with. A prefix may end inside a token: there, all tokens that begin with its
bytes count together.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.chunking import windows
from predzip.codecs.token_lanes import NO_BYTE, Spelling, TokenLanes
from predzip.experiments.token_bytes import WeighedTree, child, tree_of
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.neural.token_trie import ROOT, TokenTrie
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.units import BITS_PER_BYTE

_LANES_AT_ONCE = 16
_FREQUENCY_BYTES = 16 << 20


@lru_cache(maxsize=1)
def _lanes(model: str) -> tuple[TokenLanes, TokenTrie]:
    stem = catalogue.locate(model).stem
    weights = catalogue.load(stem)
    context = TransformerConfig.from_dict(dict(weights.config)).context
    lanes = TokenLanes(weights, str(tokenizer_path(stem)), context)
    return lanes, tree_of(lanes.vocabulary)


def prefix_bits(model: str, data: bytes) -> NDArray[np.float64]:
    """Code length of every prefix of one chunk, from the first byte on."""
    lanes, tree = _lanes(model)
    spelling = lanes.spell(data)
    bits = np.empty(len(data))
    at_once = max(1, _FREQUENCY_BYTES // (4 * lanes.config.vocab_size))
    inputs = np.concatenate([[lanes.start_token], spelling.tokens[:-1]])[: len(spelling.tokens)]
    before_bits, begin, t = 0.0, 0, 0
    for _, hidden in lanes.blocks(inputs[None]):
        for at in range(0, hidden.shape[1], at_once):
            for frequencies in lanes.frequencies(hidden[0, at : at + at_once]):
                end = int(spelling.ends[t])
                if end > begin + 1:
                    bits[begin : end - 1] = before_bits + _bits_inside(tree, frequencies, data[begin : end - 1])
                before_bits += math.log2(int(frequencies.sum(dtype=np.uint64)) / int(frequencies[spelling.tokens[t]]))
                before_bits += BITS_PER_BYTE * int(spelling.plain[t] != NO_BYTE)
                bits[end - 1] = before_bits
                begin, t = end, t + 1
    return bits


def _bits_inside(tree: TokenTrie, frequencies: NDArray[np.uint32], start: bytes) -> NDArray[np.float64]:
    """What the first byte of a token costs, the first two, and so on."""
    weighed = WeighedTree(tree, frequencies)
    node, weights = ROOT, []
    for byte in start:
        node = child(tree, node, byte)
        weights.append(weighed.below(node))
    bits: NDArray[np.float64] = np.log2(weighed.total) - np.log2(np.array(weights))
    return bits


def window_bits(model: str, data: bytes, shown_bytes: int, chunk_bytes: int) -> list[tuple[int, float]]:
    """(bytes, bits) of each window; see `sliding.window_bits`. What slides out and what comes in is tokenised alone."""
    lanes, _ = _lanes(model)
    half = max(1, chunk_bytes // 2)
    found = [window for window in windows(len(data), half, half) if window.start >= shown_bytes]
    spelled: dict[tuple[int, int], Spelling] = {}

    def spell(begin: int, end: int) -> Spelling:
        if (begin, end) not in spelled:
            spelled[begin, end] = lanes.spell(data[begin:end])
        return spelled[begin, end]

    parts = [(spell(window.context_start, window.start), spell(window.start, window.end)) for window in found]
    bits = [0.0] * len(found)
    order = sorted(range(len(found)), key=lambda number: sum(len(part.tokens) for part in parts[number]))
    for first in range(0, len(order), _LANES_AT_ONCE):
        numbers = order[first : first + _LANES_AT_ONCE]
        coded = lanes.intervals([np.concatenate([part.tokens for part in parts[number]]) for number in numbers])
        for number, intervals in zip(numbers, coded, strict=True):
            history, piece = parts[number]
            _, start, end, total = intervals[len(history.tokens) :].astype(np.float64).T
            plain_bytes = int((piece.plain != NO_BYTE).sum())
            bits[number] = math.fsum(np.log2(total) - np.log2(end - start)) + BITS_PER_BYTE * plain_bytes
    return [(window.end - window.start, bits[number]) for number, window in enumerate(found)]

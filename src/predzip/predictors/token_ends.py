"""Whether a token ends where one of the vocabulary ends and others go on: one decision, mixed from what tells.

The model over tokens gives a probability; maps of this file give five more: by the node, by the byte that the longest
match expects and whether it can follow here, by the bytes before. A small logistic mixer weighs them, its weights
chosen by how sure the model is and how long the match; what comes out is refined by the node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.coding.interval import Buffer, State
from predzip.jit import inlined
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.logistic import STRETCH_MAX, squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update, new_map
from predzip.predictors.mixing.match import match_bucket, predicted_byte
from predzip.predictors.mixing.mixer import dot, rated_error, train
from predzip.predictors.mixing.model import Model
from predzip.predictors.mixing.registers import LAST_8
from predzip.predictors.mixing.sse import new_rows, refine, refine_update
from predzip.predictors.mixing.warm import read_start
from predzip.predictors.neural.token_trie import TokenTrie

_U = np.uint64
_MAPS = 5
_MAP_BITS = 16
_MAP_LIMIT = 255
_INPUTS = 8  # the model's, a constant, those of the maps, and one that stays zero
_GATES = 8 * 32 * 4  # how sure the model is, the length of the match, what the match says
_RATE = 600
_ROWS = 1 << 16
_ROW_RATE = 6


class EndState(NamedTuple):
    """What is learnt of ends, and scratch."""

    maps: NDArray[np.uint32]  # MAPS << MAP_BITS
    weights: NDArray[np.int32]  # GATES, INPUTS
    rows: NDArray[np.uint16]  # ROWS, 33
    inputs: NDArray[np.int32]  # INPUTS
    places: NDArray[np.int64]  # MAPS


WARM_TAG = "warm-token-ends"
"""File of the weights that streams begin with; `scripts/make_token_start.py` makes it."""


def new_end_state(*, warm: bool = True) -> EndState:
    """State of a stream that has not begun; without `warm`, with weights that have learnt nothing."""
    weights = np.zeros((_GATES, _INPUTS), np.int32)
    weights[:, 0] = 45000
    weights[:, 2 : 2 + _MAPS] = 5000
    if warm:
        weights[...] = read_start(WARM_TAG)["weights"]
    return EndState(
        new_map(_MAPS << _MAP_BITS),
        weights,
        new_rows(_ROWS),
        np.zeros(_INPUTS, np.int32),
        np.zeros(_MAPS, np.int64),
    )


@inlined
def _ask(state: EndState, k: int, context: np.uint64) -> None:
    place = k << _MAP_BITS | int(np.int64(mix(context, _U(k + 1)) >> _U(64 - _MAP_BITS)))
    state.places[k] = place
    state.inputs[2 + k] = stretch(map_p(state.maps, place))


@inlined
def _can_follow(trie: TokenTrie, node: int, byte: int) -> int:
    for child in range(trie.children[node], trie.children[node + 1]):
        if int(trie.byte[child]) == byte:
            return 1
    return 0


@inlined
def code_end(
    model: Model,
    state: EndState,
    trie: TokenTrie,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    lane: int,
    node: int,
    p1: int,
    ends: int,
) -> int:
    """Code whether the token of a node is the one; a decoder ignores `ends`.

    Args:
        model: the adaptive model, which knows the lane and its match.
        state: of this stream.
        trie: the vocabulary.
        coder: state of the binary coder.
        buffer: the coder's output or payload.
        data: bytes of all lanes.
        lane: whose token it is.
        node: of the trie; a token ends there and others go on.
        p1: what the model over tokens says, 1..65535 of 65536.
        ends: 0 or 1.
    """
    r = model.lanes[lane]
    expected = predicted_byte(r, data, 0)
    bucket = match_bucket(r, 0)
    said = 0
    if expected >= 0:
        said = 1 + _can_follow(trie, node, expected)
    x = stretch(p1)
    here = _U(node)
    inputs = state.inputs
    inputs[0] = x
    inputs[1] = 256
    _ask(state, 0, here)
    _ask(state, 1, here << _U(16) | _U(expected + 1) << _U(6) | _U(bucket))
    _ask(state, 2, mix(r[LAST_8], here))
    _ask(state, 3, _U(x + 2048 >> 6) << _U(20) | _U(said) << _U(8) | _U(bucket))
    _ask(state, 4, mix(r[LAST_8] & _U(0xFFFFFF), here))
    weights = state.weights[(x + 2048 >> 9) << 7 | bucket << 2 | said]
    y = dot(inputs, weights)
    mixed_p1 = squash(y)
    y = min(max(y, -STRETCH_MAX), STRETCH_MAX)
    row = here & _U(_ROWS - 1)
    final_p1 = min(max((3 * mixed_p1 + refine(state.rows, row, y) + 2) >> 2, 1), 65535)
    bit = code_bit(coder, buffer, final_p1, ends)
    refine_update(state.rows, row, y, bit, _ROW_RATE)
    train(inputs, weights, rated_error(bit, mixed_p1, _RATE))
    for k in range(_MAPS):
        map_update(state.maps, state.places[k], bit, _MAP_LIMIT)
    return bit

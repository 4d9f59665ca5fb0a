"""What the contexts say and learn: from the lines of a byte to inputs of the mixer, and back with the bit that came.

A line is asked for long before it is needed (`ask_for_lines`), found (`find_lines`), read at each of four decisions
(`context_inputs`) and told the bit (`learn_contexts`). Levels with recent bits have dozens of contexts, most of which
know nothing yet: their loops run without branches, since a processor would guess those wrong, and what can be done in
vectors stands in loops of its own. Entry 0 of a map belongs to the empty history, which has no say; it moves along.
"""

from __future__ import annotations

import numpy as np

from predzip.jit import inlined
from predzip.predictors.mixing.lines import find_line, first_place
from predzip.predictors.mixing.logistic import stretch
from predzip.predictors.mixing.maps import map_p, map_update, move_entries
from predzip.predictors.mixing.model import CONTEXTS, LINE_MASK, RECENT, Model
from predzip.predictors.mixing.prefetch import prefetch_row
from predzip.predictors.mixing.states import NEXT_RECENT, NEXT_STATE

_U = np.uint64
_STATE_LIMIT = 255
_RECENT_LIMIT = 1023
HASH_FACTOR = _U(0x9E3779B97F4A7C15)
"""Spreads what a context is hashed from over 64 bits."""


@inlined
def to_second_half(model: Model, prefix: int) -> None:
    """Turn the contexts of a byte into those of its last four bits; `prefix` holds the first four behind a one."""
    for i in range(model.settings[CONTEXTS]):
        model.contexts[i] = (model.contexts[i] + _U(prefix)) * HASH_FACTOR


@inlined
def ask_for_lines(model: Model, part: int, parts: int) -> None:
    """Have the lines of one part of the contexts fetched from memory, while something else is done."""
    mask = _U(model.settings[LINE_MASK])
    n = model.settings[CONTEXTS]
    for i in range(n * part // parts, n * (part + 1) // parts):
        prefetch_row(model.lines, first_place(mask, model.contexts[i]))


@inlined
def find_lines(model: Model) -> int:
    """Look up the lines for the coming four decisions; return how many contexts had been seen before."""
    mask = _U(model.settings[LINE_MASK])
    hits = 0
    for i in range(model.settings[CONTEXTS]):
        place = find_line(model.lines, mask, model.contexts[i])
        model.places[i] = place
        if model.lines[place, 1] != np.uint16(0):
            hits += 1
    return hits


@inlined
def context_inputs(model: Model, node: int) -> None:
    """One or three inputs of each context; a context that was never seen says nothing."""
    inputs = model.inputs
    n = model.settings[CONTEXTS]
    if model.settings[RECENT]:
        state_entries, recent_entries = model.entries[0], model.entries[1]
        for i in range(n):
            history = int(model.lines[model.places[i], _U(node)])
            known = -int(history != 0)  # all bits, or none
            state_entry = model.state_maps[i, _U(history & 255)]
            recent_entry = model.recent_maps[i, _U(history >> 8)]
            model.histories[i] = history
            state_entries[i] = state_entry
            recent_entries[i] = recent_entry
            p1 = int(state_entry >> np.uint32(16))
            inputs[3 * i] = stretch(p1) & known
            inputs[3 * i + 1] = (p1 - 32768) >> 6 & known
            inputs[3 * i + 2] = stretch(int(recent_entry >> np.uint32(16))) & known
    else:
        for i in range(n):
            state = int(model.lines[model.places[i], _U(node)])
            inputs[i] = 0 if state == 0 else stretch(map_p(model.state_maps[i], state))


@inlined
def learn_contexts(model: Model, node: int, bit: int) -> None:
    """Tell every context the bit: what its history means, then the history itself.

    Goes on from what `context_inputs` has read at the same node.
    """
    n = model.settings[CONTEXTS]
    word = _U(node)
    if model.settings[RECENT]:
        state_entries, recent_entries = model.entries[0], model.entries[1]
        move_entries(state_entries, bit, _STATE_LIMIT)
        move_entries(recent_entries, bit, _RECENT_LIMIT)
        for i in range(n):
            history = int(model.lines[model.places[i], word])
            if history == model.histories[i]:
                model.state_maps[i, _U(history & 255)] = state_entries[i]
                model.recent_maps[i, _U(history >> 8)] = recent_entries[i]
            else:  # another context has the same line, and has told it the bit
                map_update(model.state_maps[i], history & 255, bit, _STATE_LIMIT)
                map_update(model.recent_maps[i], history >> 8, bit, _RECENT_LIMIT)
            state = int(NEXT_STATE[_U(history & 255), _U(bit)])
            model.lines[model.places[i], word] = np.uint16(state | int(NEXT_RECENT[_U(history >> 8), _U(bit)]) << 8)
    else:
        for i in range(n):
            place = model.places[i]
            state = int(model.lines[place, word])
            if state != 0:
                map_update(model.state_maps[i], state, bit, _STATE_LIMIT)
            model.lines[place, word] = np.uint16(NEXT_STATE[_U(state), _U(bit)])

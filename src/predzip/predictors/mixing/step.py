"""The loop of the adaptive model: predict eight decisions, code them, learn; for step t, for each lane.

One loop for both directions and for any number of lanes. Lanes share all tables, so what one lane learns helps the
next at the same step. Predictions of other predictors (priors) enter as further inputs of the mixer, lane by lane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.coding.interval import Buffer, State
from predzip.jit import inlined, kernel
from predzip.predictors.mixing.binary_contexts import update_record
from predzip.predictors.mixing.byte_contexts import byte_contexts
from predzip.predictors.mixing.character_ngrams import learn_character, predict_character
from predzip.predictors.mixing.characters import CHAR_3, RUN_1, update_characters
from predzip.predictors.mixing.east_asian import east_asian_gates, east_asian_refinements, update_east_asian
from predzip.predictors.mixing.gates import bit_gates, byte_gates
from predzip.predictors.mixing.histories import (
    HASH_FACTOR,
    context_inputs,
    find_lines,
    learn_contexts,
    to_second_half,
)
from predzip.predictors.mixing.layers import learn_mix, mix_inputs
from predzip.predictors.mixing.lines import mix
from predzip.predictors.mixing.logistic import squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.match import match_bucket, match_index, match_misses, predicted_byte, update_match
from predzip.predictors.mixing.model import (
    CONTEXTS,
    FAMILY,
    GATES,
    INPUTS_OF_NGRAMS,
    LANE_BYTES,
    MATCH_BYTES_A,
    MATCH_BYTES_B,
    MATCH_SHIFT,
    MATCHES,
    PADDING,
    RECENT,
    WIDE,
    Model,
)
from predzip.predictors.mixing.more_contexts import EXPECTED_0, KEY_BYTE, update_more
from predzip.predictors.mixing.prefetch import prefetch_row
from predzip.predictors.mixing.registers import LAST_8, POSITION, update_registers
from predzip.predictors.mixing.settings import EXECUTABLE, TEXT
from predzip.predictors.mixing.skip import skip_run
from predzip.predictors.mixing.sse import refine, refine_update
from predzip.predictors.mixing.x86 import GATE_PART, KEY, SHORT_KEY, update_x86

_U = np.uint64
Frequencies = NDArray[np.uint16] | NDArray[np.uint32]
_BYTE = _U(8)
_SSE_RATE = 5


@inlined
def _match_inputs(
    model: Model,
    r: NDArray[np.uint64],
    match: int,
    first: int,
    expected: int,
    bucket: int,
    prefix: int,
    bit_index: int,
) -> int:
    """Two inputs of one match; return the entry of its map that spoke, -1 where the bits so far contradict it."""
    inputs = model.inputs
    if expected >= 0 and (expected | 256) >> (8 - bit_index) == prefix:
        trust = match_index(bucket, match_misses(r, match), expected >> (7 - bit_index) & 1)
        p1 = map_p(model.match_maps[match], trust)
        inputs[first] = stretch(p1)
        inputs[first + 1] = (p1 - 32768) >> 5
        return trust
    inputs[first] = 0
    inputs[first + 1] = 0
    return -1


@inlined
def _learn_direct(direct: NDArray[np.uint16], index: int | np.uint64, bit: int, rate: int) -> None:
    p1 = int(direct[_U(index)])
    if bit:
        direct[_U(index)] = np.uint16(p1 + ((65535 - p1) >> rate))
    else:
        direct[_U(index)] = np.uint16(p1 - (p1 >> rate))


@inlined
def _direct_2(order_2: np.uint64, prefix: int) -> np.uint64:
    """Index of the probability of two bytes and the bits since."""
    return _U(256 + 65536) + (order_2 ^ _U(prefix * 0x3F1D & 0x3FFFF))


@inlined
def _refinement_row(context: np.uint64, prefix: int) -> np.uint64:
    return context ^ _U(prefix * 0x9F3B & 0xFFFF)


@inlined
def _ask_for_refinement(rows: NDArray[np.uint16], context: np.uint64, prefix: int) -> None:
    """A row lies on two cache lines, and which of them is needed nobody knows yet."""
    row = _refinement_row(context, prefix)
    prefetch_row(rows, row)
    prefetch_row(rows, row + _U(1))


@inlined
def take_prior(model: Model, k: int, frequencies: Frequencies) -> None:
    """Take what prior `k` says of the next byte, frequencies (256,); to be called before `code_lane`.

    tree[prefix] = frequency of all bytes that start with these bits; leaves at 256.., root at 1.
    """
    tree = model.prior_tree[k]
    for symbol in range(256):
        tree[256 + symbol] = frequencies[symbol]
    for prefix in range(255, 0, -1):
        tree[prefix] = tree[2 * prefix] + tree[2 * prefix + 1]


@inlined
def _take_byte(model: Model, r: NDArray[np.uint64], lane_start: int, data: NDArray[np.uint8], byte: int) -> None:
    """Bring registers, followers and matches up to date after `byte` at data[r[POSITION]]."""
    s = model.settings
    followers = model.followers
    one = r[LAST_8] & _U(0xFF)
    two = _U(256) + (r[LAST_8] & _U(0xFFFF))
    if s[FAMILY] == EXECUTABLE:
        one, two = r[SHORT_KEY], _U(256) + r[KEY]
    followers[one] = followers[one] << np.uint32(8) | np.uint32(byte)
    followers[two] = followers[two] << np.uint32(8) | np.uint32(byte)
    if s[WIDE] and s[FAMILY] == TEXT:
        update_more(r, data, model.keys, byte)
        before, run_before = r[CHAR_3], r[RUN_1]
        update_characters(r, byte)
        update_east_asian(r, before, run_before)
        learn_character(model.ngrams, r, lane_start // s[LANE_BYTES])
    update_registers(r, data, byte)
    if s[FAMILY] == EXECUTABLE:
        update_x86(r, byte)
    if s[FAMILY] != TEXT:
        update_record(r, data, lane_start, model.record_scores[lane_start // s[LANE_BYTES]])
    update_match(r, data, model.positions[0], s[MATCH_SHIFT], s[MATCH_BYTES_A], s[LANE_BYTES], 0)
    if s[MATCHES] > 1:
        update_match(r, data, model.positions[1], s[MATCH_SHIFT], s[MATCH_BYTES_B], s[LANE_BYTES], 1)


@inlined
def code_lane(model: Model, coder: State, buffer: Buffer, data: NDArray[np.uint8], lane: int) -> None:
    """Code the next byte of one lane, for which `take_prior` has been called, and learn from it. See `code_bytes`."""
    s = model.settings
    r = model.lanes[lane]
    lane_start = lane * s[LANE_BYTES]
    inputs = model.inputs
    family = s[FAMILY]
    matches = s[MATCHES]
    n = s[CONTEXTS]
    direct = model.direct
    c8 = r[LAST_8]
    c1 = int(c8 & _U(255))
    actual = int(data[r[POSITION]])
    expected_0 = predicted_byte(r, data, 0)
    bucket_0 = match_bucket(r, 0)
    expected_1 = predicted_byte(r, data, 1)
    bucket_1 = match_bucket(r, 1)
    wide = s[WIDE]
    priors = model.prior_tree.shape[0]
    east_asian = byte_contexts(model.contexts, model.followers, r, data, lane_start, family, wide)
    byte_gates(model.rows, s[GATES], r, family)
    if east_asian:
        east_asian_gates(model.rows, r)
    order_2 = (c8 & _U(0xFFFF)) * HASH_FACTOR >> _U(46)
    order_3 = (c8 & _U(0xFFFFFF)) * HASH_FACTOR >> _U(48)
    first_match = n * 3 if s[RECENT] else n
    first_direct = first_match + 2 * matches
    first_prior = first_direct + 4
    inputs[first_direct + 3] = 256  # bias
    sse_3_context = _U(0)
    sse_4_context = _U(0)
    if wide:
        sse_3_context = mix(r[EXPECTED_0], _U(0x51)) >> _U(48)
        sse_4_context = mix(r[KEY_BYTE] | (c8 & _U(0xFFFF)) << _U(16), _U(0x52)) >> _U(48)
        if east_asian:
            sse_3_context, sse_4_context = east_asian_refinements(r)
    first_ngram = inputs.shape[0] - INPUTS_OF_NGRAMS
    ngrams_speak = False
    if wide and family == TEXT:
        ngrams_speak = predict_character(model.ngrams, r, lane)
        inputs[first_ngram] = 0
        inputs[first_ngram + 1] = 0
    refine_by = int(np.int64(r[GATE_PART] if family == EXECUTABLE else c8 & _U(255)))
    hits = 0
    prefix = 1
    node = 1
    for bit_index in range(8):
        if bit_index & 3 == 0:
            found = find_lines(model)
            node = 1
            if bit_index == 0:
                hits = found
        context_inputs(model, node)
        trust_0 = _match_inputs(model, r, 0, first_match, expected_0, bucket_0, prefix, bit_index)
        if trust_0 < 0:
            bucket_0 = 0
        trust_1 = -1
        if matches > 1:
            trust_1 = _match_inputs(model, r, 1, first_match + 2, expected_1, bucket_1, prefix, bit_index)
        direct_1 = 256 + (c1 << 8 | prefix)
        direct_2 = _direct_2(order_2, prefix)
        inputs[first_direct] = stretch(int(direct[_U(prefix)]))
        inputs[first_direct + 1] = stretch(int(direct[_U(direct_1)]))
        inputs[first_direct + 2] = stretch(int(direct[_U(direct_2)]))
        sure = 0
        for k in range(priors):
            tree = model.prior_tree[k]
            p1 = (tree[_U(2 * prefix + 1)] << 16) // tree[_U(prefix)]
            sure = stretch(min(p1, 65535))
            inputs[first_prior + 2 * k] = sure
            inputs[first_prior + 2 * k + 1] = (p1 - 32768) >> 5
        if ngrams_speak:
            characters = model.ngrams.tree
            p1 = min((characters[_U(2 * prefix + 1)] << 16) // characters[_U(prefix)], 65535)
            inputs[first_ngram] = stretch(p1)
            inputs[first_ngram + 1] = (p1 - 32768) >> 5
        bit_gates(model.rows, s[GATES], prefix, bit_index, bucket_0, hits)
        x = mix_inputs(model, prefix, bucket_0 * 8 + bit_index, c1)
        p1 = squash(x)
        sse_1 = refine_by << 8 | prefix
        sse_2 = _refinement_row(order_3, prefix)
        refined_1 = refine(model.sse_1, sse_1, x)
        refined_2 = refine(model.sse_2, sse_2, x)
        final_p1 = (p1 + refined_1 + 2 * refined_2 + 2) >> 2
        sse_3 = _U(0)
        sse_4 = _U(0)
        sse_5 = 0
        if wide:
            sse_3 = _refinement_row(sse_3_context, prefix)
            sse_4 = _refinement_row(sse_4_context, prefix)
            refined_3 = refine(model.sse_3, sse_3, x)
            refined_4 = refine(model.sse_4, sse_4, x)
            final_p1 = (2 * final_p1 + refined_3 + refined_4 + 2) >> 2
            if priors > 0:
                sse_5 = (sure + 2048) >> 4 << 8 | prefix
                final_p1 = (3 * final_p1 + refine(model.sse_5, sse_5, x) + 2) >> 2
        final_p1 = min(max(final_p1, 1), 65535)
        bit = code_bit(coder, buffer, final_p1, actual >> (7 - bit_index) & 1)
        prefix_now = prefix
        prefix = prefix << 1 | bit
        # What comes next is asked for before anything learns: memory answers in the meantime.
        if bit_index == 7:
            if coder[0] != _U(0):
                data[r[POSITION]] = prefix & 255
            _take_byte(model, r, lane_start, data, prefix & 255)
            byte_contexts(model.contexts, model.followers, r, data, lane_start, family, wide)
        else:
            if bit_index == 3:
                to_second_half(model, prefix)
            prefetch_row(direct, _direct_2(order_2, prefix))
            _ask_for_refinement(model.sse_2, order_3, prefix)
            if wide:
                _ask_for_refinement(model.sse_3, sse_3_context, prefix)
                _ask_for_refinement(model.sse_4, sse_4_context, prefix)
        refine_update(model.sse_1, sse_1, x, bit, _SSE_RATE)
        refine_update(model.sse_2, sse_2, x, bit, _SSE_RATE)
        if wide:
            refine_update(model.sse_3, sse_3, x, bit, _SSE_RATE)
            refine_update(model.sse_4, sse_4, x, bit, _SSE_RATE)
            if priors > 0:
                refine_update(model.sse_5, sse_5, x, bit, _SSE_RATE)
        learn_mix(model, prefix_now, bucket_0 * 8 + bit_index, c1, p1, bit, int(bit_index & 3 == 3))
        learn_contexts(model, node, bit)
        if trust_0 >= 0:
            map_update(model.match_maps[0], trust_0, bit, 1023)
        if trust_1 >= 0:
            map_update(model.match_maps[1], trust_1, bit, 1023)
        _learn_direct(direct, prefix_now, bit, 5)
        _learn_direct(direct, direct_1, bit, 4)
        _learn_direct(direct, direct_2, bit, 3)
        node = node << 1 | bit


@kernel
def code_bytes(
    model: Model,
    coder: State,
    buffer: Buffer,
    data: NDArray[np.uint8],
    priors: NDArray[np.uint16],
    begin: int,
    end: int,
) -> int:
    """Code steps begin..end-1 of all lanes; return the step to go on with (a long match may pass `end`).

    Args:
        model: from `new_model`; lane l codes data[l * lane_bytes + t] at step t.
        coder: state of the binary coder, which holds the direction.
        buffer: the coder's output, with room, or the payload.
        data: the stream and PADDING zero bytes; filled in when decoding.
        priors: byte frequencies, shape (P, end - begin, L, 256), no zero in a row; P as given to `new_model`.
        begin: first step; a stream may be coded in slices of any size.
        end: behind the last step.
    """
    lane_bytes = model.settings[LANE_BYTES]
    length = data.shape[0] - PADDING
    lanes = model.lanes.shape[0]
    may_skip = lanes == 1 and model.prior_tree.shape[0] == 0
    t = begin
    while t < end:
        if may_skip:
            skipped = skip_run(model, model.lanes[0], coder, buffer, data, length)
            if skipped > 0:
                t += skipped
                continue
        for lane in range(lanes):
            if t < lane_bytes and lane * lane_bytes + t < length:
                for k in range(model.prior_tree.shape[0]):
                    take_prior(model, k, priors[k, t - begin, lane])
                code_lane(model, coder, buffer, data, lane)
        t += 1
    return t

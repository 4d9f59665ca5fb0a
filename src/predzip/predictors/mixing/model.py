"""The adaptive model: contexts, matches and priors mixed bit by bit, over one or many lanes.

Everything that adapts is in the arrays of `Model`; `code_bytes` is the one loop, for both directions and for any
number of lanes. For step t, for each lane: predict eight decisions, code them, update. All lanes share the tables, so
what one lane learns helps the next at the same step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.jit import kernel
from predzip.predictors.mixing.lines import find_line
from predzip.predictors.mixing.logistic import squash, stretch
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.match import match_bucket, match_misses, predicted_byte, update_match
from predzip.predictors.mixing.mixer import dot, rated_error, train
from predzip.predictors.mixing.registers import CLASS, DEPTH, FIELD, LAST_8, LINE_START, POSITION, update_registers, ABOVE
from predzip.predictors.mixing.sse import refine, refine_update
from predzip.predictors.mixing.states import NEXT_RECENT, NEXT_STATE
from predzip.predictors.mixing.text_contexts import text_contexts

_U = np.uint64


class Model(NamedTuple):
    """State of the model. N contexts, I inputs (padded), S weight sets, L lanes."""

    settings: NDArray[np.int64]
    lanes: NDArray[np.uint64]  # L, REGISTERS
    lines: NDArray[np.uint16]  # lines, 16
    state_maps: NDArray[np.uint32]  # N, 256
    recent_maps: NDArray[np.uint32]  # N, 256
    order0: NDArray[np.uint16]
    direct1: NDArray[np.uint16]  # 65536
    direct2: NDArray[np.uint16]  # 2**22
    followers: NDArray[np.uint32]  # 256 + 65536
    positions: NDArray[np.uint32]  # 2, entries
    match_maps: NDArray[np.uint32]  # 2, 1024
    weights: NDArray[np.int32]  # rows, I
    final_weights: NDArray[np.int32]  # rows, 8
    sse1: NDArray[np.uint16]
    sse2: NDArray[np.uint16]
    contexts: NDArray[np.uint64]  # N: scratch
    found: NDArray[np.uint64]  # N: scratch
    inputs: NDArray[np.int32]  # I: scratch
    set_rows: NDArray[np.int64]  # S: scratch
    set_answers: NDArray[np.int32]  # 8: scratch
    set_p: NDArray[np.int64]


N_CONTEXTS, N_SETS, N_MATCHES, LINE_MASK, LANE_BYTES, MATCH_SHIFT, RECENT, RATE, STEPS, LEAST_A, LEAST_B = range(11)

@kernel
def code_bytes(model, coder, buffer, data, begin, end):
    """Code steps begin..end-1 of all lanes."""
    s = model.settings
    n = s[N_CONTEXTS]
    n_sets = s[N_SETS]
    n_matches = s[N_MATCHES]
    recent_used = s[RECENT]
    mask = _U(s[LINE_MASK])
    inputs = model.inputs
    contexts = model.contexts
    found = model.found
    lines = model.lines
    per = 1 + 2 * recent_used
    base_match = n * per
    base_direct = base_match + 2 * n_matches
    final_inputs = model.set_answers
    decoding = coder[0] != _U(0)
    lane_bytes = s[LANE_BYTES]
    for t in range(begin, end):
        for lane in range(model.lanes.shape[0]):
            r = model.lanes[lane]
            position = int(r[POSITION])
            if position >= min((lane + 1) * lane_bytes, data.shape[0] - 8):
                continue
            c8 = r[LAST_8]
            c1 = int(c8 & _U(255))
            c2 = int(c8 >> _U(8) & _U(255))
            text_contexts(contexts, n, r, model.followers)
            actual = int(data[position]) | 256
            expected_a = predicted_byte(r, data, 0)
            bucket_a = match_bucket(r, 0)
            expected_b = -1
            bucket_b = 0
            if n_matches > 1:
                expected_b = predicted_byte(r, data, 1)
                bucket_b = match_bucket(r, 1)
            rate = s[RATE] + max(0, (s[STEPS] >> 3)) 
            c0 = 1
            d2 = (c8 & _U(0xFFFF)) * _U(0x9E3779B97F4A7C15) >> _U(42)
            hits = 0
            for bit_index in range(8):
                if bit_index & 3 == 0:
                    for i in range(n):
                        h = contexts[i]
                        if bit_index == 4:
                            h = (h + _U(c0)) * _U(0x9E3779B97F4A7C15)
                        found[i] = find_line(lines, mask, h)
                    node = 1
                    if bit_index == 0:
                        hits = 0
                        for i in range(n):
                            if lines[found[i], 1] != np.uint16(0):
                                hits += 1
                # Inputs.
                if recent_used:
                    for i in range(n):
                        history = int(lines[found[i], _U(node)])
                        if history == 0:
                            inputs[3 * i] = 0
                            inputs[3 * i + 1] = 0
                            inputs[3 * i + 2] = 0
                        else:
                            p = map_p(model.state_maps[i], history & 255)
                            inputs[3 * i] = stretch(p)
                            inputs[3 * i + 1] = (p - 32768) >> 6
                            inputs[3 * i + 2] = stretch(map_p(model.recent_maps[i], history >> 8))
                else:
                    for i in range(n):
                        history = int(lines[found[i], _U(node)])
                        if history == 0:
                            inputs[i] = 0
                        else:
                            inputs[i] = stretch(map_p(model.state_maps[i], history & 255))
                match_a = 0
                if expected_a >= 0 and (expected_a | 256) >> (8 - bit_index) == c0:
                    expected_bit = expected_a >> (7 - bit_index) & 1
                    match_a = ((bucket_a * 8 + match_misses(r, 0)) << 1 | expected_bit)
                    p = map_p(model.match_maps[0], match_a)
                    inputs[base_match] = stretch(p)
                    inputs[base_match + 1] = (p - 32768) >> 5
                else:
                    inputs[base_match] = 0
                    inputs[base_match + 1] = 0
                    bucket_a = 0
                match_b = 0
                if n_matches > 1:
                    if expected_b >= 0 and (expected_b | 256) >> (8 - bit_index) == c0:
                        expected_bit = expected_b >> (7 - bit_index) & 1
                        match_b = ((bucket_b * 8 + match_misses(r, 1)) << 1 | expected_bit)
                        p = map_p(model.match_maps[1], match_b)
                        inputs[base_match + 2] = stretch(p)
                        inputs[base_match + 3] = (p - 32768) >> 5
                    else:
                        inputs[base_match + 2] = 0
                        inputs[base_match + 3] = 0
                        bucket_b = 0
                i0 = _U(c0)
                i1 = _U(c1 << 8 | c0)
                i2 = (d2 ^ _U(c0) * _U(0x9E3779B1)) & _U(4194303)
                inputs[base_direct] = stretch(int(model.order0[i0]))
                inputs[base_direct + 1] = stretch(int(model.direct1[i1]))
                inputs[base_direct + 2] = stretch(int(model.direct2[i2]))
                inputs[base_direct + 3] = 256
                # Gates.
                rows = model.set_rows
                rows[0] = c0
                rows[1] = 256 + bucket_a * 8 + bit_index
                if n_sets > 2:
                    rows[2] = 512 + c1
                    rows[3] = 768 + (int(CLASS[_U(c1)]) << 4 | int(CLASS[_U(c2)]))
                if n_sets > 4:
                    rows[4] = 1024 + min(hits, 31) * 8 + bit_index
                    rows[5] = 1280 + int(r[ABOVE] & _U(255))
                    rows[6] = 1536 + min(int(r[FIELD]), 15) * 16 + min(int(r[LINE_START]), 15)
                if n_sets == 1:
                    x = dot(inputs, model.weights[rows[0]])
                    x = min(max(x, -3071), 3071)
                    p = squash(x)
                    final_row = 0
                else:
                    for k in range(n_sets):
                        a = dot(inputs, model.weights[rows[k]])
                        model.set_p[k] = squash(a)
                        final_inputs[k] = min(max(a, -2047), 2047)
                    final_row = c0
                    x = dot(final_inputs, model.final_weights[final_row])
                    x = min(max(x, -3071), 3071)
                    p = squash(x)
                # SSE
                s1 = c1 << 8 | c0
                s2 = int(((c8 & _U(0xFFFFFF)) * _U(0x9E3779B97F4A7C15) >> _U(48)) ^ _U(c0 * 251)) & 65535
                q1 = refine(model.sse1, s1, x)
                q2 = refine(model.sse2, s2, x)
                q = (2 * p + q1 + q2 + 2) >> 2
                q = min(max(q, 1), 65535)
                bit = code_bit(coder, buffer, q, actual >> (7 - bit_index) & 1)
                # Learn.
                refine_update(model.sse1, s1, x, bit, 6)
                refine_update(model.sse2, s2, x, bit, 6)
                if n_sets == 1:
                    train(inputs, model.weights[rows[0]], rated_error(bit, p, rate))
                else:
                    for k in range(n_sets):
                        train(inputs, model.weights[rows[k]], rated_error(bit, model.set_p[k], rate))
                    train(final_inputs, model.final_weights[final_row], rated_error(bit, p, 24))
                for i in range(n):
                    place = found[i]
                    history = int(lines[place, _U(node)])
                    if history != 0:
                        map_update(model.state_maps[i], history & 255, bit, 255)
                        if recent_used:
                            map_update(model.recent_maps[i], history >> 8, bit, 1023)
                    lines[place, _U(node)] = np.uint16(
                        int(NEXT_STATE[_U(history & 255), _U(bit)]) | int(NEXT_RECENT[_U(history >> 8), _U(bit)]) << 8
                    )
                if match_a:
                    map_update(model.match_maps[0], match_a, bit, 1023)
                if match_b:
                    map_update(model.match_maps[1], match_b, bit, 1023)
                if bit:
                    model.order0[i0] += np.uint16((65535 - int(model.order0[i0])) >> 5)
                    model.direct1[i1] += np.uint16((65535 - int(model.direct1[i1])) >> 4)
                    model.direct2[i2] += np.uint16((65535 - int(model.direct2[i2])) >> 3)
                else:
                    model.order0[i0] -= np.uint16(int(model.order0[i0]) >> 5)
                    model.direct1[i1] -= np.uint16(int(model.direct1[i1]) >> 4)
                    model.direct2[i2] -= np.uint16(int(model.direct2[i2]) >> 3)
                c0 = c0 << 1 | bit
                node = node << 1 | bit
                if s[STEPS] > 0 and bit_index == 7:
                    s[STEPS] -= 1
            byte = c0 & 255
            if decoding:
                data[position] = byte
            f = model.followers
            f[_U(c1)] = f[_U(c1)] << np.uint32(8) | np.uint32(byte)
            o2 = _U(256) + (c8 & _U(0xFFFF))
            f[o2] = f[o2] << np.uint32(8) | np.uint32(byte)
            update_registers(r, data, byte)
            update_match(r, data, model.positions[0], s[MATCH_SHIFT], s[LEAST_A], lane_bytes, 0)
            if n_matches > 1:
                update_match(r, data, model.positions[1], s[MATCH_SHIFT], s[LEAST_B], lane_bytes, 1)

"""Long matches in one decision: whether the next 64 bytes all follow the match.

Adds speed where the data repeats itself for hundreds of bytes (sparse files, copies): one decision instead of 512.
The contexts learn nothing from the skipped bytes; they would only learn what the match already knows.
Only a single lane without priors skips, since lanes and priors have to stay in step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.coding.binary import code_bit
from predzip.coding.interval import Buffer, State
from predzip.jit import inlined
from predzip.predictors.mixing.characters import update_characters
from predzip.predictors.mixing.maps import map_p, map_update
from predzip.predictors.mixing.match import LENGTH, POINTER, WORDS
from predzip.predictors.mixing.model import FAMILY, MATCHES, SKIP_UNTIL, WIDE, Model
from predzip.predictors.mixing.more_contexts import update_more
from predzip.predictors.mixing.registers import MATCH, POSITION, update_registers
from predzip.predictors.mixing.settings import TEXT

SKIP_BYTES = 64
_LEAST_LENGTH = np.uint64(400)
_LEARN_LIMIT = 255
_U = np.uint64


@inlined
def skip_run(
    model: Model, r: NDArray[np.uint64], coder: State, buffer: Buffer, data: NDArray[np.uint8], length: int
) -> int:
    """Code whether the next bytes follow the match, if it is long enough to ask; return the bytes skipped.

    Args:
        model: the model; its first lane is the only one.
        r: registers of that lane.
        coder: state of the binary coder.
        buffer: of the coder.
        data: the stream; filled in when decoding.
        length: bytes of the stream.
    """
    position = int(r[POSITION])
    if position < model.settings[SKIP_UNTIL] or position + SKIP_BYTES > length:
        return 0
    base = MATCH
    if model.settings[MATCHES] > 1 and r[MATCH + WORDS + LENGTH] > r[MATCH + LENGTH]:
        base = MATCH + WORDS
    if r[base + LENGTH] < _LEAST_LENGTH:
        return 0
    pointer = int(r[base + POINTER])
    follows = 1
    if coder[0] == _U(0):
        for i in range(SKIP_BYTES):
            if data[_U(pointer + i)] != data[_U(position + i)]:
                follows = 0
                break
    p1 = min(max(map_p(model.skip_map, 0), 1), 65535)
    follows = code_bit(coder, buffer, p1, follows)
    map_update(model.skip_map, 0, follows, _LEARN_LIMIT)
    if follows == 0:
        model.settings[SKIP_UNTIL] = position + SKIP_BYTES
        return 0
    for i in range(SKIP_BYTES):
        byte = int(data[_U(pointer + i)])
        data[_U(position + i)] = byte
        if model.settings[WIDE] and model.settings[FAMILY] == TEXT:
            update_more(r, data, model.keys, byte)
            update_characters(r, byte)
        update_registers(r, data, byte)
    for other in range(MATCH, MATCH + 2 * WORDS, WORDS):
        if r[other + POINTER] == _U(pointer) or other == base:
            r[other + LENGTH] += _U(SKIP_BYTES)
            r[other + POINTER] = _U(pointer + SKIP_BYTES)
        else:
            r[other + LENGTH] = _U(0)
            r[other + POINTER] = _U(0)
    return SKIP_BYTES

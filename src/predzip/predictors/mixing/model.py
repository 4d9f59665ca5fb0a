"""State of the adaptive model: everything that learns, as arrays of fixed size.

Sizes follow from the level, the family and the number of bytes, which both directions know; so a small file takes
little memory and time. `step` holds the loop that uses this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.mixing.binary_contexts import LONGEST_RECORD
from predzip.predictors.mixing.character_start import character_start
from predzip.predictors.mixing.character_tables import NOTHING_KNOWN, CharacterNgrams, new_ngrams
from predzip.predictors.mixing.character_tables import memory_bytes as ngrams_bytes
from predzip.predictors.mixing.gates import GATES_MAX, ROWS_OF_A_GATE
from predzip.predictors.mixing.lines import LINE_BYTES, new_lines
from predzip.predictors.mixing.maps import new_map
from predzip.predictors.mixing.match import new_match_maps
from predzip.predictors.mixing.more_contexts import KEY_SLOTS
from predzip.predictors.mixing.registers import new_registers
from predzip.predictors.mixing.settings import LEVELS, TEXT, MixingSettings
from predzip.predictors.mixing.sse import new_rows
from predzip.predictors.mixing.states import RECENT_MAP, STATE_MAP

PADDING = 8
"""Bytes that the data array needs behind its end: contexts may look at the place of the next byte."""

DIRECT_INPUTS = 4
INPUTS_OF_A_MATCH = 2
INPUTS_OF_A_PRIOR = 2
INPUTS_OF_NGRAMS = 2
_VECTOR = 16  # inputs are padded to whole vectors
_DIRECT_2_BITS = 18
_SSE_ROWS = 65536
_PRIOR_SSE_ROWS = 65536
_NGRAM_WEIGHT = 6554
_LEAST_GATES = 7  # small levels leave rows unused

# Indexes of `Model.settings`.
CONTEXTS, GATES, MATCHES, RECENT, RATE, EXTRA_RATE, FINAL_RATE, FAMILY = range(8)
LINE_MASK, LANE_BYTES, MATCH_SHIFT, MATCH_BYTES_A, MATCH_BYTES_B, SKIP_UNTIL, WIDE = range(8, 15)


Start = dict[str, NDArray[Any]]
"""Learnt tables by their names in `Model`; a table that is missing begins cold."""


class Model(NamedTuple):
    """Arrays of one model. N contexts, I inputs, P priors, L lanes."""

    settings: NDArray[np.int64]  # 16
    lanes: NDArray[np.uint64]  # L, REGISTERS
    lines: NDArray[np.uint16]  # lines, 16
    state_maps: NDArray[np.uint32]  # N, 256
    recent_maps: NDArray[np.uint32]  # N, 256
    direct: NDArray[np.uint16]  # order 0, 1 and 2: probabilities without histories
    followers: NDArray[np.uint32]  # 256 + 65536: the last four bytes that followed one byte, two bytes
    positions: NDArray[np.uint32]  # 2, entries
    match_maps: NDArray[np.uint32]  # 2, buckets
    skip_map: NDArray[np.uint32]  # 1
    record_scores: NDArray[np.int32]  # L, LONGEST_RECORD + 1
    weights: NDArray[np.int32]  # ROWS, I
    row_uses: NDArray[np.int64]  # ROWS: decisions that trained a row
    final_weights: NDArray[np.int32]  # 512 or 768, A: rows of the final mixers
    sse_1: NDArray[np.uint16]  # rows, 33
    sse_2: NDArray[np.uint16]  # rows, 33
    sse_3: NDArray[np.uint16]  # rows, 33; this one and the next: no rows unless the level is wide
    sse_4: NDArray[np.uint16]  # rows, 33
    sse_5: NDArray[np.uint16]  # rows, 33; of what a prior says
    keys: NDArray[np.uint32]  # where the value of a key stood last
    ngrams: CharacterNgrams  # which character follows
    # Scratch of one step.
    contexts: NDArray[np.uint64]  # N
    places: NDArray[np.uint64]  # N: lines of the contexts
    histories: NDArray[np.int64]  # N: at the node of this decision
    entries: NDArray[np.uint32]  # 2, whole vectors of N: what the maps say of them
    inputs: NDArray[np.int32]  # I
    rows: NDArray[np.int64]  # gates
    answers: NDArray[np.int32]  # A = 8 or 16: stretched answers of the weight sets
    answers_p1: NDArray[np.int64]  # A + 8: the same as probabilities, then those of the final mixers
    prior_tree: NDArray[np.int64]  # P, 512: frequencies summed over bit prefixes


def _log2_at_least(value: int) -> int:
    return max(value - 1, 1).bit_length()


def _line_bits(settings: MixingSettings, family: int, length: int) -> int:
    # Two lines a byte and context at most; half of that serves as well, since contexts repeat.
    return min(settings.line_bits_max, max(10, _log2_at_least(length * settings.contexts[family])))


def _match_bits(length: int) -> int:
    return min(22, max(10, _log2_at_least(length)))


def _whole_vectors(count: int) -> int:
    return -(-count // _VECTOR) * _VECTOR


def rows_of(settings: MixingSettings) -> int:
    """Rows of the weight matrix."""
    return max(settings.weight_sets, _LEAST_GATES) * ROWS_OF_A_GATE


def inputs_of(settings: MixingSettings, family: int, priors: int) -> int:
    """Number of mixer inputs, padded to whole vectors."""
    per_context = 3 if settings.recent_inputs else 1
    used = settings.contexts[family] * per_context + INPUTS_OF_A_MATCH * settings.matches
    used += DIRECT_INPUTS + INPUTS_OF_A_PRIOR * priors + INPUTS_OF_NGRAMS * (settings.wide and family == TEXT)
    return _whole_vectors(used)


def first_ngram_input(settings: MixingSettings, priors: int) -> int:
    """Index of the two inputs of `ngrams`, behind all others."""
    return inputs_of(settings, TEXT, priors) - INPUTS_OF_NGRAMS


def memory_bytes(level: int, family: int, length: int, priors: int = 0) -> int:
    """Bytes that `new_model` takes for a stream of so many bytes, within some kilobytes."""
    settings = LEVELS[level]
    tables = LINE_BYTES << _line_bits(settings, family, length)
    tables += 2 * 4 << _match_bits(length)
    tables += 2 * 4 * 256 * settings.contexts[family]
    tables += 2 * 33 * 2 * _SSE_ROWS + 4 * (256 + 65536) + 2 * (256 + 65536 + (1 << _DIRECT_2_BITS))
    if settings.wide:
        tables += 2 * 33 * 2 * _SSE_ROWS + 4 * KEY_SLOTS
        tables += _PRIOR_SSE_ROWS * 33 * 2 * (priors > 0)
        tables += ngrams_bytes(length) * (family == TEXT)
    return tables + 4 * rows_of(settings) * inputs_of(settings, family, priors)


def _first_weights(settings: MixingSettings, family: int, priors: int) -> NDArray[np.int32]:
    contexts = settings.contexts[family]
    weights = np.zeros((rows_of(settings), inputs_of(settings, family, priors)), np.int32)
    weight = int(65536 * settings.first_weight)
    if settings.recent_inputs:
        weights[:, 0 : 3 * contexts : 3] = weight
        weights[:, 2 : 3 * contexts : 3] = weight
        behind = 3 * contexts
    else:
        weights[:, :contexts] = weight
        behind = contexts
    weights[:, behind] = 2 * weight  # the match
    first_prior = behind + INPUTS_OF_A_MATCH * settings.matches + DIRECT_INPUTS
    weights[:, first_prior : first_prior + INPUTS_OF_A_PRIOR * priors : INPUTS_OF_A_PRIOR] = 32768
    return weights


def _warm(model: Model, start: Start) -> None:
    for name, table in start.items():
        cold = getattr(model, name, None)
        if cold is None or cold.shape != table.shape or cold.dtype != table.dtype:
            raise ModelError(f"a warm start has tables {name} of other sizes than the model")
        cold[...] = table


def _ngrams(are_there: bool, length: int, lanes: int, warm: bool) -> CharacterNgrams:
    if not are_there:
        return new_ngrams(0, 0)
    return new_ngrams(length, lanes, character_start() if warm else NOTHING_KNOWN)


def new_model(
    level: int,
    family: int,
    length: int,
    lanes: int = 1,
    priors: int = 0,
    start: Start | None = None,
    most_line_bits: int = 64,
) -> Model:
    """A model that has seen nothing of the stream.

    Args:
        level: key of settings.LEVELS.
        family: settings.TEXT, BINARY or EXECUTABLE.
        length: bytes to come in all lanes together.
        lanes: L; lane i codes bytes i * ceil(length / L) and so on.
        priors: P, predictors whose byte frequencies enter as further inputs.
        start: tables that were learnt beforehand (`text_warm`), instead of cold ones.
        most_line_bits: log2 of the context lines, where the level would take more.

    Raises:
        ModelError: the start was learnt for a model of other sizes.
    """
    settings = LEVELS[level]
    contexts = settings.contexts[family]
    lane_bytes = max(1, -(-length // lanes))
    line_bits = min(_line_bits(settings, family, length), most_line_bits)
    match_bits = _match_bits(length)
    numbers = np.zeros(16, np.int64)
    numbers[CONTEXTS] = contexts
    numbers[GATES] = settings.weight_sets
    numbers[MATCHES] = settings.matches
    numbers[RECENT] = settings.recent_inputs
    numbers[RATE] = settings.rate
    numbers[EXTRA_RATE] = settings.extra_rate
    numbers[FINAL_RATE] = settings.final_rate
    numbers[FAMILY] = family
    numbers[WIDE] = settings.wide
    numbers[LINE_MASK] = (1 << line_bits) - 1
    numbers[LANE_BYTES] = lane_bytes
    numbers[MATCH_SHIFT] = 64 - match_bits
    numbers[MATCH_BYTES_A], numbers[MATCH_BYTES_B] = settings.match_bytes
    answers = 16 if settings.wide else 8
    final_weights = np.zeros((768 if settings.wide else 512, answers), np.int32)
    final_weights[:, : settings.weight_sets] = 65536 // settings.weight_sets
    model = Model(
        settings=numbers,
        lanes=new_registers(lanes, lane_bytes),
        lines=new_lines(1 << line_bits),
        state_maps=np.tile(STATE_MAP, (contexts, 1)),
        recent_maps=np.tile(RECENT_MAP, (contexts, 1)),
        direct=np.full(256 + 65536 + (1 << _DIRECT_2_BITS), 32768, np.uint16),
        followers=np.zeros(256 + 65536, np.uint32),
        positions=np.zeros((2, 1 << match_bits), np.uint32),
        match_maps=new_match_maps(),
        skip_map=new_map(1, 60000, 16),
        record_scores=np.zeros((lanes, LONGEST_RECORD + 1), np.int32),
        weights=_first_weights(settings, family, priors),
        row_uses=np.zeros(rows_of(settings), np.int64),
        final_weights=final_weights,
        sse_1=new_rows(_SSE_ROWS),
        sse_2=new_rows(_SSE_ROWS),
        sse_3=new_rows(_SSE_ROWS if settings.wide else 1),
        sse_4=new_rows(_SSE_ROWS if settings.wide else 1),
        sse_5=new_rows(_PRIOR_SSE_ROWS if settings.wide and priors else 1),
        keys=np.zeros(KEY_SLOTS if settings.wide else 1, np.uint32),
        ngrams=_ngrams(settings.wide and family == TEXT, length, lanes, start is not None),
        contexts=np.zeros(contexts, np.uint64),
        places=np.zeros(contexts, np.uint64),
        histories=np.zeros(contexts, np.int64),
        entries=np.zeros((2, _whole_vectors(contexts)), np.uint32),
        inputs=np.zeros(inputs_of(settings, family, priors), np.int32),
        rows=np.zeros(GATES_MAX, np.int64),
        answers=np.zeros(answers, np.int32),
        answers_p1=np.zeros(answers + 8, np.int64),
        prior_tree=np.zeros((priors, 512), np.int64),
    )
    if start is not None:
        _warm(model, start)
    if settings.wide and family == TEXT:
        ngram_weights = model.weights[:, first_ngram_input(settings, priors)]
        if not ngram_weights.any():  # no start has learnt them yet
            ngram_weights[...] = _NGRAM_WEIGHT
    return model


def padded(data: bytes | bytearray | memoryview) -> NDArray[np.uint8]:
    """The data as an array that `step.code_bytes` takes: writable, with PADDING zero bytes behind it."""
    array = np.zeros(len(data) + PADDING, np.uint8)
    array[: len(data)] = np.frombuffer(data, np.uint8)
    return array

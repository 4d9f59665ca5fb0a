"""Method 4: text coded by a model over tokens together with the adaptive model; all else as in method 2.

    stream of text := uses the model (1 bit); else as in method 2
                      number of runs; their lengths, where there is more than one
                      runs 0, 2, 4, ... joined: tokens, lanes, room of a lane, then the tokens (`token_text`)
                      runs 1, 3, 5, ... joined: as a stream of text of method 2

Numbers are written bit by bit into the stream of the binary coder, small ones in few bits. The encoder takes the
model where it comes out smaller than method 2. docs/format.md, section "Method 4", is the specification.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs import mixing
from predzip.codecs.base import Progress
from predzip.codecs.mixing import Bytes, State, Stream, with_room
from predzip.codecs.mixture import MixtureCodec
from predzip.codecs.registry import FINGERPRINT_BYTES
from predzip.codecs.registry import SOURCE_FROM_BYTE as SIZES_BYTES
from predzip.codecs.token_runs import TextPlan, join_runs, plan_text
from predzip.codecs.token_text import LINE_BITS, ROWS_OF_A_BLOCK, Shape, Stepper, TokenText, fits, shape_of
from predzip.codecs.tokenization import forget_tokenizers
from predzip.coding.binary import code_gamma, code_number, new_encoder, output_bytes
from predzip.errors import CorruptError, UnsupportedError, UsageError
from predzip.predictors.mixing.kinds import Kind
from predzip.predictors.mixing.lines import LINE_BYTES
from predzip.predictors.mixing.model import PADDING, memory_bytes, padded
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixture import HEADS
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.neural.model_sources import pack_source, unpack_source
from predzip.predictors.neural.token_trie import new_trie
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.stepper import TokenStepper, stepper_memory_bytes
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights

METHOD_ID = 4
STRENGTH = 4
LANES = 8
"""Lanes of a long text, unless told otherwise."""
LEAST_LANE_TOKENS = 2048
MOST_LANES = 128
LEAST_CONTEXT = 64
MOST_CONTEXT = (1 << 16) - 1
_MOST_RUNS = 1 << 20
_HEADER_DECISIONS = 1024
_COMPARED_BYTES = 64
"""An encoder goes on with the model while it is not worse by more than this."""
_LONG_BYTES = 1 << 16
"""Text that takes so long that reading the tokenizer again for the next one is nothing."""
_BYTES_OF_A_TOKEN = 3
_PROGRAM_BYTES = 250 << 20
"""Python, compiled kernels and distributions on their way, for the outlook."""
_OTHER_TABLES_BYTES = 64 << 20
_GROUP_BYTES = 160 << 20
"""What the two groups of lanes hold of distributions."""
_FALLBACK = "small"


class TokensCodec(MixtureCodec):
    """A model over tokens as a block codec.

    Args:
        weights: of a Transformer with a vocabulary.
        tokenizer_path: of the tokenizer that the model was trained with; only encoders use it, and do without.
        lanes: the most that go side by side.
        context: positions that the model looks at; 0: all that the weights are for.
        source: where the model comes from, for whoever has the frame and not the model.

    Raises:
        ModelError: the weights are not those of a model over tokens.
    """

    method_id = METHOD_ID
    stepwise = False
    """See `TokenText`."""

    def __init__(
        self, weights: Weights, tokenizer_path: str = "", lanes: int = LANES, context: int = 0, source: bytes = b""
    ) -> None:
        number, small = catalogue.entry(_FALLBACK).number, catalogue.load(_FALLBACK)
        super().__init__(STRENGTH, number, small)
        # With smaller tables, since it is run while the model lies in memory.
        self._without_model = MixtureCodec(STRENGTH, number, small, most_line_bits=LINE_BITS)
        self.parameters = pack_parameters(lanes, context) + source
        self.fingerprint = weights.fingerprint[:FINGERPRINT_BYTES]
        self.lanes = lanes
        self._tokenizer_path = tokenizer_path
        self.vocabulary = Vocabulary.from_weights(weights)
        self._engine = self._new_engine(weights, context)
        self._context = self._engine.positions
        self._start_token = int(weights.config.get("start_token", 0))
        self._trie = new_trie(self.vocabulary.content, self.vocabulary.ends)

    def _encode_stream(
        self, stream: Stream, array: Bytes, coder: State, buffer: Bytes, progress: Progress | None
    ) -> Bytes:
        if stream.kind != Kind.TEXT:
            return super()._encode_stream(stream, array, coder, buffer, progress)
        data = array[: stream.length].tobytes()
        buffer = with_room(buffer, coder, _HEADER_DECISIONS)
        other_bytes = self._bytes_without_model(stream, array)
        used = int(output_bytes(coder))
        saved = coder.copy(), buffer[:used].copy()
        plan = self._plan(data)
        if len(data) >= _LONG_BYTES:
            forget_tokenizers()
        coded = None
        if len(plan.tokens):
            most = used + other_bytes + _COMPARED_BYTES
            coded = self._encode_plan(data, plan, coder, buffer, most, progress)
        if coded is not None and is_smaller(int(output_bytes(coder)) - used, other_bytes):
            return coded
        coder[:] = saved[0]
        buffer[:used] = saved[1]
        code_number(coder, buffer, 0, 1)
        return super()._encode_stream(stream, array, coder, buffer, progress if coded is None else None)

    def _bytes_without_model(self, stream: Stream, array: Bytes) -> int:
        """What method 2 makes of a text, but for smaller tables."""
        scratch = new_encoder()
        self._without_model._encode_stream(stream, array, scratch, np.zeros(_HEADER_DECISIONS, np.uint8), None)
        return int(output_bytes(scratch))

    def _encode_plan(
        self, data: bytes, plan: TextPlan, coder: State, buffer: Bytes, most_bytes: int, progress: Progress | None
    ) -> Bytes | None:
        """Code text as planned; None where the output grows beyond `most_bytes`."""
        rest = plan.rest(data)
        shape = shape_of(self.vocabulary.lengths[plan.tokens], _lanes_for(len(plan.tokens), self.lanes))
        buffer = with_room(buffer, coder, _HEADER_DECISIONS + 64 * len(plan.runs))
        code_number(coder, buffer, 1, 1)
        code_gamma(coder, buffer, len(plan.runs))
        if len(plan.runs) > 1:
            for length in plan.runs:
                code_gamma(coder, buffer, length + 1)
        for value in (shape.tokens, shape.lanes):
            code_gamma(coder, buffer, value)
        if shape.lanes > 1:
            code_gamma(coder, buffer, shape.stride_bytes)
        text = self.text(shape, plan.tokens)
        coded = text.encode(coder, buffer, most_bytes, progress)
        if coded is None or not rest:
            return coded
        stream = Stream(Kind.TEXT, 0, [(0, len(rest))])
        return super()._encode_stream(stream, padded(rest), coder, coded, progress)

    def _decode_stream(
        self, stream: Stream, array: Bytes, coder: State, coded: Bytes, progress: Progress | None
    ) -> None:
        if stream.kind != Kind.TEXT or not code_number(coder, coded, 0, 1):
            super()._decode_stream(stream, array, coder, coded, progress)
            return
        count = code_gamma(coder, coded, 0)
        if not 1 <= count <= min(_MOST_RUNS, 2 * stream.length + 1):
            raise CorruptError("a stream of text has too many runs")
        runs = [code_gamma(coder, coded, 0) - 1 for _ in range(count)] if count > 1 else [stream.length]
        if sum(runs) != stream.length or min(runs) < 0:
            raise CorruptError("the runs are not as long as the text")
        length = sum(runs[::2])
        tokens, lanes = code_gamma(coder, coded, 0), code_gamma(coder, coded, 0)
        shape = Shape(tokens, lanes, code_gamma(coder, coded, 0) if lanes > 1 else length)
        if lanes > self.lanes or not fits(shape, length):
            raise CorruptError("the lanes of a text do not fit it")
        text = self.text(shape).decode(coder, coded, progress)
        if len(text) != length:
            raise CorruptError("the tokens are not as long as the text")
        rest = np.zeros(stream.length - length + PADDING, np.uint8)
        if stream.length > length:
            others = Stream(Kind.TEXT, 0, [(0, stream.length - length)])
            super()._decode_stream(others, rest, coder, coded, progress)
        array[: stream.length] = np.frombuffer(join_runs(runs, text, rest.tobytes()), np.uint8)

    def text(self, shape: Shape, tokens: NDArray[np.int64] | None = None) -> TokenText:
        """Coder of one text, which has not begun."""
        arguments = (self._engine, self._trie, self._start_token, self._context, self.level, shape, tokens)
        return TokenText(*arguments, stepwise=self.stepwise)

    def _new_engine(self, weights: Weights, context: int) -> Stepper:
        self._config = TransformerConfig.from_dict(dict(weights.config))
        return TokenStepper(weights, 1, _positions(self._config, context))

    def _plan(self, data: bytes) -> TextPlan:
        return plan_text(data, self.vocabulary, self._tokenizer_path)

    def _engine_memory_bytes(self, lanes: int, positions: int) -> int:
        return _stepper_bytes(self._config, lanes, positions)

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block takes; see codecs.base.BlockCodec."""
        lanes = _lanes_for(original_bytes, self.lanes)
        positions = min(self._context, original_bytes)
        model = self._engine_memory_bytes(lanes, positions) + _GROUP_BYTES
        tables = memory_bytes(self.level, TEXT, 2 * original_bytes, HEADS)
        return max(super().memory_bytes(original_bytes), tables) + model + sum(a.nbytes for a in self._trie)


def _lanes_for(tokens: int, most_lanes: int) -> int:
    return max(1, min(most_lanes, tokens // LEAST_LANE_TOKENS))


def _positions(config: TransformerConfig, context: int) -> int:
    """Positions that a model looks at where a frame says `context`."""
    return min(context or config.context, config.context)


def _stepper_bytes(config: TransformerConfig, lanes: int, positions: int) -> int:
    return stepper_memory_bytes(config, lanes, positions, rows=2 * ROWS_OF_A_BLOCK)


def outlook(description: dict[str, Any], parameters: bytes, length: int) -> tuple[int, int]:
    """Lanes of a text of so many bytes, and about how much memory coding it takes, before anything is loaded.

    Args:
        description: of the model.
        parameters: of the frame.
        length: of the text.
    """
    most_lanes, context, _ = unpack_parameters(parameters)
    config = TransformerConfig.from_dict(dict(description))
    lanes = _lanes_for(length // _BYTES_OF_A_TOKEN, most_lanes)
    model = _stepper_bytes(config, lanes, min(_positions(config, context), max(1, length)))
    tables = min(memory_bytes(STRENGTH, TEXT, max(1, length), HEADS), (LINE_BYTES << LINE_BITS) + _OTHER_TABLES_BYTES)
    return lanes, model + tables + _PROGRAM_BYTES


def is_smaller(model_bytes: int, other_bytes: int) -> bool:
    """Say whether a text coded with the model is kept, by the bytes that it takes with and without."""
    return model_bytes < other_bytes


def parameters_of(options: dict[str, int | str]) -> bytes:
    """Turn the options of a method name, `lanes` and `context`, into parameters.

    Raises:
        UsageError: for another option, or a value out of bounds.
    """
    values = {"lanes": LANES, "context": 0, **options}
    lanes, context = values["lanes"], values["context"]
    if len(values) > 2 or not isinstance(lanes, int) or not isinstance(context, int):
        raise UsageError("the options of a model over tokens are lanes=NUMBER and context=POSITIONS")
    return pack_parameters(lanes, context)


def pack_parameters(lanes: int = LANES, context: int = 0) -> bytes:
    """Parameters of a frame without the source: lanes in one byte, context in two, the lowest first.

    Raises:
        UsageError: a number is out of bounds.
    """
    if not 1 <= lanes <= MOST_LANES or not (context == 0 or LEAST_CONTEXT <= context <= MOST_CONTEXT):
        raise UsageError(
            f"1 to {MOST_LANES} lanes go side by side, and a context has {LEAST_CONTEXT} to {MOST_CONTEXT} positions"
        )
    return bytes([lanes]) + context.to_bytes(2, "little")


def add_source(parameters: bytes, config: dict[str, Any]) -> bytes:
    """Parameters that say where a model comes from, by its description."""
    return parameters + pack_source(config)


def unpack_parameters(parameters: bytes) -> tuple[int, int, bytes]:
    """Lanes, context, and what follows.

    Raises:
        UnsupportedError: no encoder of this release writes such parameters.
    """
    lanes, context = int.from_bytes(parameters[:1]), int.from_bytes(parameters[1:SIZES_BYTES], "little")
    try:
        if len(parameters) >= SIZES_BYTES and pack_parameters(lanes, context):
            return lanes, context, parameters[SIZES_BYTES:]
    except UsageError:
        pass
    raise UnsupportedError(f"parameters {parameters[:16].hex()} of a model over tokens are unknown to this release")


def build(method_id: int, parameters: bytes, fingerprint: bytes) -> TokensCodec:
    """Make the codec that a frame header asks for.

    Raises:
        CorruptError: where the header names no model.
        UnsupportedError: where its parameters are not those of this release.
        ModelError: where the model is not here, or is none over tokens.
    """
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise CorruptError("the frame needs a model and names none")
    lanes, context, source = unpack_parameters(parameters)
    stem = catalogue.locate_by_fingerprint(fingerprint, unpack_source(source))
    return TokensCodec(catalogue.load(stem), str(tokenizer_path(stem)), lanes, context, source)


def kernels_cached() -> bool:
    """As `mixing.kernels_cached`, for the kernel that codes tokens."""
    return mixing.kernels_cached("code_step")

"""Method 3: chunks without history, each predicted by a model alone. The paper's way of measuring, and it decodes.

    block    chunks of C bytes, the last one shorter where it does not go up
    batch    up to L chunks, side by side as lanes:   for t in 0..C-1:  for lane:  code byte t of the lane
    payload  one range coder for the whole block, batch after batch

The encoder evaluates whole chunks at once, the decoder steps through them; exact predictors give both the same
frequencies. docs/format.md, section "Method 3", is the specification. `token_chunks` does the same over tokens.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.codecs.chunk_sizes import (
    CHUNK_BYTES,
    FINGERPRINT_BYTES,
    LANES,
    METHOD_ID,
    batches,
    pack_parameters,
    read_header,
)
from predzip.codecs.chunk_sizes import parameters_of as parameters_of
from predzip.codecs.token_chunks import TokenChunksCodec
from predzip.coding.interval import finish, new_decoder, new_encoder, output_bytes, payload_buffer, with_free_bytes
from predzip.coding.range_coder import ROOM_BYTES, code_frequencies, code_symbol, keep_interval
from predzip.errors import CorruptError, ModelError
from predzip.jit import kernel
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path
from predzip.predictors.neural.weights import Weights

_Bytes = NDArray[np.uint8]
_State = NDArray[np.uint64]
_Rows = NDArray[np.unsignedinteger]

_EVALUATED_BYTES = 64 << 20
"""Frequencies that are held at once while encoding."""
_FREQUENCY_BYTES = 4 * 256
_STEPS_OF_A_BUFFER = 256
_SYMBOL_BYTES = 5
"""Bytes that a symbol may take: its frequency is 1 of 2^32 at least."""
_UNKNOWN_LANE_BYTES = 1 << 16
_WORKING_BYTES = 256 << 20


@kernel
def _intervals(symbols: _Bytes, rows: _Rows, found: NDArray[np.uint64]) -> None:
    """Keep of each row (T, 256) what coding its symbol (T,) takes: cumulative frequencies around it and the total."""
    for t in range(symbols.shape[0]):
        keep_interval(rows[t], int(symbols[t]), found[t])


@kernel
def _encode_steps(
    state: _State,
    buffer: _Bytes,
    intervals: NDArray[np.uint64],  # L, T, 4
    first: int,
    end: int,
    last_length: int,  # of the last lane
) -> int:
    """Code positions first..end - 1 of all lanes; return the number of symbols that could not be coded."""
    lanes = intervals.shape[0]
    failures = 0
    for t in range(first, end):
        for lane in range(lanes if t < last_length else lanes - 1):
            # The symbol is the middle one of three: those before it, itself, those behind it.
            if code_symbol(state, buffer, intervals[lane, t], 1) < 0:
                failures += 1
    return failures


@kernel
def _decode_step(state: _State, payload: _Bytes, rows: _Rows, lanes: int, symbols: _Bytes) -> int:
    """Decode one byte of the first `lanes` lanes; return the number of symbols that nothing fits."""
    failures = 0
    for lane in range(lanes):
        symbol = code_frequencies(state, payload, rows[lane], 0)
        if symbol < 0:
            failures += 1
        else:
            symbols[lane] = np.uint8(symbol)
    return failures


class ModelChunksCodec:
    """A model of the catalogue over chunks, as a block codec.

    Args:
        weights: the model, any whose engine is a `LanePredictor` that evaluates whole lanes.
        chunk_bytes: C.
        lanes: L, chunks that are coded side by side: more are faster to decode and take more memory.
    """

    method_id = METHOD_ID

    def __init__(self, weights: Weights, chunk_bytes: int = CHUNK_BYTES, lanes: int = LANES) -> None:
        self.parameters = pack_parameters(chunk_bytes, lanes)
        self.fingerprint = weights.fingerprint[:FINGERPRINT_BYTES]
        self.chunk_bytes = chunk_bytes
        self.lanes = lanes
        self._weight_bytes = sum(tensor.nbytes for tensor in weights.tensors.values())
        self._predictor: Any = catalogue.predictor(weights)
        if not hasattr(self._predictor, "evaluate"):
            raise ModelError(f"model {weights.name} cannot predict whole chunks")

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block; see codecs.base.BlockCodec."""
        state = new_encoder()
        buffer = np.zeros(4096, np.uint8)
        for start, lanes, last_length in batches(len(data), self.chunk_bytes, self.lanes):
            longest = self.chunk_bytes if lanes > 1 else last_length
            symbols = np.zeros((lanes, longest), np.uint8)
            count = (lanes - 1) * self.chunk_bytes + last_length
            symbols.reshape(-1)[:count] = np.frombuffer(data, np.uint8, count, start)
            intervals = self._evaluate(symbols, progress, count)
            for first in range(0, longest, _STEPS_OF_A_BUFFER):
                end = min(longest, first + _STEPS_OF_A_BUFFER)
                free_bytes = (end - first) * lanes * _SYMBOL_BYTES + ROOM_BYTES
                buffer = with_free_bytes(buffer, int(output_bytes(state)), free_bytes)
                if _encode_steps(state, buffer, intervals, first, end, last_length):
                    raise ModelError("the model gave a distribution that cannot be coded")
        return bytes(buffer[: int(finish(state, buffer))])

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back one block; see codecs.base.BlockCodec."""
        result = np.zeros(original_bytes, np.uint8)
        coded = payload_buffer(payload)
        state = new_decoder(coded)
        for start, lanes, last_length in batches(original_bytes, self.chunk_bytes, self.lanes):
            longest = self.chunk_bytes if lanes > 1 else last_length
            found = np.zeros((longest, lanes), np.uint8)
            self._reset(lanes, longest)
            for t in range(longest):
                live = lanes if t < last_length else lanes - 1
                if _decode_step(state, coded, self._predict(), live, found[t]):
                    raise CorruptError("no symbol fits the payload")
                if t + 1 < longest:
                    self._predictor.update(found[t])
                if progress is not None:
                    progress(live)
            count = (lanes - 1) * self.chunk_bytes + last_length
            result[start : start + count] = found.T.reshape(-1)[:count]
        return result.tobytes()

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block takes; see codecs.base.BlockCodec."""
        lanes = min(self.lanes, -(-original_bytes // self.chunk_bytes))
        longest = min(self.chunk_bytes, original_bytes)
        lane_bytes = getattr(self._predictor, "lane_bytes", None)
        state = lanes * (lane_bytes(longest) if lane_bytes is not None else _UNKNOWN_LANE_BYTES)
        batch = lanes * longest * (4 * 8 + 4)
        # Float copies of the weights for matrix products take four times their size.
        return int(6 * self._weight_bytes + state + batch + 6 * original_bytes + _WORKING_BYTES)

    def _evaluate(self, symbols: _Bytes, progress: Progress | None, count: int) -> NDArray[np.uint64]:
        """What coding takes of every distribution, (L, T, 4)."""
        lanes, length = symbols.shape
        intervals = np.zeros((lanes, length, 4), np.uint64)
        evaluate = getattr(self._predictor, "evaluate_fine", self._predictor.evaluate)
        group = max(1, _EVALUATED_BYTES // (_FREQUENCY_BYTES * length))
        for first in range(0, lanes, group):
            part = symbols[first : first + group]
            rows = evaluate(part)
            for lane in range(len(part)):
                _intervals(part[lane], rows[lane], intervals[first + lane])
            if progress is not None:
                progress(min(part.size, count - first * length))
        return intervals

    def _reset(self, lanes: int, longest: int) -> None:
        if hasattr(self._predictor, "lane_bytes"):
            self._predictor.reset(lanes, longest)
        else:
            self._predictor.reset(lanes)

    def _predict(self) -> _Rows:
        predict = getattr(self._predictor, "predict_fine", self._predictor.predict)
        return cast(_Rows, predict())


def build(method_id: int, parameters: bytes, fingerprint: bytes) -> ModelChunksCodec | TokenChunksCodec:
    """Make the codec that a frame header asks for: of bytes, or of tokens where the model has a vocabulary.

    Raises:
        CorruptError: where the header names no model.
        UnsupportedError: where its parameters are not those of this release.
        ModelError: where the model is not here, or none that predicts whole chunks exactly.
    """
    chunk_bytes, lanes, source = read_header(parameters, fingerprint)
    stem = catalogue.locate_by_fingerprint(fingerprint, source)
    weights = catalogue.load(stem)
    codec: ModelChunksCodec | TokenChunksCodec
    if catalogue.has_tokens(weights.config):
        codec = TokenChunksCodec(weights, str(tokenizer_path(stem)), chunk_bytes, lanes)
    else:
        codec = ModelChunksCodec(weights, chunk_bytes, lanes)
    codec.parameters = parameters
    return codec

"""Method 3: chunks without history, each predicted by a model alone. The paper's way of measuring, and it decodes.

    block    chunks of C bytes, the last one shorter where it does not go up
    batch    up to L chunks, side by side as lanes:   for t in 0..C-1:  for lane:  code byte t of the lane
    payload  one range coder for the whole block, batch after batch

The encoder evaluates whole chunks at once, the decoder steps through them; exact predictors give both the same
frequencies. docs/format.md, section "Method 3", is the specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.coding.interval import finish, new_decoder, new_encoder, output_bytes, payload_buffer
from predzip.coding.range_coder import ROOM_BYTES, code_frequencies, code_symbol
from predzip.errors import CorruptError, ModelError, UnsupportedError, UsageError
from predzip.jit import kernel
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.weights import Weights

_Bytes = NDArray[np.uint8]
_State = NDArray[np.uint64]
_Rows = NDArray[np.unsignedinteger]

METHOD_ID = 3
CHUNK_BYTES = 2048
LANES = 64
_LONGEST_CHUNK = 1 << 20
_MOST_LANES = 1024
_EVALUATED_BYTES = 64 << 20
"""Frequencies that are held at once while encoding."""
_FREQUENCY_BYTES = 4 * 256
_STEPS_OF_A_BUFFER = 256
_SYMBOL_BYTES = 5
"""Bytes that a symbol may take: its frequency is 1 of 2^32 at least."""
_UNKNOWN_LANE_BYTES = 1 << 16
_WORKING_BYTES = 256 << 20
_FINGERPRINT_BYTES = 8


@kernel
def _intervals(symbols: _Bytes, rows: _Rows, found: NDArray[np.uint64]) -> None:
    """Keep of each row (T, 256) what coding its symbol (T,) takes: cumulative frequencies around it and the total."""
    for t in range(symbols.shape[0]):
        symbol = np.int64(symbols[t])
        start = np.uint64(0)
        for i in range(symbol):
            start += np.uint64(rows[t, i])
        total = start
        for i in range(symbol, 256):
            total += np.uint64(rows[t, i])
        found[t, 0] = np.uint64(0)
        found[t, 1] = start
        found[t, 2] = start + np.uint64(rows[t, symbol])
        found[t, 3] = total


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
        self.fingerprint = weights.fingerprint[:_FINGERPRINT_BYTES]
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
        for start, lanes, last_length in self._batches(len(data)):
            longest = self.chunk_bytes if lanes > 1 else last_length
            symbols = np.zeros((lanes, longest), np.uint8)
            count = (lanes - 1) * self.chunk_bytes + last_length
            symbols.reshape(-1)[:count] = np.frombuffer(data, np.uint8, count, start)
            intervals = self._evaluate(symbols, progress, count)
            for first in range(0, longest, _STEPS_OF_A_BUFFER):
                end = min(longest, first + _STEPS_OF_A_BUFFER)
                needed = int(output_bytes(state)) + (end - first) * lanes * _SYMBOL_BYTES + ROOM_BYTES
                if len(buffer) < needed:
                    buffer = np.concatenate([buffer, np.zeros(max(needed - len(buffer), len(buffer)), np.uint8)])
                if _encode_steps(state, buffer, intervals, first, end, last_length):
                    raise ModelError("the model gave a distribution that cannot be coded")
        return bytes(buffer[: int(finish(state, buffer))])

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back one block; see codecs.base.BlockCodec."""
        result = np.zeros(original_bytes, np.uint8)
        coded = payload_buffer(payload)
        state = new_decoder(coded)
        for start, lanes, last_length in self._batches(original_bytes):
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

    def _batches(self, length: int) -> Iterator[tuple[int, int, int]]:
        """(offset, lanes, length of the last lane) of each batch."""
        whole = self.chunk_bytes * self.lanes
        for start in range(0, length, whole):
            count = min(whole, length - start)
            lanes = -(-count // self.chunk_bytes)
            yield start, lanes, count - (lanes - 1) * self.chunk_bytes

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


def parameters_of(options: dict[str, int | str]) -> bytes:
    """Turn the options of a method name, `chunk` and `lanes`, into parameters.

    Raises:
        UsageError: for another option, or a value out of bounds.
    """
    values = {"chunk": CHUNK_BYTES, "lanes": LANES, **options}
    chunk_bytes, lanes = values["chunk"], values["lanes"]
    if len(values) > 2 or not isinstance(chunk_bytes, int) or not isinstance(lanes, int):
        raise UsageError("the options of a model in chunks are chunk=BYTES and lanes=NUMBER")
    return pack_parameters(chunk_bytes, lanes)


def pack_parameters(chunk_bytes: int = CHUNK_BYTES, lanes: int = LANES) -> bytes:
    """Parameters of a frame: nothing for the defaults, else C and L in 4 and 2 bytes, lowest first."""
    if not 1 <= chunk_bytes <= _LONGEST_CHUNK or not 1 <= lanes <= _MOST_LANES:
        raise UsageError(f"chunks have 1 to {_LONGEST_CHUNK} bytes and go 1 to {_MOST_LANES} side by side")
    if (chunk_bytes, lanes) == (CHUNK_BYTES, LANES):
        return b""
    return chunk_bytes.to_bytes(4, "little") + lanes.to_bytes(2, "little")


def build(method_id: int, parameters: bytes, fingerprint: bytes) -> ModelChunksCodec:
    """Make the codec that a frame header asks for.

    Raises:
        CorruptError: where the header names no model.
        UnsupportedError: where its parameters are not those of this release.
        ModelError: where the model is not here.
    """
    if len(fingerprint) != _FINGERPRINT_BYTES:
        raise CorruptError("the frame needs a model and names none")
    chunk_bytes, lanes = CHUNK_BYTES, LANES
    if parameters:
        chunk_bytes, lanes = int.from_bytes(parameters[:4], "little"), int.from_bytes(parameters[4:], "little")
        in_bounds = 1 <= chunk_bytes <= _LONGEST_CHUNK and 1 <= lanes <= _MOST_LANES
        if len(parameters) != 6 or not in_bounds or parameters != pack_parameters(chunk_bytes, lanes):
            raise UnsupportedError(f"parameters {parameters.hex()} of a model in chunks are unknown to this release")
    return ModelChunksCodec(catalogue.find_by_fingerprint(fingerprint), chunk_bytes, lanes)

"""Method 3 for models over tokens: chunks without history, each tokenised and predicted alone.

    chunk    start token, then its tokens, until their bytes are those of the chunk: nothing else says how many
    batch    up to L chunks, side by side as lanes:   for t in 0, 1, ..:  for lane that goes on:  code token t
    payload  one range coder for the whole block, batch after batch

The encoder evaluates whole chunks at once, those of about as many tokens together; the decoder steps through them.
docs/format.md, section "Method 3", is the specification; `token_lanes` says what a token is coded with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.codecs.chunk_sizes import CHUNK_BYTES, FINGERPRINT_BYTES, LANES, METHOD_ID, batches, pack_parameters
from predzip.codecs.token_lanes import NO_BYTE, Spelling, TokenLanes, Tokens
from predzip.coding.interval import finish, new_decoder, new_encoder, output_bytes, payload_buffer, with_free_bytes
from predzip.coding.range_coder import ROOM_BYTES, code_frequencies, code_symbol
from predzip.errors import CorruptError, ModelError
from predzip.jit import kernel
from predzip.predictors.neural.weights import Weights

_Bytes = NDArray[np.uint8]
_State = NDArray[np.uint64]
_Numbers = NDArray[np.uint64]

_PLAIN = np.arange(257, dtype=np.uint64)
"""Cumulative frequencies of a plain byte."""
_SYMBOL_BYTES = 6
"""Bytes that a token may take, a plain byte behind it included: its frequency is 1 of 2^30 at least."""
_STEPS_OF_A_BUFFER = 256
_GROUP_LANES = 16
_GROUP_BYTES = 192 << 20
"""What the lanes that are evaluated together remember, at most."""
_WORKING_BYTES = 96 << 20


@kernel
def _encode_steps(
    state: _State,
    buffer: _Bytes,
    intervals: _Numbers,  # L, T, 4
    plain: Tokens,  # L, T
    counts: Tokens,  # L
    uniform: _Numbers,
    first: int,
    end: int,
) -> int:
    """Code tokens first..end - 1 of all lanes that have them; return the number that could not be coded."""
    failures = 0
    for t in range(first, end):
        for lane in range(intervals.shape[0]):
            if t < counts[lane]:
                # The token is the middle one of three: those before it, itself, those behind it.
                if code_symbol(state, buffer, intervals[lane, t], 1) < 0:
                    failures += 1
                if plain[lane, t] >= 0 and code_symbol(state, buffer, uniform, plain[lane, t]) < 0:
                    failures += 1
    return failures


@kernel
def _decode_step(
    state: _State,
    payload: _Bytes,
    rows: NDArray[np.uint32],  # N, V
    live: Tokens,  # N: lanes that go on
    content: _Bytes,  # of all tokens
    ends: Tokens,  # V
    escape: int,
    uniform: _Numbers,
    data: _Bytes,  # L, C
    filled: Tokens,  # L
    lengths: Tokens,  # L
    tokens: Tokens,  # L
) -> bool:
    """Decode the next token of each live lane and its bytes; return whether all of them fit their chunks."""
    for n in range(live.shape[0]):
        lane = live[n]
        token = code_frequencies(state, payload, rows[n], 0)
        if token < 0:
            return False
        tokens[lane] = token
        at = filled[lane]
        if token == escape:
            byte = code_symbol(state, payload, uniform, 0)
            if byte < 0:
                return False
            data[lane, at] = np.uint8(byte)
            filled[lane] = at + 1
            continue
        first = ends[token - 1] if token > 0 else 0
        count = ends[token] - first
        if count == 0 or at + count > lengths[lane]:
            return False
        for i in range(count):
            data[lane, at + i] = content[first + i]
        filled[lane] = at + count
    return True


class TokenChunksCodec:
    """A model over tokens in chunks, as a block codec.

    Args:
        weights: of a Transformer with a vocabulary.
        tokenizer_path: of the tokenizer that the model was trained with; only encoders use it, and do without.
        chunk_bytes: C.
        lanes: L, chunks that are coded side by side: more are faster to decode and take more memory.

    Raises:
        ModelError: the weights are not those of a model over tokens that runs exactly.
    """

    method_id = METHOD_ID

    def __init__(
        self, weights: Weights, tokenizer_path: str = "", chunk_bytes: int = CHUNK_BYTES, lanes: int = LANES
    ) -> None:
        self.parameters = pack_parameters(chunk_bytes, lanes)
        self.fingerprint = weights.fingerprint[:FINGERPRINT_BYTES]
        self.chunk_bytes = chunk_bytes
        self.lanes = lanes
        self._lanes = TokenLanes(weights, tokenizer_path, chunk_bytes)

    def encode_block(self, data: bytes, progress: Progress | None = None) -> bytes:
        """Compress one block; see codecs.base.BlockCodec."""
        state = new_encoder()
        buffer = np.zeros(4096, np.uint8)
        for start, lanes, last_length in batches(len(data), self.chunk_bytes, self.lanes):
            end = start + (lanes - 1) * self.chunk_bytes + last_length
            spellings = [
                self._lanes.spell(data[at : min(at + self.chunk_bytes, end)])
                for at in range(start, end, self.chunk_bytes)
            ]
            counts = np.array([len(spelling.tokens) for spelling in spellings])
            steps = int(counts.max())
            plain = np.full((lanes, steps), NO_BYTE, np.int64)
            for row, spelling in zip(plain, spellings, strict=True):
                row[: len(spelling.plain)] = spelling.plain
            intervals = self._evaluate(spellings, counts, progress)
            for first in range(0, steps, _STEPS_OF_A_BUFFER):
                last = min(steps, first + _STEPS_OF_A_BUFFER)
                free_bytes = (last - first) * lanes * _SYMBOL_BYTES + ROOM_BYTES
                buffer = with_free_bytes(buffer, int(output_bytes(state)), free_bytes)
                if _encode_steps(state, buffer, intervals, plain, counts, _PLAIN, first, last):
                    raise ModelError("the model gave a distribution that cannot be coded")
        return bytes(buffer[: int(finish(state, buffer))])

    def decode_block(self, payload: bytes, original_bytes: int, progress: Progress | None = None) -> bytes:
        """Bring back one block; see codecs.base.BlockCodec."""
        result = []
        coded = payload_buffer(payload)
        state = new_decoder(coded)
        vocabulary = self._lanes.vocabulary
        for _, lanes, last_length in batches(original_bytes, self.chunk_bytes, self.lanes):
            lengths = np.full(lanes, self.chunk_bytes)
            lengths[-1] = last_length
            data = np.zeros((lanes, int(lengths.max())), np.uint8)
            filled = np.zeros(lanes, np.int64)
            tokens = np.full(lanes, self._lanes.start_token)
            walk = self._lanes.walk(lanes, int(lengths.max()))
            while len(live := np.flatnonzero(filled < lengths)):
                rows = walk.hidden(tokens[:, None])[live, 0]
                before = int(filled.sum())
                arguments = (vocabulary.content, vocabulary.ends, self._lanes.escape, _PLAIN, data)
                frequencies = self._lanes.frequencies(rows)
                if not _decode_step(state, coded, frequencies, live, *arguments, filled, lengths, tokens):
                    raise CorruptError("no token fits the payload and the chunk")
                if progress is not None:
                    progress(int(filled.sum()) - before)
            result += [row[:length].tobytes() for row, length in zip(data, lengths.tolist(), strict=True)]
        return b"".join(result)

    def memory_bytes(self, original_bytes: int) -> int:
        """Upper bound of the memory that coding a block takes; see codecs.base.BlockCodec."""
        lanes = min(self.lanes, -(-original_bytes // self.chunk_bytes))
        steps = max(1, min(self.chunk_bytes, original_bytes))
        return self._lanes.memory_bytes(lanes, steps) + 6 * original_bytes + _WORKING_BYTES

    def _evaluate(self, spellings: list[Spelling], counts: Tokens, progress: Progress | None) -> _Numbers:
        """What coding the tokens of all lanes takes, (L, T, 4)."""
        intervals = np.zeros((len(spellings), int(counts.max()), 4), np.uint64)
        order = np.argsort(-counts, kind="stable")  # those of about a length go together
        at = 0
        while at < len(order):
            most = _GROUP_BYTES // max(1, self._lanes.lane_bytes(int(counts[order[at]])))
            group = order[at : at + max(1, min(_GROUP_LANES, most))]
            found = self._lanes.intervals([spellings[lane].tokens for lane in group])
            for lane, coded in zip(group, found, strict=True):
                intervals[lane, : len(coded)] = coded
            if progress is not None:
                progress(sum(int(spellings[lane].ends[-1]) for lane in group))
            at += len(group)
        return intervals

"""A model over tokens alone, without a mixture: lanes of tokens in step, and integer frequencies of all tokens.

    token      coded with the frequencies of the whole vocabulary, of sum 2^30 at most, none of them zero
    escape     stands for one byte that no token says; the byte follows as eight plain bits
    context    a lane that reaches C positions starts anew with the start token and its last C / 4 - 1 tokens

Encoders take blocks of positions, decoders one at a time: the same bits, on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.cores import usable_cores
from predzip.codecs.token_text import OVERLAP_PART
from predzip.codecs.tokenization import WITHOUT, tokenize
from predzip.coding.range_coder import keep_interval
from predzip.errors import ModelError
from predzip.jit import kernel
from predzip.predictors.neural.arithmetic import softmax_frequencies
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.crew import Crew
from predzip.predictors.neural.transformer.stepper import TokenStepper, stepper_memory_bytes
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights

Tokens = NDArray[np.int64]
_Floats = NDArray[np.float32]

FREQUENCY_TOTAL = 1 << 30
"""What the frequencies of all tokens sum to, at most."""
NO_BYTE = -1
NO_ESCAPE = -1
"""All bytes are tokens: nothing needs to be escaped."""
_MOST_THREADS = 2
_ROWS_AT_ONCE = 512
"""Positions whose rows are held before they become logits."""
_LOGIT_BYTES = 32 << 20
"""Logits that are held at once while encoding."""


class Spelling(NamedTuple):
    """Bytes as T tokens."""

    tokens: Tokens  # T; the escape where no token says the byte
    plain: Tokens  # T: the byte behind an escape, else NO_BYTE
    ends: Tokens  # T: bytes up to the end of each


@kernel
def _intervals_of_rows(
    logits: _Floats,
    tokens: Tokens,
    scratch: NDArray[np.int32],
    frequencies: NDArray[np.uint32],  # 1, V
    found: NDArray[np.uint64],  # N, 4
) -> None:
    """Keep of each row (N, V) what coding its token takes: 0, cumulative frequencies around it, the total."""
    for n in range(logits.shape[0]):
        softmax_frequencies(logits[n : n + 1], scratch, FREQUENCY_TOTAL, frequencies)
        keep_interval(frequencies[0], tokens[n], found[n])


def escape_of(vocabulary: Vocabulary, start_token: int) -> int:
    """The token that says that a plain byte follows: the start token or, where that has bytes, the first that has none.

    Raises:
        ModelError: there is none, and not every byte is a token.
    """
    silent = np.flatnonzero(vocabulary.lengths == 0)
    if vocabulary.lengths[start_token] == 0:
        return start_token
    if len(silent):
        return int(silent[0])
    single = vocabulary.content[vocabulary.ends[vocabulary.lengths == 1] - 1]
    if len(np.unique(single)) < 256:
        raise ModelError("the vocabulary lacks bytes, and has no token that stands for nothing to say so")
    return NO_ESCAPE


class TokenLanes:
    """The parts that method 3 and experiments share.

    Args:
        weights: of a Transformer with a vocabulary.
        tokenizer_path: of the tokenizer that the model was trained with; only `spell` uses it, and does without.
        most_tokens: the most that a lane will have.

    Raises:
        ModelError: the weights are not those of a model over tokens, or some byte can be said in no way.
    """

    def __init__(self, weights: Weights, tokenizer_path: str, most_tokens: int) -> None:
        self.vocabulary = Vocabulary.from_weights(weights)
        if weights.kind != "transformer":
            raise ModelError(f"model {weights.name} runs in floats; method float takes it, method chunks not")
        self.config = TransformerConfig.from_dict(dict(weights.config))
        self.start_token = self.config.start_token
        self.escape = escape_of(self.vocabulary, self.start_token)
        self.threads = min(_MOST_THREADS, usable_cores())
        self._tokenizer_path = tokenizer_path
        self._engine = TokenStepper(weights, 1, min(self.config.context, most_tokens), threads=self.threads)
        self._crew = Crew(self.threads)
        self._scratch = np.zeros((self.threads, self.config.vocab_size), np.int32)
        self._row = np.zeros((self.threads, self.config.vocab_size), np.uint32)

    def spell(self, data: bytes) -> Spelling:
        """Tokens of data, proven: joined, they are the data.

        Raises:
            ModelError: they are not.
        """
        asked = tokenize(data, self.vocabulary, self._tokenizer_path)
        is_plain = asked == WITHOUT
        ends = np.cumsum(np.where(is_plain, 1, self.vocabulary.lengths[asked]))
        content = np.frombuffer(data, np.uint8)
        if len(data) != (ends[-1] if len(ends) else 0):
            raise ModelError("the tokens are not as long as the data")
        plain = np.full(len(asked), NO_BYTE)
        plain[is_plain] = content[ends[is_plain] - 1]
        spelling = Spelling(np.where(is_plain, self.escape, asked), plain, ends)
        if self.join(spelling) != data:
            raise ModelError("the tokens do not join to the data")
        return spelling

    def join(self, spelling: Spelling) -> bytes:
        """The bytes of tokens."""
        lengths = np.where(spelling.plain == NO_BYTE, self.vocabulary.lengths[spelling.tokens], 1)
        is_plain = np.repeat(spelling.plain != NO_BYTE, lengths)
        result = np.zeros(len(is_plain), np.uint8)
        result[is_plain] = spelling.plain[spelling.plain != NO_BYTE]
        said = self.vocabulary.join(spelling.tokens[spelling.plain == NO_BYTE])
        result[~is_plain] = np.frombuffer(said, np.uint8)
        return result.tobytes()

    def walk(self, lanes: int, steps: int) -> Walk:
        """Start so many lanes, none of which will have more than `steps` tokens."""
        positions = min(steps, self._engine.positions)
        return Walk(self._engine.beside(lanes, positions, threads=min(lanes, self.threads)), self.config.context, steps)

    def intervals(self, lanes: list[Tokens]) -> list[NDArray[np.uint64]]:
        """What coding the tokens of each lane takes, (T, 4): 0, cumulative frequencies around the token, their total.

        Args:
            lanes: tokens of each, of any length; they should be about as long, for none ends before the longest.
        """
        found = [np.zeros((len(lane), 4), np.uint64) for lane in lanes]
        steps = max((len(lane) for lane in lanes), default=0)
        inputs = np.full((len(lanes), steps), self.start_token, np.int64)
        for row, lane in zip(inputs, lanes, strict=True):
            row[1 : len(lane)] = lane[:-1]
        for first, rows in self.blocks(inputs):
            wanted = [(i, first, min(len(lane), first + rows.shape[1])) for i, lane in enumerate(lanes)]
            wanted = [(i, begin, end) for i, begin, end in wanted if begin < end]
            hidden = np.concatenate([rows[i, : end - begin] for i, begin, end in wanted])
            tokens = np.concatenate([lanes[i][begin:end] for i, begin, end in wanted])
            coded = self._intervals(hidden, tokens)
            at = 0
            for i, begin, end in wanted:
                found[i][begin:end] = coded[at : at + end - begin]
                at += end - begin
        return found

    def blocks(self, inputs: Tokens) -> Iterator[tuple[int, _Floats]]:
        """Run inputs (L, T); give the step that a block begins at, and its rows (L, B, D) for `frequencies`."""
        lanes, steps = inputs.shape
        if not inputs.size:
            return
        walk = self.walk(lanes, steps)
        block = max(1, _ROWS_AT_ONCE // lanes)
        for first in range(0, steps, block):
            yield first, walk.hidden(inputs[:, first : first + block])

    def frequencies(self, rows: _Floats) -> NDArray[np.uint32]:
        """Frequencies of all tokens behind each row (N, D), (N, V)."""
        logits = self._engine.logits(rows)
        result = np.empty(logits.shape, np.uint32)
        self._share(logits, partial(_keep_frequencies, result))
        return result

    def memory_bytes(self, lanes: int, steps: int) -> int:
        """Upper bound of what lanes of so many tokens take, encoders included: weights, caches, rows, frequencies."""
        positions = min(steps, self._engine.positions)
        rows = max(lanes, self._rows_at_once())
        engine = stepper_memory_bytes(self.config, lanes + 1, positions, self.threads, rows)
        return engine + 4 * (rows + 2 * self.threads) * self.config.vocab_size + 8 * lanes * steps * 8

    def lane_bytes(self, steps: int) -> int:
        """Memory of one more lane."""
        positions = min(steps, self._engine.positions)
        one, two = (stepper_memory_bytes(self.config, lanes, positions, rows=1) for lanes in (1, 2))
        return two - one

    def _rows_at_once(self) -> int:
        return max(1, _LOGIT_BYTES // (4 * self.config.vocab_size))

    def _intervals(self, rows: _Floats, tokens: Tokens) -> NDArray[np.uint64]:
        """What coding tokens (N,) behind rows (N, D) takes, (N, 4)."""
        found = np.empty((len(rows), 4), np.uint64)
        step = self._rows_at_once()
        for at in range(0, len(rows), step):
            logits = self._engine.logits(rows[at : at + step])
            self._share(logits, partial(_keep_intervals, tokens[at : at + step], self._row, found[at : at + step]))
        return found

    def _share(self, logits: _Floats, work: Callable[[_Floats, NDArray[np.int32], int, slice], None]) -> None:
        """Do rows of logits in all threads, each with scratch memory of its own."""
        edges = [len(logits) * i // self.threads for i in range(self.threads + 1)]
        parts = [slice(first, end) for first, end in pairwise(edges)]
        self._crew.run([partial(work, logits[part], self._scratch[i], i, part) for i, part in enumerate(parts)])


def _keep_intervals(
    tokens: Tokens,
    frequencies: NDArray[np.uint32],
    found: NDArray[np.uint64],
    logits: _Floats,
    scratch: NDArray[np.int32],
    thread: int,
    part: slice,
) -> None:
    _intervals_of_rows(logits, tokens[part], scratch, frequencies[thread : thread + 1], found[part])


def _keep_frequencies(
    frequencies: NDArray[np.uint32], logits: _Floats, scratch: NDArray[np.int32], thread: int, part: slice
) -> None:
    softmax_frequencies(logits, scratch, FREQUENCY_TOTAL, frequencies[part])


class Walk:
    """Lanes in step, which start anew where the context is full.

    Args:
        stepper: at its start.
        context: C; the stepper has room for as many positions, or for all steps.
        steps: the most that will come.
    """

    def __init__(self, stepper: TokenStepper, context: int, steps: int) -> None:
        self._stepper = stepper
        self._kept = context // OVERLAP_PART if steps > context else 0
        self._start = np.zeros((stepper.lanes, 0), np.int64)
        self._last = self._start

    def hidden(self, inputs: Tokens) -> _Floats:
        """Take the next inputs (L, B): the start token first, then the tokens; return rows (L, B, D)."""
        parts = []
        if self._kept and not self._start.size:
            self._start = inputs[:, :1].copy()
        while inputs.shape[1]:
            if self._stepper.position == self._stepper.positions:
                self._stepper.restart()
                if self._kept:
                    self._stepper.hidden(np.concatenate([self._start, self._last], axis=1))
            count = self._stepper.positions - self._stepper.position
            part, inputs = inputs[:, :count], inputs[:, count:]
            rows = self._stepper.hidden(np.ascontiguousarray(part))
            parts.append(rows.reshape(*part.shape, -1))
            if self._kept > 1:
                self._last = np.concatenate([self._last, part], axis=1)[:, -(self._kept - 1) :]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

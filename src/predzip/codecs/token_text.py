"""One stream of text as tokens in lanes: a model over tokens runs on threads while their bytes are coded.

Tokens are cut into L lanes of equal number, coded side by side: token t of every lane before token t + 1 of any. The
lanes are predicted in two groups, so that one core runs the model for one group while the other is coded; encoders
predict blocks of tokens, decoders one at a time, and both get the same numbers.

    window   a lane that reaches C positions starts anew with the start token and its last C / 4 tokens before it

What the adaptive model learns is shared by all lanes, and by what came before the window.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.codecs.cores import usable_cores
from predzip.codecs.mixing import Bytes, State, with_room
from predzip.coding.binary import output_bytes
from predzip.errors import CorruptError
from predzip.predictors.mixing.model import PADDING, new_model
from predzip.predictors.mixing.registers import POSITION
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.text_warm import token_start
from predzip.predictors.mixture import HEADS
from predzip.predictors.neural.token_trie import TokenTrie, longest_token_bytes
from predzip.predictors.token_ends import new_end_state
from predzip.predictors.token_mixture import DECISIONS_OF_A_BYTE, code_step, sum_weights

Tokens = NDArray[np.int64]

LINE_BITS = 22
"""log2 of the lines of the adaptive model, at most: more (24) gain 0.1 % beside a model of tokens."""
_SPARE_BYTES = 1 << 16
OVERLAP_PART = 4
"""A lane that starts anew keeps this part of its context."""
ROWS_OF_A_BLOCK = 256
_SUM_BYTES = 8 << 20
"""Sums over ranks that a group holds at once, about; encoders hold two of them."""
WARM_STRENGTH = 4
"""The strength that has a warm start."""


@dataclass(frozen=True)
class Shape:
    """How a stream lies in lanes."""

    tokens: int
    """Of the whole stream."""
    lanes: int
    stride_bytes: int
    """Room of one lane for its bytes."""

    @property
    def steps(self) -> int:
        """Tokens of a lane; the last one may have fewer."""
        return -(-self.tokens // self.lanes)

    def live_lanes(self, step: int) -> int:
        """Lanes that have a token at a step: all, or all but the last."""
        return self.lanes if (self.lanes - 1) * self.steps + step < self.tokens else self.lanes - 1


def shape_of(token_bytes: Tokens, most_lanes: int) -> Shape:
    """Choose the lanes of a stream.

    Args:
        token_bytes: (T,), bytes of each token.
        most_lanes: fewer where there is little text, or where the bytes would spread unevenly.
    """
    count = len(token_bytes)
    lanes = max(1, min(most_lanes, count))
    while True:
        steps = -(-count // lanes)
        lanes = -(-count // steps)  # none is empty
        stride = int(np.add.reduceat(token_bytes, np.arange(0, count, steps)).max())
        if lanes == 1 or fits(Shape(count, lanes, stride), int(token_bytes.sum())):
            return Shape(count, lanes, stride)
        lanes //= 2


def fits(shape: Shape, length: int) -> bool:
    """Say whether a shape is one that encoders write for a stream of so many bytes."""
    if not 1 <= shape.lanes <= shape.tokens <= length or -(-shape.tokens // shape.steps) != shape.lanes:
        return False
    room = shape.stride_bytes * shape.lanes
    return shape.stride_bytes <= length <= room <= 2 * length + _SPARE_BYTES


class Stepper(Protocol):
    """A model over tokens; `neural.transformer.stepper.TokenStepper` describes the methods."""

    positions: int

    @property
    def position(self) -> int: ...  # noqa: D102

    def beside(self, lanes: int, positions: int, *, threads: int = 1) -> Stepper: ...  # noqa: D102

    def restart(self) -> None: ...  # noqa: D102

    def hidden(self, tokens: Tokens) -> NDArray[np.float32]: ...  # noqa: D102

    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float32]: ...  # noqa: D102


class _Group:
    """Some lanes that are predicted together, on a thread."""

    def __init__(self, stepper: Stepper, trie: TokenTrie, first: int, inputs: Tokens, most_steps: int) -> None:
        self.stepper = stepper
        self.trie = trie
        self.first = first
        self.inputs = inputs  # lanes, steps: what stands before each token
        self.lanes = len(inputs)
        self._hidden = np.zeros((self.lanes, 0, 1), np.float32)  # of the block of steps that ran last
        self._hidden_from = 0
        self._most_steps = most_steps
        self._scratch = np.empty(len(trie.token_of_rank), np.float32)

    def sums(self, begin: int, count: int, block: int) -> NDArray[np.int64]:
        """Weights of the tokens at steps begin .. begin + count - 1, (count, lanes, R + 1)."""
        sums = np.empty((count, self.lanes, len(self.trie.token_of_rank) + 1), np.int64)
        at = begin
        while at < begin + count:
            if at >= self._hidden_from + self._hidden.shape[1]:
                self._run(at, block)
            first = at - self._hidden_from
            rows = self._hidden[:, first : first + begin + count - at].transpose(1, 0, 2)
            logits = self.stepper.logits(rows.reshape(-1, rows.shape[2]))
            done = at - begin + len(rows)
            part = sums[at - begin : done].reshape(len(logits), -1)
            sum_weights(logits, self.trie.token_of_rank, self._scratch, part)
            at += len(rows)
        return sums

    def _run(self, begin: int, block: int) -> None:
        context = self.stepper.positions
        if self.stepper.position == context:
            self.stepper.restart()
            kept = max(1, context // OVERLAP_PART)
            again = np.concatenate([self.inputs[:, :1], self.inputs[:, begin - kept + 1 : begin]], axis=1)
            for at in range(0, kept, self._most_steps):
                self.stepper.hidden(np.ascontiguousarray(again[:, at : at + self._most_steps]))
        count = min(block, self._most_steps, self.inputs.shape[1] - begin, context - self.stepper.position)
        rows = self.stepper.hidden(np.ascontiguousarray(self.inputs[:, begin : begin + count]))
        self._hidden, self._hidden_from = rows.reshape(self.lanes, count, -1), begin


class TokenText:
    """One stream of text, coded or to be decoded.

    Args:
        stepper: of the model; others are made beside it.
        trie: of the vocabulary.
        start_token: stands before the first token of a lane.
        context: positions that a lane reaches before it starts anew.
        strength: of the adaptive model.
        shape: of the lanes.
        tokens: (T,) of an encoder.
        stepwise: ask the model for all lanes together and one token at a time, in both directions, since its numbers
            depend on how it is asked.
    """

    def __init__(
        self,
        stepper: Stepper,
        trie: TokenTrie,
        start_token: int,
        context: int,
        strength: int,
        shape: Shape,
        tokens: Tokens | None = None,
        *,
        stepwise: bool = False,
    ) -> None:
        self._shape = shape
        self._trie = trie
        self._ranks = np.zeros((shape.steps, shape.lanes), np.int64)
        inputs = np.zeros((shape.lanes, shape.steps), np.int64)
        if tokens is not None:
            # Behind the last token stands what a decoder has there: models with experts mix up their lanes.
            whole = np.full(shape.steps * shape.lanes, trie.token_of_rank[0])
            whole[: shape.tokens] = tokens
            by_lane = whole.reshape(shape.lanes, shape.steps)
            self._ranks[...] = trie.rank_of_token[by_lane].T
            inputs[:, 1:] = by_lane[:, :-1]
        inputs[:, 0] = start_token
        self._data = np.zeros(shape.lanes * shape.stride_bytes + PADDING, np.uint8)
        start = token_start() if strength == WARM_STRENGTH else None
        self.model = new_model(strength, TEXT, shape.lanes * shape.stride_bytes, shape.lanes, HEADS, start, LINE_BITS)
        self.ends = new_end_state()
        self._frequencies = np.zeros(256, np.uint32)
        self._done = 0
        positions = min(context, shape.steps)
        middle = -(-shape.lanes // 2) if usable_cores() > 1 and not stepwise else shape.lanes
        most_steps = 1 if stepwise else positions
        # A single lane is a single group, which may use both cores itself.
        threads = 2 if shape.lanes == 1 and usable_cores() > 1 else 1
        self._groups = [
            _Group(stepper.beside(end - first, positions, threads=threads), trie, first, inputs[first:end], most_steps)
            for first, end in ((0, middle), (middle, shape.lanes))
            if end > first
        ]

    def encode(self, coder: State, buffer: Bytes, most_bytes: int, progress: Progress | None = None) -> Bytes | None:
        """Code the tokens; return the buffer, or a bigger one that took its place.

        Args:
            coder: of an encoder.
            buffer: its output.
            most_bytes: the output that is worth going on for; None is returned where it grows beyond.
            progress: called with the number of bytes finished since the last call.
        """
        shape = self._shape
        block = max(1, ROWS_OF_A_BLOCK // shape.lanes)
        widest = max(group.lanes for group in self._groups)
        at_once = max(1, min(block, _SUM_BYTES // (8 * widest * len(self._trie.token_of_rank))))
        decisions = shape.lanes * DECISIONS_OF_A_BYTE * longest_token_bytes(self._trie)
        with ThreadPoolExecutor(len(self._groups), "predzip-tokens") as pool:

            def ask(begin: int) -> list[Future[NDArray[np.int64]]]:
                count = min(at_once, shape.steps - begin)
                return [pool.submit(group.sums, begin, count, block) for group in self._groups] if count > 0 else []

            waiting = ask(0)
            for begin in range(0, shape.steps, at_once):
                found = [future.result() for future in waiting]
                waiting = ask(begin + at_once)
                for step in range(begin, min(begin + at_once, shape.steps)):
                    buffer = with_room(buffer, coder, decisions)
                    for group, sums in zip(self._groups, found, strict=True):
                        self._code(group, step, sums[step - begin], coder, buffer)
                self._report(progress)
                if output_bytes(coder) > most_bytes:
                    return None
        return buffer

    def decode(self, coder: State, payload: Bytes, progress: Progress | None = None) -> bytes:
        """Bring back the text.

        Raises:
            CorruptError: where the payload does not fit the shape.
        """
        steps = self._shape.steps
        with ThreadPoolExecutor(len(self._groups), "predzip-tokens") as pool:
            waiting = [pool.submit(group.sums, 0, 1, 1) for group in self._groups]
            for step in range(steps):
                for i, group in enumerate(self._groups):
                    self._code(group, step, waiting[i].result()[0], coder, payload)
                    if step + 1 < steps:
                        ranks = self._ranks[step, group.first : group.first + group.lanes]
                        group.inputs[:, step + 1] = self._trie.token_of_rank[ranks]
                        waiting[i] = pool.submit(group.sums, step + 1, 1, 1)
                self._report(progress)
        ends = self.model.lanes[:, POSITION].astype(np.int64)
        stride = self._shape.stride_bytes
        return b"".join(self._data[lane * stride : end].tobytes() for lane, end in enumerate(ends))

    def _code(self, group: _Group, step: int, sums: NDArray[np.int64], coder: State, buffer: Bytes) -> None:
        live = min(group.lanes, self._shape.live_lanes(step) - group.first)
        ranks = self._ranks[step, group.first : group.first + live]
        arguments = (self._trie, coder, buffer, self._data, group.first, self._frequencies, sums[:live], ranks)
        if not code_step(self.model, self.ends, *arguments):
            raise CorruptError("no token fits the payload")

    def _report(self, progress: Progress | None) -> None:
        if progress is not None:
            done = int(self.model.lanes[:, POSITION].astype(np.int64).sum())
            done -= self._shape.stride_bytes * self._shape.lanes * (self._shape.lanes - 1) // 2
            progress(done - self._done)
            self._done = done

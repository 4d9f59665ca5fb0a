"""A model over tokens as a source: draws tokens; asked about true bytes, it weighs the next byte as its tokens do.

    draws       a token among those that stand for bytes, by their frequencies; one that is too long is cut
    weighs      the 256 bytes behind the bytes of a token that came so far: tokens that begin so, together

What is given and what is true is cut into tokens by the tokenizer of the model. The true tokens cost what they cost in
method 3, byte by byte; what says that a token ends counts at the byte behind it. When the context is full, its last
half is shown again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.token_lanes import FREQUENCY_TOTAL, NO_ESCAPE, escape_of
from predzip.codecs.tokenization import WITHOUT, tokenize
from predzip.errors import UsageError
from predzip.experiments.generation.base import Candidates
from predzip.experiments.generation.exact import BYTES
from predzip.experiments.token_bytes import WeighedTree, child, tree_of
from predzip.predictors.neural.arithmetic import softmax_frequencies
from predzip.predictors.neural.token_trie import ROOT
from predzip.predictors.neural.vocabulary import Vocabulary

_Floats = NDArray[np.float32]


class OneLane(Protocol):
    """A stepper of one lane; `TokenStepper` describes the methods."""

    @property
    def position(self) -> int: ...  # noqa: D102

    def restart(self) -> None: ...  # noqa: D102

    def hidden(self, tokens: NDArray[np.integer]) -> _Floats: ...  # noqa: D102

    def logits(self, rows: _Floats) -> _Floats: ...  # noqa: D102


class TokenSource:
    """One lane of a model over tokens.

    Args:
        name: for tables.
        vocabulary: of the model.
        start_token: stands before the first token.
        context: positions that the model takes.
        new_lane: makes its engine, for so many positions.
        tokenizer_path: of the tokenizer that it was trained with; does without.
        fingerprint: of its weights, for tables.
        stepwise: the engine takes one token at a time.

    Raises:
        ModelError: some byte can be said in no way, or two tokens are the same.
    """

    step_bytes = 1

    def __init__(
        self,
        name: str,
        vocabulary: Vocabulary,
        start_token: int,
        context: int,
        new_lane: Callable[[int], OneLane],
        tokenizer_path: str = "",
        fingerprint: bytes = b"",
        *,
        stepwise: bool = False,
    ) -> None:
        self.name = name
        self.about = f"exact probabilities of tokens, weights {fingerprint.hex()[:8]}".removesuffix(", weights ")
        self._vocabulary = vocabulary
        self._tree = tree_of(vocabulary)
        self._start_token = start_token
        self._escape = escape_of(vocabulary, start_token)
        self._context = context
        self._new_lane = new_lane
        self._tokenizer_path = tokenizer_path
        self._stepwise = stepwise
        self._scratch = np.zeros(len(vocabulary), np.int32)
        self._frequencies = np.zeros((1, len(vocabulary)), np.uint32)
        self._lane: OneLane | None = None
        self._forget()

    def start(self, expected_bytes: int) -> None:
        """See `Source`."""
        self._positions = min(self._context, expected_bytes + 1)  # no more tokens than bytes, and the start token
        self._lane = self._new_lane(self._positions)
        self._forget()

    def _forget(self) -> None:
        self._history = [self._start_token]
        self._waiting = 1
        """Tokens at the end of the history that the model was not told yet."""
        self._weighed: WeighedTree | None = None
        """What the model says behind the history, once it was asked."""
        self._coming: list[tuple[int, bytes]] = []
        """True tokens and their bytes, from the one that is under way on."""
        self._came = b""
        """Bytes of the token under way that came."""
        self._node = ROOT
        self._owed_bits = 0.0
        """What the true tokens cost beyond what was said of their bytes so far."""

    def take(self, data: bytes) -> None:
        """See `Source`."""
        if self._true_bytes().startswith(data):
            for byte in data:
                self._take_true(byte)
        else:
            self._leave_truth()
            self._tell([token for token, _ in self._tokens(data)])

    def candidates(self, length: int, random: Random, also: bytes = b"") -> Candidates:
        """See `Source`."""
        if also != self._true_bytes():
            self._leave_truth()
            self._coming = self._tokens(also)
        weighed = self._ask()
        weights = weighed.following(self._node)
        if self._node == ROOT:
            weights += self._plain_weight()
        whole = weighed.total if self._node == ROOT else weighed.below(self._node)
        with np.errstate(divide="ignore"):  # inside a token, bytes that do not go on with it cost without end
            bits = math.log2(whole) - np.log2(weights) + self._owed_bits
        return Candidates(BYTES, bits)

    def draw_directly(self, length: int, random: Random, temperature: float) -> tuple[bytes, float]:
        """See `DirectSource`."""
        self._leave_truth()
        weighed = self._ask()
        weights = self._frequencies[0, self._tree.token_of_rank]
        token = int(self._tree.token_of_rank[_draw(weights, random, temperature)])
        drawn = self._vocabulary.token(token)
        if len(drawn) <= length:
            self._tell([token])
            return drawn, math.log2(weighed.total / int(self._frequencies[0, token]))
        drawn, node = drawn[:length], ROOT
        for byte in drawn:
            node = child(self._tree, node, byte)
        self._tell([token for token, _ in self._tokens(drawn)])
        return drawn, math.log2(weighed.total / weighed.below(node))

    def _tokens(self, data: bytes) -> list[tuple[int, bytes]]:
        found, at = [], 0
        for token in tokenize(data, self._vocabulary, self._tokenizer_path).tolist():
            end = at + (1 if token == WITHOUT else int(self._vocabulary.lengths[token]))
            found.append((self._escape if token == WITHOUT else token, data[at:end]))
            at = end
        return found

    def _true_bytes(self) -> bytes:
        """What comes next if the truth comes."""
        return b"".join(content for _, content in self._coming)[len(self._came) :]

    def _take_true(self, byte: int) -> None:
        token, content = self._coming[0]
        weighed = self._ask()
        self._owed_bits = 0.0
        if token == self._escape:
            said = weighed.following()[byte] + self._plain_weight()
            self._owed_bits = math.log2(said / self._plain_weight())
        else:
            node = child(self._tree, self._node, byte)
            if self._node == ROOT:
                self._owed_bits = math.log2(1 + self._plain_weight() / weighed.below(node))
            self._node = node
        self._came += bytes([byte])
        if len(self._came) == len(content):
            if token != self._escape:
                self._owed_bits += math.log2(weighed.below(self._node) / int(self._frequencies[0, token]))
            self._tell([token])
            self._coming, self._came, self._node = self._coming[1:], b"", ROOT

    def _leave_truth(self) -> None:
        """Something else than the true tokens comes: what came of the one under way is told as it can be."""
        came = self._came
        self._coming, self._came, self._node, self._owed_bits = [], b"", ROOT, 0.0
        self._tell([token for token, _ in self._tokens(came)])

    def _plain_weight(self) -> float:
        """What each plain byte weighs."""
        return 0.0 if self._escape == NO_ESCAPE else int(self._frequencies[0, self._escape]) / 256

    def _tell(self, tokens: list[int]) -> None:
        if tokens:
            self._history += tokens
            self._waiting += len(tokens)
            self._weighed = None

    def _ask(self) -> WeighedTree:
        if self._weighed is not None:
            return self._weighed
        lane = self._lane
        if lane is None:
            raise UsageError(f"{self.name} was not started")
        inputs = self._history[len(self._history) - self._waiting :]
        if lane.position + len(inputs) > self._positions:
            lane.restart()
            kept = self._history[-max(1, self._context // 2) :]
            inputs = [self._start_token, *kept[1:]] if len(kept) > 1 else kept
        step = 1 if self._stepwise else len(inputs)
        for at in range(0, len(inputs), step):
            rows = lane.hidden(np.array([inputs[at : at + step]]))
        self._waiting = 0
        softmax_frequencies(lane.logits(rows[-1:]), self._scratch, FREQUENCY_TOTAL, self._frequencies)
        self._weighed = WeighedTree(self._tree, self._frequencies[0])
        return self._weighed


def _draw(weights: NDArray[np.uint32], random: Random, temperature: float) -> int:
    """Draw an index in proportion to weight^(1 / temperature)."""
    if temperature == 0:
        return int(weights.argmax())
    if temperature == 1:
        sums = weights.cumsum(dtype=np.int64)
        return int(np.searchsorted(sums, random.randrange(int(sums[-1])), side="right"))
    shares = np.exp2((np.log2(weights) - np.log2(weights.max())) / temperature).cumsum()
    return min(int(np.searchsorted(shares, random.random() * shares[-1], side="right")), len(shares) - 1)

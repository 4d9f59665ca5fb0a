"""What the symbols of a model over tokens stand for: the bytes of each, kept beside its weights.

Two tensors: `vocabulary.bytes`, the bytes of all tokens, one after the other, and `vocabulary.ends`, where those of
each token end. A token that stands for nothing (control, unused, the same as another) has no bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError

if TYPE_CHECKING:
    from predzip.predictors.neural.weights import Tensors, Weights

BYTES_TENSOR = "vocabulary.bytes"
ENDS_TENSOR = "vocabulary.ends"
_AT_ONCE = 1 << 18


class Vocabulary:
    """The bytes of V tokens.

    Args:
        content: bytes of all tokens, one after the other.
        ends: (V,), where the bytes of each token end.

    Raises:
        ModelError: where the ends are not those of pieces of the content, in order.
    """

    def __init__(self, content: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        if content.dtype != np.uint8 or content.ndim != 1 or ends.dtype != np.int64 or ends.ndim != 1 or not len(ends):
            raise ModelError("a vocabulary is bytes (uint8) and the end of each token in them (int64)")
        if ends[0] < 0 or (ends[1:] < ends[:-1]).any() or ends[-1] != len(content):
            raise ModelError("the ends of the vocabulary's tokens are out of order, or not those of its bytes")
        self.content = content
        self.ends = ends
        self._starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
        self.lengths = ends - self._starts
        """(V,), bytes of each token."""

    @classmethod
    def from_tokens(cls, tokens: Sequence[bytes]) -> Vocabulary:
        """Make one of the bytes of each token."""
        ends = np.cumsum([len(token) for token in tokens], dtype=np.int64)
        return cls(np.frombuffer(b"".join(tokens), np.uint8), ends)

    @classmethod
    def from_weights(cls, weights: Weights) -> Vocabulary:
        """Read it from the tensors of a model.

        Raises:
            ModelError: there is none, it is damaged, or it has not as many tokens as the model has symbols.
        """
        content, ends = weights.tensors.get(BYTES_TENSOR), weights.tensors.get(ENDS_TENSOR)
        if content is None or ends is None:
            raise ModelError(f"model {weights.name} has no vocabulary: its symbols stand for no bytes that it names")
        if len(ends) != weights.config.get("vocab_size"):
            raise ModelError(
                f"the vocabulary of model {weights.name} has {len(ends)} tokens, its network another number"
            )
        return cls(content, ends)

    def tensors(self) -> Tensors:
        """The tensors that `from_weights` reads."""
        return {BYTES_TENSOR: self.content, ENDS_TENSOR: self.ends}

    def __len__(self) -> int:
        return len(self.ends)

    def token(self, number: int) -> bytes:
        """The bytes of one token.

        Raises:
            UsageError: there is none of this number.
        """
        if not 0 <= number < len(self):
            raise UsageError(f"tokens are 0 to {len(self) - 1}, not {number}")
        return self.content[self._starts[number] : self.ends[number]].tobytes()

    def join(self, tokens: NDArray[np.integer] | Sequence[int]) -> bytes:
        """The bytes of tokens, one after the other.

        Raises:
            UsageError: one of them is not of this vocabulary.
        """
        numbers = np.asarray(tokens, dtype=np.int64)
        if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < len(self):
            raise UsageError(f"tokens are 0 to {len(self) - 1}")
        return b"".join(self._join(numbers[at : at + _AT_ONCE]) for at in range(0, len(numbers), _AT_ONCE))

    def _join(self, numbers: NDArray[np.int64]) -> bytes:
        lengths = self.lengths[numbers]
        ends = np.cumsum(lengths)
        # Byte number i of the result, in token t, is byte  starts[t] + i - (bytes before t)  of the content.
        places = np.repeat(self._starts[numbers] - ends + lengths, lengths) + np.arange(ends[-1])
        joined: NDArray[np.uint8] = self.content[places]
        return joined.tobytes()

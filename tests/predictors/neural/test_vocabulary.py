from __future__ import annotations

import numpy as np
import pytest

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.vocabulary import BYTES_TENSOR, ENDS_TENSOR, Vocabulary
from predzip.predictors.neural.weights import Weights

TOKENS = [b"", b"a", b"the", b"", b"\x00\xff", b" "]


def weights(vocab_size: int = 6, **tensors: object) -> Weights:
    config = {"kind": "transformer", "vocab_size": vocab_size}
    return Weights("tiny", config, tensors, bytes(32))  # type: ignore[arg-type]


def test_tokens_are_what_they_were_made_of() -> None:
    vocabulary = Vocabulary.from_tokens(TOKENS)
    assert len(vocabulary) == 6
    assert [vocabulary.token(i) for i in range(6)] == TOKENS
    assert vocabulary.lengths.tolist() == [0, 1, 3, 0, 2, 1]
    assert vocabulary.ends.tolist() == [0, 1, 4, 4, 6, 7]


def test_tokens_are_joined() -> None:
    vocabulary = Vocabulary.from_tokens(TOKENS)
    assert vocabulary.join([2, 5, 1, 0, 4, 3]) == b"the a\x00\xff"
    assert vocabulary.join([]) == b""
    assert vocabulary.join([0, 3, 0]) == b""
    assert vocabulary.join(np.array([5, 2], np.uint16)) == b" the"


def test_many_tokens_are_joined() -> None:
    vocabulary = Vocabulary.from_tokens(TOKENS)
    numbers = np.random.default_rng(1).integers(0, 6, 600_000)
    assert vocabulary.join(numbers) == b"".join(TOKENS[number] for number in numbers.tolist())


@pytest.mark.parametrize("numbers", [[6], [-1], [0, 99]])
def test_numbers_of_no_token(numbers: list[int]) -> None:
    vocabulary = Vocabulary.from_tokens(TOKENS)
    with pytest.raises(UsageError, match="tokens are 0 to 5"):
        vocabulary.join(numbers)
    with pytest.raises(UsageError, match="tokens are 0 to 5"):
        vocabulary.token(numbers[-1])


def test_tensors_are_read_back() -> None:
    vocabulary = Vocabulary.from_weights(weights(**Vocabulary.from_tokens(TOKENS).tensors()))
    assert [vocabulary.token(i) for i in range(6)] == TOKENS


def test_weights_without_a_vocabulary() -> None:
    with pytest.raises(ModelError, match="model tiny has no vocabulary"):
        Vocabulary.from_weights(weights())
    with pytest.raises(ModelError, match="has no vocabulary"):
        Vocabulary.from_weights(weights(**{ENDS_TENSOR: np.zeros(6, np.int64)}))


def test_a_vocabulary_of_another_size_than_the_network() -> None:
    with pytest.raises(ModelError, match="has 6 tokens"):
        Vocabulary.from_weights(weights(7, **Vocabulary.from_tokens(TOKENS).tensors()))


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (np.zeros(3, np.uint8), np.array([2, 1, 3])),
        (np.zeros(3, np.uint8), np.array([-1, 3])),
        (np.zeros(3, np.uint8), np.array([1, 2])),
        (np.zeros(3, np.uint8), np.array([1, 4])),
        (np.zeros(3, np.uint8), np.zeros(0, np.int64)),
        (np.zeros(3, np.uint8), np.array([[3]])),
        (np.zeros(3, np.uint8), np.array([3], np.int32)),
        (np.zeros(3, np.int8), np.array([3])),
        (np.zeros((1, 3), np.uint8), np.array([3])),
    ],
)
def test_ends_that_are_none(content: np.ndarray, ends: np.ndarray) -> None:
    with pytest.raises(ModelError):
        Vocabulary.from_weights(weights(len(ends), **{BYTES_TENSOR: content, ENDS_TENSOR: ends}))

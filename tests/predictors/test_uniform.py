"""The zero model: exact cost, nothing learnt."""

import pytest

from predzip.errors import UsageError
from predzip.predictors.uniform import Uniform


@pytest.mark.parametrize("alphabet_size", [2, 3, 256, 50_000])
def test_every_symbol_has_frequency_one_whatever_came(alphabet_size: int) -> None:
    model = Uniform(alphabet_size)
    model.update(1)
    assert model.predict().tolist() == [1] * alphabet_size


@pytest.mark.parametrize("alphabet_size", [-1, 0, 1, 2**20 + 1])
def test_alphabets_without_sense_are_refused(alphabet_size: int) -> None:
    with pytest.raises(UsageError, match="alphabet_size"):
        Uniform(alphabet_size)

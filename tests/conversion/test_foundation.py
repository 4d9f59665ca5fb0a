"""Real models, where PREDZIP_TEST_MODELS names a folder with them: see conftest.py."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from predzip.codecs.tokenization import tokenize
from predzip.conversion.check import conversion_loss
from predzip.conversion.convert import convert, open_source
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import read_weights

pytestmark = pytest.mark.foundation

TEXT = """The Rhine rises in the Swiss canton of Graubünden, forms part of the borders of Switzerland with
Liechtenstein, Austria and Germany, and flows through Germany and the Netherlands to the North Sea. In 1815 the Congress
of Vienna made it free to ships of all nations.

    def rainfall(days: list[float]) -> float:
        return sum(days) / len(days)
""".encode()


@pytest.fixture(scope="session")
def converted_smollm2(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stem = tmp_path_factory.mktemp("smollm2") / "smollm2"
    convert(smollm2, stem)
    return stem


@pytest.fixture(scope="session")
def converted_gemma3(gemma3: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stem = tmp_path_factory.mktemp("gemma3") / "gemma3"
    convert(gemma3, stem)
    return stem


def tokens_of(stem: Path, data: bytes) -> np.ndarray:
    vocabulary = Vocabulary.from_weights(read_weights(stem))
    tokens = tokenize(data, vocabulary, stem.with_name(f"{stem.name}.tokenizer.json"))
    assert vocabulary.join(tokens) == data
    return tokens


def test_smollm2_predicts_as_its_source(smollm2: Path, converted_smollm2: Path) -> None:
    tokens = tokens_of(converted_smollm2, TEXT)
    assert len(tokens) < len(TEXT) / 3
    loss = conversion_loss(open_source(smollm2), converted_smollm2, tokens)
    assert loss.float_bpb < 1.3
    assert abs(loss.relative) < 0.015


def test_gemma3_predicts_as_its_source(gemma3: Path, converted_gemma3: Path) -> None:
    tokens = tokens_of(converted_gemma3, TEXT)
    assert len(tokens) < len(TEXT) / 3
    loss = conversion_loss(open_source(gemma3), converted_gemma3, tokens)
    assert loss.float_bpb < 1.3
    assert abs(loss.relative) < 0.015


def test_bytes_that_the_vocabularies_lack(converted_smollm2: Path, converted_gemma3: Path) -> None:
    for stem, lacks in ((converted_smollm2, 21), (converted_gemma3, 0)):
        vocabulary = Vocabulary.from_weights(read_weights(stem))
        have = {vocabulary.token(i) for i in range(len(vocabulary))}
        assert sum(bytes([byte]) not in have for byte in range(256)) == lacks


@pytest.mark.filterwarnings("ignore")
def test_tokens_are_those_of_transformers(smollm2: Path, converted_smollm2: Path) -> None:
    transformers = pytest.importorskip("transformers")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    theirs = transformers.AutoTokenizer.from_pretrained(str(smollm2.parent), gguf_file=smollm2.name)
    text = TEXT.decode()
    assert tokens_of(converted_smollm2, TEXT).tolist() == theirs(text, add_special_tokens=False)["input_ids"]

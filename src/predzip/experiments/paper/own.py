"""predzip's own rows: levels, methods, models alone in chunks, and predzip with a foundation model on all of a text.

    model:NAME       chunks of the paper: a model alone, 64 chunks side by side
    predzip+NAME     what `predzip --model NAME` writes: the model mixed with what predzip learns of the data

Over tokens a model reads text as it was trained to, and other data byte by byte; `7bit:model:NAME` shows it the others
as the paper did, as text of 7 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import predzip
from predzip.errors import ModelError
from predzip.experiments.datasets.dataset import CHUNK_BYTES
from predzip.experiments.paper import framing
from predzip.experiments.paper.compressors import (
    MODEL_PREFIX,
    OWN_PREFIX,
    SEVEN_BITS_PREFIX,
    TEXTS,
    WITH_PREFIX,
    Coded,
)
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import tokenizer_path

MODEL_UNIT_CHUNKS = 64
"""Chunks that a model codes side by side; more would not be faster, and fewer units make wider intervals."""
CHUNKS = "chunks"


@dataclass(frozen=True)
class OwnCompressor:
    """A level or a method of predzip, alone or with a model, through the calls that its users make."""

    name: str
    settings: str
    level: int = predzip.DEFAULT_LEVEL
    method: str | None = None
    model: str | None = None

    @property
    def version(self) -> str:
        """See `TableCompressor`; weights by their fingerprint."""
        if self.model is None:
            return f"predzip {predzip.__version__}"
        stem = catalogue.locate(self.model).stem
        words = [f"predzip {predzip.__version__}", f"weights {catalogue.fingerprint(stem).hex()[:16]}"]
        if catalogue.is_over_tokens(stem):
            words.append(_tokenizer_version(stem))
        return ", ".join(words)

    @property
    def unit_chunks(self) -> int:
        """See `TableCompressor`."""
        return MODEL_UNIT_CHUNKS if self.method == CHUNKS else 1

    @property
    def is_over_tokens(self) -> bool:
        """Whether it runs a model over tokens."""
        return self.model is not None and catalogue.is_over_tokens(catalogue.locate(self.model).stem)

    def fits(self, kind: str) -> bool:
        """See `TableCompressor`: with a model on all of the data, on text alone, for other data does without it."""
        return self.model is None or self.method == CHUNKS or kind in TEXTS

    def check_installed(self) -> None:
        """See `TableCompressor`.

        Raises:
            ModelError: a model in floats cannot be measured in chunks.
        """
        if self.model is None:
            return
        if self.method == CHUNKS and catalogue.runs_in_floats(catalogue.locate(self.model).stem):
            raise ModelError(f"it runs in floats, which no chunks decode from; {WITH_PREFIX}{self.model} is measured")
        from predzip.codecs.registry import choose_codec

        choose_codec(self.level, self.method, self.model)  # a model in floats needs packages

    def _method(self, chunk_bytes: int) -> str | None:
        return f"{CHUNKS}:chunk={chunk_bytes}" if self.method == CHUNKS and chunk_bytes != CHUNK_BYTES else self.method

    def encode(self, data: bytes, kind: str, chunk_bytes: int) -> Coded:
        """See `TableCompressor`."""
        frame = predzip.compress(data, self.level, method=self._method(chunk_bytes), model=self.model)
        payload = framing.frame_payload(frame)
        return Coded(payload, len(frame) - len(payload))

    def decode(self, payload: bytes, original_bytes: int, kind: str, chunk_bytes: int) -> bytes:
        """See `TableCompressor`: by the block codec, since nothing but the payload counted."""
        if len(payload) == original_bytes:
            return payload
        codec = _block_codec(self.level, self._method(chunk_bytes), self.model)
        return bytes(codec.decode_block(payload, original_bytes))


@lru_cache(maxsize=2)
def _block_codec(level: int, method: str | None, model: str | None) -> Any:  # noqa: ANN401 - loaded late
    from predzip.codecs.registry import choose_codec

    return choose_codec(level, method, model).codec.build()


def _tokenizer_version(stem: Path) -> str:
    """Who makes the tokens: other tokens are other numbers."""
    try:
        return f"tokenizers {metadata.version('tokenizers')}" if tokenizer_path(stem).is_file() else "longest tokens"
    except metadata.PackageNotFoundError:
        return "longest tokens"


def own_compressor(name: str) -> OwnCompressor:
    """Look up a row of predzip's own.

    Raises:
        UsageError: there is no such level or method.
        ModelError: there is no such model.
    """
    for prefix, method, settings in (
        (MODEL_PREFIX, CHUNKS, "chunks without history"),
        (WITH_PREFIX, None, "with the model, whatever method that takes"),
    ):
        if name.startswith(prefix):
            found = catalogue.locate(name.removeprefix(prefix))
            model = str(found.stem) if found.origin == "path" else found.name
            return OwnCompressor(prefix + found.name, settings, method=method, model=model)
    from predzip.codecs.registry import choose_codec

    word = name.removeprefix(OWN_PREFIX)
    choose_codec(int(word)) if word.isdecimal() else choose_codec(method=word)  # refuses an unknown one
    if word.isdecimal():
        return OwnCompressor(name, f"-{word}", int(word))
    return OwnCompressor(name, f"--method {word}", method=word)


def rows_of_model(model: str) -> list[str]:
    """Names of the rows that a model of the command line stands for.

    Raises:
        ModelError: there is no such model.
    """
    stem = catalogue.locate(model).stem
    if not catalogue.is_over_tokens(stem):
        return [MODEL_PREFIX + model]
    seven_bits = [] if catalogue.runs_in_floats(stem) else [SEVEN_BITS_PREFIX + MODEL_PREFIX + model]
    return [MODEL_PREFIX + model, *seven_bits, WITH_PREFIX + model]

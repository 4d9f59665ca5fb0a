"""Sources by name: predictors, models, predzip's adaptive model, any compressor.

ppm, ctw:alpha_inverse=16, ngram ..    a predictor of the registry, exact
base, paper-200k, PATH                 a model of the catalogue, exact; of bytes, or of tokens
predzip, predzip-1 .. predzip-3        the adaptive model of a level
gzip, lzma, zstd-19, brotli ..         a compressor, by lengths
png, jpeg-ls, flac ..                  a compressor of pictures or sounds, by lengths
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

from predzip.codecs.baselines import GENERAL_NAMES, MEDIA_NAMES, baseline
from predzip.codecs.cores import usable_cores
from predzip.codecs.levels import MIXING_LEVELS
from predzip.errors import ModelError, UsageError
from predzip.experiments.generation.base import Source
from predzip.experiments.generation.lengths import DEFAULT_LOOK_AHEAD, LengthSource
from predzip.experiments.generation.proposals import Proposer
from predzip.predictors import registry
from predzip.predictors.neural import catalogue

if TYPE_CHECKING:
    from predzip.experiments.generation.adaptive import Modality
    from predzip.predictors.neural.weights import Weights

ADAPTIVE = "predzip"
DEFLATE = "deflate"
_DEFLATE_CONTEXT_BYTES = 4096
"""Reading a stream to its last bit is slow in Python: the past that it is shown is kept short."""
DEFAULT_CANDIDATES = 64
PREFERRED_MODELS = ("base", "small")
"""What a person's prompt is continued with where one of them is installed; else with `FALLBACK`."""
FALLBACK = "ppm"

ADAPTIVE_NAMES = (ADAPTIVE, *(f"{ADAPTIVE}-{strength}" for strength in MIXING_LEVELS))
ALIASES = {"lzma": "lzma2", "ppmd": "ppmd-16", "zstd": "zstd-19"}
_MODEL_PREFIX = "model:"


def default_name() -> str:
    """The name of the source for a person who names none."""
    there = {found.name for found in catalogue.installed()}
    return next((f"{_MODEL_PREFIX}{name}" for name in PREFERRED_MODELS if name in there), FALLBACK)


def names() -> list[str]:
    """Every method that `find_source` knows; models are listed by `predzip models`."""
    return [*registry.names(), *ADAPTIVE_NAMES, DEFLATE, *ALIASES, *GENERAL_NAMES, *MEDIA_NAMES]


def find_source(
    name: str,
    modality: Modality = "text",
    *,
    row_bytes: int = 0,
    look_ahead: int = DEFAULT_LOOK_AHEAD,
    candidates: int = DEFAULT_CANDIDATES,
) -> Source:
    """Make a source.

    Args:
        name: as listed above; "model:NAME" is always a model.
        modality: what the bytes are.
        row_bytes: length of a row of a picture.
        look_ahead: for compressors, bytes of a candidate.
        candidates: for compressors, how many they weigh in each step.

    Raises:
        UsageError: nobody has that name, or it does not take such data.
        ModelError: no model has it.
        MissingExtraError: it needs a package that is not installed.
    """
    word, _, options = name.partition(":")
    proposer = Proposer(candidates, signal=modality != "text", row_bytes=row_bytes)
    if name.startswith(_MODEL_PREFIX):
        return _model(name.removeprefix(_MODEL_PREFIX))
    if word in registry.names():
        return _predictor(name, word, options)
    if name in ADAPTIVE_NAMES:
        from predzip.experiments.generation.adaptive import AdaptiveSource

        return AdaptiveSource(name, strength_of(name), modality, row_bytes, look_ahead, candidates)
    if name == DEFLATE:
        from predzip.experiments.generation.deflate import deflate_bits

        return LengthSource(name, None, look_ahead, proposer, _DEFLATE_CONTEXT_BYTES, deflate_bits)
    codec = ALIASES.get(name, name)
    if codec in GENERAL_NAMES:
        general = baseline(codec)
        general.check_installed()
        return LengthSource(name, general.compress, look_ahead, proposer)
    if codec in MEDIA_NAMES:
        return LengthSource(name, _media(codec, modality, row_bytes), look_ahead, proposer)
    try:
        return _model(name)
    except ModelError as error:
        if "no model is named" not in str(error):
            raise
        known = [*names(), *(found.name for found in catalogue.installed())]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
        raise UsageError(f"no method and no model is named {name!r}; {hint}") from error


def strength_of(name: str) -> int:
    """Strength of the adaptive model that a name of `ADAPTIVE_NAMES` stands for."""
    _, _, strength = name.partition("-")
    return int(strength) if strength else max(MIXING_LEVELS)


def options_of(name: str, options: str) -> dict[str, int | str]:
    """Options of a predictor as a person writes them: order=4,method=C."""
    pairs: dict[str, int | str] = {}
    for pair in filter(None, options.split(",")):
        option, equals, value = pair.partition("=")
        if not (option and equals and value):
            raise UsageError(f"{pair!r} is no option of a method; write {name}:option=value,option=value")
        pairs[option] = int(value) if value.isdecimal() else value
    return pairs


def _predictor(name: str, word: str, options: str) -> Source:
    from predzip.experiments.generation.exact import PredictorSource

    return PredictorSource(name, registry.create(word, **options_of(word, options)))


def _model(name: str) -> Source:
    from predzip.experiments.generation.exact import LaneSource

    weights = catalogue.load(name)
    if catalogue.has_tokens(weights.config):
        return _token_source(weights)
    context = weights.config.get("context")
    limit = context if isinstance(context, int) else None
    return LaneSource(weights.name, catalogue.predictor(weights), limit, weights.fingerprint)


def _token_source(weights: Weights) -> Source:
    from predzip.experiments.generation.tokens import OneLane, TokenSource
    from predzip.predictors.neural.model_files import tokenizer_path
    from predzip.predictors.neural.vocabulary import Vocabulary

    def new_lane(positions: int) -> OneLane:
        if is_float:
            from predzip.predictors.float_model import FloatConfig, load_model
            from predzip.predictors.float_stepper import FloatStepper

            return FloatStepper(FloatConfig.from_dict(weights.config), load_model(weights), 1, positions)
        from predzip.predictors.neural.transformer.stepper import TokenStepper

        return TokenStepper(weights, 1, positions, threads=min(2, usable_cores()))

    is_float = weights.kind == "float"
    path = "" if weights.stem is None else str(tokenizer_path(weights.stem))
    vocabulary = Vocabulary.from_weights(weights)
    start_token, context = int(weights.config.get("start_token", 0)), int(weights.config["context"])
    arguments = (weights.name, vocabulary, start_token, context, new_lane, path, weights.fingerprint)
    return TokenSource(*arguments, stepwise=is_float)


def _media(name: str, modality: Modality, row_bytes: int) -> Callable[[bytes], bytes]:
    """What compresses raw pixels or samples.

    A row that is not complete yet is filled up with what stands above it, which costs any of these codecs next to
    nothing, and the same for every candidate.
    """
    from predzip.codecs.media import picture_layout, sound_layout
    from predzip.codecs.media_baselines import media_baseline

    if (name == "flac") != (modality == "audio") or modality == "text":
        wanted = "sounds" if name == "flac" else "pictures"
        raise UsageError(f"{name} knows {wanted} only; for text name gzip, lzma, ppm, predzip or a model")
    media_baseline(name, None).check_installed()
    if modality == "audio":
        return lambda data: media_baseline(name, sound_layout(data, 8)).compress(data)
    if row_bytes < 1:
        raise UsageError("a picture needs the length of its rows")

    def compress(data: bytes) -> bytes:
        missing = -len(data) % row_bytes
        above = data[max(0, len(data) - row_bytes) :][:missing] if len(data) >= row_bytes else b""
        whole = data + above.ljust(missing, data[-1:] or b"\0")
        return media_baseline(name, picture_layout(whole, row_bytes)).compress(whole)

    return compress

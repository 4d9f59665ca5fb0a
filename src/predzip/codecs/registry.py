"""Method ids: which codec writes a frame, and which one reads it.

An id on disk is a permanent literal; it never depends on import order or on what is installed. Each method is named
by "module:attribute" and imported when it is first used, so that listing a file or printing a help text loads no
kernel. The attribute takes the method id and the parameter bytes of a frame header and returns a `BlockCodec`; where
the method runs a model, it takes the header's fingerprint too, which may be empty.

    0             stored frames of the container: no codec at all
    1             adaptive mixing; parameters: one byte, the strength
    2             adaptive mixing with a neural prior; parameters: the strength, the number of a shipped model or 0
    3             a model alone over chunks without history; parameters: none, or the sizes of chunk and batch
    4             adaptive mixing with a model over tokens; parameters: lanes, context, where the model comes from
    5             the same with a model in floats; parameters: lanes, context, threads, and the environment it ran in
    16 to 255     one predictor with the range coder; the ids are those of predictors.registry
    16128 to 16383  private use, by `register_method`: never written by a release
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from predzip.codecs.base import BlockCodec
from predzip.codecs.levels import DEFAULT_LEVEL, MIXING_LEVELS, PRIOR_LEVELS, Level, level_row
from predzip.errors import CorruptError, ModelError, UnsupportedError, UsageError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_sources import split_record, unpack_source

MIXING_ID = 1
MIXTURE_ID = 2
MODEL_CHUNKS_ID = 3
TOKENS_ID = 4
SOURCE_FROM_BYTE = 3
CHUNK_SOURCE_FROM_BYTE = 6
"""Where the source of the model stands in the parameters of methods 4 and 3."""
RECORD_FROM_BYTE = 4
"""Where the record, whose end the source is, stands in the parameters of method 5."""
FLOAT_ID = 5
STORED_METHOD_ID = 0
PRIVATE_IDS = range(0x3F00, 0x4000)
FINGERPRINT_BYTES = 8
"""Of the 32 that a model's fingerprint has, so many stand in a frame."""
DEFAULT_BLOCK_BYTES = 1 << 20
"""Block size of methods that no level names."""


@dataclass(frozen=True)
class CodecReference:
    """Names a codec so that another process can build the same one: what a frame header holds, plus where it lives."""

    method_id: int
    parameters: bytes
    factory: str
    """"module:attribute", called with the method id, the parameter bytes and, if it runs models, the fingerprint."""
    fingerprint: bytes = b""
    """First bytes of the fingerprint of the model it needs; empty where it needs none, or a shipped one by number."""
    runs_models: bool = False
    offered: tuple[str, ...] = ()
    """Paths of models that were named in the process that made this, for the process that builds the codec."""

    def build(self) -> BlockCodec:
        """Import the codec and make one; this is where numba gets loaded, if the codec needs it."""
        for path in self.offered:
            with contextlib.suppress(ModelError):  # one that is gone is missed only if this codec needs it
                catalogue.offer(path)
        model = (self.fingerprint,) if self.runs_models else ()
        return cast(BlockCodec, _attribute(self.factory)(self.method_id, self.parameters, *model))


def _attribute(target: str) -> Any:  # noqa: ANN401  (a function, as its user knows it)
    """Import what "module:attribute" names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class Method:
    """One way of coding blocks that a frame header can name."""

    method_id: int
    name: str
    factory: str
    block_bytes: int = DEFAULT_BLOCK_BYTES
    description: str = ""
    runs_models: bool = False
    """Whether the factory takes a fingerprint as its third argument."""
    options: str = ""
    """"module:attribute" that turns options into the parameter bytes, where a method that runs models has some."""
    add_source: str = ""
    """"module:attribute" that adds to parameters where a model comes from, by its description."""


@dataclass(frozen=True)
class LevelChoice:
    """What a level or a method name comes down to."""

    codec: CodecReference
    block_bytes: int


_ENTROPY = "predzip.codecs.registry:build_entropy"
_MIXTURE = "predzip.codecs.registry:build_mixture"
_METHODS: dict[int, Method] = {
    MIXING_ID: Method(
        MIXING_ID,
        "mixing",
        "predzip.codecs.registry:build_mixing",
        description="adaptive contexts, mixed; what the levels use",
    ),
    MIXTURE_ID: Method(
        MIXTURE_ID,
        "mixture",
        _MIXTURE,
        description="the adaptive mixture with a neural prior; what levels from 5 on use",
        runs_models=True,
    ),
    MODEL_CHUNKS_ID: Method(
        MODEL_CHUNKS_ID,
        "chunks",
        "predzip.codecs.model_chunks:build",
        description="a model alone, in chunks of 2,048 bytes without history: the paper's way; options chunk, lanes",
        runs_models=True,
        options="predzip.codecs.model_chunks:parameters_of",
        add_source="predzip.codecs.chunk_sizes:add_source",
    ),
    TOKENS_ID: Method(
        TOKENS_ID,
        "tokens",
        "predzip.codecs.tokens:build",
        block_bytes=16 << 20,
        description="a foundation model over tokens, with the adaptive mixture; options lanes, context",
        runs_models=True,
        options="predzip.codecs.tokens:parameters_of",
        add_source="predzip.codecs.tokens:add_source",
    ),
    FLOAT_ID: Method(
        FLOAT_ID,
        "float",
        "predzip.codecs.float_tokens:build",
        block_bytes=16 << 20,
        description="the same by any model of transformers; decodes where it was made; options lanes, context, threads",
        runs_models=True,
        options="predzip.codecs.float_tokens:parameters_of",
        add_source="predzip.codecs.float_tokens:add_source",
    ),
}


def build_mixing(method_id: int, parameters: bytes) -> BlockCodec:
    """Make the codec of method 1."""
    if len(parameters) != 1 or parameters[0] not in MIXING_LEVELS:
        raise UnsupportedError(f"mixing strength {parameters.hex() or '(none)'} is unknown to this release")
    from predzip.codecs.mixing import MixingCodec

    return MixingCodec(parameters[0])


def build_mixture(method_id: int, parameters: bytes, fingerprint: bytes) -> BlockCodec:
    """Make the codec of method 2: its model is one of the package, by number, or any, by fingerprint."""
    if len(parameters) != 2 or parameters[0] not in PRIOR_LEVELS or (parameters[1] == 0) != bool(fingerprint):
        raise UnsupportedError(f"mixture parameters {parameters.hex() or '(none)'} are unknown to this release")
    from predzip.codecs.mixture import MixtureCodec

    strength, number = parameters
    if fingerprint:
        return MixtureCodec(strength, number, catalogue.find_by_fingerprint(fingerprint))
    return MixtureCodec(strength, number, catalogue.load(catalogue.entry(number).name))


def build_entropy(method_id: int, parameters: bytes) -> BlockCodec:
    """Make the codec of one predictor with the range coder."""
    from predzip.codecs.entropy import EntropyCodec

    return EntropyCodec.for_frame(method_id, parameters)


def methods() -> dict[str, Method]:
    """All methods that can be asked for by name. Loads NumPy."""
    from predzip.predictors import registry as predictors

    found = {method.name: method for method in _METHODS.values()}
    for name in predictors.names():
        method_id = predictors.method_id(name)
        found[name] = Method(method_id, name, _ENTROPY, description=predictors.summary(name))
    return found


def method_name(method_id: int) -> str:
    """Name of a method for people; "unknown (id)" for one that this release does not have."""
    if method_id == STORED_METHOD_ID:
        return "stored"
    if method_id in _METHODS:
        return _METHODS[method_id].name
    try:
        return _predictor_name(method_id)
    except UnsupportedError:
        return f"unknown ({method_id})"


def _predictor_name(method_id: int) -> str:
    from predzip.predictors import registry as predictors

    return predictors.name_of(method_id)


def register_method(method: Method) -> None:
    """Add a method of your own, with an id for private use.

    Files made with it decode only where it is registered under the same id.
    """
    if method.method_id not in PRIVATE_IDS:
        raise UsageError(f"ids for private use are {PRIVATE_IDS[0]} to {PRIVATE_IDS[-1]}, not {method.method_id}")
    namesake = methods().get(method.name)
    if namesake and namesake.method_id != method.method_id:
        raise UsageError(f"a method named {method.name!r} exists")
    _METHODS[method.method_id] = method


def choose_codec(level: int = DEFAULT_LEVEL, method: str | None = None, model: str | None = None) -> LevelChoice:
    """Turn a level, or a method name such as "ppm" or "ppm:order=4", into a codec and a block size.

    Args:
        level: 1 to 9.
        method: None means the level's own.
        model: name or path of the weights; None means those of the level or method, if it has any.

    Raises:
        UsageError: there is no such level or method, or it runs no model.
        ModelError: there is no such model.
    """
    row = level_row(level)
    if method in (None, "mixing", "mixture"):
        if model is not None:
            if method is None and catalogue.is_over_tokens(stem := catalogue.locate(model).stem):
                return choose_codec(level, "float" if catalogue.runs_in_floats(stem) else "tokens", model)
            return LevelChoice(_mixture(row, model), row.block_bytes)
        if row.prior and method != "mixing":
            return LevelChoice(_mixture(row, row.prior), row.block_bytes)
        return LevelChoice(reference_for_frame(MIXING_ID, bytes([row.mixing_level])), row.block_bytes)
    name, _, options = method.partition(":")
    known = methods()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
        raise UsageError(f"no method is named {name!r}; {hint}")
    entry = known[name]
    if options and entry.factory != _ENTROPY and not entry.options:
        raise UsageError(f"method {name} has no options")
    if (model is not None) != entry.runs_models:
        raise UsageError(f"method {name} {'needs a model: name one' if entry.runs_models else 'runs no model'}")
    parameters = b""
    if entry.options:
        parameters = _model_parameters(entry, options)
    elif options:
        parameters = _entropy_parameters(name, options)
    codec = CodecReference(entry.method_id, parameters, entry.factory)
    if model is not None:
        codec = _with_model(codec, model)
        if entry.add_source:
            from predzip.predictors.neural.weights import read_config

            add_source = _attribute(entry.add_source)
            codec = replace(codec, parameters=add_source(parameters, read_config(catalogue.locate(model).stem)))
    return LevelChoice(codec, entry.block_bytes)


def _mixture(row: Level, model: str) -> CodecReference:
    strength = max(row.mixing_level, min(PRIOR_LEVELS))
    number = next((each.number for each in catalogue.shipped() if each.name == model), 0)
    codec = CodecReference(MIXTURE_ID, bytes([strength, number]), _MIXTURE, runs_models=True)
    if number:
        catalogue.locate(model)  # refuses one whose file is missing before anything is read
        return codec
    return _with_model(codec, model)


def _with_model(codec: CodecReference, model: str) -> CodecReference:
    stem = catalogue.offer(model)
    fingerprint = catalogue.fingerprint(stem)[:FINGERPRINT_BYTES]
    return replace(codec, fingerprint=fingerprint, runs_models=True, offered=catalogue.offered())


def _model_parameters(method: Method, options: str) -> bytes:
    return cast(bytes, _attribute(method.options)(_pairs(method.name, options)))


def _entropy_parameters(name: str, options: str) -> bytes:
    from predzip.codecs.entropy import EntropyCodec

    return EntropyCodec(name, **_pairs(name, options)).parameters


def _pairs(name: str, options: str) -> dict[str, int | str]:
    pairs: dict[str, int | str] = {}
    for word in options.split(",") if options else ():
        option, equals, value = word.partition("=")
        if not (option and equals and value):
            raise UsageError(f"{word!r} is no option of a method; write {name}:option=value,option=value")
        pairs[option] = int(value) if value.isdecimal() else value
    return pairs


def reference_for_frame(method_id: int, parameters: bytes, fingerprint: bytes = b"") -> CodecReference:
    """Find the codec that a frame header asks for.

    Raises:
        UnsupportedError: this release has no such method.
        CorruptError: the header says that nothing is coded, and yet a codec is asked for.
        ModelError: the header names a model, and the method runs none.
    """
    if method_id == STORED_METHOD_ID:
        raise CorruptError("a stored frame holds a coded block")
    method = _METHODS.get(method_id)
    if method is not None and method.runs_models:
        offered = catalogue.offered() if fingerprint else ()
        return CodecReference(method_id, parameters, method.factory, fingerprint, True, offered)
    if method is None:
        _predictor_name(method_id)  # refuses an unknown one
    if fingerprint:
        raise ModelError(f"needs the model {fingerprint.hex()}, yet method {method_name(method_id)} runs none")
    return CodecReference(method_id, parameters, _ENTROPY if method is None else method.factory)


_READ_SOURCE: dict[int, Callable[[bytes], str]] = {
    MODEL_CHUNKS_ID: lambda parameters: unpack_source(parameters[CHUNK_SOURCE_FROM_BYTE:]),
    TOKENS_ID: lambda parameters: unpack_source(parameters[SOURCE_FROM_BYTE:]),
    FLOAT_ID: lambda parameters: split_record(parameters[RECORD_FROM_BYTE:])[1],
}


def model_name(method_id: int, parameters: bytes, fingerprint: bytes) -> str:
    """Name of the model that a frame needs, for people; empty where it needs none, or where the name is not known."""
    if fingerprint:
        name = catalogue.name_of(fingerprint)
        if not name and method_id in _READ_SOURCE:
            with contextlib.suppress(UnsupportedError):
                name = _READ_SOURCE[method_id](parameters)
        return name
    if method_id == MIXTURE_ID and len(parameters) == 2:
        return next((each.name for each in catalogue.shipped() if each.number == parameters[1]), "")
    return ""


def codec_for_level(level: int, model: str | None = None) -> BlockCodec:
    """Make the codec of a level, with other weights than its own where `model` names some."""
    return choose_codec(level, model=model).codec.build()


def codec_for_frame(method_id: int, parameters: bytes, fingerprint: bytes = b"") -> BlockCodec:
    """Make the codec that a frame header asks for."""
    return reference_for_frame(method_id, parameters, fingerprint).build()

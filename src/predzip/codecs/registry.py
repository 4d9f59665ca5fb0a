"""Method ids: which codec writes a frame, and which one reads it.

An id on disk is a permanent literal; it never depends on import order or on what is installed. Each method is named
by "module:attribute" and imported when it is first used, so that listing a file or printing a help text loads no
kernel. The attribute takes the method id and the parameter bytes of a frame header and returns a `BlockCodec`.

    0             stored frames of the container: no codec at all
    1             adaptive mixing; parameters: one byte, the strength
    16 to 255     one predictor with the range coder; the ids are those of predictors.registry
    16128 to 16383  private use, by `register_method`: never written by a release
"""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from typing import cast

from predzip.codecs.base import BlockCodec
from predzip.codecs.levels import DEFAULT_LEVEL, MIXING_LEVELS, level_row
from predzip.errors import CorruptError, UnsupportedError, UsageError

MIXING_ID = 1
STORED_METHOD_ID = 0
PRIVATE_IDS = range(0x3F00, 0x4000)
DEFAULT_BLOCK_BYTES = 1 << 20
"""Block size of methods that no level names."""


@dataclass(frozen=True)
class CodecReference:
    """Names a codec so that another process can build the same one: what a frame header holds, plus where it lives."""

    method_id: int
    parameters: bytes
    factory: str
    """"module:attribute", called with the method id and the parameter bytes."""

    def build(self) -> BlockCodec:
        """Import the codec and make one; this is where numba gets loaded, if the codec needs it."""
        module, _, attribute = self.factory.partition(":")
        codec = getattr(importlib.import_module(module), attribute)(self.method_id, self.parameters)
        return cast(BlockCodec, codec)


@dataclass(frozen=True)
class Method:
    """One way of coding blocks that a frame header can name."""

    method_id: int
    name: str
    factory: str
    block_bytes: int = DEFAULT_BLOCK_BYTES
    description: str = ""


@dataclass(frozen=True)
class LevelChoice:
    """What a level or a method name comes down to."""

    codec: CodecReference
    block_bytes: int


_ENTROPY = "predzip.codecs.registry:build_entropy"
_METHODS: dict[int, Method] = {
    MIXING_ID: Method(
        MIXING_ID,
        "mixing",
        "predzip.codecs.registry:build_mixing",
        description="adaptive contexts, mixed; what the levels use",
    ),
}


def build_mixing(method_id: int, parameters: bytes) -> BlockCodec:
    """Make the codec of method 1."""
    if len(parameters) != 1 or parameters[0] not in MIXING_LEVELS:
        raise UnsupportedError(f"mixing strength {parameters.hex() or '(none)'} is unknown to this release")
    from predzip.codecs.mixing import MixingCodec

    return MixingCodec(parameters[0])


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


def choose_codec(level: int = DEFAULT_LEVEL, method: str | None = None) -> LevelChoice:
    """Turn a level, or a method name such as "ppm" or "ppm:order=4", into a codec and a block size.

    Raises:
        UsageError: there is no such level or method.
    """
    row = level_row(level)
    if method is None or method == _METHODS[MIXING_ID].name:
        return LevelChoice(reference_for_frame(MIXING_ID, bytes([row.mixing_level])), row.block_bytes)
    name, _, options = method.partition(":")
    known = methods()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
        raise UsageError(f"no method is named {name!r}; {hint}")
    entry = known[name]
    if options and entry.factory != _ENTROPY:
        raise UsageError(f"method {name} has no options")
    parameters = _entropy_parameters(name, options) if options else b""
    return LevelChoice(CodecReference(entry.method_id, parameters, entry.factory), entry.block_bytes)


def _entropy_parameters(name: str, options: str) -> bytes:
    from predzip.codecs.entropy import EntropyCodec

    pairs: dict[str, int | str] = {}
    for word in options.split(","):
        option, equals, value = word.partition("=")
        if not (option and equals and value):
            raise UsageError(f"{word!r} is no option of a method; write {name}:option=value,option=value")
        pairs[option] = int(value) if value.isdecimal() else value
    return EntropyCodec(name, **pairs).parameters


def reference_for_frame(method_id: int, parameters: bytes) -> CodecReference:
    """Find the codec that a frame header asks for.

    Raises:
        UnsupportedError: this release has no such method.
        CorruptError: the header says that nothing is coded, and yet a codec is asked for.
    """
    if method_id == STORED_METHOD_ID:
        raise CorruptError("a stored frame holds a coded block")
    if method_id in _METHODS:
        return CodecReference(method_id, parameters, _METHODS[method_id].factory)
    _predictor_name(method_id)  # refuses an unknown one
    return CodecReference(method_id, parameters, _ENTROPY)


def codec_for_level(level: int) -> BlockCodec:
    """Make the codec of a level."""
    return choose_codec(level).codec.build()


def codec_for_frame(method_id: int, parameters: bytes) -> BlockCodec:
    """Make the codec that a frame header asks for."""
    return reference_for_frame(method_id, parameters).build()

"""Method ids: which codec writes a frame, and which one reads it.

An id on disk is a permanent literal; it never depends on import order or on what is installed. Each method is named
by "module:attribute" and imported when it is first used, so that listing a file or printing a help text loads no
kernel. The attribute takes the parameter bytes of a frame header and returns a `BlockCodec`.

    0         stored frames of the container: no codec at all
    1         adaptive mixing; parameters: one byte, the strength
    16..      whole-distribution predictors, see predictors.registry; no parameters
    240..254  private use: never written by a release
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
PRIVATE_IDS = range(240, 255)
DEFAULT_BLOCK_BYTES = 1 << 20
"""Block size of methods that no level names."""


@dataclass(frozen=True)
class CodecReference:
    """Names a codec so that another process can build the same one: what a frame header holds, plus where it lives."""

    method_id: int
    parameters: bytes
    factory: str
    """"module:attribute", called with the parameter bytes."""

    def build(self) -> BlockCodec:
        """Import the codec and make one; this is where numba gets loaded, if the codec needs it."""
        module, _, attribute = self.factory.partition(":")
        codec = getattr(importlib.import_module(module), attribute)(self.parameters)
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


_METHODS: dict[int, Method] = {
    MIXING_ID: Method(
        MIXING_ID,
        "mixing",
        "predzip.codecs.registry:build_mixing",
        description="adaptive contexts, mixed; what the levels use",
    ),
}


def build_mixing(parameters: bytes) -> BlockCodec:
    """Make the codec of method 1."""
    if len(parameters) != 1 or parameters[0] not in MIXING_LEVELS:
        raise UnsupportedError(f"mixing strength {parameters.hex() or '(none)'} is unknown to this release")
    from predzip.codecs.mixing import MixingCodec

    return MixingCodec(parameters[0])


def methods() -> dict[int, Method]:
    """All methods that this process knows, by id."""
    return dict(_METHODS)


def method_name(method_id: int) -> str:
    """Name of a method for people; "unknown (id)" for one that this release does not have."""
    if method_id == STORED_METHOD_ID:
        return "stored"
    method = methods().get(method_id)
    return method.name if method else f"unknown ({method_id})"


def register_method(method: Method) -> None:
    """Add a method of your own, with an id for private use.

    Files made with it decode only where it is registered under the same id.
    """
    if method.method_id not in PRIVATE_IDS:
        raise UsageError(f"ids for private use are {PRIVATE_IDS[0]} to {PRIVATE_IDS[-1]}, not {method.method_id}")
    if any(method.name == other.name for other in methods().values() if other.method_id != method.method_id):
        raise UsageError(f"a method named {method.name!r} exists")
    _METHODS[method.method_id] = method


def choose_codec(level: int = DEFAULT_LEVEL, method: str | None = None) -> LevelChoice:
    """Turn a level, or a method name, into a codec and a block size.

    Raises:
        UsageError: there is no such level or method.
    """
    row = level_row(level)
    if method is None or method == _METHODS[MIXING_ID].name:
        return LevelChoice(reference_for_frame(MIXING_ID, bytes([row.mixing_level])), row.block_bytes)
    names = {entry.name: entry for entry in methods().values()}
    if method not in names:
        close = difflib.get_close_matches(method, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(names))}"
        raise UsageError(f"no method is named {method!r}; {hint}")
    entry = names[method]
    return LevelChoice(CodecReference(entry.method_id, b"", entry.factory), entry.block_bytes)


def reference_for_frame(method_id: int, parameters: bytes) -> CodecReference:
    """Find the codec that a frame header asks for.

    Raises:
        UnsupportedError: this release has no such method.
        CorruptError: the header says that nothing is coded, and yet a codec is asked for.
    """
    if method_id == STORED_METHOD_ID:
        raise CorruptError("a stored frame holds a coded block")
    method = methods().get(method_id)
    if method is None:
        raise UnsupportedError(f"method {method_id} is unknown to this release")
    return CodecReference(method_id, parameters, method.factory)


def codec_for_level(level: int) -> BlockCodec:
    """Make the codec of a level."""
    return choose_codec(level).codec.build()


def codec_for_frame(method_id: int, parameters: bytes) -> BlockCodec:
    """Make the codec that a frame header asks for."""
    return reference_for_frame(method_id, parameters).build()

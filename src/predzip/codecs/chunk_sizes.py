"""How method 3 cuts a block, and how a frame says so: chunks of C bytes, up to L of them side by side as lanes.

docs/format.md, section "Method 3", is the specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from predzip.codecs.registry import CHUNK_SOURCE_FROM_BYTE as SIZES_BYTES
from predzip.codecs.registry import FINGERPRINT_BYTES as FINGERPRINT_BYTES
from predzip.errors import CorruptError, UnsupportedError, UsageError
from predzip.predictors.neural.model_sources import is_converted, pack_source, unpack_source

METHOD_ID = 3
CHUNK_BYTES = 2048
LANES = 64
_LONGEST_CHUNK = 1 << 20
_MOST_LANES = 1024


def batches(length: int, chunk_bytes: int, lanes: int) -> Iterator[tuple[int, int, int]]:
    """(offset, lanes, length of the last lane) of each batch of a block of `length` bytes."""
    whole = chunk_bytes * lanes
    for start in range(0, length, whole):
        count = min(whole, length - start)
        lanes_here = -(-count // chunk_bytes)
        yield start, lanes_here, count - (lanes_here - 1) * chunk_bytes


def parameters_of(options: dict[str, int | str]) -> bytes:
    """Turn the options of a method name, `chunk` and `lanes`, into parameters.

    Raises:
        UsageError: for another option, or a value out of bounds.
    """
    values = {"chunk": CHUNK_BYTES, "lanes": LANES, **options}
    chunk_bytes, lanes = values["chunk"], values["lanes"]
    if len(values) > 2 or not isinstance(chunk_bytes, int) or not isinstance(lanes, int):
        raise UsageError("the options of a model in chunks are chunk=BYTES and lanes=NUMBER")
    return pack_parameters(chunk_bytes, lanes)


def pack_parameters(chunk_bytes: int = CHUNK_BYTES, lanes: int = LANES) -> bytes:
    """Parameters of a frame: nothing for the defaults, else C and L in 4 and 2 bytes, lowest first."""
    if not 1 <= chunk_bytes <= _LONGEST_CHUNK or not 1 <= lanes <= _MOST_LANES:
        raise UsageError(f"chunks have 1 to {_LONGEST_CHUNK} bytes and go 1 to {_MOST_LANES} side by side")
    if (chunk_bytes, lanes) == (CHUNK_BYTES, LANES):
        return b""
    return _pack_sizes(chunk_bytes, lanes)


def _pack_sizes(chunk_bytes: int, lanes: int) -> bytes:
    return chunk_bytes.to_bytes(4, "little") + lanes.to_bytes(2, "little")


def add_source(parameters: bytes, config: dict[str, Any]) -> bytes:
    """Parameters that say where a model comes from, if it was converted: where it was not, each byte counts more."""
    if not is_converted(config):
        return parameters
    return (parameters or _pack_sizes(CHUNK_BYTES, LANES)) + pack_source(config)


def read_header(parameters: bytes, fingerprint: bytes) -> tuple[int, int, str]:
    """C, L and the source of the model, which may be empty, of a frame.

    Raises:
        CorruptError: where the header names no model.
        UnsupportedError: where its parameters are not those of this release.
    """
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise CorruptError("the frame needs a model and names none")
    if not parameters:
        return CHUNK_BYTES, LANES, ""
    sizes, source = parameters[:SIZES_BYTES], parameters[SIZES_BYTES:]
    chunk_bytes, lanes = int.from_bytes(sizes[:4], "little"), int.from_bytes(sizes[4:], "little")
    in_bounds = 1 <= chunk_bytes <= _LONGEST_CHUNK and 1 <= lanes <= _MOST_LANES
    written = source or (chunk_bytes, lanes) != (CHUNK_BYTES, LANES)
    if len(sizes) != SIZES_BYTES or not in_bounds or not written:
        raise UnsupportedError(f"parameters {sizes.hex()} of a model in chunks are unknown to this release")
    return chunk_bytes, lanes, unpack_source(source)

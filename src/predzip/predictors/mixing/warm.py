"""Warm starts: tables that the models of pictures and sound learnt on training data, read from the package.

A file is an uncompressed `.npz` in xz. Its arrays are small integers; the end of a name says how they become tables:

- `NAME@k`: each value times 2^k;
- `NAME@map`: two rows of bytes, for the entries of an adaptive map (`maps`): stretched probability (128 + 1/8 nat) and
  count. A stretched probability of 0 is an entry that was hardly met: 0 in the table, which then counts as empty.

`scripts/make_warm_start.py` makes the files. They decide bits: whoever changes one changes the format.
"""

from __future__ import annotations

import io
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.mixing.logistic import SQUASH, SQUASH_MAX, STRETCH

Start = dict[str, NDArray[np.int64] | NDArray[np.uint32]]
"""Tables by name; uint32 for maps. A name that is missing leaves its table cold."""

FOLDER = Path(__file__).parents[2] / "models"

_MAP = "map"
_MAP_STEP = 32
_MIDDLE = 128


def pack_map(table: NDArray[np.uint32], least_count: int, most_count: int) -> NDArray[np.uint8]:
    """Bytes for the entries of a map: those met less than `least_count` times are dropped, greater counts capped."""
    entries = table.ravel()
    counts = entries & np.uint32(1023)
    stretched = STRETCH[entries >> np.uint32(20)].astype(np.int64)
    levels = np.clip((stretched + _MAP_STEP // 2) // _MAP_STEP, 1 - _MIDDLE, _MIDDLE - 1) + _MIDDLE
    known = counts >= least_count
    return np.stack([np.where(known, levels, 0), np.where(known, np.minimum(counts, most_count), 0)]).astype(np.uint8)


def unpack_map(packed: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Entries of a map from `pack_map`."""
    levels, counts = packed.astype(np.int64)
    p1 = SQUASH[(levels - _MIDDLE) * _MAP_STEP + SQUASH_MAX].astype(np.uint32)
    entries: NDArray[np.uint32] = np.where(levels > 0, p1 << np.uint32(16) | counts.astype(np.uint32), 0)
    return entries.astype(np.uint32)


def pack_numbers(table: NDArray[np.int64] | NDArray[np.int32], shift: int) -> NDArray[np.int16] | NDArray[np.int32]:
    """Values in 2^shift, rounded, in 16 bits where they fit, else in 32."""
    rounded = (table.astype(np.int64) + ((1 << shift) >> 1)) >> shift
    if (abs(rounded) > 32767).any():
        return rounded.astype(np.int32)
    return rounded.astype(np.int16)


def write_start(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write packed arrays, the names with their endings; the same arrays give the same bytes."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    path.write_bytes(lzma.compress(stream.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def unpack_start(content: bytes) -> Start:
    """Tables from the content of a file."""
    start: Start = {}
    with np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False) as arrays:
        for full_name, array in arrays.items():
            name, form = full_name.split("@")
            table = unpack_map(array) if form == _MAP else array.astype(np.int64) << int(form)
            table.setflags(write=False)
            start[name] = table
    return start


@cache
def read_start(name: str) -> Start:
    """Tables of the shipped file `name`, read once a process."""
    return unpack_start((FOLDER / f"{name}.npz.xz").read_bytes())

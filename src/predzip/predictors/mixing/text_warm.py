"""Warm starts of the model of bytes: what a file of text begins with, learnt beforehand; packed, unpacked, read.

Adds to `warm` what is peculiar to tables with thousands of rows, few of which are often met. In a file stand

- `NAME.base@k` and `NAME.rest@k`: weights as the mean row of each gate, and what each row differs by from that (a
  row a column). A row that was seldom met lies near the mean, and one that never was is the mean;
- `NAME.nudge@k`: probabilities, as the distance on the stretched scale from those of a cold model;
- `NAME@map`: entries of adaptive maps; those that were hardly met are left as they are in a cold model;
- `NAME@0`: numbers as they are.

What bits follow which bytes and histories does not depend on the priors, so that one file of such tables (`COMMON`)
serves every start; the other file of a start (`OWN`) is learnt with its priors. Shapes are those of the cold model:
whoever gives the model further gates or inputs learns new files (`scripts/make_text_start.py`), and `new_model`
refuses the old ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError
from predzip.predictors.mixing.gates import ROWS_OF_A_GATE
from predzip.predictors.mixing.logistic import SQUASH, SQUASH_MAX, STRETCH, STRETCH_MAX
from predzip.predictors.mixing.model import Start, new_model
from predzip.predictors.mixing.settings import TEXT
from predzip.predictors.mixing.warm import FOLDER, pack_map, pack_numbers, unpack_start
from predzip.predictors.mixture import HEADS

LEVEL = 4
"""The level that has warm starts."""

COMMON_TAG = "warm-text-tables"
TAGS = {"": "warm-text", "small": "warm-text-small", "base": "warm-text-base"}
"""Files by the name of the prior that the model was learnt with; empty: none."""

TOKENS_TAG = "warm-text-tokens"
"""What a model over tokens (method 4) has of its own; all else is as beside the prior `TOKENS_BEGIN_AS`."""
TOKENS_BEGIN_AS = "small"

WEIGHTS = {"weights": 12, "final_weights": 8}
"""Tables of weights, with the power of two that is the step of `rest`."""
MAPS = ("state_maps", "recent_maps", "match_maps")
PROBABILITIES = {"direct": 7, "sse_1": 8, "sse_2": 8, "sse_3": 8, "sse_4": 8, "sse_5": 8}
"""Tables of probabilities, with the power of two that is the step of `nudge`."""
LEARNT = (*WEIGHTS, "row_uses", *MAPS, *PROBABILITIES)
COMMON = (*MAPS, "direct")
OWN = tuple(name for name in LEARNT if name not in COMMON)

_BASE_SHIFT = 6
_LEAST_COUNT = 8
_MOST_COUNT = 60
_SHRUNK_USES = 1000
"""A row met so often stands half way between the mean of its gate and what it learnt."""
_MOST_USES = 4096
"""A warm row learns at first as a cold one that was used so often, at most."""

_Table = NDArray[Any]


def _by_gate(table: _Table) -> _Table:
    return table.reshape(-1, ROWS_OF_A_GATE, table.shape[-1])


def _uses_by_gate(uses: _Table) -> _Table:
    """Uses as factors, shape (gates, 256, 1); all rows of a gate that nothing came by count alike."""
    by_gate: _Table = uses.reshape(-1, ROWS_OF_A_GATE, 1).astype(np.int64)
    return np.where(by_gate.sum(1, keepdims=True) == 0, 1, by_gate)


def mean_rows(weights: _Table, uses: _Table) -> _Table:
    """Mean row of each gate, rows weighted by their uses: (gates * 256, I), (gates * 256,) -> (gates, I)."""
    known = _uses_by_gate(uses)
    means: _Table = (_by_gate(weights.astype(np.int64)) * known).sum(1) // known.sum(1)
    return means


def shrink(weights: _Table, uses: _Table) -> _Table:
    """Rows drawn towards the mean of their gate, the more the less they were used. Shapes as in `mean_rows`."""
    base = mean_rows(weights, uses)[:, np.newaxis]
    known = _uses_by_gate(uses)
    drawn: _Table = base + (_by_gate(weights.astype(np.int64)) - base) * known // (known + _SHRUNK_USES)
    return drawn.reshape(weights.shape)


def _stretched(probabilities: _Table) -> _Table:
    stretched: _Table = STRETCH[probabilities.astype(np.int64) >> 4].astype(np.int64)
    return stretched


def _nudges(learnt: _Table, cold: _Table, shift: int) -> _Table:
    """Beyond 7 nats nothing is moved: there the table of `stretch` is coarse."""
    before = _stretched(cold)
    steps: _Table = (_stretched(learnt) - before + (1 << shift >> 1)) >> shift
    steps[(learnt == cold) | (abs(before) > STRETCH_MAX - 256)] = 0
    steps = np.clip(steps, -127, 127).astype(np.int8)
    return steps


def _nudged(cold: _Table, nudges: _Table) -> _Table:
    moved = np.clip(_stretched(cold) + nudges, -STRETCH_MAX, STRETCH_MAX)
    return np.where(nudges == 0, cold, SQUASH[moved + SQUASH_MAX]).astype(cold.dtype)


def pack_text(learnt: Mapping[str, _Table], priors: int, names: Collection[str] = LEARNT) -> dict[str, _Table]:
    """Arrays for `warm.write_start`.

    Args:
        learnt: tables of a model by their names in `Model`, `row_uses` among them.
        priors: number of priors of that model.
        names: which of the tables to pack.
    """
    cold = new_model(LEVEL, TEXT, 1, 1, priors)
    packed: dict[str, _Table] = {}
    for name in names:
        table = learnt[name]
        if name in WEIGHTS:
            uses = learnt["row_uses"][: len(table)]  # the final mixers' rows are those of the first gates
            base = pack_numbers(mean_rows(table, uses), _BASE_SHIFT)
            rest = _by_gate(shrink(table, uses)) - (base.astype(np.int64) << _BASE_SHIFT)[:, np.newaxis]
            columns: _Table = pack_numbers(rest.reshape(table.shape).T, WEIGHTS[name])
            packed[f"{name}.base@{_BASE_SHIFT}"] = base
            packed[f"{name}.rest@{WEIGHTS[name]}"] = columns.astype(np.int8) if abs(columns).max() < 128 else columns
        elif name in MAPS:
            packed[f"{name}@map"] = pack_map(table, _LEAST_COUNT, _MOST_COUNT)
        elif name in PROBABILITIES:
            packed[f"{name}.nudge@{PROBABILITIES[name]}"] = _nudges(table, getattr(cold, name), PROBABILITIES[name])
        else:
            packed[f"{name}@0"] = np.minimum(table, _MOST_USES).astype(np.int16)
    return packed


def unpack_text(content: bytes, priors: int) -> Start:
    """Tables for `new_model` from the content of a file.

    Args:
        content: of the file.
        priors: number of priors of the model.

    Raises:
        ModelError: the file was made for a model of other sizes.
    """
    cold = new_model(LEVEL, TEXT, 1, 1, priors)
    packed = unpack_start(content)
    start: Start = {}
    try:
        for full_name, array in packed.items():
            name, _, part = full_name.partition(".")
            table = _unpacked(getattr(cold, name), part, array, packed.get(f"{name}.rest"))
            if table is not None:
                table.setflags(write=False)
                start[name] = table
    except (AttributeError, ValueError) as error:
        raise ModelError("a warm start was made for a model of other sizes") from error
    return start


def _unpacked(cold: _Table, part: str, array: _Table, rest: _Table | None) -> _Table | None:
    if part == "base" and rest is not None:
        rows = _by_gate(np.ascontiguousarray(rest.T)) + array[:, np.newaxis]
        return rows.reshape(cold.shape).astype(cold.dtype)
    if part == "nudge":
        return _nudged(cold, array.reshape(cold.shape))
    if part == "" and array.dtype == np.uint32:
        entries = array.reshape(cold.shape)
        return np.where(entries == 0, cold, entries).astype(cold.dtype)
    return array.reshape(cold.shape).astype(cold.dtype) if part == "" else None


@cache
def text_start(prior: str = "") -> Start:
    """Start of the model of text beside a prior of the package, read once a process.

    Raises:
        ModelError: the file is missing or damaged.
    """
    heads = HEADS if prior else 0
    return _read(COMMON_TAG, heads) | _read(TAGS[prior], heads)


@cache
def token_start() -> Start:
    """Start of the model of text beside a model over tokens, read once a process.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return text_start(TOKENS_BEGIN_AS) | _read(TOKENS_TAG, HEADS)


def _read(tag: str, priors: int) -> Start:
    try:
        return unpack_text((FOLDER / f"{tag}.npz.xz").read_bytes(), priors)
    except OSError as error:
        raise ModelError(f"the warm start {tag} is missing; run: pip install --force-reinstall predzip") from error

"""Everything between two products, row by row: floats element by element, sums over integers.

A row is one position of one lane. The encoder brings thousands of rows, the decoder one a lane; each row's result
depends on that row alone, so both get the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.neural.arithmetic import gelu, magnitude_bits, silu
from predzip.predictors.neural.transformer.vectors import BLOCK

_Floats = NDArray[np.float32]
_Shorts = NDArray[np.int16]

_LARGEST = np.float32(1e9)  # no weights, however bad, get the stream to infinity from here
_LEAST = np.float32(1e-20)
_FIXED_ONE = np.float32(1 << 20)
_ZERO = np.float32(0.0)


@inlined
def _bounded(value: np.float32) -> np.float32:
    return min(max(value, -_LARGEST), _LARGEST)


@inlined
def greatest_magnitude(values: _Floats) -> np.float32:
    """Largest |value| of a row, 1e-20 at least."""
    bits = np.int32(0)
    for i in range(values.shape[0]):
        bits = max(bits, magnitude_bits(values[i]))
    return max(np.int32(bits).view(np.float32), _LEAST)


@inlined
def to_codes(values: _Floats, reach: np.float32, codes: NDArray[np.signedinteger]) -> np.float32:
    """Round a row to integers of magnitude `reach` at most; return what one unit stands for."""
    greatest = greatest_magnitude(values)
    factor = reach / greatest
    for i in range(values.shape[0]):
        codes[i] = np.int32(np.rint(values[i] * factor))
    return greatest / reach


@kernel
def embed_rows(
    tokens: NDArray[np.int64],  # L, B
    packed: NDArray[np.int8],  # of `vectors.packed_shape`: V, D
    scale: _Floats,  # V
    embed_scale: np.float32,
    sines: _Floats,  # positions, D; or no rows
    first: int,
    stream: _Floats,  # L * B, D: out
) -> None:
    """Look tokens up, and add the sinusoid of their positions, the first of which is `first`."""
    lanes, count = tokens.shape
    pairs = stream.shape[1] // 2
    for lane in range(lanes):
        for t in range(count):
            token = tokens[lane, t]
            out = stream[lane * count + t]
            block = packed[token // BLOCK]
            place = token % BLOCK * 2
            factor = scale[token] * embed_scale
            for i in range(pairs):
                out[2 * i] = np.float32(block[i, place]) * factor
                out[2 * i + 1] = np.float32(block[i, place + 1]) * factor
            if sines.shape[0] > 0:
                wave = sines[first + t]
                for i in range(out.shape[0]):
                    out[i] += wave[i]


@inlined
def normalise_row(row: _Floats, gain: _Floats, bias: _Floats, epsilon: float, out: _Floats) -> None:
    """Layer norm where there is a bias, else division by the root mean square; `out` may be `row`.

    Mean and variance are sums of integers: the row is rounded to 1/2^20 of its largest magnitude for that.
    """
    width = row.shape[0]
    centred = bias.shape[0] > 0
    greatest = greatest_magnitude(row)
    factor = _FIXED_ONE / greatest
    total = np.int64(0)
    squares = np.int64(0)
    for i in range(width):
        value = np.int32(np.rint(row[i] * factor))
        total += np.int64(value)
        squares += np.int64(value) * np.int64(value)
    unit = float(greatest) / float(_FIXED_ONE)
    mean = float(total) / width if centred else 0.0
    variance = max(float(squares) / width - mean * mean, 0.0) * unit * unit
    inverse = np.float32(1.0 / np.sqrt(variance + epsilon))
    middle = np.float32(mean * unit)
    if centred:
        for i in range(width):
            out[i] = (row[i] - middle) * inverse * gain[i] + bias[i]
    else:
        for i in range(width):
            out[i] = row[i] * inverse * gain[i]


@kernel
def normalise_rows(
    stream: _Floats,  # N, D
    gain: _Floats,  # D
    bias: _Floats,  # D; or nothing, for root mean squares
    epsilon: float,
    result: _Floats,  # N, D; may be `stream`
) -> None:
    """Apply `normalise_row` to each row."""
    for n in range(stream.shape[0]):
        normalise_row(stream[n], gain, bias, epsilon, result[n])


@kernel
def quantise_rows(values: _Floats, width: int, reach: int, codes: _Shorts, units: _Floats) -> None:
    """Round rows to integers; `units` (N,) says what one stands for.

    Args:
        values: (N, K or more).
        width: K.
        reach: largest magnitude of the integers.
        codes: N rows of K integers, in one piece; an odd K is filled up with a zero.
        units: (N,).
    """
    padded = width + width % 2
    for n in range(values.shape[0]):
        line = codes[n * padded : (n + 1) * padded]
        if padded > width:
            line[width] = np.int16(0)
        units[n] = to_codes(values[n, :width], np.float32(reach), line[:width])


@inlined
def rescale(sums: NDArray[Any], scale: _Floats, bias: _Floats, unit: np.float32, add: bool, line: _Floats) -> None:
    """Turn sums of products into numbers, or add them to those in `line`; `bias` may hold nothing."""
    if add:
        if bias.shape[0] > 0:
            for j in range(line.shape[0]):
                line[j] = _bounded(line[j] + (np.float32(sums[j]) * (scale[j] * unit) + bias[j]))
        else:
            for j in range(line.shape[0]):
                line[j] = _bounded(line[j] + np.float32(sums[j]) * (scale[j] * unit))
    elif bias.shape[0] > 0:
        for j in range(line.shape[0]):
            line[j] = _bounded(np.float32(sums[j]) * (scale[j] * unit) + bias[j])
    else:
        for j in range(line.shape[0]):
            line[j] = _bounded(np.float32(sums[j]) * (scale[j] * unit))


@kernel
def rescale_rows(totals: _Floats, scale: _Floats, bias: _Floats, units: _Floats, add: bool, result: _Floats) -> None:
    """Do with the float sums of other products (N, R) what `rescale` does with integers."""
    for n in range(totals.shape[0]):
        rescale(totals[n], scale, bias, units[n], add, result[n, : totals.shape[1]])


@kernel
def add_rows(values: _Floats, stream: _Floats) -> None:
    """Add rows to the stream, (N, D)."""
    for n in range(values.shape[0]):
        row = values[n]
        out = stream[n]
        for j in range(row.shape[0]):
            out[j] = _bounded(out[j] + row[j])


@kernel
def activate_rows(values: _Floats, kind: int, hidden: int) -> None:
    """Apply the activation in place: (N, M or more), or (N, 2 M or more), gate first; the result stands in the first M.

    Kinds are indices of `config.ACTIVATIONS`.
    """
    for n in range(values.shape[0]):
        row = values[n]
        if kind == 0:
            for i in range(hidden):
                row[i] = gelu(row[i])
        elif kind == 1:
            for i in range(hidden):
                positive = max(row[i], _ZERO)
                row[i] = positive * positive
        elif kind == 2:
            for i in range(hidden):
                row[i] = silu(row[i]) * row[hidden + i]
        else:
            for i in range(hidden):
                row[i] = gelu(row[i]) * row[hidden + i]

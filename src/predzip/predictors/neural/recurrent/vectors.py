"""The two products of the recurrent prior in vector instructions: weights of 8 or 16 bits times activations of 16 bits.

Left to itself, the compiler adds row by row in half-width vectors and widens every weight for it. Here weights lie
packed, so that one load brings four weights of eight rows, and one lane of a vector sums one row:

    packed word of 16 bits      low byte: weight of k + 128      high byte: weight of k + 2
    two neighbouring words      k and k + 1 of one row           four k of one row in 32 bits
    block                       64 rows; for each four k, 256 bytes in a row

    sum over k of w * a  =  low bytes * a[k, k + 1]  +  high bytes * a[k + 2, k + 3]  -  128 * (the a of low bytes)

All sums wrap at 32 bits, and the true sum fits (`network.new_network` checks it): the result is exact in any order.
Weights that change on the way (16 bits, `adapt`) stay as they are: four rows at a time, in vectors of full width.

Measured in `base` on an EPYC with AVX2: 44 products a nanosecond, 32 with blocks of 32 rows, 15 by a plain loop.
`tests/predictors/neural/recurrent/test_vectors.py` holds it against the plain loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

BLOCK_ROWS = 64
"""Rows of packed weights that are summed together."""
WEIGHTS_AT_ONCE = 4
LOW_OFFSET = 128
SHORT_ROWS = 4
"""Rows of 16-bit weights that are summed together."""

_ROWS_OF_A_VECTOR = 8
_VECTORS = BLOCK_ROWS // _ROWS_OF_A_VECTOR
_WORDS = 2 * _ROWS_OF_A_VECTOR

_cgutils = cast(Any, untyped_cgutils)
_INT16, _INT32, _INT64 = (ir.IntType(bits) for bits in (16, 32, 64))
_SUMS = ir.VectorType(_INT32, _ROWS_OF_A_VECTOR)
_SHORTS = ir.VectorType(_INT16, _WORDS)
_PRODUCTS = ir.VectorType(_INT32, _WORDS)


def pack_weights(weights: NDArray[np.int8]) -> NDArray[np.int16]:
    """Arrange weights (..., R, K) for `block_sums`: (..., ceil(R / 64), K / 4, 128); missing rows are zeros."""
    *front, rows, width = weights.shape
    blocks, quads = -(-rows // BLOCK_ROWS), width // WEIGHTS_AT_ONCE
    padded = np.zeros((*front, blocks * BLOCK_ROWS, width), np.int16)
    padded[..., :rows, :] = weights
    split = padded.reshape(*front, blocks, BLOCK_ROWS, quads, 2, 2)  # the last two: low or high, which of two words
    words = split[..., 1, :] << 8 | (split[..., 0, :] + LOW_OFFSET)  # block, row, quad, word
    return np.ascontiguousarray(np.moveaxis(words, -3, -2)).reshape(*front, blocks, quads, BLOCK_ROWS * 2)


def _constant(vector: Any, value: int) -> Any:  # noqa: ANN401 - types of LLVM
    return ir.Constant(vector, [value] * vector.count)


def _spread(builder: Any, value: Any) -> Any:  # noqa: ANN401
    """One 32-bit number in all places of a vector."""
    undefined = ir.Constant(_SUMS, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, undefined, _constant(_SUMS, 0))


def _sums_of_pairs(builder: Any, shorts: Any, factors: Any) -> Any:  # noqa: ANN401
    """Products of 16-bit numbers, neighbours added: one instruction on x86 (vpmaddwd), which LLVM finds in this."""
    undefined = ir.Constant(_PRODUCTS, ir.Undefined)
    products = builder.mul(builder.sext(shorts, _PRODUCTS), factors, flags=["nsw"])
    halves = (ir.Constant(_SUMS, list(range(first, _WORDS, 2))) for first in (0, 1))
    even, odd = (builder.shuffle_vector(products, undefined, places) for places in halves)
    return builder.add(even, odd)


def _times(builder: Any, value: Any, factor: int) -> Any:  # noqa: ANN401
    return builder.mul(value, ir.Constant(_INT64, factor))


def _moved(builder: Any, pointer: Any, items: int) -> Any:  # noqa: ANN401
    return builder.gep(pointer, [ir.Constant(_INT64, items)])


def _load(builder: Any, pointer: Any) -> Any:  # noqa: ANN401
    """The 16 numbers of 16 bits from a place on."""
    return builder.load(builder.bitcast(pointer, _SHORTS.as_pointer()), align=2)


def _emit_block_sums(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
    packed, activation, sums = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 4))
    quads = builder.extract_value(packed.shape, 1)
    quad_words = _VECTORS * _WORDS
    first = builder.gep(packed.data, [builder.mul(args[1], _times(builder, quads, quad_words))])
    pairs = builder.bitcast(activation.data, _INT32.as_pointer())
    minus = builder.sub(_constant(_SUMS, 0), _spread(builder, args[3]))
    totals = [_cgutils.alloca_once_value(builder, minus) for _ in range(_VECTORS)]
    with _cgutils.for_range(builder, quads) as loop:
        here = builder.gep(pairs, [_times(builder, loop.index, 2)])
        factors = []
        for half in (0, 1):
            pair = _spread(builder, builder.load(_moved(builder, here, half), align=2))
            factors.append(builder.sext(builder.bitcast(pair, _SHORTS), _PRODUCTS))
        quad = builder.gep(first, [_times(builder, loop.index, quad_words)])
        for number, total in enumerate(totals):
            words = _load(builder, _moved(builder, quad, number * _WORDS))
            low = builder.and_(words, _constant(_SHORTS, 255))
            high = builder.ashr(words, _constant(_SHORTS, 8))
            added = builder.add(builder.load(total), _sums_of_pairs(builder, low, factors[0]))
            builder.store(builder.add(added, _sums_of_pairs(builder, high, factors[1])), total)
    for number, total in enumerate(totals):
        place = _moved(builder, sums.data, number * _ROWS_OF_A_VECTOR)
        builder.store(builder.load(total), builder.bitcast(place, _SUMS.as_pointer()), align=4)
    return context.get_dummy_value()


def _block_sums(
    typing_context: Any,  # noqa: ANN401 - types of numba
    packed: Any,  # noqa: ANN401
    block: Any,  # noqa: ANN401
    activation: Any,  # noqa: ANN401
    offset: Any,  # noqa: ANN401
    sums: Any,  # noqa: ANN401
) -> tuple[Any, Callable[..., Any]]:
    return types.void(packed, types.int64, activation, types.int32, sums), _emit_block_sums


block_sums = cast(
    Callable[[NDArray[np.int16], int, NDArray[np.int16], np.int32, NDArray[np.int32]], None], intrinsic(_block_sums)
)
"""block_sums(packed, block, activation, offset, sums): 64 rows times the activations, less the offset.

packed (B, K / 4, 128), activation (K,) and sums (64,) lie in one piece; nothing checks it.
"""


def _emit_short_sums(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
    weights, activation, sums = (context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 3))
    width = builder.extract_value(weights.shape, 1)
    first = builder.gep(weights.data, [builder.mul(args[1], width)])
    rows = [builder.gep(first, [_times(builder, width, row)]) for row in range(SHORT_ROWS)]
    totals = [_cgutils.alloca_once_value(builder, _constant(_SUMS, 0)) for _ in rows]
    with _cgutils.for_range(builder, builder.udiv(width, ir.Constant(_INT64, _WORDS))) as loop:
        place = _times(builder, loop.index, _WORDS)
        factors = builder.sext(_load(builder, builder.gep(activation.data, [place])), _PRODUCTS)
        for row, total in zip(rows, totals, strict=True):
            added = _sums_of_pairs(builder, _load(builder, builder.gep(row, [place])), factors)
            builder.store(builder.add(builder.load(total), added), total)
    kind = ir.FunctionType(_INT32, [_SUMS])
    name = f"llvm.vector.reduce.add.v{_ROWS_OF_A_VECTOR}i32"
    across = _cgutils.get_or_insert_function(builder.module, kind, name)
    for row, total in enumerate(totals):
        builder.store(builder.call(across, [builder.load(total)]), _moved(builder, sums.data, row))
    return context.get_dummy_value()


def _short_sums(
    typing_context: Any,  # noqa: ANN401
    weights: Any,  # noqa: ANN401
    first: Any,  # noqa: ANN401
    activation: Any,  # noqa: ANN401
    sums: Any,  # noqa: ANN401
) -> tuple[Any, Callable[..., Any]]:
    return types.void(weights, types.int64, activation, sums), _emit_short_sums


short_sums = cast(
    Callable[[NDArray[np.int16], int, NDArray[np.int16], NDArray[np.int32]], None], intrinsic(_short_sums)
)
"""short_sums(weights, first, activation, sums): rows first .. first + 3 of weights (R, K) times the activations.

weights, activation (K,), K a multiple of 16, and sums (4,) lie in one piece; nothing checks it.
"""

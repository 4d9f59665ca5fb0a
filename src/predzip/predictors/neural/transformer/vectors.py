"""Sums of products of 8-bit with 16-bit integers, in vector instructions: the engine's one inner loop.

Eight-bit numbers (weights, keys, values) lie packed: rows side by side, two columns of each row next to each other.
So one load brings a strip of 16 rows at two columns, and one instruction adds both products to 16 sums of 32 bits:

    block of 32 rows        [column / 2][row][column % 2]        two strips, a line of 64 bytes for each two columns

A tile multiplies some strips by some rows of activations, and keeps all sums in registers while the columns pass: each
packed number is widened once for all activations, each pair of activations spread once for all strips. LLVM makes
vpdpwssd of it (AVX-512 with VNNI), vpmaddwd (AVX2, SSE2), smlal (ARM); the sums are integers below 2^31, the same in
any order. Numbers that come from memory are asked for in advance (measured: 95 instead of 55 GMAC/s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import binding as untyped_llvm
from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import codegen as untyped_codegen
from numba.core import config as untyped_config
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from predzip.jit import kernel

STRIP = 16
"""Rows whose sums fill a vector."""
STRIP_BYTES = 2 * STRIP
MOST_ROWS = 8
MOST_STRIPS = 4
"""Rows of activations, and strips, that `sum_products` takes at once."""
BLOCK = 2 * STRIP
"""Rows of a matrix that are packed together."""
SUMS_SHAPE = (MOST_ROWS, MOST_STRIPS * STRIP)

_Tile = Callable[[int, int, int, int, int, int, int, NDArray[np.int32], int, int], None]
_llvm, _cgutils = cast(Any, untyped_llvm), cast(Any, untyped_cgutils)
_codegen, _config = cast(Any, untyped_codegen), cast(Any, untyped_config)
_INT8, _INT16, _INT32, _INT64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_BYTES = ir.VectorType(_INT8, 2 * STRIP)
_SHORTS = ir.VectorType(_INT16, 2 * STRIP)
_HALF_SHORTS = ir.VectorType(_INT16, STRIP)
_PRODUCTS = ir.VectorType(_INT32, 2 * STRIP)
_SUMS = ir.VectorType(_INT32, STRIP)


def _has_wide_vectors() -> bool:
    """Whether 32 registers hold a strip's sums each. It decides the shape of tiles, never a number."""
    features = _config.CPU_FEATURES
    if features is None:
        features = "" if _config.CPU_NAME == "generic" else _codegen.get_host_cpu_features()
    return "+avx512bw" in features.split(",")


_ADDS_PAIRS = _llvm.get_process_triple().startswith(("x86_64", "i686", "i386"))  # its multiplications add neighbours
HAS_WIDE_VECTORS = _has_wide_vectors()
_ROWS_AT_ONCE = 8 if HAS_WIDE_VECTORS else 4
_ROWS_OF_FOUR = 4 if HAS_WIDE_VECTORS else 1  # so many rows at most go with four strips
_ROWS_OF_TWO = 8 if HAS_WIDE_VECTORS else 2


def packed_shape(rows: int, width: int) -> tuple[int, int, int]:
    """(blocks, pairs, 64): the shape of a packed matrix (rows, width)."""
    return -(-rows // BLOCK), -(-width // 2), 2 * BLOCK


def pack_rows(weights: NDArray[np.int8], packed: NDArray[np.int8]) -> None:
    """Pack a matrix (R, K) into zeros of `packed_shape`."""
    rows, width = weights.shape
    places = packed.reshape(*packed.shape[:2], BLOCK, 2)
    for k in range(2):
        column = np.zeros((packed.shape[0] * BLOCK, packed.shape[1]), np.int8)
        column[:rows, : (width + 1 - k) // 2] = weights[:, k::2]
        places[:, :, :, k] = column.reshape(-1, BLOCK, packed.shape[1]).transpose(0, 2, 1)


def unpack_rows(packed: NDArray[np.int8], rows: int, width: int) -> NDArray[np.int8]:
    """Return the matrix (R, K) that was packed, or the first R rows of it."""
    places = packed[: -(-rows // BLOCK)].reshape(-1, packed.shape[1], BLOCK, 2)
    return places.transpose(0, 2, 1, 3).reshape(-1, 2 * packed.shape[1])[:rows, :width]


def _constant(vector: Any, value: int) -> Any:  # noqa: ANN401 - types of LLVM
    return ir.Constant(vector, [value] * vector.count)


def _moved(builder: Any, pointer: Any, items: Any) -> Any:  # noqa: ANN401
    return builder.gep(pointer, [ir.Constant(_INT64, items) if isinstance(items, int) else items])


def _places(first: int) -> Any:  # noqa: ANN401
    """Every second place from the first or second one on."""
    return ir.Constant(_SUMS, list(range(first, 2 * STRIP, 2)))


def _widened(builder: Any, pointer: Any) -> list[Any]:  # noqa: ANN401
    """A strip's 8-bit numbers at two columns as 16-bit ones: in one vector, or in one for each column."""
    numbers = builder.load(builder.bitcast(pointer, _BYTES.as_pointer()), align=1)
    if _ADDS_PAIRS:
        return [builder.sext(numbers, _SHORTS)]
    undefined = ir.Constant(_BYTES, ir.Undefined)
    columns = (builder.shuffle_vector(numbers, undefined, _places(first)) for first in (0, 1))
    return [builder.sext(column, _HALF_SHORTS) for column in columns]


def _spread(builder: Any, pointer: Any) -> list[Any]:  # noqa: ANN401
    """A pair of activations, in as many vectors as `_widened` gives: in all their places."""
    vector, item = (_SUMS, _INT32) if _ADDS_PAIRS else (_HALF_SHORTS, _INT16)
    pointer = builder.bitcast(pointer, item.as_pointer())
    undefined = ir.Constant(vector, ir.Undefined)
    spread = []
    for number in range(1 if _ADDS_PAIRS else 2):
        value = builder.load(_moved(builder, pointer, number), align=2)
        first = builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
        spread.append(builder.shuffle_vector(first, undefined, _constant(_SUMS, 0)))
    return [builder.bitcast(spread[0], _SHORTS)] if _ADDS_PAIRS else spread


def _add_products(builder: Any, total: Any, numbers: list[Any], factors: list[Any]) -> Any:  # noqa: ANN401
    """Add both columns' products to a strip's sums: one instruction on x86, two on ARM, which LLVM finds in this."""
    if not _ADDS_PAIRS:
        for column, factor in zip(numbers, factors, strict=True):
            products = builder.mul(builder.sext(column, _SUMS), builder.sext(factor, _SUMS), flags=["nsw"])
            total = builder.add(total, products)
        return total
    undefined = ir.Constant(_PRODUCTS, ir.Undefined)
    widest = (builder.sext(part[0], _PRODUCTS) for part in (numbers, factors))
    products = builder.mul(*widest, flags=["nsw"])
    even, odd = (builder.shuffle_vector(products, undefined, _places(first)) for first in (0, 1))
    return builder.add(total, builder.add(even, odd))


def _ask_for(builder: Any, pointer: Any) -> None:  # noqa: ANN401
    """Have a line of memory brought near, if the processor likes to: no result depends on it, nor does it ever fail."""
    kind = ir.FunctionType(ir.VoidType(), [_INT8.as_pointer(), _INT32, _INT32, _INT32])
    prefetch = _cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(prefetch, [pointer, *(ir.Constant(_INT32, number) for number in (0, 3, 1))])  # to read, near, data


def _tile(rows: int, strips: int) -> _Tile:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        first, pair_step, far, pairs, codes, row_step, ahead = args[:7]
        sums = context.make_array(signature.args[7])(context, builder, args[7])
        start = builder.inttoptr(first, _INT8.as_pointer())
        code = builder.inttoptr(codes, _INT8.as_pointer())
        lines = [_moved(builder, code, builder.mul(row_step, ir.Constant(_INT64, n))) for n in range(rows)]
        lines = [builder.bitcast(line, _INT32.as_pointer()) for line in lines]
        totals = [[_cgutils.alloca_once_value(builder, _constant(_SUMS, 0)) for _ in range(strips)] for _ in lines]
        with _cgutils.for_range(builder, pairs) as loop:
            place = _moved(builder, start, builder.mul(loop.index, pair_step))
            later = _moved(builder, place, ahead)
            widened = []
            for strip in range(strips):
                if strip == 2:
                    place, later = _moved(builder, place, far), _moved(builder, later, far)
                if strip % 2 == 0:
                    _ask_for(builder, later)
                widened.append(_widened(builder, _moved(builder, place, strip % 2 * STRIP_BYTES)))
            for line, row in zip(lines, totals, strict=True):
                pair = _spread(builder, _moved(builder, line, loop.index))
                for numbers, total in zip(widened, row, strict=True):
                    builder.store(_add_products(builder, builder.load(total), numbers, pair), total)
        above = builder.mul(args[8], ir.Constant(_INT64, SUMS_SHAPE[1]))
        corner = _moved(builder, sums.data, builder.add(above, args[9]))
        for n, row in enumerate(totals):
            for v, total in enumerate(row):
                place = _moved(builder, corner, n * SUMS_SHAPE[1] + v * STRIP)
                builder.store(builder.load(total), builder.bitcast(place, _SUMS.as_pointer()), align=4)
        return context.get_dummy_value()

    def tile(
        typing_context: Any,  # noqa: ANN401 - types of numba
        first: Any,  # noqa: ANN401
        pair_step: Any,  # noqa: ANN401
        far: Any,  # noqa: ANN401
        pairs: Any,  # noqa: ANN401
        codes: Any,  # noqa: ANN401
        row_step: Any,  # noqa: ANN401
        ahead: Any,  # noqa: ANN401
        sums: Any,  # noqa: ANN401
        row: Any,  # noqa: ANN401
        column: Any,  # noqa: ANN401
    ) -> tuple[Any, Callable[..., Any]]:
        return types.void(*[types.int64] * 7, sums, types.int64, types.int64), emit

    return cast(_Tile, intrinsic(tile))


_8x2, _8x1 = _tile(8, 2), _tile(8, 1)
_4x4, _4x2, _4x1 = _tile(4, 4), _tile(4, 2), _tile(4, 1)
_3x4, _3x2, _3x1 = _tile(3, 4), _tile(3, 2), _tile(3, 1)
_2x4, _2x2, _2x1 = _tile(2, 4), _tile(2, 2), _tile(2, 1)
_1x4, _1x2, _1x1 = _tile(1, 4), _tile(1, 2), _tile(1, 1)


def _emit_address(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
    return builder.ptrtoint(context.make_array(signature.args[0])(context, builder, args[0]).data, _INT64)


def _address_of(typing_context: Any, array: Any) -> tuple[Any, Callable[..., Any]]:  # noqa: ANN401
    return types.int64(array), _emit_address


address_of = cast(Callable[[NDArray[Any]], int], intrinsic(_address_of))
"""Where an array's first number is, for `sum_products`."""


@kernel
def sum_products(
    packed: int,  # address of the first strip; the second one lies behind it
    pair_step: int,  # bytes from one pair of columns to the next
    far: int,  # bytes from the first strip to the third
    strips: int,  # 1 to MOST_STRIPS
    pairs: int,
    codes: int,  # address of the first row of activations, of 16 bits
    row_step: int,  # bytes from one row to the next
    rows: int,  # 1 to MOST_ROWS
    ahead: int,  # bytes from the first strip to what will be needed soon
    sums: NDArray[np.int32],  # SUMS_SHAPE, C order: [row of activations, row of the strips]
) -> None:
    """Multiply rows of activations by rows of strips. Nothing is checked: not even where the addresses lead."""
    row = 0
    while row < rows:
        left = rows - row
        count = _ROWS_AT_ONCE if left >= _ROWS_AT_ONCE else 4 if left > 4 else left
        code = codes + row * row_step
        strip = 0
        while strip < strips:
            left = strips - strip
            width = 4 if left >= 4 and count <= _ROWS_OF_FOUR else 2 if left >= 2 and count <= _ROWS_OF_TWO else 1
            at = packed + strip // 2 * far + strip % 2 * STRIP_BYTES
            column = strip * STRIP
            shape = count * 8 + width
            if shape == 66:
                _8x2(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 65:
                _8x1(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 36:
                _4x4(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 34:
                _4x2(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 33:
                _4x1(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 28:
                _3x4(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 26:
                _3x2(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 25:
                _3x1(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 20:
                _2x4(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 18:
                _2x2(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 17:
                _2x1(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 12:
                _1x4(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            elif shape == 10:
                _1x2(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            else:
                _1x1(at, pair_step, far, pairs, code, row_step, ahead, sums, row, column)
            strip += width
        row += count

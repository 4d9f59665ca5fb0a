"""Ask the processor to fetch a row of a table before it is needed: changes speed, never a result.

Adds to `int32` the one instruction that numba has no name for. Kernels (see predzip.jit) look up dozens of rows at
random places of a large table; asked for together, their cache misses overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

_READ, _KEEP, _DATA = 0, 3, 1  # operands of llvm.prefetch: for reading, keep in all caches, data


def _prefetch_row(typing_context: Any, table: Any, row: Any) -> tuple[Any, Callable[..., Any]]:  # noqa: ANN401
    """Prefetch the first cache line of table[row] (a C-contiguous 2-D array); `row` must be in range."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        array = cast(Any, make_array)(signature.args[0])(context, builder, args[0])
        stride = builder.extract_value(array.strides, 0)
        byte = builder.bitcast(array.data, ir.IntType(8).as_pointer())
        place = builder.gep(byte, [builder.mul(args[1], stride)])
        kind = ir.FunctionType(ir.VoidType(), [place.type] + [ir.IntType(32)] * 3)
        instruction = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(instruction, [place] + [ir.Constant(ir.IntType(32), value) for value in (_READ, _KEEP, _DATA)])
        return context.get_dummy_value()

    return types.void(table, types.uint64), generate


prefetch_row = cast(Callable[[NDArray[Any], np.uint64], None], intrinsic(_prefetch_row))

"""What two kernels on two threads need to hand work to each other: an atomic load, an atomic store, and waiting.

Numba offers none of them on processors. They only decide when something is computed, never what.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from predzip.jit import inlined

_Counters = NDArray[np.int64]


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:  # noqa: ANN401
    struct = context.make_array(array_type)(context, builder, array)
    return cast(Any, cgutils).get_item_pointer(context, builder, array_type, struct, [index])


def _load(typing_context: Any, counters: Any, index: Any) -> tuple[Any, Any]:  # noqa: ANN401
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(counters, types.int64), emit


def _store(typing_context: Any, counters: Any, index: Any, value: Any) -> tuple[Any, Any]:  # noqa: ANN401
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        value = context.cast(builder, args[2], signature.args[2], types.int64)
        builder.store_atomic(value, pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(counters, types.int64, types.int64), emit


load_acquire = cast(Callable[[_Counters, int], int], intrinsic(_load))
"""load_acquire(counters, index): what another thread stored, and all that it wrote before it."""
store_release = cast(Callable[[_Counters, int, int], None], intrinsic(_store))
"""store_release(counters, index, value): let another thread see the value, and all that was written before it."""

_POLLS = 2000
"""Looks before a waiting thread offers its processor to others: some microseconds, longer than a byte seldom takes."""


def _give_way(typing_context: Any) -> tuple[Any, Any]:  # noqa: ANN401
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        if sys.platform != "win32":  # no such function there; a waiting thread goes on looking
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cast(Any, cgutils).get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), emit


give_way = cast(Callable[[], None], intrinsic(_give_way))
"""give_way(): let another thread run on this processor, if one waits."""


@inlined
def wait_for(counters: _Counters, index: int, least: int) -> None:
    """Return when the counter has reached `least`."""
    polls = 0
    while load_acquire(counters, index) < least:
        polls += 1
        if polls >= _POLLS:
            give_way()
            polls = 0

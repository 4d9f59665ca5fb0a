"""Who multiplies: a kernel, BLAS through NumPy, torch, or plain integers. All give the same numbers.

A backend multiplies integer activations (N, K) by a layer's integer weights (R, K). In float32 that is exact while no
sum can reach 2^24 (DESIGN: exactness rule 1); `Linear.reach` and `Linear.parts` see to that. Every backend has to pass
`self_test` before it is used; one that does not is passed over for the next.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from predzip.errors import MissingExtraError, ModelError, UsageError
from predzip.jit import kernel
from predzip.predictors.neural.self_test import FLOAT_LIMIT, is_exact
from predzip.predictors.neural.transformer.rows import rescale
from predzip.predictors.neural.transformer.vectors import (
    BLOCK,
    MOST_ROWS,
    SUMS_SHAPE,
    address_of,
    pack_rows,
    packed_shape,
    sum_products,
    unpack_rows,
)

_Floats = NDArray[np.float32]
_Shorts = NDArray[np.int16]

WIDEST_REACH = 2047
_LEAST_REACH = 511
_MOST_PARTS = 64
_NUMBERS_AT_ONCE = 1 << 22
SUMS, SET, ADD = range(3)
"""What `multiply` does with its sums: return them as they are, rescaled, or added to what is there."""


class Linear(NamedTuple):
    """A matrix of the model and what belongs to it."""

    packed: NDArray[np.int8]  # of `packed_shape`: R, K
    scale: _Floats  # R
    bias: _Floats  # R, or nothing
    width: int
    """K."""
    reach: int
    """Largest magnitude of an activation."""
    parts: int
    """Number of pieces that K is cut into, so that the sums of each stay below 2^24."""

    def rows(self, first: int, end: int) -> NDArray[np.int8]:
        """Rows first .. end - 1 of the matrix; `first` is a multiple of BLOCK."""
        end = min(end, len(self.scale))
        return unpack_rows(self.packed[first // BLOCK :], end - first, self.width)


def reach_and_parts(weights: NDArray[np.int8]) -> tuple[int, int]:
    """Choose the width of the activations by the weights: 12 bits, or what keeps sums below 2^24, 10 at least.

    Raises:
        ModelError: where rows are so long that sums could pass 32 bits.
    """
    rows, width = weights.shape
    parts = 1
    while True:
        sums = [1]
        for first in range(0, rows, max(1, _NUMBERS_AT_ONCE // width)):
            magnitudes = np.abs(weights[first : first + max(1, _NUMBERS_AT_ONCE // width)].astype(np.int16))
            pieces = pairwise(_edges(width, parts))
            sums += [int(magnitudes[:, a:b].sum(axis=1, dtype=np.int64).max(initial=0)) for a, b in pieces]
        reach = min(WIDEST_REACH, (FLOAT_LIMIT - 1) // max(sums))
        if reach >= _LEAST_REACH:
            return reach, parts
        parts *= 2
        if parts > _MOST_PARTS:
            raise ModelError(f"a row of {width} weights is too long for exact sums")


def _edges(width: int, parts: int) -> list[int]:
    step = -(-width // parts)
    return [min(width, step * part) for part in range(parts + 1)]


class MatrixBackend(Protocol):
    """Multiplies exactly, by a library's matrix products; attention goes through them too."""

    name: str

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """(N, K) activations -> (N, R) sums of products, rounded to float32 once they are complete."""

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """Product of two matrices of integers in float32, none of whose sums reaches 2^24."""


@kernel
def multiply(
    packed: NDArray[np.int8],  # of `packed_shape`: R, K
    scale: _Floats,  # R
    bias: _Floats,  # R, or nothing
    codes: _Shorts,  # N rows of 2 * pairs numbers, in one piece
    units: _Floats,  # N
    how: int,  # SUMS, SET or ADD
    first: int,  # block of rows
    end: int,
    result: _Floats,  # N, R or more
    sums: NDArray[np.int32],  # SUMS_SHAPE: scratch
) -> None:
    """Multiply N rows by some blocks of a matrix; keep the sums, rescale them, or add them rescaled."""
    blocks, pairs, line_bytes = packed.shape
    size = scale.shape[0]
    row_bytes = 4 * pairs
    block_bytes = pairs * line_bytes
    for block in range(first, min(end, blocks), 2):
        count = min(2, min(end, blocks) - block)
        begin = block * BLOCK
        stop = min(size, begin + count * BLOCK)
        for n in range(0, units.shape[0], MOST_ROWS):
            rows = min(MOST_ROWS, units.shape[0] - n)
            sum_products(
                address_of(packed[block]),
                line_bytes,
                block_bytes,
                2 * count,
                pairs,
                address_of(codes) + n * row_bytes,
                row_bytes,
                rows,
                2 * block_bytes,
                sums,
            )
            for i in range(rows):
                line = result[n + i, begin:stop]
                found = sums[i]
                if how == SUMS:
                    for j in range(line.shape[0]):
                        line[j] = np.float32(found[j])
                else:
                    own_bias = bias[begin:stop] if bias.shape[0] > 0 else bias
                    rescale(found, scale[begin:stop], own_bias, units[n + i], how == ADD, line)


class KernelBackend:
    """The compiled loop of `vectors`: fastest for any number of rows, needs no library and keeps to one thread.

    Layers run in one compiled loop with it (`stack.run_layers`), which calls `multiply` itself.
    """

    name = "kernel"

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `MatrixBackend`."""
        rows, pairs = len(codes), linear.packed.shape[1]
        padded = np.zeros((rows, 2 * pairs), np.int16)
        padded[:, : linear.width] = codes
        result = np.empty((rows, len(linear.scale)), np.float32)
        units, sums = np.ones(rows, np.float32), np.empty(SUMS_SHAPE, np.int32)
        blocks = len(linear.packed)
        multiply(linear.packed, linear.scale, linear.bias, padded.ravel(), units, SUMS, 0, blocks, result, sums)
        return result


class AutoBackend(KernelBackend):
    """What is fastest: the kernel, wherever that was measured."""

    name = "auto"


Backend = KernelBackend | MatrixBackend


class _FloatBackend:
    """Products in float32, of pieces of K where the whole could pass 2^24.

    Weights become floats for one call, some rows at a time: kept as such, they would take four times their memory.
    """

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `MatrixBackend`."""
        activations = codes.astype(np.float32)
        result = np.empty((codes.shape[0], len(linear.scale)), np.float32)
        step = max(1, _NUMBERS_AT_ONCE // (BLOCK * linear.width)) * BLOCK
        for first in range(0, len(linear.scale), step):
            columns = linear.rows(first, first + step).T.astype(np.float32)
            result[:, first : first + step] = self._product(activations, columns, linear.parts)
        return result

    def _product(self, activations: _Floats, columns: _Floats, parts: int) -> _Floats:
        if parts == 1:
            return self.matmul(activations, columns)
        total = np.zeros((len(activations), columns.shape[1]), np.int64)
        for a, b in pairwise(_edges(len(columns), parts)):
            total += self.matmul(np.ascontiguousarray(activations[:, a:b]), columns[a:b]).astype(np.int64)
        return total.astype(np.float32)

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `MatrixBackend`."""
        raise NotImplementedError


class BlasBackend(_FloatBackend):
    """NumPy's matrix product."""

    name = "blas"

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `MatrixBackend`."""
        result: _Floats = np.matmul(left, right)
        return result


class TorchBackend(_FloatBackend):
    """PyTorch on a CPU or a CUDA device; an option for encoders, never needed.

    Raises:
        MissingExtraError: where torch is not installed.
    """

    def __init__(self, device: str = "cpu") -> None:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("torch", "train") from None
        self.name = f"torch:{device}"
        self._torch: Any = torch
        self._device = torch.device(device)

    def _on_device(self, array: _Floats) -> Any:  # noqa: ANN401  (torch may be missing)
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `MatrixBackend`."""
        return self._multiply(self._on_device(left), self._on_device(right))

    def _multiply(self, left: Any, right: Any) -> _Floats:  # noqa: ANN401
        precision = self._torch.get_float32_matmul_precision()
        # TF32 keeps 10 bits of an operand. The setting belongs to the program around us, so it is put back.
        self._torch.set_float32_matmul_precision("highest")
        try:
            result: _Floats = self._torch.mm(left, right).cpu().numpy()
        finally:
            self._torch.set_float32_matmul_precision(precision)
        return result


class IntegerBackend:
    """NumPy's int64: slow, right on every machine."""

    name = "integers"

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `MatrixBackend`."""
        weights = linear.rows(0, len(linear.scale)).T.astype(np.int64)
        return (codes.astype(np.int64) @ weights).astype(np.float32)

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `MatrixBackend`."""
        return (left.astype(np.int64) @ right.astype(np.int64)).astype(np.float32)


BACKENDS = ("auto", "blas", "kernel", "torch", "integers")
"""Names that `backend` takes; "torch:cuda" and the like name a device."""


def _make(name: str) -> Backend:
    kind, _, device = name.partition(":")
    if kind == "torch":
        return TorchBackend(device or "cpu")
    makers: dict[str, Callable[[], Backend]] = {
        "auto": AutoBackend,
        "blas": BlasBackend,
        "kernel": KernelBackend,
        "integers": IntegerBackend,
    }
    if device or kind not in makers:
        raise UsageError(f"no backend is named {name!r}; there are {', '.join(BACKENDS)}")
    return makers[kind]()


def _plain_linear(packed: NDArray[np.int8], rows: int, width: int) -> Linear:
    return Linear(packed, np.ones(rows, np.float32), np.zeros(0, np.float32), width, WIDEST_REACH, 1)


def passes(candidate: Backend) -> bool:
    """Run the self-test on all products of a backend."""

    def by_layer(activations: _Shorts, weights: NDArray[np.int8]) -> _Floats:
        packed = np.zeros(packed_shape(*weights.shape), np.int8)
        pack_rows(weights, packed)
        return candidate.product(_plain_linear(packed, *weights.shape), activations)

    if isinstance(candidate, KernelBackend):
        return is_exact(by_layer)
    matmul = candidate.matmul

    def by_matrix(activations: _Shorts, weights: NDArray[np.int8]) -> _Floats:
        return matmul(activations.astype(np.float32), weights.T.astype(np.float32))

    return is_exact(by_layer) and is_exact(by_matrix)


@cache
def backend(name: str = "auto") -> Backend:
    """Return the backend of that name or, where it fails the self-test here, the next one that passes.

    Raises:
        UsageError: for an unknown name.
        ModelError: where none is exact.
    """
    for candidate in dict.fromkeys((name, "auto", "kernel", "integers")):
        made = _make(candidate)
        if passes(made):
            return made
    raise ModelError("no way of multiplying passes the self-test on this machine")

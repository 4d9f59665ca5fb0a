"""Who multiplies: BLAS through NumPy, a kernel, torch, or plain integers. All give the same numbers.

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
from predzip.predictors.mixing.int32 import add32, mul32
from predzip.predictors.neural.self_test import FLOAT_LIMIT, is_exact

_Floats = NDArray[np.float32]
_Shorts = NDArray[np.int16]

WIDEST_REACH = 2047
_LEAST_REACH = 511
_MOST_PARTS = 64


class Linear(NamedTuple):
    """A matrix of the model and what belongs to it."""

    weights: NDArray[np.int8]  # R, K
    scale: _Floats  # R
    bias: _Floats  # R, or nothing
    reach: int
    """Largest magnitude of an activation."""
    parts: int
    """Number of pieces that K is cut into, so that the sums of each stay below 2^24."""
    columns: _Floats  # K, R: the weights for float32 products


def new_linear(weights: NDArray[np.int8], scale: _Floats, bias: _Floats) -> Linear:
    """Choose the width of the activations by the weights: 12 bits, or what keeps sums below 2^24, 10 at least."""
    width = weights.shape[1]
    magnitudes = np.abs(weights.astype(np.int16))
    parts = 1
    while True:
        edges = _edges(width, parts)
        sums = [magnitudes[:, a:b].sum(axis=1, dtype=np.int64).max() for a, b in pairwise(edges)]
        reach = min(WIDEST_REACH, (FLOAT_LIMIT - 1) // max(1, int(max(sums))))
        if reach >= _LEAST_REACH:
            break
        parts *= 2
        if parts > _MOST_PARTS:
            raise ModelError(f"a row of {width} weights is too long for exact sums")
    columns = np.ascontiguousarray(weights.T, dtype=np.float32)
    return Linear(np.ascontiguousarray(weights), scale, bias, reach, parts, columns)


def _edges(width: int, parts: int) -> list[int]:
    step = -(-width // parts)
    return [min(width, step * part) for part in range(parts + 1)]


class Backend(Protocol):
    """Multiplies exactly."""

    name: str
    attends: bool
    """Whether attention goes through `matmul` too, where there are many rows; else it stays in a kernel."""

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """(N, K) activations -> (N, R) sums of products, rounded to float32 once they are complete."""

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """Product of two matrices of integers in float32, none of whose sums reaches 2^24."""


@kernel
def _multiply(weights: NDArray[np.int8], codes: _Shorts, result: _Floats) -> None:
    for j in range(weights.shape[0]):
        row = weights[j]
        for n in range(codes.shape[0]):
            activation = codes[n]
            total = np.int32(0)
            for k in range(row.shape[0]):
                total = add32(total, mul32(np.int32(row[k]), np.int32(activation[k])))
            result[n, j] = np.float32(total)


@kernel
def _multiply_floats(left: _Floats, right: _Floats, result: _Floats) -> None:
    """Both hold integers; the second one is transposed."""
    for i in range(left.shape[0]):
        row = left[i]
        for j in range(right.shape[0]):
            other = right[j]
            total = np.int32(0)
            for k in range(row.shape[0]):
                total = add32(total, mul32(np.int32(row[k]), np.int32(other[k])))
            result[i, j] = np.float32(total)


class KernelBackend:
    """Compiled loops over 16-bit products: best for few rows, and needs no library."""

    name = "kernel"
    attends = False

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `Backend`."""
        result = np.empty((codes.shape[0], linear.weights.shape[0]), np.float32)
        _multiply(linear.weights, codes, result)
        return result

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `Backend`."""
        result = np.empty((left.shape[0], right.shape[1]), np.float32)
        _multiply_floats(left, np.ascontiguousarray(right.T), result)
        return result


class _FloatBackend:
    """Products in float32, of pieces of K where the whole could pass 2^24."""

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `Backend`."""
        activations = codes.astype(np.float32)
        if linear.parts == 1:
            return self.matmul(activations, linear.columns)
        total = np.zeros((codes.shape[0], linear.weights.shape[0]), np.int64)
        edges = _edges(linear.weights.shape[1], linear.parts)
        for a, b in pairwise(edges):
            total += self.matmul(np.ascontiguousarray(activations[:, a:b]), linear.columns[a:b]).astype(np.int64)
        return total.astype(np.float32)

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `Backend`."""
        raise NotImplementedError


class BlasBackend(_FloatBackend):
    """NumPy's matrix product."""

    name = "blas"
    attends = True

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `Backend`."""
        result: _Floats = np.matmul(left, right)
        return result


class AutoBackend(BlasBackend):
    """The kernel for few rows, as fast there and without threads that wait for each other; else NumPy's product."""

    name = "auto"
    attends = False  # as fast as matrix products of such shapes, and without their threads
    _few_rows = 200

    def __init__(self) -> None:
        self._kernel = KernelBackend()

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `Backend`."""
        return self._kernel.product(linear, codes) if len(codes) < self._few_rows else super().product(linear, codes)


class TorchBackend(_FloatBackend):
    """PyTorch on a CPU or a CUDA device; an option for encoders, never needed.

    Raises:
        MissingExtraError: where torch is not installed.
    """

    attends = True

    def __init__(self, device: str = "cpu") -> None:
        try:
            import torch
        except ImportError:
            raise MissingExtraError("torch", "train") from None
        self.name = f"torch:{device}"
        self._torch: Any = torch
        self._device = torch.device(device)
        self._columns: dict[int, tuple[_Floats, Any]] = {}

    def _on_device(self, array: _Floats) -> Any:  # noqa: ANN401  (torch may be missing)
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `Backend`; keeps weights on the device."""
        if linear.parts > 1:
            return super().product(linear, codes)
        kept = self._columns.get(id(linear.columns))
        if kept is None or kept[0] is not linear.columns:
            kept = self._columns[id(linear.columns)] = (linear.columns, self._on_device(linear.columns))
        return self._multiply(self._on_device(codes.astype(np.float32)), kept[1])

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `Backend`."""
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
    attends = True

    def product(self, linear: Linear, codes: _Shorts) -> _Floats:
        """See `Backend`."""
        return (codes.astype(np.int64) @ linear.weights.T.astype(np.int64)).astype(np.float32)

    def matmul(self, left: _Floats, right: _Floats) -> _Floats:
        """See `Backend`."""
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


def passes(candidate: Backend) -> bool:
    """Run the self-test on both products of a backend."""

    def by_layer(activations: _Shorts, weights: NDArray[np.int8]) -> _Floats:
        ones, nothing = np.ones(len(weights), np.float32), np.zeros(0, np.float32)
        columns = np.ascontiguousarray(weights.T, dtype=np.float32)
        return candidate.product(Linear(weights, ones, nothing, WIDEST_REACH, 1, columns), activations)

    def by_matrix(activations: _Shorts, weights: NDArray[np.int8]) -> _Floats:
        return candidate.matmul(activations.astype(np.float32), weights.T.astype(np.float32))

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

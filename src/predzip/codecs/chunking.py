"""How a long input is cut for measuring: adds "with how much history?" to the code length of `entropy`.

    reset     chunks with no history across, the paper's protocol (2,048 bytes): `split`
    slide     every symbol is predicted from at least `context_bytes` of history, as far as there is any: `windows`

Both are for predictors with a bounded context; an adaptive one is simply run over the whole input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from predzip.errors import UsageError

PAPER_CHUNK_BYTES = 2048


def split(data: bytes, chunk_bytes: int = PAPER_CHUNK_BYTES) -> Iterator[bytes]:
    """Yield slices of `chunk_bytes`, the last one shorter where it does not go up; nothing for nothing."""
    if chunk_bytes < 1:
        raise UsageError(f"chunk_bytes must be at least 1, not {chunk_bytes}")
    for start in range(0, len(data), chunk_bytes):
        yield data[start : start + chunk_bytes]


@dataclass(frozen=True)
class Window:
    """Positions in the input: data[context_start:start] is shown, data[start:end] is predicted and counted."""

    context_start: int
    start: int
    end: int


def windows(length_bytes: int, context_bytes: int, stride_bytes: int) -> Iterator[Window]:
    """Yield windows that count each byte once, `stride_bytes` at a time, behind `context_bytes` of history.

    The cost is (context_bytes + stride_bytes) / stride_bytes predictions a byte; a stride of 1 gives every byte exactly
    the full context, a large one is cheaper, and later bytes of a window see more than `context_bytes`.
    """
    if context_bytes < 0 or stride_bytes < 1:
        raise UsageError("context_bytes must be at least 0 and stride_bytes at least 1")
    for start in range(0, length_bytes, stride_bytes):
        yield Window(max(0, start - context_bytes), start, min(start + stride_bytes, length_bytes))

"""The type of products."""

from __future__ import annotations

import torch

from predzip.training.precision import PROCESSOR_TYPE, for_products


def test_for_products() -> None:
    x = torch.linspace(-2, 2, 9)
    low = for_products(x)
    assert low.dtype == PROCESSOR_TYPE
    assert torch.equal(low.float(), x)  # quarters and halves are exact in both


def test_float32_without_instructions_for_bfloat16() -> None:
    """bfloat16 needs AVX-512 at least on x86-64: elsewhere it would be emulated."""
    if torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2"):
        assert torch.float32 == PROCESSOR_TYPE

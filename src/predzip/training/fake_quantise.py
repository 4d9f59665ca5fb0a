"""Quantisation-aware finishing: the last part of training computes with the weights that will be shipped.

Forward rounds as the export does; backward pretends that nothing was rounded (straight-through, Bengio et al., 2013).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

_ROW_MAX = 127
_TABLE_MAX = 7


def round_rows(weight: torch.Tensor) -> torch.Tensor:
    """Each row as -127..127 times its scale: what int8 weights with a scale a row can say."""
    scale = weight.detach().abs().amax(-1, keepdim=True).clamp_min(1e-8) / _ROW_MAX
    return weight + (torch.round(weight / scale) * scale - weight).detach()


def round_entries(entries: torch.Tensor, step: float) -> torch.Tensor:
    """Entries of a 4-bit table with this step."""
    return entries + (torch.round(entries / step).clamp(-_TABLE_MAX - 1, _TABLE_MAX) * step - entries).detach()


@torch.no_grad()
def best_step(table: torch.Tensor) -> float:
    """The step of a 4-bit table with the least squared error, among those that the export tries."""
    deviation = table.std(correction=0)
    best, least = 1.0, float("inf")
    for factor in torch.linspace(0.2, 0.7, 26):
        step = float(deviation * factor)
        error = float(((torch.round(table / step).clamp(-_TABLE_MAX - 1, _TABLE_MAX) * step - table) ** 2).mean())
        if error < least:
            best, least = step, error
    return best


class Dense(nn.Linear):
    """A linear layer that keeps float32 weights, computes in the type of its input, and can round its rows."""

    rounds = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the layer."""
        weight = round_rows(self.weight) if self.rounds else self.weight
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return functional.linear(x, weight.to(x.dtype), bias)

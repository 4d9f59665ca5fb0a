"""Muon for the matrices, AdamW for the rest.

Muon (Jordan et al., 2024) replaces the momentum of a weight matrix by the nearest matrix with orthogonal rows, found by
five Newton-Schulz steps in the type of products (`precision`), so that no direction of a matrix learns much faster than
another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from predzip.training.precision import for_products

_MOMENTUM = 0.95
_DECAY = 0.1
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Coefficients of the Newton-Schulz iteration that Muon's authors tuned."""


class Muon:
    """Orthogonalised momentum for matrices.

    Args:
        matrices: weights of two dimensions.
    """

    def __init__(self, matrices: Iterable[torch.nn.Parameter]) -> None:
        self.matrices = list(matrices)
        self._momenta = [torch.zeros_like(matrix) for matrix in self.matrices]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every matrix; `rate` is the spectral norm of a step, nearly."""
        for matrix, momentum in zip(self.matrices, self._momenta, strict=True):
            if matrix.grad is None:
                continue
            momentum.lerp_(matrix.grad, 1 - _MOMENTUM)
            direction = _orthogonal(matrix.grad.lerp(momentum, _MOMENTUM))
            matrix.mul_(1 - rate * _DECAY)
            rows, columns = matrix.shape
            matrix.add_(direction.float(), alpha=-rate * max(1.0, rows / columns) ** 0.5)

    def state(self) -> list[torch.Tensor]:
        """The momenta."""
        return self._momenta

    def restore(self, momenta: list[torch.Tensor]) -> None:
        """Take momenta from a checkpoint."""
        for own, theirs in zip(self._momenta, momenta, strict=True):
            own.copy_(theirs)


def _orthogonal(gradient: torch.Tensor) -> torch.Tensor:
    a, b, c = _POLYNOMIAL
    x: torch.Tensor = for_products(gradient)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Optimiser:
    """Both together, with clipping.

    Args:
        matrices: for Muon; with `clip_matrices`, part of the norm that is clipped.
        others: for AdamW.
        matrix_rate, rate: highest learning rates of the two.
        betas: of AdamW.
        clip: greatest norm of the gradient; Muon does not feel the size of a gradient, so only the others count.
    """

    def __init__(
        self,
        matrices: Iterable[torch.nn.Parameter],
        others: Iterable[torch.nn.Parameter],
        *,
        matrix_rate: float,
        rate: float,
        betas: tuple[float, float],
        clip: float,
    ) -> None:
        self._muon = Muon(matrices)
        self._others = list(others)
        self._matrix_rate, self._rate, self._clip = matrix_rate, rate, clip
        self._adam = torch.optim.AdamW(self._others, lr=rate, betas=betas, eps=1e-10, weight_decay=0.0, fused=True)

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """All that is optimised, in a fixed order."""
        return [*self._muon.matrices, *self._others]

    def step(self, factor: float) -> None:
        """Use and then forget the gradients; `factor` multiplies both learning rates."""
        for group in self._adam.param_groups:
            group["lr"] = self._rate * factor
        torch.nn.utils.clip_grad_norm_(self._others, self._clip)
        self._muon.step(self._matrix_rate * factor)
        self._adam.step()
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"adam": self._adam.state_dict(), "muon": self._muon.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._adam.load_state_dict(state["adam"])
        self._muon.restore(state["muon"])

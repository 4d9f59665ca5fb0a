"""A model with its data: what a batch is, what a loss is, and how held-out bytes are measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from predzip.training.batches import Crops
from predzip.training.presets import Stage
from predzip.training.sources import Kind
from predzip.training.transformer import ROUNDING, Transformer, transformer_matrices
from predzip.units import nats_to_bits

_EVALUATION_BYTES = 24 * 1024
"""Held-out bytes of each kind that one evaluation reads."""


class Task(Protocol):
    """What the loop knows of a model."""

    @property
    def module(self) -> nn.Module:
        """The model."""

    piece_bytes: int
    """Length of the pieces that held-out rates are measured on."""

    def matrices(self) -> list[nn.Parameter]:
        """Weights that Muon optimises."""

    def loss(self, stage: Stage) -> torch.Tensor:
        """Draw a batch; return its mean log-loss in nats a symbol."""

    def round_weights(self, rounds: bool) -> None:
        """From now on, compute with weights rounded as they will be shipped, or not; asked for again now and then."""

    def log_loss_nats(self, pieces: NDArray[np.integer]) -> float:
        """Log-loss of independent pieces (N, T), the sum in nats."""

    def state(self) -> dict[str, Any]:
        """All of the task but the module's parameters."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, rounding included."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Float tensors for the export."""


class TransformerTask:
    """Random crops of the stage's length, every one from an empty context.

    Args:
        module: the model.
        kinds: the data.
        seed: of the crops.
        device: where the module is.
    """

    piece_bytes = 2048

    def __init__(self, module: Transformer, kinds: Sequence[Kind], seed: int, device: torch.device) -> None:
        self.module = module
        self._crops = Crops(kinds, seed)
        self._device = device
        self.piece_bytes = min(self.piece_bytes, module.config.context)
        self._rounds = False

    def matrices(self) -> list[nn.Parameter]:
        """See `Task`."""
        return transformer_matrices(self.module)

    def _mean_loss(self, pieces: NDArray[np.integer]) -> torch.Tensor:
        tokens = torch.from_numpy(pieces.astype(np.int64)).to(self._device)
        logits = self.module(tokens)
        return functional.cross_entropy(logits.float().flatten(0, 1), tokens.flatten())

    def loss(self, stage: Stage) -> torch.Tensor:
        """See `Task`."""
        return self._mean_loss(self._crops.next(stage.sequences, min(stage.length, self.module.config.context)))

    def round_weights(self, rounds: bool) -> None:
        """See `Task`."""
        self._rounds = rounds
        for part in self.module.modules():
            if isinstance(part, ROUNDING):
                part.rounds = rounds

    def log_loss_nats(self, pieces: NDArray[np.integer]) -> float:
        """See `Task`."""
        parts = np.array_split(pieces, max(1, len(pieces) // 8))
        return sum(float(self._mean_loss(part)) * int(part.size) for part in parts)

    def state(self) -> dict[str, Any]:
        """See `Task`."""
        return {"crops": self._crops.state(), "rounds": self._rounds}

    def restore(self, state: dict[str, Any]) -> None:
        """See `Task`."""
        self._crops.restore(state["crops"])
        self.round_weights(state["rounds"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Task`."""
        return dict(self.module.state_dict())


@torch.no_grad()
def evaluate(
    task: Task, kinds: Sequence[Kind], *, piece_bytes: int, total_bytes: int = _EVALUATION_BYTES
) -> dict[str, float]:
    """Bits a byte of independent pieces spread over the held-out tail of each kind."""
    rates = {}
    task.module.eval()
    for kind in kinds:
        size = min(piece_bytes, len(kind.held_out))
        if size == 0:
            continue
        count = max(1, min(total_bytes // size, len(kind.held_out) // size))
        starts = np.linspace(0, len(kind.held_out) - size, count).astype(np.int64)
        pieces = np.stack([kind.held_out[start : start + size] for start in starts])
        rates[kind.name] = nats_to_bits(task.log_loss_nats(pieces)) / pieces.size
    task.module.train()
    return rates

"""Training of a recurrent model on contiguous lanes: the state of a lane is carried from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from predzip.training.batches import LaneCrops
from predzip.training.contexts import Contexts
from predzip.training.presets import Stage
from predzip.training.recurrent import Recurrent
from predzip.training.sources import Kind

_EVALUATION_PART = 256
"""Bytes of every piece that one forward pass of an evaluation takes."""


class LaneTask:
    """See `tasks.Task`.

    Args:
        module: the model.
        kinds: the data.
        lanes: side by side.
        seed: of the crops.
        device: where the module is.
    """

    piece_bytes = 1024

    def __init__(self, module: Recurrent, kinds: Sequence[Kind], lanes: int, seed: int, device: torch.device) -> None:
        self.module = module
        self._crops = LaneCrops(kinds, lanes, seed)
        self._contexts = Contexts(module.config, lanes)
        self._states = module.first_states(lanes)
        self._device = device

    def matrices(self) -> list[nn.Parameter]:
        """See `Task`."""
        return self.module.matrices()

    def loss(self, stage: Stage) -> torch.Tensor:
        """See `Task`."""
        pieces, begins = self._crops.next(stage.length)
        self._contexts.begin(begins)
        if begins.any():
            keeps = torch.from_numpy(~begins).float()[:, None].to(self._device)
            self._states = [state * keeps for state in self._states]
        loss, self._states = self._forward(pieces, self._contexts, self._states, "mean")
        return loss

    def _forward(
        self, pieces: NDArray[np.uint8], contexts: Contexts, states: list[torch.Tensor], reduction: str
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        last, rows = (torch.from_numpy(part).to(self._device) for part in contexts.rows(pieces))
        targets = torch.from_numpy(pieces.T.astype(np.int64)).to(self._device)  # T, L
        logits, states = self.module(last, rows, states)
        loss = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction=reduction)
        return loss, states

    def round_weights(self, rounds: bool) -> None:
        """See `Task`."""
        self.module.round_weights(rounds)

    def log_loss_nats(self, pieces: NDArray[np.integer]) -> float:
        """See `Task`."""
        contexts = Contexts(self.module.config, len(pieces))
        states = self.module.first_states(len(pieces))
        total = 0.0
        for start in range(0, pieces.shape[1], _EVALUATION_PART):
            part = pieces[:, start : start + _EVALUATION_PART].astype(np.uint8, copy=False)
            loss, states = self._forward(part, contexts, states, "sum")
            total += float(loss)
        return total

    def state(self) -> dict[str, Any]:
        """See `Task`."""
        return {
            "crops": self._crops.state(),
            "contexts": self._contexts.state(),
            "states": self._states,
            "steps": self.module.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """See `Task`."""
        self._crops.restore(state["crops"])
        self._contexts.restore(state["contexts"])
        self._states = [part.to(self._device) for part in state["states"]]
        self.module.round_weights(state["steps"] is not None)
        self.module.steps = state["steps"]  # those of the last rounding, not of the tables as they are now

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Task`."""
        return dict(self.module.state_dict())

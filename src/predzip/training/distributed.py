"""Several processes that train one model (torchrun): gradients averaged, decisions taken together.

Every process draws its own batches; parameters stay the same everywhere because they begin the same and move by
the same averaged gradients.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed


class Group:
    """All processes of a run; a single one where torchrun did not start us.

    Args:
        device: where gradients are.
    """

    def __init__(self, device: torch.device) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self._device = device
        self._joined = False

    def __enter__(self) -> Group:
        if self.size > 1:
            distributed.init_process_group("nccl" if self._device.type == "cuda" else "gloo")
            self._joined = True
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._joined:
            if error is None:
                self.wait()  # nobody leaves while another still waits for an answer
            distributed.destroy_process_group()

    def average_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def agree(self, *values: float) -> list[float]:
        """The greatest of each value over the processes, so that all take the same decision."""
        if self.size == 1:
            return list(values)
        together = torch.tensor(values, dtype=torch.float64, device=self._device)
        distributed.all_reduce(together, distributed.ReduceOp.MAX)
        return [float(value) for value in together]

    def gather(self, value: Any) -> list[Any]:  # noqa: ANN401 - whatever a checkpoint holds of one process
        """The values of all processes, in the order of their ranks."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            distributed.barrier()


def local_device(name: str) -> torch.device:
    """The device of this process: with several CUDA devices, one each."""
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return torch.device(name)

from __future__ import annotations

import torch

from predzip.training.optimisers import Muon, Optimiser


def parameter(*shape: int) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))))


def test_muon_moves_every_direction_alike() -> None:
    for shape in ((24, 8), (8, 24)):
        matrix = parameter(*shape)
        before = matrix.detach().clone()
        matrix.grad = torch.randn(shape) @ torch.diag(torch.logspace(0, -1, shape[1]))
        Muon([matrix]).step(0.1)
        sizes = torch.linalg.svdvals(matrix.detach() - before * (1 - 0.1 * 0.1))
        expected = 0.1 * max(1, shape[0] / shape[1]) ** 0.5
        assert 0.5 * expected < sizes.min()
        assert sizes.max() < 1.4 * expected


def test_clipping_bounds_what_adam_sees_and_not_muon() -> None:
    matrix, other = parameter(4, 4), parameter(3)
    optimiser = Optimiser([matrix], [other], matrix_rate=0.01, rate=0.01, betas=(0.9, 0.99), clip=1.0)
    matrix.grad, other.grad = torch.ones(4, 4), torch.full((3,), 100.0)
    optimiser.step(1.0)
    moments = optimiser.state()["adam"]["state"][0]["exp_avg"]
    torch.testing.assert_close(moments.norm(), torch.tensor(0.1))
    assert optimiser.state()["muon"][0].max() > 0.04
    assert matrix.grad is None
    assert other.grad is None


def test_both_go_downhill() -> None:
    matrix, other = parameter(6, 6), parameter(6)
    optimiser = Optimiser([matrix], [other], matrix_rate=0.05, rate=0.05, betas=(0.9, 0.99), clip=1.0)

    def loss() -> torch.Tensor:
        return (matrix - 1).square().sum() + (other + 1).square().sum()

    first = loss().item()
    for step in range(200):
        loss().backward()
        optimiser.step(1 - step / 200)
    assert loss().item() < first / 4

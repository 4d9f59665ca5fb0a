"""The recurrent prior as a torch module: gated linear recurrence (or a GRU) over hashed n-gram and word tables.

T positions, L lanes, D width, H state, E numbers from the tables. Positions come first, since the loop is over time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.training.fake_quantise import Dense, best_step, round_entries
from predzip.training.precision import for_products

_EPSILON = 1e-5

_Part = Callable[..., Any]


class Scan(torch.autograd.Function):
    """s[t] = f[t] * s[t-1] + (1 - f[t]) * c[t], one fused multiply-add a step in either direction."""

    @staticmethod
    def forward(ctx: Any, forget: torch.Tensor, new: torch.Tensor, first: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        """Forget and new (T, L, H), the state before (L, H) -> states (T, L, H)."""
        states = torch.addcmul(new, forget, new, value=-1)
        before = first
        for state, kept in zip(states.unbind(0), forget.unbind(0), strict=True):
            state.addcmul_(kept, before)
            before = state
        ctx.save_for_backward(forget, new, states, first)
        return states

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:  # noqa: ANN401
        """Gradients of the three."""
        forget, new, states, first = ctx.saved_tensors
        total = gradient.clone()
        totals, kept = total.unbind(0), forget.unbind(0)
        for t in range(len(totals) - 2, -1, -1):
            totals[t].addcmul_(kept[t + 1], totals[t + 1])
        before = torch.cat([first[None], states[:-1]])
        return total * (before - new), torch.addcmul(total, total, forget, value=-1), kept[0] * totals[0]


def _normalise(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + _EPSILON)


class LinearRecurrence(nn.Module):
    """One layer: recurrence, then a feed-forward part with squared ReLU."""

    def __init__(self, width: int, state: int, hidden: int) -> None:
        super().__init__()
        self._state_size = state
        self.win = Dense(width, 3 * state)
        self.wout = Dense(state, width, bias=False)
        with torch.no_grad():
            self.wout.weight.mul_(0.3)
            self.win.bias.zero_()
            self.win.bias[:state].copy_(torch.linspace(-1, 5, state))  # from short memories to long ones
        self.w1 = Dense(width, hidden, bias=False)
        self.w2 = Dense(hidden, width, bias=False)
        nn.init.zeros_(self.w2.weight)
        self._gates: _Part = self._plain_gates
        self._after: _Part = self._plain_after

    def compile_parts(self) -> None:
        """Compile what lies on both sides of the loop over time."""
        self._gates = torch.compile(self._plain_gates)
        self._after = torch.compile(self._plain_after)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Stream (T, L, D), state (L, H) -> the same, later."""
        forget, new, gate = self._gates(x)
        states = Scan.apply(forget, new, state)  # type: ignore[no-untyped-call]
        return self._after(x, states, gate), states[-1].detach()

    def _plain_gates(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        forget, new, gate = self.win(for_products(_normalise(x))).float().split(self._state_size, -1)
        return torch.sigmoid(forget), new, gate

    def _plain_after(self, x: torch.Tensor, states: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        x = x + self.wout(for_products(states * functional.silu(gate))).float()
        hidden = functional.relu(self.w1(for_products(_normalise(x)))).square()
        change: torch.Tensor = self.w2(hidden)
        return x + change.float()


class Gru(nn.Module):
    """One GRU layer instead, for comparison; the exact engine does not run it."""

    def __init__(self, width: int, state: int) -> None:
        super().__init__()
        self.g = nn.GRU(width, state)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Stream (T, L, D), state (L, H) -> outputs (T, L, H) and the state."""
        y, last = self.g(x, state[None])
        return y, last[0].detach()


class Recurrent(nn.Module):
    """Logits of the next byte at every position of every lane.

    Args:
        config: sizes and tables.
        cell: "linear", or "gru".
    """

    def __init__(self, config: RecurrentConfig, cell: str = "linear") -> None:
        super().__init__()
        self.config, self.cell = config, cell
        width, state = config.width, config.state
        self.emb = nn.Embedding(256, width)
        nn.init.normal_(self.emb.weight, std=0.5)
        self.tables = nn.ParameterList(
            [nn.Parameter(torch.randn(1 << bits, config.table_width) * 0.05) for bits in config.row_bits]
        )
        self.wt = Dense(config.table_width * len(config.row_bits), width, bias=False)
        if cell == "gru":
            self.blocks = nn.ModuleList([Gru(width, state)])
        else:
            self.blocks = nn.ModuleList([LinearRecurrence(width, state, config.hidden) for _ in range(config.layers)])
        self.out = Dense(state if cell == "gru" else width, 256)
        nn.init.normal_(self.out.weight, std=0.02)
        self.steps: list[float] | None = None
        """Of the 4-bit tables, once they are rounded."""

    def first_states(self, lanes: int) -> list[torch.Tensor]:
        """States of lanes that have seen nothing, one (L, H) a layer."""
        device = self.emb.weight.device
        return [torch.zeros(lanes, self.config.state, device=device) for _ in self.blocks]

    def forward(
        self, last: torch.Tensor, rows: torch.Tensor, states: list[torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Last bytes (T, L), table rows (T, L, tables), states -> logits (T, L, 256), states."""
        entries = [functional.embedding(rows[..., i], table) for i, table in enumerate(self.tables)]
        if self.steps is not None:
            entries = [round_entries(part, step) for part, step in zip(entries, self.steps, strict=True)]
        x = self.emb(last) + self.wt(for_products(torch.cat(entries, -1))).float()
        later = []
        for block, state in zip(self.blocks, states, strict=True):
            x, state = block(x, state)
            later.append(state)
        if self.cell != "gru":
            x = _normalise(x)
        return self.out(for_products(x)), later

    def round_weights(self, rounds: bool) -> None:
        """Compute with rounded weights from now on, or not; find the steps of the tables anew."""
        for part in self.modules():
            if isinstance(part, Dense):
                part.rounds = rounds
        self.steps = [best_step(table) for table in self.tables] if rounds else None

    def matrices(self) -> list[nn.Parameter]:
        """What Muon optimises."""
        chosen = ("wt.",) if self.cell == "gru" else ("wt.", "blocks.")
        return [each for name, each in self.named_parameters() if name.startswith(chosen) and each.ndim == 2]

from __future__ import annotations

import numpy as np
import pytest
import torch

from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.training.contexts import Contexts
from predzip.training.export import recurrent_config
from predzip.training.recurrent import Recurrent, Scan
from training.tiny_models import tiny_recurrent

M64 = (1 << 64) - 1


def plain_rows(data: bytes, config: RecurrentConfig) -> list[list[int]]:
    """Rows of every table at every position, from the definition, in Python's integers."""

    def mixed(value: int, factor: int, shift: int, second: int) -> int:
        value = value * factor & M64
        value ^= value >> shift
        return value * second & M64

    rows = []
    for position in range(len(data)):
        before = bytes(8) + data[:position]
        here = []
        for order, bits in config.orders:
            value = int.from_bytes(before[-order:], "big")
            here.append(mixed(value + order, 0x9E3779B97F4A7C15, 29, 0xBF58476D1CE4E5B9) >> (64 - bits))
        word = previous = 0
        for byte in b"\0" + data[:position]:
            character = chr(byte)
            if byte >= 128 or character.isalnum():
                lower = byte + 32 if "A" <= character <= "Z" else byte
                word = (word + lower + 1) * 0x9E3779B97F4A7C15 & M64
                word ^= word >> 31
            else:
                previous, word = word or previous, 0
        one = mixed(word + before[-1] * 0x2545F4914F6CDD1D + 77 & M64, 0xBF58476D1CE4E5B9, 32, 0x94D049BB133111EB)
        two = mixed(one ^ (previous * 0xD6E8FEB86659FD93 & M64), 0x9E3779B97F4A7C15, 32, 0xBF58476D1CE4E5B9)
        here += [one >> (64 - config.word_bits), two >> (64 - config.word_bits)]
        rows.append(here)
    return rows


def test_contexts_are_as_defined_and_go_on() -> None:
    config = recurrent_config(tiny_recurrent(orders=[[1, 5], [2, 6], [8, 9]]))
    data = ["Der  Müßiggang, 3 Mal! ".encode() * 2, bytes(range(46))]
    pieces = np.stack([np.frombuffer(each, np.uint8)[:46] for each in data])
    contexts = Contexts(config, 2)
    parts = [contexts.rows(part) for part in (pieces[:, :7], pieces[:, 7:40], pieces[:, 40:])]
    rows = np.concatenate([part[1] for part in parts])  # T, L, tables
    last = np.concatenate([part[0] for part in parts])
    for lane in range(2):
        text = pieces[lane].tobytes()
        assert rows[:, lane].tolist() == plain_rows(text, config)
        assert last[:, lane].tolist() == [0, *text[:-1]]


def test_lanes_begin_anew_alone() -> None:
    config = recurrent_config(tiny_recurrent())
    contexts = Contexts(config, 2)
    pieces = np.frombuffer(b"one two three four fi", np.uint8).reshape(1, -1).repeat(2, 0)
    fresh = contexts.rows(pieces)
    contexts.begin(np.array([True, False]))
    again = contexts.rows(pieces)
    assert (again[1][:, 0] == fresh[1][:, 0]).all()
    assert (again[1][:, 1] != fresh[1][:, 1]).any()


def test_scan_is_the_recurrence() -> None:
    generator = torch.Generator().manual_seed(1)
    forget = torch.rand(5, 2, 3, dtype=torch.float64, generator=generator).requires_grad_()
    new = torch.randn(5, 2, 3, dtype=torch.float64, generator=generator).requires_grad_()
    first = torch.randn(2, 3, dtype=torch.float64, generator=generator).requires_grad_()
    states = Scan.apply(forget, new, first)
    state = first
    for t in range(5):
        state = forget[t] * state + (1 - forget[t]) * new[t]
        torch.testing.assert_close(states[t], state)
    assert torch.autograd.gradcheck(Scan.apply, (forget, new, first))


@pytest.mark.parametrize("cell", ["linear", "gru"])
def test_pieces_give_what_the_whole_gives(cell: str) -> None:
    config = recurrent_config(tiny_recurrent(layers=1))
    torch.manual_seed(1)
    model = Recurrent(config, cell)
    data = np.random.default_rng(1).integers(0, 256, (3, 24)).astype(np.uint8)

    def run(*cuts: int) -> torch.Tensor:
        contexts, states, logits = Contexts(config, 3), model.first_states(3), []
        for part in np.split(data, cuts, axis=1):
            last, rows = (torch.from_numpy(each) for each in contexts.rows(part))
            out, states = model(last, rows, states)
            logits.append(out)
        return torch.cat(logits).float()

    torch.testing.assert_close(run(), run(5, 17), atol=1e-3, rtol=1e-2)


def test_muon_gets_all_matrices_but_tables_embedding_and_output() -> None:
    model = Recurrent(recurrent_config(tiny_recurrent()))
    chosen = {id(matrix) for matrix in model.matrices()}
    names = {name for name, parameter in model.named_parameters() if id(parameter) in chosen}
    assert {name.split(".")[0] for name in names} == {"wt", "blocks"}
    assert len(names) == 1 + 2 * 4

"""Prequential coding: a network that learns while it codes, against the two-part code of the same network.

    two-part code       the parameters are written first (2 bytes each, as in the paper), then the data given them
    prequential code    nothing is written but the data: each piece is coded by the network as the pieces before have
                        taught it, and the decoder, which knows those pieces, repeats the training (Dawid 1984)

Blier and Ollivier ("The description length of deep learning models", 2018) found the second far shorter: parameters
take more bits than they are worth. These are *estimates by code length*: torch runs the network in floats and promises
no other machine the same bits, so no file is written.

The data is cut into lanes that go on side by side, so that a step costs one product for all of them: at step t the
network predicts piece t of every lane, with what it learnt from pieces 0 to t - 1 of all. A decoder can do the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from predzip.errors import MissingExtraError, UsageError
from predzip.experiments.bench.environment import environment
from predzip.experiments.drawing import new_figure, save
from predzip.units import BITS_PER_BYTE, bits_to_bytes, nats_to_bits

BITS_PER_PARAMETER = 16


@dataclass(frozen=True)
class Recipe:
    """A small recurrent network of bytes and how it learns."""

    embedding: int = 32
    width: int = 128
    lanes: int = 16
    piece_bytes: int = 32
    """Bytes of a lane that are coded before the network learns from them."""
    rate: float = 4e-3
    replays: int = 2
    """Steps of learning from earlier pieces, drawn at random, after each new one."""
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.embedding, self.width, self.lanes, self.piece_bytes) < 1 or self.replays < 0 or self.rate <= 0:
            raise UsageError("sizes must be at least 1, replays at least 0 and the rate above 0")


@dataclass(frozen=True)
class Prequential:
    """What coding by a network that learns comes to."""

    parameters: int
    bits: float
    curve: list[tuple[int, float]] = field(repr=False)
    """Bytes coded so far, and bits for them."""
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class TwoPart:
    """What writing the parameters and then the data comes to, after so many passes of learning."""

    passes: int
    parameter_bits: int
    data_bits: float
    cpu_seconds: float = 0.0

    @property
    def bits(self) -> float:
        """Both parts."""
        return self.parameter_bits + self.data_bits


def _torch() -> Any:  # noqa: ANN401  (loaded late)
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "train") from error
    return torch


class _Learner:
    """The network, its optimiser, and the data in lanes."""

    def __init__(self, data: bytes, recipe: Recipe) -> None:
        torch = self.torch = _torch()
        if len(data) < recipe.lanes:
            raise UsageError(f"{recipe.lanes} lanes need as many bytes, not {len(data)}")
        torch.manual_seed(recipe.seed)
        self.random = np.random.Generator(np.random.PCG64(recipe.seed))
        self.recipe = recipe
        lane_bytes = -(-len(data) // recipe.lanes)
        padded = np.frombuffer(data.ljust(lane_bytes * recipe.lanes, b"\0"), np.uint8).reshape(recipe.lanes, -1)
        self.symbols = torch.from_numpy(padded.astype(np.int64))  # (L, T)
        real = np.arange(padded.size).reshape(padded.shape) < len(data)
        self.real = torch.from_numpy(real)  # what pads the last lane is no data
        self.embed = torch.nn.Embedding(256, recipe.embedding)
        self.cell = torch.nn.GRU(recipe.embedding, recipe.width, batch_first=True)
        self.output = torch.nn.Linear(recipe.width, 256)
        torch.nn.init.zeros_(self.output.weight)  # begins with 8 bits a byte, and no worse
        torch.nn.init.zeros_(self.output.bias)
        self.weights = [*self.embed.parameters(), *self.cell.parameters(), *self.output.parameters()]
        self.parameters = sum(weight.numel() for weight in self.weights)
        self.optimiser = torch.optim.Adam(self.weights, lr=recipe.rate)
        self.starts = range(0, lane_bytes, recipe.piece_bytes)

    def piece(self, start: int) -> tuple[Any, Any, Any]:
        """Bytes before, bytes to predict, and which of them are data; (L, B) each."""
        end = min(start + self.recipe.piece_bytes, self.symbols.shape[1])
        target = self.symbols[:, start:end]
        before = self.symbols[:, start - 1 : start] if start else self.torch.zeros_like(target[:, :1])
        return self.torch.cat([before, target[:, :-1]], 1), target, self.real[:, start:end]

    def nats(self, start: int, state: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Code length of a piece in nats, and the state of the network behind it."""
        before, target, real = self.piece(start)
        hidden, state = self.cell(self.embed(before), state)
        losses = self.torch.nn.functional.cross_entropy(
            self.output(hidden).flatten(0, 1), target.flatten(), reduction="none"
        )
        return (losses * real.flatten()).sum(), state.detach()

    def learn(self, nats: Any, count: int) -> None:  # noqa: ANN401
        """One step down the gradient."""
        self.optimiser.zero_grad()
        (nats / max(1, count)).backward()
        self.torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()

    def count(self, start: int) -> int:
        """Bytes of data in a piece."""
        return int(self.piece(start)[2].sum())


def prequential(
    data: bytes, recipe: Recipe | None = None, progress: Callable[[int], None] | None = None
) -> Prequential:
    """Code length of data under a network that learns it piece by piece.

    Args:
        data: what to code; at least one byte a lane.
        recipe: the network and its learning.
        progress: called with the number of bytes done since the last call.

    Raises:
        UsageError: too little data.
        MissingExtraError: torch is not installed.
    """
    learner = _Learner(data, recipe or Recipe())
    begin = process_time()
    bits, done, state = 0.0, 0, None
    states: list[Any] = []
    curve = [(0, 0.0)]
    for number, start in enumerate(learner.starts):
        states.append(state)
        nats, state = learner.nats(start, state)
        bits += nats_to_bits(float(nats.detach()))  # before anything is learnt from this piece
        count = learner.count(start)
        done += count
        curve.append((done, bits))
        learner.learn(nats, count)
        for _ in range(learner.recipe.replays):
            again = int(learner.random.integers(number + 1))
            learner.learn(learner.nats(learner.starts[again], states[again])[0], learner.count(learner.starts[again]))
        if progress:
            progress(count)
    return Prequential(learner.parameters, bits, curve, round(process_time() - begin, 3))


def two_part(
    data: bytes, passes: Sequence[int], recipe: Recipe | None = None, progress: Callable[[int], None] | None = None
) -> list[TwoPart]:
    """Code length of parameters and data, for one run of learning looked at after several numbers of passes.

    Args:
        data: as for `prequential`.
        passes: when to look, in passes over the data, rising.
        recipe: the same network; its replays are not used.
        progress: called with the number of bytes done since the last call.
    """
    if not passes or list(passes) != sorted(set(passes)) or passes[0] < 0:
        raise UsageError("passes must rise, from 0 at least")
    learner = _Learner(data, recipe or Recipe())
    begin = process_time()
    results = []
    for number in range(passes[-1] + 1):
        if number in passes:
            data_bits = _data_bits(learner)
            seconds = round(process_time() - begin, 3)
            results.append(TwoPart(number, BITS_PER_PARAMETER * learner.parameters, data_bits, seconds))
        if number < passes[-1]:
            state = None
            for start in learner.starts:
                nats, state = learner.nats(start, state)
                learner.learn(nats, count := learner.count(start))
                if progress:
                    progress(count)
    return results


def _data_bits(learner: _Learner) -> float:
    nats, state = 0.0, None
    with learner.torch.no_grad():
        for start in learner.starts:
            piece, state = learner.nats(start, state)
            nats += float(piece)
    return nats_to_bits(nats)


def report(
    name: str,
    data_bytes: int,
    learning: Prequential,
    written: Sequence[TwoPart],
    others: Sequence[tuple[str, float]],
    recipe: Recipe,
    folder: Path,
    command: str,
) -> None:
    """Write NAME.jsonl, NAME.md and the figure, NAME.png and NAME.pdf.

    Args:
        name: of the files.
        data_bytes: length of the data.
        learning: what `prequential` gave.
        written: what `two_part` gave.
        others: names and bits of other compressors on the same data, for comparison.
        recipe: of both.
        folder: where to write.
        command: what a person typed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [("prequential", learning.bits, 0.0, learning.cpu_seconds)]
    rows += [
        (
            f"two-part, {_passes(each)}",
            each.data_bits,
            float(each.parameter_bits),
            each.cpu_seconds,
        )
        for each in written
    ]
    rows += [(other, bits, 0.0, 0.0) for other, bits in others]
    lines = [
        "| code | bits/byte | bytes | of which parameters | CPU s |",
        "|---|---:|---:|---:|---:|",
    ]
    for code, bits, parameter_bits, seconds in rows:
        total = bits + parameter_bits
        parameters = f"{bits_to_bytes(parameter_bits):,.0f}" if parameter_bits else "-"
        taken = f"{seconds:.0f}" if seconds else "-"
        cells = f"{total / data_bytes:.3f} | {bits_to_bytes(total):,.0f} | {parameters} | {taken}"
        lines.append(f"| {code} | {cells} |")
    about = environment(command)
    with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for code, bits, parameter_bits, seconds in rows:
            record = {"code": code, "data_bits": bits, "parameter_bits": parameter_bits, "cpu_seconds": seconds}
            shared = {"bytes": data_bytes, "recipe": asdict(recipe), "parameters": learning.parameters}
            file.write(json.dumps({**record, **shared, "environment": about}) + "\n")
    page = [
        "# Prequential against two-part code",
        "",
        f"{data_bytes:,} bytes; a recurrent network of {learning.parameters:,} parameters, 2 bytes each where they are"
        " written. Estimates by code length: nothing was decoded.",
        "",
        *lines,
    ]
    (folder / f"{name}.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    _draw(data_bytes, learning, written, others, folder / name)


def _passes(code: TwoPart) -> str:
    return "1 pass" if code.passes == 1 else f"{code.passes} passes"


def _draw(
    data_bytes: int,
    learning: Prequential,
    written: Sequence[TwoPart],
    others: Sequence[tuple[str, float]],
    target: Path,
) -> None:
    figure = new_figure(8, 5)
    axes = figure.subplots()
    sizes, bits = zip(*learning.curve, strict=True)
    axes.plot(np.array(sizes) / 1000, np.array(bits) / BITS_PER_BYTE / 1000, color="#c2410c", label="prequential")
    shades = ("#0f172a", "#334155", "#64748b", "#94a3b8")
    for index, each in enumerate(reversed(written)):
        ends = [each.parameter_bits, each.bits]
        axes.plot(
            [0, data_bytes / 1000],
            np.array(ends) / BITS_PER_BYTE / 1000,
            color=shades[min(index, len(shades) - 1)],
            linestyle="--",
            label=f"two-part after {_passes(each)}",
        )
    for index, (other, total) in enumerate(others):
        axes.plot(
            [0, data_bytes / 1000],
            [0, total / BITS_PER_BYTE / 1000],
            color=("#0d9488", "#7c3aed")[index % 2],
            linewidth=0.9,
            label=other,
        )
    axes.set_xlabel("KB of data")
    axes.set_ylabel("KB of code (estimate by code length)")
    axes.set_xlim(0, data_bytes / 1000)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, color="#e2e8f0")
    axes.legend(fontsize=9)
    save(figure, target.parent, target.name)

"""Table 2 proper: Transformers trained on the tokens of one half, and their rate on the other.

A model is trained on each alphabet by `predzip.training`, for the same time or the same number of steps. Its weights
are exported, and what is measured is the exact integer model that a decoder would run: the code length of the tokens,
cut into chunks of 2,048 tokens without history across (the paper's context), over the bytes that they stand for. As in
the paper, neither the parameters nor the alphabet count. A larger alphabet sees more bytes in a chunk and has more
rows in embedding and output, so that a model of "200K" has millions of parameters with 20,000 symbols.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import predzip
from predzip.codecs.code_length import frequencies_bits
from predzip.experiments.paper.halves import Halves, alphabet_name
from predzip.experiments.paper.plan import WARM_UP_STEPS, Plan
from predzip.experiments.paper.rows import Row, data_facts, model_facts
from predzip.experiments.paper.tokenization import Tokens, proven_tokens
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.model_files import are_there
from predzip.predictors.neural.transformer.predictor import TransformerPredictor
from predzip.units import bits_to_bytes

if TYPE_CHECKING:
    from predzip.experiments.paper.session import Session
    from predzip.training.loop import Pace
    from predzip.training.presets import Preset

CHUNK_TOKENS = 2048
CUT = "tokens"
_FREQUENCY_BYTES = 64 << 20
"""Frequencies of so many bytes are held at once, or of one chunk where that is more."""


@dataclass(frozen=True)
class Training:
    """One model of the table."""

    halves: Halves
    preset: str
    size: int | str
    """Of the alphabet; a word stands for bytes."""
    plan: Plan

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.preset} on {alphabet_name(self.size)}"

    @property
    def training_key(self) -> str:
        """What must be equal for weights to be taken again."""
        data = self.halves.dataset
        version = f"predzip {predzip.__version__}"
        return " | ".join((data.sha256, data.kind, f"{CUT} {CHUNK_TOKENS}", self.title, self.plan.budget, version))

    @property
    def key(self) -> str:
        """What must be equal for a number to stand."""
        return f"{self.training_key} | {self.halves.measured_bytes} bytes"

    @property
    def name(self) -> str:
        """Of the model and its folder."""
        alphabet = "bytes" if isinstance(self.size, str) else f"bpe-{self.size}"
        return f"{self.preset}-{alphabet}-{hashlib.sha256(self.training_key.encode()).hexdigest()[:8]}"


def trainings(halves: Sequence[Halves], plan: Plan) -> list[Training]:
    """All models of the table, by text, alphabet, preset."""
    return [Training(each, preset, size, plan) for each in halves for size in plan.alphabets for preset in plan.presets]


def run(halves: Sequence[Halves], plan: Plan, session: Session) -> list[Row]:
    """Train and measure what is not in the journal yet; return all rows in order.

    Raises:
        MissingExtraError: torch or tokenizers is not installed.
        KeyboardInterrupt: somebody stopped a training; the next run goes on from its checkpoint.
    """
    wanted = trainings(halves, plan)
    rows = session.results.rows
    waiting = [each for each in wanted if each.key not in rows]
    _announce(session, plan, len(waiting), len(wanted))
    for number, training in enumerate(waiting, 1):
        _say(session, f"table2: {training.title}, {number} of {len(waiting)}")
        session.results.add_row(_train_and_measure(training, session))
        row = rows[training.key]
        _say(session, f"table2: {training.title}: ≈{row.raw_rate:.1%} after {row.training['steps']:,} steps")
    return [rows[each.key] for each in wanted]


def _announce(session: Session, plan: Plan, waiting: int, wanted: int) -> None:
    known = f" ({wanted - waiting} known already)" if waiting < wanted else ""
    if plan.steps is not None:
        _say(session, f"table2: {waiting} trainings of {plan.steps:,} steps{known}, each measured after")
    elif plan.minutes is not None:
        minutes = waiting * plan.minutes
        _say(
            session,
            f"table2: {waiting} trainings x {plan.minutes:g} minutes = {minutes:g} minutes{known},"
            " and some time to measure each",
        )


def _say(session: Session, text: str) -> None:
    if session.say is not None:
        session.say(text)


def preset_of(training: Training, alphabet_size: int) -> Preset:
    """The preset with the alphabet's rows, and the plan's steps."""
    from predzip.training.presets import find_preset, with_batch, with_vocabulary

    preset = with_vocabulary(find_preset(training.preset), alphabet_size, training.name)
    recipe = with_batch(preset.recipe, training.plan.step_tokens)
    schedule = replace(recipe.schedule, warm_up_steps=min(WARM_UP_STEPS, recipe.schedule.warm_up_steps))
    return replace(preset, recipe=replace(recipe, schedule=schedule))


def train(training: Training, symbols: NDArray[np.integer], folder: Path, *, resume: bool) -> Path:
    """Train one model; weights that are there already are taken.

    Args:
        training: which one.
        symbols: the first half as tokens, (N,).
        folder: for checkpoint, log and weights.
        resume: False trains anew whatever is there.

    Returns:
        The weights, without a suffix.
    """
    from predzip.training.log import ProgressLine
    from predzip.training.run import Arguments
    from predzip.training.run import train as train_model
    from predzip.training.schedule import Budget
    from predzip.training.sources import Kind

    stem = folder / training.name
    checkpoint = folder / "checkpoint.pt"
    # The checkpoint goes last: where it is gone, the weights are whole.
    if resume and are_there(stem) and not checkpoint.exists():
        return stem
    plan = training.plan
    alphabet_size = training.halves.alphabet(training.size).alphabet_size
    arguments = Arguments(
        data=(),
        preset=preset_of(training, alphabet_size),
        folder=folder,
        budget=Budget(plan.minutes, plan.steps),
        device=plan.device,
        threads=plan.threads,
        seed=plan.seed,
        resume=resume,
        pace=_pace(plan),
        licence=training.halves.dataset.licence,
    )
    kind = Kind(training.halves.dataset.name, 1.0, symbols, symbols[:0])
    train_model(arguments, ProgressLine(None), [kind])
    checkpoint.unlink(missing_ok=True)
    return stem


def _pace(plan: Plan) -> Pace:
    from predzip.training.loop import Pace

    never = float("inf")
    return Pace(never, clock=time.process_time) if plan.counts_processor else Pace(never)


def tokens_bits(predictor: TransformerPredictor, symbols: NDArray[np.integer], chunk_tokens: int) -> float:
    """Code length in bits of symbols (N,) in chunks that know nothing of each other."""
    whole = len(symbols) // chunk_tokens * chunk_tokens
    bits = 0.0
    for chunks in (symbols[:whole].reshape(-1, chunk_tokens), symbols[whole:].reshape(1, -1)):
        for part in _groups(chunks, predictor.alphabet_size):
            bits += frequencies_bits(predictor.evaluate_fine(part), part)
    return bits


def _groups(chunks: NDArray[np.integer], alphabet_size: int) -> Iterator[NDArray[np.integer]]:
    """Chunks (N, T) in groups whose frequencies fit into memory."""
    if not chunks.size:
        return
    at_once = max(1, _FREQUENCY_BYTES // (4 * alphabet_size * chunks.shape[1]))
    yield from (chunks[first : first + at_once] for first in range(0, len(chunks), at_once))


def _train_and_measure(training: Training, session: Session) -> Row:
    cpu, wall = time.process_time(), time.perf_counter()
    halves = training.halves
    alphabet = halves.alphabet(training.size)
    learnt = halves.training_symbols(alphabet)
    folder = session.out / "table2-models" / training.name
    stem = train(training, learnt, folder, resume=session.resume)
    predictor = TransformerPredictor(catalogue.load(stem))
    tokens = proven_tokens(alphabet, halves.measured())
    bits = tokens_bits(predictor, np.array(tokens.symbols, np.int32), CHUNK_TOKENS)
    return Row(
        key=training.key,
        **data_facts(halves.dataset),
        cut=f"{CUT} {CHUNK_TOKENS}",
        chunk_bytes=0,
        compressor=training.title,
        settings=training.plan.budget,
        version=f"predzip {predzip.__version__}",
        original_bytes=halves.measured_bytes,
        compressed_bytes=bits_to_bytes(bits),
        code_length=True,
        units=-(-len(tokens.symbols) // CHUNK_TOKENS),
        **model_facts(str(stem)),
        cpu_seconds=round(time.process_time() - cpu, 3),
        wall_seconds=round(time.perf_counter() - wall, 3),
        training=_facts(training, folder, learnt, tokens),
        environment=session.environment,
    )


def _facts(training: Training, folder: Path, learnt: NDArray[np.integer], tokens: Tokens) -> dict[str, float | str]:
    """How the model was trained; what the log calls a byte is a token."""
    from predzip.training.log import read_log

    end = next(record for record in reversed(read_log(folder / "log.jsonl")) if record["event"] == "end")
    return {
        "preset": training.preset,
        "alphabet": alphabet_name(training.size),
        "alphabet_size": tokens.alphabet_size,
        "training_bytes": training.halves.training_bytes,
        "training_tokens": len(learnt),
        "steps": end["step"],
        "seconds": end["seconds"],
        "seen_tokens": end["seen"],
        "measured_tokens": len(tokens.symbols),
    }

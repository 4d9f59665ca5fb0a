"""How many bits data would take under a model over tokens alone, as papers and leaderboards count it.

The windows are those of lm-evaluation-harness (`loglikelihood_rolling`, which gives its `bits_per_byte`), C the context
and S the start token:

    tokens      0 1 2 3 4 5 6 7          C = 3
    window 1    S 0 1                    predicts 0 1 2
    window 2    2 3 4                    predicts 3 4 5
    window 3    4 5 6                    predicts 6 7: the last one reaches back, so that it is full

Probabilities are those of the whole vocabulary, in float64; logarithms are those of NumPy: they decide no bit of a
file. A byte that no token stands for counts 8 bits, and the tokens around it are taken as neighbours.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.codecs.base import Progress
from predzip.codecs.cores import usable_cores
from predzip.codecs.tokenization import WITHOUT, tokenize
from predzip.errors import ModelError, UsageError
from predzip.predictors.float_model import DTYPE_BYTES, FloatConfig, libraries, load_model, quiet
from predzip.predictors.neural import log_loss
from predzip.predictors.neural.model_files import tokenizer_path as tokenizer_beside
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.stepper import TokenStepper, stepper_memory_bytes
from predzip.predictors.neural.vocabulary import Vocabulary
from predzip.predictors.neural.weights import Weights
from predzip.units import BITS_PER_BYTE

Tokens = NDArray[np.int64]

BUDGET_BYTES = 1 << 30
"""Memory for windows side by side, besides the weights."""
_ROWS_BYTES = 1 << 26
"""Logits that become probabilities together."""


@dataclass(frozen=True)
class Window:
    """Tokens that the model sees together."""

    inputs: Tokens
    """(T,), T at most the context."""
    targets: Tokens
    """(P,), what it predicts behind the last P inputs."""


Measure = Callable[[list[Window]], list[float]]
"""Bits of the targets of some windows, side by side."""


def token_bits(
    weights: Weights,
    data: bytes,
    chunk_bytes: int | None = None,
    tokenizer_path: str | None = None,
    progress: Progress | None = None,
) -> float:
    """Code length of data under a model over tokens alone.

    Args:
        weights: of a Transformer with a vocabulary, or the entry of a model in floats.
        data: what to measure.
        chunk_bytes: cut the data into chunks, each of which is tokenised alone and follows the start token; None: one.
        tokenizer_path: of the model's tokenizer; None: the one beside the weights. See `tokenization.tokenize`.
        progress: called with the number of bytes finished since the last call.

    Raises:
        UsageError: chunks of no bytes.
        ModelError: the model is none over tokens, or one in floats that is not here.
        MissingExtraError: the model runs in floats, and torch or transformers is not installed.
    """
    if chunk_bytes is not None and chunk_bytes < 1:
        raise UsageError(f"chunks must have at least 1 byte, not {chunk_bytes}")
    if tokenizer_path is None and weights.stem is not None:
        tokenizer_path = str(tokenizer_beside(weights.stem))
    vocabulary = Vocabulary.from_weights(weights)
    config = _config_of(weights)
    windows: list[Window] = []
    parts: list[float] = []
    size = chunk_bytes or max(1, len(data))
    for at in range(0, len(data), size):
        tokens = tokenize(data[at : at + size], vocabulary, tokenizer_path)
        without = int((tokens == WITHOUT).sum())
        parts.append(float(BITS_PER_BYTE * without))
        windows += rolling_windows(tokens[tokens != WITHOUT], config.start_token, config.context)
        if progress is not None and without:
            progress(without)
    if windows:
        longest = max(len(window.inputs) for window in windows)
        if isinstance(config, FloatConfig):
            measure, at_once = _measure_floats(weights, config, longest)
        else:
            measure, at_once = _measure_exactly(weights, config, longest, len(windows))
        # Those of a length go together, so that little is padded.
        windows.sort(key=lambda window: len(window.inputs))
        for begin in range(0, len(windows), at_once):
            batch = windows[begin : begin + at_once]
            parts += measure(batch)
            if progress is not None:
                progress(sum(int(vocabulary.lengths[window.targets].sum()) for window in batch))
    total_bits = math.fsum(parts)
    if not math.isfinite(total_bits):
        raise ModelError("the model gives a token that came no probability at all, or one that is no number")
    return total_bits


def _config_of(weights: Weights) -> FloatConfig | TransformerConfig:
    values = dict(weights.config)
    return FloatConfig.from_dict(values) if weights.kind == "float" else TransformerConfig.from_dict(values)


def rolling_windows(tokens: Tokens, start_token: int, context: int) -> Iterator[Window]:
    """Cut tokens into windows, each token being predicted once; see the head of this file."""
    before = np.concatenate([[start_token], tokens[:-1]]).astype(np.int64)
    for begin in range(0, len(tokens), context):
        end = min(begin + context, len(tokens))
        yield Window(before[max(0, end - context) : end], tokens[begin:end])


def bits_of(logits: NDArray[np.float32], tokens: Tokens) -> float:
    """Code length of tokens (N,) by rows of logits (N, V)."""
    step = max(1, _ROWS_BYTES // (8 * logits.shape[1]))
    return math.fsum(
        bits
        for at in range(0, len(tokens), step)
        for bits in log_loss.bits_of(logits[at : at + step], tokens[at : at + step]).tolist()
    )


def _batch(windows: list[Window]) -> Tokens:
    """Inputs (L, T); behind short ones stands a token, which changes nothing before it."""
    batch = np.zeros((len(windows), max(len(window.inputs) for window in windows)), np.int64)
    for line, window in zip(batch, windows, strict=True):
        line[: len(window.inputs)] = window.inputs
    return batch


def _measure_exactly(weights: Weights, config: TransformerConfig, longest: int, count: int) -> tuple[Measure, int]:
    """What measures windows, and how many of them side by side."""
    threads = usable_cores()
    one, two = (stepper_memory_bytes(config, lanes, longest, threads) for lanes in (1, 2))
    lane_bytes = two - one + 4 * longest * config.width  # and the rows that wait for their logits
    at_once = min(count, max(1, BUDGET_BYTES // lane_bytes))
    first = TokenStepper(weights, at_once, longest, threads=threads, backend=_backend())
    rows_at_once = max(1, _ROWS_BYTES // (4 * config.vocab_size))

    def measure(batch: list[Window]) -> list[float]:
        inputs = _batch(batch)
        stepper = first if len(batch) == first.lanes else first.beside(len(batch), longest, threads=threads)
        stepper.restart()
        hidden = stepper.hidden(inputs).reshape(*inputs.shape, -1)
        found = []
        for rows, window in zip(hidden, batch, strict=True):
            asked = rows[len(window.inputs) - len(window.targets) : len(window.inputs)]
            parts = [
                bits_of(stepper.logits(asked[at : at + rows_at_once]), window.targets[at : at + rows_at_once])
                for at in range(0, len(asked), rows_at_once)
            ]
            found.append(math.fsum(parts))
        return found

    return measure, at_once


def _backend() -> str:
    """Who multiplies: a graphics card where there is one. The results are the same."""
    return "torch:cuda" if _has_cuda() else "auto"


def _has_cuda() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def _measure_floats(weights: Weights, config: FloatConfig, longest: int) -> tuple[Measure, int]:
    """As `_measure_exactly`, whole windows at a time."""
    torch, transformers = libraries()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = load_model(weights, device)
    budget = BUDGET_BYTES if device == "cpu" else max(BUDGET_BYTES, torch.cuda.mem_get_info()[0] // 2)
    # Logits as they come, a copy of them, and about as much on the way there.
    at_once = max(1, budget // (longest * config.vocab_size * (4 + 2 * DTYPE_BYTES[config.dtype])))

    def measure(batch: list[Window]) -> list[float]:
        ends = [len(window.inputs) for window in batch]
        with torch.inference_mode(), quiet(transformers):
            logits = model(input_ids=torch.from_numpy(_batch(batch)).to(device), use_cache=False).logits
            return [
                bits_of(logits[i, end - len(window.targets) : end].float().cpu().numpy(), window.targets)
                for i, (end, window) in enumerate(zip(ends, batch, strict=True))
            ]

    return measure, at_once

"""A model in floats as coders use it: all lanes together, one position at a time, and never otherwise.

Float results depend on how they are asked for: on the number of rows, positions and threads. So encoders and decoders
make the same calls, with the same shapes, on as many threads as the frame says. The interface is that of the exact
engine's `TokenStepper`, as far as `codecs.token_text` needs it; rows that it gives are logits already.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError
from predzip.predictors.float_model import DTYPE_BYTES, FloatConfig, libraries, quiet

_Floats = NDArray[np.float32]

CACHES = ("cache", "past_key_values", "cache_params")
"""Names under which releases of transformers give what a model keeps between steps, and take it back; newest first."""


@contextmanager
def threads_of_torch(threads: int) -> Iterator[None]:
    """Let torch use so many threads meanwhile."""
    torch, _ = libraries()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class FloatStepper:
    """L lanes of a model in floats that advance together.

    Args:
        config: the entry of the model.
        model: as `float_model.load_model` gives it.
        lanes: L.
        positions: the most that a lane takes before `restart`; at most the model's context.
        threads: that torch uses; another number may give other results.

    Raises:
        UsageError: for numbers out of range.
    """

    def __init__(
        self,
        config: FloatConfig,
        model: Any,  # noqa: ANN401 - a class of an optional package
        lanes: int,
        positions: int,
        *,
        threads: int = 1,
    ) -> None:
        self.config = config
        self.threads = threads
        self._torch, self._transformers = libraries()
        self._model = model
        self._start(lanes, positions)

    def _start(self, lanes: int, positions: int) -> None:
        if min(lanes, self.threads) < 1 or not 1 <= positions <= self.config.context:
            raise UsageError(f"lanes and threads must be at least 1, positions 1 to {self.config.context}")
        self.lanes = lanes
        self.positions = positions
        self.restart()

    def beside(self, lanes: int, positions: int, *, threads: int = 1) -> FloatStepper:
        """Return another stepper of the same model; see `TokenStepper.beside`. Its threads stay as they are."""
        other = copy.copy(self)
        other._start(lanes, positions)
        return other

    def memory_bytes(self, lanes: int, positions: int) -> int:
        """About the most that a stepper of so many lanes holds: weights, what is kept of positions, logits."""
        sizes = self._model.config.get_text_config()
        layers, width = getattr(sizes, "num_hidden_layers", 1), getattr(sizes, "hidden_size", 0)
        heads, head_width = getattr(sizes, "num_key_value_heads", None), getattr(sizes, "head_dim", None)
        # Keys and values; those of a layer once more while they are copied to make room for the next.
        kept = 2 * (layers + 1) * lanes * positions * (heads * head_width if heads and head_width else width)
        number = DTYPE_BYTES[self.config.dtype]
        return (self.config.parameters + kept) * number + 16 * lanes * self.config.vocab_size

    def restart(self) -> None:
        """Forget all positions."""
        self.position = 0
        self._kept: dict[str, Any] = {}

    def hidden(self, tokens: NDArray[np.integer]) -> _Floats:
        """Take the next token of each lane.

        Args:
            tokens: (L, 1).

        Returns:
            (L, V), logits behind them.

        Raises:
            UsageError: for another shape, or where there is no room.
            ModelError: the model gives no logits of its vocabulary, gives numbers that are not finite, or keeps
                nothing that a next step could go on from.
        """
        if tokens.shape != (self.lanes, 1) or self.position >= self.positions:
            raise UsageError(f"expected tokens of shape ({self.lanes}, 1), and at most {self.positions} positions")
        torch = self._torch
        taken = torch.from_numpy(np.array(tokens, np.int64))
        with threads_of_torch(self.threads), torch.inference_mode(), quiet(self._transformers):
            result = self._model(input_ids=taken, use_cache=True, **self._kept)
            logits: _Floats = result.logits[:, -1].float().numpy()
        name = next((name for name in CACHES if result.get(name) is not None), None)
        if name is None:
            raise ModelError(f"models like {type(self._model).__name__} cannot be run step by step")
        if logits.shape != (self.lanes, self.config.vocab_size):
            raise ModelError(f"the model has {logits.shape[-1]} symbols, its entry {self.config.vocab_size}")
        if not np.isfinite(logits).all():
            raise ModelError("the model gives a logit that is not finite")
        self._kept = {name: result[name]}
        self.position += 1
        return logits

    def logits(self, rows: _Floats) -> _Floats:
        """Logits of rows of `hidden`: those rows."""
        return rows

    advance = hidden

"""A Transformer as a predictor of bytes: lanes in step for decoders, whole lanes at once for encoders, the same bits.

A lane that reaches the context's length starts anew, with nothing remembered, as the paper's chunks do. Models with
other alphabets than bytes have `predict_fine` and `evaluate_fine` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.arithmetic import softmax_frequencies
from predzip.predictors.neural.transformer.config import TransformerConfig
from predzip.predictors.neural.transformer.forward import LARGEST_BLOCK, Lanes, lane_bytes, run_block
from predzip.predictors.neural.transformer.network import new_network
from predzip.predictors.neural.transformer.products import backend as choose_backend

FINE_TOTAL_BITS = 24
"""Fine frequencies of bytes sum to 2^24 at most, those of larger alphabets to 2^30."""
_FINE_TOTAL_BITS_OF_TOKENS = 30
_COARSE_TOTAL = 1 << 16
_ROWS_OF_A_BLOCK = 2048
_GROUP_BYTES = 128 << 20


class ModelWeights(Protocol):
    """What this reads of `weights.Weights`."""

    @property
    def config(self) -> dict[str, object]: ...  # noqa: D102

    @property
    def tensors(self) -> Mapping[str, NDArray[Any]]: ...  # noqa: D102

    @property
    def fingerprint(self) -> bytes: ...  # noqa: D102


class TransformerPredictor:
    """Implements `LanePredictor` and whole-lane evaluation.

    Args:
        weights: as `weights.read_weights` gives them.
        lanes: to start with.
        backend: who multiplies: "auto", "blas", "kernel", "torch", "torch:cuda", "integers". It changes the speed and
            nothing else; one that is not exact on this machine is replaced.

    Raises:
        ModelError: where the weights are not those of a Transformer, or do not fit their description.
    """

    def __init__(self, weights: ModelWeights, lanes: int = 1, *, backend: str = "auto") -> None:
        kind = weights.config.get("kind")
        if kind != "transformer":
            raise ModelError(f"the model is of kind {kind!r}, not a Transformer")
        self.config = TransformerConfig.from_dict(dict(weights.config))
        self.fingerprint = weights.fingerprint
        self.alphabet_size = self.config.vocab_size
        self._network = new_network(self.config, weights.tensors)
        self._backend = choose_backend(backend)
        self._scratch = np.zeros(self.alphabet_size, np.int32)
        self.reset(lanes)

    @property
    def backend(self) -> str:
        """Who multiplies."""
        return self._backend.name

    @property
    def fine_total(self) -> int:
        """What rows of fine frequencies sum to, at most."""
        return 1 << (FINE_TOTAL_BITS if self.alphabet_size <= 256 else _FINE_TOTAL_BITS_OF_TOKENS)

    def lane_bytes(self, positions: int | None = None) -> int:
        """Memory that one lane of so many positions takes while it steps."""
        return lane_bytes(self.config, positions)

    def reset(self, lanes: int, positions: int | None = None) -> None:
        """Start `lanes` independent sequences.

        Args:
            lanes: how many.
            positions: the most symbols that any will get, where that is known and below the context: saves memory.
        """
        if lanes < 1:
            raise UsageError(f"lanes must be at least 1, not {lanes}")
        positions = min(positions or self.config.context, self.config.context)
        self._lanes = Lanes(self._network, lanes, positions)
        self._tokens = np.full((lanes, 1), self.config.start_token, np.int64)
        self._logits: NDArray[np.float32] | None = None

    def predict(self) -> NDArray[np.uint16]:
        """Return byte frequencies, (L, 256); each row sums to 65,536 at most and has no zero."""
        self._expect_bytes()
        return self._to_frequencies(self._current_logits(), fine=False)

    def predict_fine(self) -> NDArray[np.uint32]:
        """Return frequencies of a finer total, (L, V): what the model in chunks is coded with."""
        return self._to_frequencies(self._current_logits(), fine=True)

    def update(self, symbols: NDArray[np.integer]) -> None:
        """Tell the predictor the symbols that came, (L,)."""
        if symbols.shape != (len(self._tokens),):
            raise UsageError(f"expected {len(self._tokens)} symbols, one a lane")
        self._check_symbols(symbols)
        self._current_logits()  # takes in what came before, if nobody asked
        self._tokens[:, 0] = symbols
        self._logits = None
        if self._lanes.position == self.config.context:
            self._lanes.restart()
            self._tokens.fill(self.config.start_token)

    def evaluate(self, data: NDArray[np.integer]) -> NDArray[np.uint16]:
        """Predict every byte of whole lanes from those before it: (L, T) -> (L, T, 256), as stepping would.

        Does not touch the lanes that step.
        """
        self._expect_bytes()
        return self._evaluate(data, fine=False)

    def evaluate_fine(self, data: NDArray[np.integer]) -> NDArray[np.uint32]:
        """Do what `evaluate` does, with the frequencies of `predict_fine`."""
        return self._evaluate(data, fine=True)

    def _current_logits(self) -> NDArray[np.float32]:
        if self._logits is None:
            self._logits = run_block(self._network, self._lanes, self._tokens, self._backend)
        return self._logits

    def _evaluate(self, data: NDArray[np.integer], *, fine: bool) -> NDArray[np.unsignedinteger]:
        if data.ndim != 2:
            raise UsageError("lanes must come as an array of two dimensions, (lanes, symbols)")
        self._check_symbols(data)
        lanes, length = data.shape
        result = np.empty((lanes, length, self.alphabet_size), np.uint32 if fine else np.uint16)
        longest = min(length, self.config.context)
        group = max(1, min(lanes, _ROWS_OF_A_BLOCK, _GROUP_BYTES // max(1, self.lane_bytes(longest))))
        for first in range(0, lanes, group):
            part = data[first : first + group]
            state = Lanes(self._network, len(part), longest)
            for start in range(0, length, self.config.context):
                state.restart()
                end = min(length, start + self.config.context)
                tokens = np.empty((len(part), end - start), np.int64)
                tokens[:, :1] = self.config.start_token
                tokens[:, 1:] = part[:, start : end - 1]
                step = min(LARGEST_BLOCK, max(1, _ROWS_OF_A_BLOCK // len(part)))
                for at in range(0, end - start, step):
                    block = tokens[:, at : at + step]
                    logits = run_block(self._network, state, np.ascontiguousarray(block), self._backend)
                    rows = self._to_frequencies(logits, fine=fine)
                    shape = (*block.shape, self.alphabet_size)
                    result[first : first + group, start + at : start + at + block.shape[1]] = rows.reshape(shape)
        return result

    def _to_frequencies(self, logits: NDArray[np.float32], *, fine: bool) -> NDArray[np.unsignedinteger]:
        result = np.empty(logits.shape, np.uint32 if fine else np.uint16)
        softmax_frequencies(logits, self._scratch, self.fine_total if fine else _COARSE_TOTAL, result)
        return result

    def _check_symbols(self, symbols: NDArray[np.integer]) -> None:
        if symbols.dtype.kind not in "ui":
            raise UsageError("symbols must be integers")
        if symbols.size and not 0 <= int(symbols.min()) <= int(symbols.max()) < self.alphabet_size:
            raise UsageError(f"symbols must lie in 0..{self.alphabet_size - 1}")

    def _expect_bytes(self) -> None:
        if self.alphabet_size != 256:
            raise UsageError(f"the model's alphabet has {self.alphabet_size} symbols, not the 256 of bytes")

"""The recurrent prior behind the interface of lane predictors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.errors import ModelError, UsageError
from predzip.predictors.neural.recurrent.config import RecurrentConfig
from predzip.predictors.neural.recurrent.network import Lanes, Network, new_lanes, new_network
from predzip.predictors.neural.recurrent.step import evaluate_lane, predict_lane, to_16_bits
from predzip.predictors.neural.weights import Weights


def network_of(weights: Weights) -> Network:
    """Check the weights of a recurrent model and arrange them for the kernels.

    Raises:
        ModelError: they are those of another kind of model, or damaged.
    """
    if weights.kind != "recurrent" or not isinstance(weights.config.get("architecture"), dict):
        raise ModelError(f"model {weights.name} is no recurrent model")
    if weights.fingerprint not in _networks:
        while len(_networks) >= _KEPT:
            del _networks[next(iter(_networks))]
        config = RecurrentConfig.from_dict(weights.config["architecture"])
        _networks[weights.fingerprint] = new_network(config, weights.tensors)
    return _networks[weights.fingerprint]


_KEPT = 2
_networks: dict[bytes, Network] = {}
"""Those used last: to arrange one takes longer than to code a small file with it. Nothing writes to them."""


class RecurrentPredictor:
    """Lanes of bytes through one network; see `predictors.base.LanePredictor`.

    Args:
        weights: of kind "recurrent".
    """

    def __init__(self, weights: Weights) -> None:
        self.network = network_of(weights)
        self.fingerprint = weights.fingerprint
        self.memory_bytes = sum(array.nbytes for array in self.network)
        self.reset(1)

    def reset(self, lanes: int) -> None:
        """Start `lanes` sequences from nothing."""
        if lanes < 1:
            raise UsageError(f"lanes must be at least 1, not {lanes}")
        self._lanes: Lanes = new_lanes(self.network, lanes)
        self._frequencies = np.empty((lanes, 256), np.uint16)
        self._wide = np.empty((1, 256), np.uint32)
        self._take(np.zeros(lanes, np.uint8))

    def _take(self, symbols: NDArray[np.uint8]) -> None:
        for lane, symbol in enumerate(symbols):
            predict_lane(self.network, self._lanes, lane, int(symbol), self._wide)
            to_16_bits(self._wide[0], self._frequencies[lane])

    def predict(self) -> NDArray[np.uint16]:
        """Return the byte frequencies of each lane, shape (L, 256); reused by the next call."""
        return self._frequencies

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """Tell the network the bytes that came, shape (L,)."""
        if symbols.shape != (self._frequencies.shape[0],):
            raise UsageError(f"expected {self._frequencies.shape[0]} symbols, one a lane")
        self._take(symbols)

    def evaluate(self, data: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Byte frequencies before each byte of each lane, from nothing: (L, T) -> (L, T, 256).

        The same numbers as `predict` and `update` give one byte at a time.
        """
        lanes = new_lanes(self.network, data.shape[0])
        frequencies = np.empty((*data.shape, 256), np.uint16)
        for lane in range(data.shape[0]):
            evaluate_lane(self.network, lanes, lane, np.ascontiguousarray(data[lane]), self._wide, frequencies[lane])
        return frequencies

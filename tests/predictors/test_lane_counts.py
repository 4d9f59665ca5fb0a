"""The lane prior against a plain restatement of its rule, and its exact row sums."""

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.predictors.base import LanePredictor
from predzip.predictors.lane_counts import LaneCounts

TEXT = b"the cat sat on the mat and the rat sat on the hat; " * 12


class PlainLaneCounts:
    """One lane of the same rule in lists and dictionaries, lanes in a loop."""

    def __init__(self, slowest_rate: int, lanes: int) -> None:
        self.slowest_rate = slowest_rate
        self.rows: dict[bytes, list[int]] = {}
        self.visits: dict[bytes, int] = {}
        self.past = [b"\0\0"] * lanes

    def row(self, context: bytes) -> list[int]:
        if context not in self.rows:
            self.rows[context] = list(self.row(context[1:])) if len(context) > 1 else [256] * 256
        return self.rows[context]

    def predict(self) -> list[list[int]]:
        return [list(self.row(past)) for past in self.past]

    def update(self, symbols: list[int]) -> None:
        for lane, symbol in enumerate(symbols):
            for context in (self.past[lane], self.past[lane][1:]):
                self.visits[context] = self.visits.get(context, 0) + 1
                rate = min(self.visits[context].bit_length(), self.slowest_rate)
                row = self.row(context)
                parts = [(f - 1) >> rate for f in row]
                row[:] = [f - part for f, part in zip(row, parts, strict=True)]
                row[symbol] += sum(parts)
            self.past[lane] = self.past[lane][1:] + bytes([symbol])


@pytest.mark.parametrize(("lanes", "slowest_rate"), [(1, 5), (3, 5), (7, 2)])
def test_the_kernel_does_what_the_plain_rule_says(lanes: int, slowest_rate: int) -> None:
    fast, plain = LaneCounts(slowest_rate), PlainLaneCounts(slowest_rate, lanes)
    fast.reset(lanes)
    steps = np.frombuffer(TEXT[: len(TEXT) // lanes * lanes], dtype=np.uint8).reshape(lanes, -1).T
    for symbols in steps:
        assert fast.predict().tolist() == plain.predict()
        fast.update(np.ascontiguousarray(symbols))
        plain.update(symbols.tolist())


@pytest.mark.parametrize("lanes", [1, 16])
def test_rows_sum_to_65536_and_have_no_zero_whatever_comes(lanes: int) -> None:
    prior = LaneCounts()
    prior.reset(lanes)
    assert isinstance(prior, LanePredictor)
    random = np.random.default_rng(1)
    for step in range(400):
        rows = prior.predict()
        assert rows.shape == (lanes, 256)
        assert rows.dtype == np.uint16
        assert (rows.sum(axis=1, dtype=np.int64) == 65536).all()
        assert rows.min() >= 1
        symbols = random.integers(0, 256, lanes, dtype=np.uint8) if step % 3 else np.zeros(lanes, np.uint8)
        prior.update(symbols)


def test_a_constant_lane_becomes_almost_certain_but_never_certain() -> None:
    prior = LaneCounts()
    for _ in range(2000):
        prior.predict()
        prior.update(np.array([7], dtype=np.uint8))
    row = prior.predict()[0]
    assert row[7] > 60000
    assert row[7] == 65536 - int(row[:7].sum()) - int(row[8:].sum())


def test_lanes_learn_from_each_other() -> None:
    prior = LaneCounts()
    prior.reset(2)
    for symbols in (b"qx", b"uy", b"ez"):
        prior.update(np.frombuffer(symbols, dtype=np.uint8))
    prior.update(np.frombuffer(b"xq", dtype=np.uint8))
    prior.update(np.frombuffer(b"xu", dtype=np.uint8))
    # Lane 1 never saw "que", lane 0 did.
    assert prior.predict()[1].argmax() == ord("e")


def test_reset_forgets_everything() -> None:
    prior = LaneCounts()
    prior.reset(2)
    first = prior.predict().copy()
    for _ in range(20):
        prior.update(np.array([1, 2], dtype=np.uint8))
    prior.reset(2)
    assert (prior.predict() == first).all()


def test_nonsense_is_refused() -> None:
    with pytest.raises(UsageError):
        LaneCounts(0)
    with pytest.raises(UsageError):
        LaneCounts().reset(0)
    with pytest.raises(UsageError):
        LaneCounts().update(np.zeros(2, dtype=np.uint8))


@pytest.mark.parametrize("filler", [0, 51])
def test_updates_without_predictions_read_nothing_unwritten(monkeypatch: pytest.MonkeyPatch, filler: int) -> None:
    monkeypatch.setattr("predzip.predictors.lane_counts.np.empty", lambda shape, dtype: np.full(shape, filler, dtype))
    prior = LaneCounts()
    for symbol in (1, 2, 3, 1, 2, 3, 1, 2):
        prior.update(np.array([symbol], dtype=np.uint8))
    row = prior.predict()[0]
    assert int(row.sum(dtype=np.int64)) == 65536
    assert row.argmax() == 3

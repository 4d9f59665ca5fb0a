from __future__ import annotations

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.training.batches import Crops, LaneCrops
from predzip.training.sources import Kind

EMPTY = np.zeros(0, np.uint8)
FIRST = Kind("first", 3.0, (np.arange(5000) % 100).astype(np.uint8), EMPTY)
SECOND = Kind("second", 1.0, (100 + np.arange(5000) % 100).astype(np.uint8), EMPTY)


def follows(row: np.ndarray) -> bool:
    """Whether a row is contiguous data of one of the kinds."""
    base = 100 if row[0] >= 100 else 0
    return bool((row == base + (row[0] - base + np.arange(len(row))) % 100).all())


def test_crops_are_pieces_of_the_data_drawn_by_weight() -> None:
    batch = Crops([FIRST, SECOND], 1).next(2000, 7)
    assert all(follows(row) for row in batch)
    assert 0.72 < (batch[:, 0] < 100).mean() < 0.78


def test_short_data_is_repeated() -> None:
    short = Kind("short", 1.0, np.arange(5, dtype=np.uint8), EMPTY)
    assert Crops([short], 1).next(1, 12).tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]]


def test_lanes_go_on_until_they_begin_anew() -> None:
    lanes = LaneCrops([FIRST, SECOND], 8, 1, shortest=64, longest=400)
    last = np.zeros(8, np.int64)
    lengths: list[int] = []
    length = np.zeros(8, np.int64)
    for _ in range(300):
        batch, begins = lanes.next(16)
        for lane in range(8):
            if begins[lane]:
                lengths.append(int(length[lane]))
                length[lane] = 0
            else:
                follows_on = np.concatenate([last[lane : lane + 1], batch[lane]]).astype(np.uint8)
                assert follows(follows_on)
            length[lane] += 16
        last = batch[:, -1].astype(np.int64)
    later = [each for each in lengths[8:] if each][8:]  # the first crops of all are cut at random
    assert min(later) >= 64 - 16
    assert max(later) <= 400
    assert len({each for each in later}) > 5


@pytest.mark.parametrize("kind", ["crops", "lanes"])
def test_state_brings_back_the_same_bytes(kind: str) -> None:
    def new() -> Crops | LaneCrops:
        return Crops([FIRST, SECOND], 5) if kind == "crops" else LaneCrops([FIRST, SECOND], 4, 5, shortest=32)

    def draw(source: Crops | LaneCrops) -> list[object]:
        drawn = source.next(4, 32) if isinstance(source, Crops) else source.next(32)
        return [np.asarray(part).tolist() for part in (drawn if isinstance(drawn, tuple) else (drawn,))]

    one = new()
    for _ in range(5):
        draw(one)
    state = one.state()
    expected = [draw(one) for _ in range(50)]
    other = new()
    other.restore(state)
    assert [draw(other) for _ in range(50)] == expected
    assert [draw(new()) for _ in range(1)] != expected[:1]


def test_lanes_want_enough_data() -> None:
    with pytest.raises(UsageError, match="more than 5000 bytes"):
        LaneCrops([FIRST], 1, 1).next(5000)


def test_crops_keep_symbols_beyond_bytes() -> None:
    tokens = Kind("tokens", 1.0, np.arange(19_000, 20_000, dtype=np.int32), EMPTY)
    batch = Crops([tokens], 1).next(3, 10)
    assert batch.dtype == np.int32
    assert (np.diff(batch) == 1).all()
    assert Crops([FIRST], 1).next(1, 10).dtype == np.uint8

"""The ring of rows against plain padded pictures."""

from __future__ import annotations

import numpy as np
import pytest

from predzip.predictors.mixing.pixels_window import (
    LINEAR_NEIGHBOURS,
    MARGIN_PIXELS,
    PLACE_CHANNEL,
    PLACE_X,
    PLACE_Y,
    linear_neighbours,
    new_window,
    push,
    row_start,
)


@pytest.mark.parametrize("stride", [1, 3, 4])
@pytest.mark.parametrize("pixels", [1, 2, 9])
def test_margins_repeat_the_nearest_pixel_that_is_known(pixels: int, stride: int) -> None:
    width = pixels * stride
    rows = np.random.default_rng(2).integers(0, 256, (12, width))
    window = new_window(width, stride)
    for y in range(12):
        for x in range(width):
            assert list(window.place) == [x, y, x % stride]
            for up in range(min(y, 5) + 1):
                start = row_start(window, y - up)
                for left in range(-MARGIN_PIXELS, MARGIN_PIXELS + 1):
                    at = x - left * stride
                    if up == 0 and left <= 0:
                        continue  # not known yet
                    source, channel = rows[y - up], x % stride
                    if at < 0:
                        source, at = (rows[y - up - 1] if y > up else np.zeros(width)), channel
                    elif at >= width:
                        at = width - stride + channel
                    assert window.rows[start + x - left * stride] == source[at], (y, x, up, left)
            assert push(window, int(rows[y, x])) == (x == width - 1)
    assert window.place[PLACE_X] == window.place[PLACE_CHANNEL] == 0
    assert window.place[PLACE_Y] == 12


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_neighbours_are_known_and_distinct(stride: int) -> None:
    for channel in range(stride):
        table = linear_neighbours(stride, channel)
        assert table.shape == (LINEAR_NEIGHBOURS, 3)
        assert len({tuple(row) for row in table[:, :2].tolist()}) == LINEAR_NEIGHBOURS
        assert table[:2].tolist() == [[0, stride, 0], [1, 0, 0]]
        for up, back, distance in table.tolist():
            assert up > 0 or back > 0
            assert 0 <= channel - distance < stride
            assert (back - distance) % stride == 0
            assert abs(back) <= MARGIN_PIXELS * stride

"""The rows above a pixel, padded at both ends, so that every neighbour is one load without a test for borders.

A ring of eight rows; each has a margin on both sides. The left margin repeats the first pixel of the row above, the
right one the last pixel of its own row, which is what a predictor near the border would guess. For interleaved
colour every distance is in bytes and neighbours keep their channel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from predzip.jit import kernel

ROWS = 8
"""Rows in the ring; neighbours reach at most ROWS - 1 rows up."""

MARGIN_PIXELS = 6
"""Padding on each side; neighbours reach at most this many pixels to the side."""


class Window(NamedTuple):
    """The ring and where the next byte will stand in it."""

    rows: NDArray[np.int32]  # flat, ROWS * pitch values
    place: NDArray[np.int64]  # see the PLACE slots below
    width: int  # bytes of a row
    stride: int  # bytes of a pixel
    pitch: int  # values from one row of the ring to the next
    repeats: int  # 1: above the first row reads as that row, 0: as 0


PLACE_X = 0  # byte within the row
PLACE_Y = 1  # row
PLACE_CHANNEL = 2

OWN_NEIGHBOURS = (
    # (rows up, pixels to the left), by distance; the names of the first: W N NW NE WW NN NNE NEE NWW NNW
    (0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (2, -1), (1, -2), (1, 2), (2, 1), (2, 2), (2, -2), (3, 0), (0, 3),
    (1, 3), (1, -3), (3, 1), (3, -1), (2, 3), (2, -3), (3, 2), (3, -2), (0, 4), (4, 0), (1, 4), (1, -4), (4, 1),
    (4, -1), (3, 3), (3, -3), (5, 0), (0, 5),
)  # fmt: skip
"""Causal neighbours in the pixel's own channel, nearest first."""

FIXED_NEIGHBOURS = 14
"""How many of them the fixed predictions know."""

LINEAR_NEIGHBOURS = 32
"""How many neighbours (of all channels) adaptive predictors may use."""


def linear_neighbours(stride: int, channel: int) -> NDArray[np.int64]:
    """Neighbours for adaptive prediction in order of worth, shape (LINEAR_NEIGHBOURS, 3).

    Columns: rows up, bytes to the left, and the distance in bytes to the channel the neighbour belongs to, which tells
    whose mean it is compared with. The first two are W and N. Colour adds what is known of the other channels: their
    value in this very pixel, if it stands before, and their W, N, NW, NE.
    """
    own = [(dy, dx * stride, 0) for dy, dx in OWN_NEIGHBOURS]
    other_here, other_near, other_far = [], [], []
    for other in range(stride):
        back = channel - other
        if back > 0:
            other_here.append((0, back, back))
        if back != 0:
            other_near += [(0, stride + back, back), (1, back, back)]
            other_far += [(1, stride + back, back), (1, back - stride, back)]
    # A channel that is known here carries much more than one that is not.
    if other_here:
        order = [*own[:2], *other_here, *other_near, *own[2:6], *other_far, *own[6:]]
    else:
        order = [*own[:6], *other_near, *own[6:8], *other_far, *own[8:]]
    return np.array(order[:LINEAR_NEIGHBOURS], np.int64)


def new_window(width: int, stride: int) -> Window:
    """Return a window before the first byte: everything above and beside reads as 0."""
    pitch = width + 2 * MARGIN_PIXELS * stride
    return Window(np.zeros(ROWS * pitch, np.int32), np.zeros(3, np.int64), width, stride, pitch, 0)


@kernel
def row_start(window: Window, y: int) -> int:
    """Index in the ring of the byte at x = 0 of row `y`."""
    return (y & (ROWS - 1)) * window.pitch + MARGIN_PIXELS * window.stride


@kernel
def push(window: Window, value: int) -> bool:
    """Put one byte behind the last one; tell whether a new row begins with the next one."""
    x = window.place[PLACE_X]
    y = window.place[PLACE_Y]
    start = row_start(window, y)
    window.rows[start + x] = value
    if window.repeats != 0 and y == 0:
        # Until the first row is complete, what lies above and to the right reads like the newest pixel.
        for k in range(1, ROWS):
            above = row_start(window, y - k) + x
            for i in range(MARGIN_PIXELS * window.stride + 1):
                window.rows[above + i] = value
            if x == 0:
                for i in range(MARGIN_PIXELS * window.stride):
                    window.rows[above - 1 - i] = value
        if x == 0:
            for i in range(MARGIN_PIXELS * window.stride):
                window.rows[start - 1 - i] = value
    x += 1
    channel = window.place[PLACE_CHANNEL] + 1
    if channel == window.stride:
        channel = 0
    new_row = bool(x == window.width)
    if new_row:
        margin = MARGIN_PIXELS * window.stride
        # The right margin repeats the last pixel, the next row's left margin the first pixel of this row.
        for i in range(margin):
            source = window.width - window.stride + i % window.stride
            window.rows[start + window.width + i] = window.rows[start + max(source, 0)]
        below = row_start(window, y + 1) - margin
        for i in range(margin):
            window.rows[below + i] = window.rows[start + min(i % window.stride, window.width - 1)]
        if window.repeats != 0 and y == 0:
            for k in range(1, ROWS):
                above = row_start(window, y - k) - margin
                for i in range(window.pitch):
                    window.rows[above + i] = window.rows[start - margin + i]
        x = 0
        channel = 0
        window.place[PLACE_Y] = y + 1
    window.place[PLACE_X] = x
    window.place[PLACE_CHANNEL] = channel
    return new_row

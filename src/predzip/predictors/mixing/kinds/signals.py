"""Raw pictures and sound: smooth enough, along a line or from row to row, that their model beats every generic one.

Adds to `costs` the comparison. A kind is taken when its estimated code length is clearly below the cheapest of five
generic ones (frequencies, frequencies by parity, last successor of 1 to 3 bytes): text, records and code lose that
contest by far, because their bytes are names and not amounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predzip.predictors.mixing.kinds.costs import (
    BIT,
    Bytes,
    Costs,
    lag_differences,
    order0_cost,
    recent_cost,
    rows_cost,
    signal_costs,
)
from predzip.predictors.mixing.kinds.segments import Kind

MIN_SIGNAL_BYTES = 1024
_MAX_PROBE_BYTES = 8192
_LAG_PROBE_BYTES = 2048
_MAX_LAG_BYTES = 1 << 14
_MIN_PIXELS_A_ROW = 8
_CANDIDATES = 4
_SMALL_BYTES = 1 << 14
_USUAL_WIDTHS = (64, 28, 32, 128, 256, 96)
_PIXEL_KINDS = {1: Kind.IMAGE8, 3: Kind.IMAGE24, 4: Kind.IMAGE32}


def below(cost: int, percent: int, other: int) -> bool:
    """Say whether a cost is below so many percent of another."""
    return cost * 100 < other * percent


def generic_cost(data: Bytes, start: int, stop: int) -> int:
    """Cost of data[start:stop] under the best of the models that know of no signal."""
    return min(
        order0_cost(data, start, stop, 1, 0),
        order0_cost(data, start, stop, 2, 0) + order0_cost(data, start + 1, stop, 2, 0),
        *(recent_cost(data, start, stop, order) for order in (1, 2, 3)),
    )


def line_costs(data: Bytes, start: int, stop: int, stride: int) -> Costs:
    """Costs of bytes predicted along each of `stride` interleaved lines (see `signal_costs`)."""
    costs = np.zeros(4, dtype=np.int64)
    for lane in range(stride):
        costs += signal_costs(data[start + lane : stop : stride].astype(np.int32), 128)
    return costs


def is_centred(data: Bytes, start: int, stop: int) -> bool:
    """Say whether bytes swing around 128 as sound does, spending a fifth of the time on either side."""
    part = data[start:stop]
    above, below_ = int((part > 128).sum()), int((part < 128).sum())
    at = part.size - above - below_
    return min(above, below_) * 5 + at >= part.size and min(above, below_) * 50 >= part.size


def is_faint(data: Bytes, start: int, stop: int) -> bool:
    """Say whether bytes keep within 16 of 128, to either side: near silence, whatever it costs."""
    part = data[start:stop]
    near = int(((part >= 112) & (part <= 144)).sum())
    return near * 100 >= part.size * 99 and is_centred(data, start, stop)


@dataclass(frozen=True)
class Wave:
    """16-bit little-endian PCM: parity of its first byte in the block, channels, cost."""

    phase: int
    channels: int
    cost: int


def find_wave(data: Bytes, start: int, stop: int) -> Wave | None:
    """Decide whether data[start:stop] is 16-bit PCM."""
    best: Wave | None = None
    other_phase = 0
    for phase in (0, 1):
        first = start + ((start + phase) & 1)
        samples = data[first : first + (stop - first) // 2 * 2].view("<i2")
        mono = _channel_cost(samples)
        cost, channels = mono, 1
        lanes = [_channel_cost(samples[lane::2]) for lane in (0, 1)]
        if below(sum(lanes), 97, mono) and _are_two_channels(data, first, stop, lanes):
            cost, channels = sum(lanes), 2
        if best is None or cost < best.cost:
            other_phase = mono if best is None else best.cost
            best = Wave(first & 1, channels, cost)
        else:
            other_phase = mono
    if best is None or (best.cost * 100 >= 93 * other_phase and other_phase > 0):
        return None
    first = start + ((start ^ best.phase) & 1)
    samples = data[first : first + (stop - first) // 2 * 2].view("<i2")
    if not all(_swings(samples[lane :: best.channels]) for lane in range(best.channels)):
        return None
    return best if below(best.cost, 95, generic_cost(data, start, stop)) else None


def _channel_cost(samples: np.ndarray) -> int:
    return int(signal_costs(samples.astype(np.int32), 0)[1:].min())


def _are_two_channels(data: Bytes, first: int, stop: int, lanes: list[int]) -> bool:
    """Tell two channels from the halves of 32-bit numbers: both gain by prediction, and by similar amounts."""
    if min(lanes) * 3 < max(lanes):
        return False
    plain = [
        sum(order0_cost(data, first + 2 * lane + half, stop, 4, 0) for half in (0, 1)) for lane in (0, 1)
    ]
    return all(below(lane, 97, alone) for lane, alone in zip(lanes, plain, strict=True))


def _swings(samples: np.ndarray) -> bool:
    """Sound goes through zero; counters, sorted numbers and unsigned pictures do not."""
    negative = samples < 0
    share = int(negative.sum())
    crossings = int((negative[1:] != negative[:-1]).sum())
    return min(share, samples.size - share) * 10 >= samples.size and crossings >= 4


@dataclass(frozen=True)
class Surface:
    """Smooth 8-bit samples: what they are, and the bytes of a row or the channels."""

    kind: Kind
    parameter: int


def is_smooth(data: Bytes, start: int, stop: int, percent: int) -> bool:
    """Decide whether neighbouring bytes (1, 2, 3 or 4 apart) predict one another better than any context does."""
    plain = order0_cost(data, start, stop, 1, 0)
    lines = [line_costs(data, start, stop, stride) for stride in (1, 2, 3, 4)]
    flat = min(int(costs[1:3].min()) for costs in lines)
    sound = is_centred(data, start, stop)
    if sound:
        flat = min(flat, int(lines[0][0]))
    if is_faint(data, start, stop):
        return True
    if not below(flat, percent, plain) or plain < (stop - start) * BIT:
        return False
    generic = generic_cost(data, start, stop)
    return below(flat, percent, generic) and generic * 10 < (stop - start) * BIT * 78


def find_surface(data: Bytes, start: int, stop: int, hint: Surface | None) -> Surface | None:
    """Decide what the smooth bytes data[start:stop] are: a picture, sound, or (None) neither for certain.

    `hint` is what the bytes before turned out to be; if it fits here, no search is needed.
    """
    length = stop - start
    probe = min(length // 2, _MAX_PROBE_BYTES)
    lags = min(length - probe, _MAX_LAG_BYTES)
    first = start + max(lags, (length - probe) // 2)
    last = first + probe
    generic = generic_cost(data, first, last)
    lines = {stride: line_costs(data, first, last, stride) for stride in (1, 2, 3, 4)}
    flat = min(int(costs[1:3].min()) for costs in lines.values())
    centred = is_centred(data, start, stop)
    if centred:
        flat = min(flat, int(lines[1][0]))
    pixel = min((1, 3, 4), key=lambda stride: int(lines[stride][1]) * (100 if stride == 1 else 105))
    margin = 85 if centred else 97

    def fits(width: int, pixel_bytes: int) -> int:
        """Cost as a picture if it beats the lines and the generic models, else 0."""
        cost = rows_cost(data, first, last, width, pixel_bytes)
        whole = length < _SMALL_BYTES and length % width == 0
        allowed = 99 if whole else margin
        return cost if below(cost, allowed, flat) and below(cost, 99 if whole else 97, generic) else 0

    if hint is not None and hint.kind in _PIXEL_KINDS.values():
        pixel_bytes = next(size for size, kind in _PIXEL_KINDS.items() if kind is hint.kind)
        if hint.parameter + pixel_bytes <= first - start and pixel_bytes == pixel and fits(hint.parameter, pixel):
            return hint
    costs = {width: fits(width, pixel) for width in _likely_widths(data, start, stop, first, last, lags - pixel, pixel)}
    good = {width: cost for width, cost in costs.items() if cost > 0}
    if good:
        cheapest = min(good.values())
        # Multiples of the width fit nearly as well; the narrowest of equals is the row.
        width = min(width for width, cost in good.items() if cost * 200 <= cheapest * 201)
        return Surface(_PIXEL_KINDS[pixel], width)
    if centred and (below(flat, 97, generic) or is_faint(data, first, last)):
        channels = 2 if below(int(lines[2][1:3].min()), 95, int(lines[1][:3].min())) else 1
        return Surface(Kind.AUDIO8, channels)
    return None


def _likely_widths(
    data: Bytes, start: int, stop: int, first: int, last: int, max_lag: int, pixel_bytes: int
) -> list[int]:
    """Return the lags at which bytes differ least, and the usual widths that divide a small piece."""
    smallest = _MIN_PIXELS_A_ROW * pixel_bytes
    if max_lag < smallest:
        return []
    sums = np.zeros(max_lag + 1, dtype=np.int64)
    span = min(_LAG_PROBE_BYTES, last - first)
    for begin in {first, last - span}:
        sums += lag_differences(data, begin, begin + span, max_lag)
    sums[:smallest] = np.iinfo(np.int64).max
    widths: list[int] = []
    for _ in range(_CANDIDATES):
        lag = int(sums.argmin())
        widths.append(lag)
        sums[max(0, lag - 2) : lag + 3] = np.iinfo(np.int64).max
    if stop - start < _SMALL_BYTES:
        widths += [width for width in _USUAL_WIDTHS if (stop - start) % width == 0 and smallest <= width <= max_lag]
    return [width for width in dict.fromkeys(widths) if smallest <= width <= max_lag]

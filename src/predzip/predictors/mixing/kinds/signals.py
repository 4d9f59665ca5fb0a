"""Raw pictures and sound: smooth enough, along a line or from row to row, that their model beats every generic one.

Adds to `costs` the comparison. A kind is taken when its estimated code length is clearly below the cheapest of five
generic ones (frequencies, frequencies by parity, last successor of 1 to 3 bytes): text, records and code lose that
contest by far, because their bytes are names and not amounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
_MIN_OFFSET, _MAX_OFFSET = 8, 300  # of 16-bit sound: what cheap recorders add
_PROBES = 4
_PROBE_BYTES = 2048
_LAG_PROBE_BYTES = 1024
_NOISY_TENTHS_OF_BITS = 81
_NEAR_LAG_BYTES = 1 << 12
_MAX_LAG_BYTES = 1 << 14
_MIN_PIXELS_A_ROW = 16
_CANDIDATES = 6
_TYPICAL = 1024
_SMALL_BYTES = 1 << 15
_USUAL_WIDTHS = (64, 28, 32, 96, 128, 256, 512, 640, 1024)
_PIXEL_KINDS = {1: Kind.IMAGE8, 3: Kind.IMAGE24}


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


def colour_cost(data: Bytes, start: int, stop: int) -> int:
    """Cost of bytes predicted from those three before, as in RGB pixels; 0 if the three lanes are not alike.

    Records of three bytes (an opcode and a number) have a lane that costs nothing; the colours of a picture do not.
    """
    lanes = [int(signal_costs(data[start + lane : stop : 3].astype(np.int32), 128)[1:3].min()) for lane in range(3)]
    return sum(lanes) if min(lanes) * 3 >= max(lanes) else 0


def is_centred(data: Bytes, start: int, stop: int) -> bool:
    """Say whether bytes swing around 128 as sound does: their mean is there, and so are the most frequent values."""
    part = data[start:stop]
    counts = np.bincount(part, minlength=256)
    offset = abs(int(part.sum(dtype=np.int64)) - 128 * part.size)
    distance = int((counts * np.abs(np.arange(256) - 128)).sum())
    if offset * 10 > 15 * part.size + distance:
        return False
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    around = sums[9:] - sums[:-9]  # counts of nine neighbouring values
    return int(around[120:129].max()) * 10 >= int(around.max()) * 7


def is_faint(data: Bytes, start: int, stop: int) -> bool:
    """Say whether bytes tremble within 16 of 128: near silence, whatever it costs."""
    part = data[start:stop]
    near = int(((part >= 112) & (part <= 144)).sum())
    still = int(np.bincount(part, minlength=256).max())
    return near * 100 >= part.size * 99 and still * 100 <= part.size * 99 and is_centred(data, start, stop)


@dataclass(frozen=True)
class Wave:
    """16-bit little-endian samples: parity of their first byte in the block, channels, cost, and if they are sound."""

    phase: int
    channels: int
    cost: int
    swings: bool


def find_wave(data: Bytes, start: int, stop: int) -> Wave | None:
    """Decide whether data[start:stop] are 16-bit samples."""
    halves = order0_cost(data, start, stop, 2, 0) + order0_cost(data, start + 1, stop, 2, 0)
    if halves * 10 >= (stop - start) * BIT * _NOISY_TENTHS_OF_BITS:
        return None  # noise: the loudest sound has high bytes that differ from low ones
    costs: list[int] = []
    channels: list[int] = []
    parts = [_samples(data, start + ((start + phase) & 1), stop) for phase in (0, 1)]
    for phase, samples in enumerate(parts):
        mono = _channel_cost(samples)
        lanes = [_channel_cost(samples[lane::2]) for lane in (0, 1)]
        stereo = below(sum(lanes), 97, mono) and _are_two_channels(data, start + ((start + phase) & 1), stop, lanes)
        costs.append(sum(lanes) if stereo else mono)
        channels.append(2 if stereo else 1)
    phase = 0 if costs[0] <= costs[1] else 1
    # Bytes that fit as well one byte further are no 16-bit numbers.
    if not below(costs[phase], 93, costs[1 - phase]):
        return None
    generic = generic_cost(data, start, stop)
    hisses = channels[phase] == 1 and _hisses(parts[phase]) and below(costs[phase], 103, generic)
    if not hisses and not below(costs[phase], 95, generic):
        return None
    swings = all(_swings(parts[phase][lane :: channels[phase]]) for lane in range(channels[phase]))
    return Wave(phase, channels[phase], costs[phase], swings)


def _samples(data: Bytes, start: int, stop: int) -> NDArray[np.int16]:
    return data[start : start + (stop - start) // 2 * 2].view("<i2")


def _channel_cost(samples: NDArray[np.int16]) -> int:
    return int(signal_costs(samples.astype(np.int32), 0)[1:].min())


def _are_two_channels(data: Bytes, first: int, stop: int, lanes: list[int]) -> bool:
    """Tell two channels from the halves of 32-bit numbers: both gain by prediction, and by similar amounts."""
    if min(lanes) * 3 < max(lanes):
        return False
    plain = [sum(order0_cost(data, first + 2 * lane + half, stop, 4, 0) for half in (0, 1)) for lane in (0, 1)]
    return all(below(lane, 97, alone) for lane, alone in zip(lanes, plain, strict=True))


def _swings(samples: NDArray[np.int16]) -> bool:
    """Sound goes through zero, or trembles around a small offset; counters and unsigned pictures do neither."""
    lowest, highest = int(samples.min()), int(samples.max())
    centre = 0
    if highest < 0 or lowest > _MIN_OFFSET:
        centre = int(samples.sum(dtype=np.int64)) // samples.size
    beneath = samples < centre
    share = int(beneath.sum())
    crossings = int((beneath[1:] != beneath[:-1]).sum())
    return (
        abs(centre) <= _MAX_OFFSET
        and min(share, samples.size - share) * 10 >= samples.size
        and crossings >= (4 if centre == 0 else 16)
    )


def _hisses(samples: NDArray[np.int16]) -> bool:
    """Hissing sound, which nothing predicts: as much above zero as below, and through it again and again."""
    negative = samples < 0
    share = int(negative.sum())
    crossings = int((negative[1:] != negative[:-1]).sum())
    return min(share, samples.size - share) * 3 >= samples.size and crossings * 10 >= samples.size


@dataclass(frozen=True)
class Surface:
    """Smooth 8-bit samples: what they are, and the bytes of a row or the channels."""

    kind: Kind
    parameter: int


def is_smooth(data: Bytes, start: int, stop: int, percent: int) -> bool:
    """Decide whether neighbouring bytes (or those of neighbouring RGB pixels) predict one another best.

    `percent` is how far below the generic models they must come.
    """
    plain = order0_cost(data, start, stop, 1, 0)
    sound = is_centred(data, start, stop)
    differences = min(int(order0_cost(data, start + lag, stop, 1, lag)) for lag in (1, 3))
    if not sound and not below(differences, 108, plain):
        return False  # nearly always: frequencies of differences are quick to count
    if differences >= (stop - start) * BIT * 8:
        return False  # noise
    if sound and is_faint(data, start, stop):
        return True
    flat = _flat_cost(data, start, stop, sound)
    if not below(flat, percent, plain) or plain < (stop - start) * BIT:
        return False
    return below(flat, percent, generic_cost(data, start, stop))


def _flat_cost(data: Bytes, start: int, stop: int, sound: bool) -> int:
    """Cost along lines, without help from the row above; around the centre only if this may be sound."""
    single = int(line_costs(data, start, stop, 1)[0 if sound else 1 : 3].min())
    return min(single, colour_cost(data, start, stop) or single)


def find_surface(data: Bytes, start: int, stop: int, hint: Surface | None, centred: bool) -> Surface | None:
    """Decide what the smooth bytes data[start:stop] are: a picture, sound, or (None) neither for certain.

    `hint` is what the bytes before turned out to be; if it fits here, no search is needed. `centred` is `is_centred`
    of the whole run that the bytes belong to: a voice repeats itself as rows do, but not at one distance for long.
    """
    length = stop - start
    probes = _probes(start, stop)
    max_lag = probes[0][0] - start
    generic = sum(generic_cost(data, *probe) for probe in probes)
    single = _lines(data, probes, 1)
    flat = int(single[0 if centred else 1 : 3].min())
    colours = [colour_cost(data, *probe) for probe in probes]
    pixel = 3 if all(colours) and below(sum(colours), 95, int(single[1:3].min())) else 1
    if pixel == 3:
        flat = min(flat, sum(colours))
    percent = 99 if not centred else 97 if len(probes) == _PROBES else 80
    if centred and is_faint(data, *probes[-1]):
        return hint if hint and hint.kind is Kind.AUDIO8 else Surface(Kind.AUDIO8, 1)
    if not below(flat, 105, generic):
        return None  # smooth in places only

    def cost_of(width: int) -> int:
        return sum(rows_cost(data, *probe, width, pixel) for probe in probes)

    def is_whole(width: int) -> bool:
        return length < _SMALL_BYTES and length % width == 0 and width in _USUAL_WIDTHS

    def fits(width: int, cost: int) -> bool:
        if is_whole(width):
            # Rows of a wrong width cost lines 6 % and more; those of the right one at most 4 %, in fine textures.
            return below(cost, 98 if centred else 103, flat) and below(cost, 100 if centred else 104, generic)
        return below(cost, percent + (2 if width in _USUAL_WIDTHS else 0), flat) and below(cost, 97, generic)

    if hint and hint.kind is _PIXEL_KINDS[pixel] and hint.parameter + pixel <= max_lag:
        cost = cost_of(hint.parameter)
        if fits(hint.parameter, cost):
            return hint
        if below(cost, 105, flat):
            return None  # a busy part of the same picture, most likely: not worth a search
    sound = centred and below(flat, 97, generic)
    if hint and hint.kind is Kind.AUDIO8 and sound:
        return hint
    costs = {width: cost_of(width) for width in _likely_widths(data, length, probes, max_lag - pixel, pixel)}
    # Multiples of the width fit nearly as well, and so do its neighbours in a small piece.
    ranks = {
        width: cost * (95 if is_whole(width) else 100) * (200 + width.bit_length() // 4)
        for width, cost in costs.items()
        if fits(width, cost)
    }
    if ranks:
        best = min(ranks, key=lambda width: (ranks[width], width))
        if not is_whole(best):  # slanted edges pull the lag of least difference a pixel aside
            near = [width for width in (best - pixel, best + pixel) if width + pixel <= max_lag]
            beside = min(near, key=cost_of, default=best)
            best = beside if below(cost_of(beside), 99, costs[best]) else best
        return Surface(_PIXEL_KINDS[pixel], best)
    if sound:
        double = _lines(data, probes, 2)
        return Surface(Kind.AUDIO8, 2 if below(int(double[1:3].min()), 95, int(single[:3].min())) else 1)
    return None


def _lines(data: Bytes, probes: list[tuple[int, int]], stride: int) -> Costs:
    costs = np.zeros(4, dtype=np.int64)
    for probe in probes:
        costs += line_costs(data, *probe, stride)
    return costs


def _probes(start: int, stop: int) -> list[tuple[int, int]]:
    """Return the stretches to be looked at: in the second half or, in a long piece, behind the longest lag."""
    length = stop - start
    first = start + min(length // 2, _MAX_LAG_BYTES)
    if stop - first < 2 * _PROBE_BYTES:
        return [(first, stop)]
    count = min(_PROBES, (stop - first) // _PROBE_BYTES)
    step = (stop - first - _PROBE_BYTES) // (count - 1)
    return [(first + index * step, first + index * step + _PROBE_BYTES) for index in range(count)]


def _likely_widths(
    data: Bytes, length: int, probes: list[tuple[int, int]], max_lag: int, pixel_bytes: int
) -> list[int]:
    """Return the lags at which bytes differ least, and usual widths (in a small piece those that divide it)."""
    smallest = _MIN_PIXELS_A_ROW * pixel_bytes
    if max_lag < smallest:
        return []
    span = 2 * _LAG_PROBE_BYTES // len(probes)
    widths: list[int] = []
    for reach in (min(max_lag, _NEAR_LAG_BYTES), max_lag):
        sums = np.zeros(reach + 1, dtype=np.int64)
        for first, last in probes:  # the quiet probes say as much as the busy ones
            part = lag_differences(data, first, min(first + span, last), reach)
            sums += part * _TYPICAL // (int(np.sort(part)[part.size // 2]) + 1)
        sums[:smallest] = np.iinfo(np.int64).max
        clear = below(int(sums.min()), 70, _TYPICAL * len(probes))
        for _ in range(_CANDIDATES):
            lag = int(sums.argmin())
            widths.append(lag)
            sums[max(0, lag - 2) : lag + 3] = np.iinfo(np.int64).max
        if clear:  # the far search costs four times as much
            break
    widths += [width for width in _USUAL_WIDTHS if length >= _SMALL_BYTES or length % width == 0]
    return [width for width in dict.fromkeys(widths) if smallest <= width <= max_lag]

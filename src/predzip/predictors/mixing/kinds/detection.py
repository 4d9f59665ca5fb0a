"""Cut a block into typed segments: headers first, then a look at every window, then the cheapest segmentation.

Adds to `headers`, `survey` and `signals` the whole: windows of 16 KB get a look each, and a shortest path over the
windows trades wrong looks against cuts, so that a text with some odd bytes stays one text and raw segments are 32 KB
long or more (16 KB between incompressible ones). Only the encoder runs this; everything is integer, so all machines
write the same segments.
"""

from __future__ import annotations

import itertools
from enum import IntEnum

import numpy as np

from predzip.predictors.mixing.kinds.costs import BIT, Bytes, order0_cost, recent_cost
from predzip.predictors.mixing.kinds.headers import find_media
from predzip.predictors.mixing.kinds.segments import MAX_SEGMENTS, Kind, Segment
from predzip.predictors.mixing.kinds.signals import (
    MIN_SIGNAL_BYTES,
    Surface,
    Wave,
    find_surface,
    find_wave,
    is_centred,
    is_smooth,
)
from predzip.predictors.mixing.kinds.survey import Survey, mark_repeats, survey

_WINDOW_BYTES = 1 << 14
_SAMPLE_BYTES = 3072  # of a window; a block of one or two windows is looked at more closely
_SMALL_SAMPLE_BYTES = 8192
_PIECE_BYTES = 1 << 16  # pictures of other widths may follow each other
_MAX_MISSES = 24
_MIN_RANDOM_BYTES = 4096
# How far below generic models smooth bytes must come: in one of many windows, and in a block of one or two, where rows
# or channels must be found at once as further evidence. (Text stays above 112 %.)
_TEXTUAL_PERCENT = (93, 98)
_SMOOTH_PERCENT = (97, 104)
_RANDOM_HUNDREDTHS_OF_BITS = 796  # deflated and coded data reach 799 and more
_FRESH_HUNDREDTHS_OF_BITS = 775  # with what followed before; a model of 16 KB would not earn the rest
_MIN_GAP_BYTES = 4096  # shorter rests beside pictures and sound are headers or padding


class _Look(IntEnum):
    TEXT = 0
    BINARY = 1
    CODE = 2
    SURFACE = 3
    WAVE = 4
    NOISE = 5
    QUIET = 6  # nearly constant: says nothing
    LEVEL = 7  # 16-bit samples on one side of zero: sound only if its neighbours are


# What a window of each look (column) costs within a segment of each kind (row); a cut costs _CUT. Taking a strange
# window into a binary segment loses least; storing what could shrink loses so much that one window is cut out.
_STRANGENESS = np.array(
    [
        [0, 4, 6, 6, 6, 8, 0, 6],
        [4, 0, 3, 3, 4, 3, 0, 0],
        [3, 2, 0, 6, 6, 4, 0, 2],
        [6, 2, 6, 0, 6, 4, 0, 4],
        [6, 2, 6, 6, 0, 4, 0, 0],
        [12, 12, 12, 12, 12, 0, 12, 12],
    ],
    dtype=np.int64,
)
_CUT = 5
_PLAIN_KINDS = {
    _Look.TEXT: Kind.TEXT,
    _Look.BINARY: Kind.BINARY,
    _Look.CODE: Kind.EXECUTABLE,
    _Look.NOISE: Kind.RANDOM,
}


def segment_block(data: bytes) -> list[Segment]:
    """Cut one block into typed segments whose lengths add up to its own."""
    array = np.frombuffer(data, dtype=np.uint8)
    segments: list[Segment] = []
    position = 0
    for media in find_media(data)[: MAX_SEGMENTS // 4]:
        segments += _segment_rest(array, position, media.start)
        segments.append(Segment(media.kind, media.stop - media.start, media.parameter))
        position = media.stop
    segments += _segment_rest(array, position, array.size)
    merged = _merge(segments)
    if len(merged) > MAX_SEGMENTS:  # no table holds them; cannot pay anyway
        return [Segment(Kind.BINARY, len(data))]
    return merged


def _merge(segments: list[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for segment in segments:
        if merged and merged[-1].kind == segment.kind and merged[-1].parameter == segment.parameter:
            segment = Segment(segment.kind, merged.pop().length + segment.length, segment.parameter)
        merged.append(segment)
    return merged


def _segment_rest(data: Bytes, start: int, stop: int) -> list[Segment]:
    """Cut the part of a block that no header speaks for."""
    if start == stop:
        return []
    if stop - start < _MIN_GAP_BYTES and stop - start < data.size:
        return [Segment(Kind.BINARY, stop - start)]
    count = max(1, (stop - start) // _WINDOW_BYTES)
    bounds = [start + index * _WINDOW_BYTES for index in range(count)] + [stop]
    looks = np.zeros(count, dtype=np.int64)
    waves: list[Wave | None] = [None] * count
    textual = np.zeros(count, dtype=np.bool_)
    for index in range(count):
        looks[index], waves[index], textual[index] = _look_at(data, bounds[index], bounds[index + 1], count <= 2)
    noise = np.flatnonzero(looks == _Look.NOISE)
    if noise.size > 1:
        edges = np.array(bounds, dtype=np.int64)
        repeated = mark_repeats(data, edges[noise], edges[noise + 1])
        looks[noise[repeated]] = _Look.BINARY
    path = _cheapest_path(looks)
    segments: list[Segment] = []
    first = 0
    for index in range(1, count + 1):
        if index < count and path[index] == path[first]:
            continue
        part = slice(first, index)
        look, begin, end = _Look(int(path[first])), bounds[first], bounds[index]
        fallback = Kind.TEXT if 2 * int(textual[part].sum()) > index - first else Kind.BINARY
        if look is _Look.SURFACE:
            segments += _segment_surface(data, begin, end, fallback)
        elif look is _Look.WAVE:
            segments += _segment_wave(begin, end, [wave for wave in waves[part] if wave])
        else:
            segments.append(Segment(_PLAIN_KINDS[look], end - begin))
        first = index
    return segments


def _look_at(data: Bytes, start: int, stop: int, closely: bool) -> tuple[_Look, Wave | None, bool]:
    """Return what a window looks like, the wave if it is one, and whether its bytes could be text."""
    counts = survey(data, start, stop)
    textual = counts.looks_textual()
    length = min(stop - start, _SMALL_SAMPLE_BYTES if closely else _SAMPLE_BYTES)
    begin = start + (stop - start - length) // 2
    end = begin + length
    constant = int(counts.counts.max()) * 64 >= counts.total * 63
    if constant and abs(int(counts.counts.argmax()) - 128) > 2:  # around 128: perhaps sound in silence
        return (_Look.TEXT if textual else _Look.QUIET), None, textual
    if length >= MIN_SIGNAL_BYTES:
        percent = _TEXTUAL_PERCENT if textual else _SMOOTH_PERCENT
        if is_smooth(data, begin, end, percent[closely]) and not (closely and _find_alone(data, start, stop) is None):
            return _Look.SURFACE, None, textual
        if counts.looks_executable():
            return _Look.CODE, None, False
        wave = None if textual else find_wave(data, begin, end)
        if wave:
            return (_Look.WAVE if wave.swings else _Look.LEVEL), wave, False
    if textual:
        return _Look.TEXT, None, True
    if _is_random(data, start, stop, counts):
        return _Look.NOISE, None, False
    return (_Look.QUIET if constant else _Look.BINARY), None, False


def _find_alone(data: Bytes, start: int, stop: int) -> Surface | None:
    return find_surface(data, start, stop, None, is_centred(data, start, stop))


def _is_random(data: Bytes, start: int, stop: int, counts: Survey) -> bool:
    """Say whether no simple model saves a byte: frequencies, differences, recent successors."""
    length = stop - start
    least = length * BIT * _RANDOM_HUNDREDTHS_OF_BITS // 100
    if length < _MIN_RANDOM_BYTES or int(counts.counts.max()) * 64 > length:
        return False
    if order0_cost(data, start, stop, 1, 0) < least:
        return False
    if any(order0_cost(data, start + lag, stop, 1, lag) < least - lag * 8 * BIT for lag in (1, 2, 4)):
        return False
    probe = min(length, _SMALL_SAMPLE_BYTES)
    return all(
        recent_cost(data, start, start + probe, order) * 100 >= probe * BIT * _FRESH_HUNDREDTHS_OF_BITS
        for order in (1, 2)
    )


def _cheapest_path(looks: np.ndarray) -> np.ndarray:
    """Return for each window the kind of its segment (as a look) along the cheapest segmentation."""
    states = len(_STRANGENESS)
    came_from = np.zeros((looks.size, states), dtype=np.int64)
    total = np.zeros(states, dtype=np.int64)
    stay = np.arange(states)
    for index, look in enumerate(looks):
        cheapest = int(total.argmin())
        cut = total[cheapest] + _CUT < total
        came_from[index] = np.where(cut, cheapest, stay)
        total = np.where(cut, total[cheapest] + _CUT, total) + _STRANGENESS[:, look]
    # Among equals prefer binary: nothing is lost there.
    state = int(_Look.BINARY) if total[_Look.BINARY] == total.min() else int(total.argmin())
    path = np.zeros(looks.size, dtype=np.int64)
    for index in range(looks.size - 1, -1, -1):
        path[index] = state
        state = int(came_from[index, state])
    return path


def _segment_surface(data: Bytes, start: int, stop: int, fallback: Kind) -> list[Segment]:
    """Find rows or channels piece by piece; a piece without an answer of its own follows its neighbours."""
    centred = is_centred(data, start, stop)
    count = max(1, (stop - start) // _PIECE_BYTES)
    bounds = [start + index * _PIECE_BYTES for index in range(count)] + [stop]
    surfaces: list[Surface | None] = []
    hint: Surface | None = None
    misses = 0
    for begin, end in itertools.pairwise(bounds):
        # A search costs as much as looking at 1 MB: give up where it fails again and again.
        surface = find_surface(data, begin, end, hint, centred) if misses < _MAX_MISSES else None
        misses = 0 if surface and surface == hint else misses + 1
        hint = surface or hint
        surfaces.append(surface)
    answers = [surface for surface in surfaces if surface]
    if not answers:
        return [Segment(fallback, stop - start)]
    for index in range(1, count - 1):  # one strange width between equal ones is a chance fit
        if surfaces[index - 1] == surfaces[index + 1]:
            surfaces[index] = surfaces[index - 1]
    common = max(dict.fromkeys(answers), key=answers.count)
    segments: list[Segment] = []
    for (begin, end), surface in zip(itertools.pairwise(bounds), surfaces, strict=True):
        if surface and (surface.kind is Kind.AUDIO8) == (common.kind is Kind.AUDIO8):
            common = surface
        segments.append(Segment(common.kind, end - begin, common.parameter))
    return _merge(segments)


def _segment_wave(start: int, stop: int, waves: list[Wave]) -> list[Segment]:
    odd = sum(wave.phase for wave in waves)
    phase = 1 if 2 * odd > len(waves) else 0
    stereo = sum(wave.channels == 2 for wave in waves)
    first = start + ((start ^ phase) & 1)
    head = [Segment(Kind.BINARY, first - start)] if first > start else []
    return [*head, Segment(Kind.AUDIO16, stop - first, 2 if 2 * stereo > len(waves) else 1)]

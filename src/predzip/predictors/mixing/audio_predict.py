"""From the samples before to a prediction of the next one, and learning from it.

    samples --> five least-squares systems (order, memory) --> reference (mean of two)
    their differences, errors one pitch period ago ----------> joining system
    errors of the reference joined so far -------------------> filters of 256 and 16 taps --> final prediction

The systems of a stereo channel see both channels, interleaved: the second one already knows the first one's sample
of the same instant.
"""

from __future__ import annotations

import numpy as np

from predzip.jit import kernel
from predzip.predictors.mixing.audio_lms import filter_predict, filter_train
from predzip.predictors.mixing.audio_model import (
    EXPERTS,
    FILTER_TAPS,
    FILTERS,
    FINAL_FAST,
    FINAL_SLOW,
    FIRST_SYSTEM,
    FRACTION_BITS,
    GROWTHS,
    JOIN_GROWTH,
    JOIN_ORDER,
    JOIN_RIDGE_SHIFT,
    JOIN_TAPS,
    LONGEST,
    ORDERS,
    PITCH,
    PLACE,
    RIDGE_SHIFT,
    ROOM,
    STRIDE,
    SYSTEMS,
    TIME,
    WARM,
    WARMTH,
    AudioModel,
)
from predzip.predictors.mixing.audio_pitch import LAGS, best_lag, track
from predzip.predictors.mixing.audio_scales import trust
from predzip.predictors.mixing.audio_squares import (
    COEFFICIENT_BITS,
    GAIN_ONE,
    accumulate,
    factorise,
    halve,
    predict,
    substitute,
)

_LIMIT = 1 << (15 + FRACTION_BITS)
_ERROR_SHIFT = 6  # errors as regressors count 1/4 internal unit in 16 bits
_SHORT_LIMIT = (1 << 15) - 1
_WEIGHTED_LIMIT = 1 << 29
_FILTER_RATE_SHIFT = 6
_FILTER_FLOOR_SHIFT = 6
_SOLVE_MASK = 3  # each system is solved every fourth sample, in turn
_PITCH_MASK = 15
_RATE_FINAL, _RATE_FAST, _RATE_SLOW, _RATE_SYSTEM, _RATE_TRUST = 5, 2, 6, 2, 3


@kernel
def _short(value: int) -> int:
    return min(max(value, -_SHORT_LIMIT), _SHORT_LIMIT)


@kernel
def predict_sample(model: AudioModel, channel: int) -> int:
    """Final prediction of the channel's next sample, in 1/256 internal unit; fills `predictions`."""
    place = model.past_place[0]
    past = model.past[place : place + STRIDE]
    guesses = model.predictions
    for k in range(SYSTEMS):
        guess = predict(model.coefficients[channel, k], past, ORDERS[k]) >> (COEFFICIENT_BITS - FRACTION_BITS)
        guesses[k] = min(max(guess, -_LIMIT), _LIMIT)
    reference = (guesses[1] + guesses[2]) >> 1
    differences = model.differences
    for k in range(SYSTEMS):
        differences[k] = _short((guesses[k] - reference) >> _ERROR_SHIFT)
    place = model.clock[channel, PLACE]
    around = place + model.clock[channel, PITCH] - 1 - JOIN_TAPS // 2
    for k in range(JOIN_TAPS):
        differences[SYSTEMS + k] = model.error_past[channel, 0, around + k]
    joined = predict(model.join_coefficients[channel], differences, JOIN_ORDER) >> (COEFFICIENT_BITS - _ERROR_SHIFT)
    joined = min(max(reference + joined, -_LIMIT), _LIMIT)
    final = joined
    for k in range(FILTERS):
        taps = FILTER_TAPS[k]
        seen = model.error_past[channel, 1 + k, place : place + taps]
        output = filter_predict(model.filter_weights[channel, k, :taps], seen)
        model.filter_outputs[k] = output
        final += output << _ERROR_SHIFT
    final = min(max(final, -_LIMIT), _LIMIT)
    guesses[SYSTEMS] = reference
    guesses[SYSTEMS + 1] = joined
    guesses[SYSTEMS + 2] = final
    return int(final)


@kernel
def _learn_systems(model: AudioModel, channel: int, value: int, quality: int) -> None:
    place = model.past_place[0]
    past = model.past[place : place + STRIDE]
    greatest = max(1, int(abs(value)))
    for i in range(LONGEST):
        greatest = max(greatest, int(abs(np.int64(past[i]))))
    quality = min(quality, _WEIGHTED_LIMIT // greatest)
    weighted = model.weighted
    time = model.clock[channel, TIME]
    for k in range(SYSTEMS):
        order = ORDERS[k]
        sums = model.sums[channel, k]
        gain = model.gains[channel, k]
        factor = (quality * gain) // GAIN_ONE
        for i in range(order):
            weighted[i] = np.int64(past[i]) * factor
        accumulate(sums, past, weighted, value, value * factor, order)
        gain += (gain * GROWTHS[k]) // GAIN_ONE
        if gain >= 2 * GAIN_ONE:
            gain >>= 1
            halve(sums)
        model.gains[channel, k] = gain
        if (time + k) & _SOLVE_MASK == 0 and factorise(sums, model.factor, model.roots, order, RIDGE_SHIFT, 0):
            substitute(model.factor, model.roots, model.rest, model.coefficients[channel, k], order)


@kernel
def _learn_join(model: AudioModel, channel: int, target: int, quality: int) -> None:
    """The joining system and the pitch; `target` is the error of the reference."""
    differences, weighted, sums = model.differences, model.weighted, model.join_sums[channel]
    greatest = max(1, int(abs(target)))
    for i in range(JOIN_ORDER):
        greatest = max(greatest, int(abs(np.int64(differences[i]))))
    quality = min(quality, _WEIGHTED_LIMIT // greatest)
    gain = model.gains[channel, SYSTEMS]
    factor = (quality * gain) // GAIN_ONE
    for i in range(JOIN_ORDER):
        weighted[i] = np.int64(differences[i]) * factor
    accumulate(sums, differences, weighted, target, target * factor, JOIN_ORDER)
    gain += (gain * JOIN_GROWTH) // GAIN_ONE
    if gain >= 2 * GAIN_ONE:
        gain >>= 1
        halve(sums)
    model.gains[channel, SYSTEMS] = gain
    clock = model.clock[channel]
    if clock[TIME] & _SOLVE_MASK == 0 and factorise(
        sums, model.factor, model.roots, JOIN_ORDER, RIDGE_SHIFT, JOIN_RIDGE_SHIFT
    ):
        substitute(model.factor, model.roots, model.rest, model.join_coefficients[channel], JOIN_ORDER)
    place = clock[PLACE]
    track(model.pitch_sums[channel], model.error_past[channel, 0, place : place + LAGS], target * quality)
    if clock[TIME] & _PITCH_MASK == 0:
        clock[PITCH] = best_lag(model.pitch_sums[channel], clock[PITCH])


@kernel
def _learn_filters(model: AudioModel, channel: int, reference_error: int, error: int) -> None:
    """The cascade of filters and the histories of errors; `error` is that of the joined prediction."""
    place = model.clock[channel, PLACE]
    histories = model.error_past[channel]
    before = place - 1 if place > 0 else ROOM - 1
    newest = (reference_error, error, _short(error - model.filter_outputs[0]))
    for k in range(FILTERS):
        taps = FILTER_TAPS[k]
        seen = histories[1 + k, place : place + taps]
        missed = newest[1 + k] - model.filter_outputs[k]
        energy = model.filter_energy[channel, k]
        floor = taps << _FILTER_FLOOR_SHIFT
        filter_train(model.filter_weights[channel, k, :taps], seen, _short(missed), energy + floor, _FILTER_RATE_SHIFT)
        oldest = np.int64(seen[taps - 1])
        model.filter_energy[channel, k] = energy + newest[1 + k] * newest[1 + k] - oldest * oldest
    for k in range(3):
        history = histories[k]
        if place == 0:
            for i in range(LAGS):
                history[ROOM + i] = history[i]
        history[before] = newest[k]
    model.clock[channel, PLACE] = before


@kernel
def learn_sample(model: AudioModel, channel: int, value: int) -> None:
    """Learn the sample (internal units) that `predict_sample` and the experts of the coder were asked about."""
    guesses, clock, errors = model.predictions, model.clock[channel], model.errors[channel]
    truth = value << FRACTION_BITS
    quality = trust(model.trust_error[channel] >> FRACTION_BITS, model.geometry[WARM])
    _learn_systems(model, channel, value, quality)
    reference_error = _short((truth - guesses[SYSTEMS]) >> _ERROR_SHIFT)
    _learn_join(model, channel, reference_error, quality)
    _learn_filters(model, channel, reference_error, _short((truth - guesses[SYSTEMS + 1]) >> _ERROR_SHIFT))

    # At the start errors are plain means, so that the first samples set the scale.
    warmth = clock[WARMTH]
    for k in range(EXPERTS):
        rate = _RATE_SYSTEM if k >= FIRST_SYSTEM else _RATE_FINAL
        if k == FINAL_FAST:
            rate = _RATE_FAST
        elif k == FINAL_SLOW:
            rate = _RATE_SLOW
        errors[k] += ((abs(truth - model.centres[k]) << 8) - errors[k]) >> min(rate, warmth)
    miss = abs(truth - guesses[SYSTEMS + 2]) << 8
    model.trust_error[channel] += (miss - model.trust_error[channel]) >> min(_RATE_TRUST, warmth)
    if clock[TIME] > (1 << warmth):
        clock[WARMTH] = min(warmth + 1, 10)
    clock[TIME] += 1

    place = model.past_place[0]
    if place == 0:
        for i in range(STRIDE):
            model.past[ROOM + i] = model.past[i]
        place = ROOM
    model.past[place - 1] = value
    model.past_place[0] = place - 1

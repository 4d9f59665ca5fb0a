"""One step of one lane: take a byte, predict the next. The kernel that decides how fast the prior is.

Nearly all the time goes into `multiply`, which `vectors` does 64 rows at a time. The order of its sums cannot matter,
since they are sums of integers that fit; every float here is computed from its own operands alone, so vector width and
processor cannot matter either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predzip.jit import inlined, kernel
from predzip.predictors.mixing.int32 import add32, mul32
from predzip.predictors.neural.recurrent.adapt import add_learnt, learn
from predzip.predictors.neural.recurrent.contexts import find_rows, take_byte
from predzip.predictors.neural.recurrent.network import ACTIVATION_MAX, ACTIVATION_ONE, Lanes, Network
from predzip.predictors.neural.recurrent.tables import EXP_MINUS, EXP_REACH, SIGMOID, SIGMOID_REACH, STEPS_OF_ONE
from predzip.predictors.neural.recurrent.vectors import BLOCK_ROWS, LOW_OFFSET, WEIGHTS_AT_ONCE, block_sums

FREQUENCY_TOTAL = 1 << 22
"""Frequencies of a row sum to this at most."""
_LEAST_FREQUENCY = 16
_SPREAD = float(FREQUENCY_TOTAL - 256 * _LEAST_FREQUENCY)

_Floats = NDArray[np.float32]
_Shorts = NDArray[np.int16]
_Ints = NDArray[np.int32]

_FIXED_ONE = np.float32(4096.0)
_WIDE_MAX = np.float32(1 << 24)
_EPSILON = 1e-5
_REACH = np.float32(SIGMOID_REACH)
_STEPS = np.float32(STEPS_OF_ONE)
_SIGMOID_LAST = np.float32(2 * SIGMOID_REACH * STEPS_OF_ONE)
_EXP_LAST = np.float32(EXP_REACH * STEPS_OF_ONE)
_HALF = np.float32(0.5)
_ZERO = np.float32(0.0)
_SHORT_MAX = np.int32(ACTIVATION_MAX)
_LOW_OFFSET = np.int32(LOW_OFFSET)


@inlined
def multiply(
    weights: _Shorts,
    activation: _Shorts,
    scale: _Floats,
    factor: np.float32,
    sums: _Ints,
    result: _Floats,
) -> None:
    """Result = weights @ activation * (scale * factor).

    Args:
        weights: packed, (B, K / 4, 128); see `vectors`.
        activation: (K,).
        scale: (R,).
        factor: what one unit of the activation stands for.
        sums: scratch, (64,).
        result: (R,), filled.
    """
    offset = np.int32(0)
    for k in range(0, WEIGHTS_AT_ONCE * weights.shape[1], WEIGHTS_AT_ONCE):
        offset = add32(offset, add32(np.int32(activation[k]), np.int32(activation[k + 1])))
    offset = mul32(offset, _LOW_OFFSET)
    rows = result.shape[0]
    for block in range(weights.shape[0]):
        block_sums(weights, block, activation, offset, sums)
        first = block * BLOCK_ROWS
        for j in range(min(BLOCK_ROWS, rows - first)):
            result[first + j] = np.float32(sums[j]) * (scale[first + j] * factor)


@inlined
def _to_fixed(values: _Floats, wide: _Ints, count: int) -> None:
    """1/4096 as integers, rounded to nearest, cut to 25 bits with sign."""
    for i in range(count):
        value = min(max(values[i] * _FIXED_ONE, -_WIDE_MAX), _WIDE_MAX)
        wide[i] = np.int32(np.rint(value))


@inlined
def normalise(stream: _Floats, wide: _Ints, activation: _Shorts) -> None:
    """Activation = stream / root mean square, in 1/ACTIVATION_ONE."""
    count = stream.shape[0]
    _to_fixed(stream, wide, count)
    squares = np.int64(0)
    for i in range(count):
        squares += np.int64(wide[i]) * np.int64(wide[i])
    mean = float(squares) / (4096.0 * 4096.0 * count)
    factor = np.float32(ACTIVATION_ONE / np.sqrt(mean + _EPSILON) / 4096.0)
    for i in range(count):
        value = np.int32(np.rint(np.float32(wide[i]) * factor))
        activation[i] = np.int16(min(max(value, -_SHORT_MAX), _SHORT_MAX))


@inlined
def shrink(values: _Floats, wide: _Ints, activation: _Shorts, count: int) -> np.float32:
    """Bring values to 16-bit integers by a power of two; return what one unit stands for."""
    _to_fixed(values, wide, count)
    greatest = np.int32(0)
    for i in range(count):
        greatest = max(greatest, abs(wide[i]))
    shift = np.int32(0)
    while greatest >> shift > _SHORT_MAX:
        shift += np.int32(1)
    for i in range(count):
        activation[i] = np.int16(wide[i] >> shift)
    return np.float32(np.int64(1) << np.int64(shift)) / _FIXED_ONE


@inlined
def sigmoid(x: np.float32) -> np.float32:
    """1 / (1 + e^-x), to the nearest 1/256 of x."""
    index = min(max((x + _REACH) * _STEPS + _HALF, _ZERO), _SIGMOID_LAST)
    return np.float32(SIGMOID[np.uint64(np.int64(index))])


@inlined
def _embed(network: Network, lanes: Lanes, history: NDArray[np.uint64]) -> None:
    find_rows(lanes.rows, history, network.orders, network.row_bits)
    width = network.tables.shape[1]
    for i in range(lanes.rows.shape[0]):
        row = network.tables[network.table_starts[i] + lanes.rows[i]]
        factor = np.int32(network.table_factors[i])
        part = lanes.inputs[i * width : (i + 1) * width]
        for k in range(width):
            part[k] = np.int16(np.int32(row[k]) * factor)
    multiply(network.table_weights, lanes.inputs, network.table_scale, np.float32(1.0), lanes.sums, lanes.stream)
    last = network.embedding[history[0] & np.uint64(255)]
    for i in range(lanes.stream.shape[0]):
        lanes.stream[i] += last[i]


@inlined
def _recur(network: Network, lanes: Lanes, layer: int, state: _Floats) -> None:
    count = state.shape[0]
    unit = np.float32(1.0 / ACTIVATION_ONE)
    normalise(lanes.stream, lanes.wide, lanes.activation)
    width = lanes.stream.shape[0]
    gates = lanes.gates
    multiply(network.gate_weights[layer], lanes.activation[:width], network.gate_scale[layer], unit, lanes.sums, gates)
    bias = network.gate_bias[layer]
    for i in range(gates.shape[0]):
        gates[i] += bias[i]
    for i in range(count):
        forget = sigmoid(gates[i])
        new = gates[count + i]
        state[i] = new + forget * (state[i] - new)
        gate = gates[2 * count + i]
        lanes.middle[i] = state[i] * (gate * sigmoid(gate))
    unit = shrink(lanes.middle, lanes.wide, lanes.activation, count)
    inputs, change = lanes.activation[:count], gates[:width]
    multiply(network.state_weights[layer], inputs, network.state_scale[layer], unit, lanes.sums, change)
    for i in range(width):
        lanes.stream[i] += change[i]


@inlined
def _feed_forward(network: Network, lanes: Lanes, layer: int) -> None:
    width = lanes.stream.shape[0]
    hidden = network.up_scale.shape[1]
    unit = np.float32(1.0 / ACTIVATION_ONE)
    normalise(lanes.stream, lanes.wide, lanes.activation)
    middle = lanes.middle[:hidden]
    multiply(network.up_weights[layer], lanes.activation[:width], network.up_scale[layer], unit, lanes.sums, middle)
    for i in range(hidden):
        positive = max(middle[i], _ZERO)
        middle[i] = positive * positive
    unit = shrink(middle, lanes.wide, lanes.activation, hidden)
    change = lanes.gates[:width]
    multiply(
        network.down_weights[layer], lanes.activation[:hidden], network.down_scale[layer], unit, lanes.sums, change
    )
    for i in range(width):
        lanes.stream[i] += change[i]


@inlined
def _to_frequencies(logits: _Floats, frequencies: NDArray[np.uint32]) -> None:
    """Softmax into integers: at least 16 each, at most FREQUENCY_TOTAL in all."""
    greatest = logits[0]
    for i in range(256):
        greatest = max(greatest, logits[i])
    total = np.int64(0)
    for i in range(256):
        index = min((greatest - logits[i]) * _STEPS + _HALF, _EXP_LAST)
        value = EXP_MINUS[np.uint64(np.int64(index))]
        frequencies[i] = value
        total += np.int64(value)
    factor = _SPREAD / float(total)
    for i in range(256):
        frequencies[i] = np.uint32(np.int64(float(frequencies[i]) * factor) + _LEAST_FREQUENCY)


@kernel
def predict_lane(network: Network, lanes: Lanes, lane: int, byte: int, frequencies: NDArray[np.uint32]) -> None:
    """Take the byte that came in a lane (0 before its first) and predict the next one.

    Args:
        network: the weights.
        lanes: the state; that of `lane` moves on.
        lane: which one.
        byte: 0..255.
        frequencies: shape (1, 256), filled: no zero, sum at most FREQUENCY_TOTAL; where the lanes adapt (2, 256), the
            second row by the output layer that has learnt on the way.
    """
    history = lanes.history[lane]
    adapts = lanes.learnt.shape[0] > 0
    if adapts:
        if lanes.has_guessed[lane]:
            learn(lanes, lane, byte)
        lanes.has_guessed[lane] = 1
    take_byte(history, byte)
    _embed(network, lanes, history)
    for layer in range(network.gate_weights.shape[0]):
        _recur(network, lanes, layer, lanes.states[lane, layer])
        _feed_forward(network, lanes, layer)
    normalise(lanes.stream, lanes.wide, lanes.activation)
    width = lanes.stream.shape[0]
    unit = np.float32(1.0 / ACTIVATION_ONE)
    multiply(network.output_weights, lanes.activation[:width], network.output_scale, unit, lanes.sums, lanes.logits)
    for i in range(256):
        lanes.logits[i] += network.output_bias[i]
    _to_frequencies(lanes.logits, frequencies[0])
    if adapts:
        add_learnt(lanes, lane, lanes.activation[:width], lanes.logits)
        _to_frequencies(lanes.logits, frequencies[1])
        for i in range(256):
            lanes.guesses[lane, i] = frequencies[1, i]


@kernel
def to_16_bits(fine: NDArray[np.uint32], frequencies: NDArray[np.uint16]) -> None:
    """Frequencies that sum to FREQUENCY_TOTAL at most become such that sum to 65,536 at most; no zero. Both (256,)."""
    for i in range(256):
        frequencies[i] = np.uint16(np.int64(fine[i]) * (65536 - 256) // FREQUENCY_TOTAL + 1)


@kernel
def evaluate_lane(
    network: Network,
    lanes: Lanes,
    lane: int,
    data: NDArray[np.uint8],
    wide: NDArray[np.uint32],
    frequencies: NDArray[np.uint16],
) -> None:
    """Predict every byte of a lane that is new: data (T,), wide (1, 256) scratch, frequencies (T, 256) filled."""
    byte = 0
    for t in range(data.shape[0]):
        predict_lane(network, lanes, lane, byte, wide)
        to_16_bits(wide[0], frequencies[t])
        byte = int(data[t])

"""The two layers of the mixer: weight sets that look at all inputs, final mixers that look at their answers.

Adds to `mixer`, which knows one weighted sum, how the sums stand together in a model.
"""

from __future__ import annotations

from predzip.jit import inlined
from predzip.predictors.mixing.histories import ask_for_lines
from predzip.predictors.mixing.logistic import SQUASH_MAX, STRETCH_MAX, squash
from predzip.predictors.mixing.mixer import dot, rated_error, train
from predzip.predictors.mixing.model import EXTRA_RATE, FINAL_RATE, GATES, RATE, WIDE, Model


@inlined
def mix_inputs(model: Model, final_row: int, final_row_2: int, final_row_3: int) -> int:
    """Stretched prediction of the two layers (of the one set, where there is only one gate)."""
    gates = model.settings[GATES]
    if gates == 1:
        x = dot(model.inputs, model.weights[model.rows[0]])
    else:
        for k in range(gates):
            answer = dot(model.inputs, model.weights[model.rows[k]])
            model.answers_p1[k] = squash(answer)
            model.answers[k] = min(max(answer, -STRETCH_MAX), STRETCH_MAX)
        x = dot(model.answers, model.final_weights[final_row])
        y = dot(model.answers, model.final_weights[256 + final_row_2])
        first = model.answers.shape[0]
        model.answers_p1[first] = squash(x)
        model.answers_p1[first + 1] = squash(y)
        x = min(max(x, -SQUASH_MAX), SQUASH_MAX) + min(max(y, -SQUASH_MAX), SQUASH_MAX)
        if model.settings[WIDE]:
            z = dot(model.answers, model.final_weights[512 + final_row_3])
            model.answers_p1[first + 2] = squash(z)
            x = ((x + min(max(z, -SQUASH_MAX), SQUASH_MAX)) * 21845) >> 16
        else:
            x >>= 1
    return min(max(x, -SQUASH_MAX), SQUASH_MAX)


@inlined
def learn_mix(model: Model, final_row: int, final_row_2: int, final_row_3: int, p1: int, bit: int, asks: int) -> None:
    """Train every weight set, and the final mixers, by what each said itself.

    Where `asks` is 1, the lines of the next contexts are asked for on the way: all at once would keep it waiting.
    """
    gates = model.settings[GATES]
    for k in range(gates):
        if asks:
            ask_for_lines(model, k, gates)
        row = model.rows[k]
        used = model.row_uses[row]
        model.row_uses[row] = used + 1
        rate = model.settings[RATE] + (model.settings[EXTRA_RATE] << 8) // (256 + used)
        answer_p1 = p1 if gates == 1 else int(model.answers_p1[k])
        train(model.inputs, model.weights[row], rated_error(bit, answer_p1, rate))
    if gates > 1:
        first = model.answers.shape[0]
        error = rated_error(bit, int(model.answers_p1[first]), int(model.settings[FINAL_RATE]))
        train(model.answers, model.final_weights[final_row], error)
        error = rated_error(bit, int(model.answers_p1[first + 1]), int(model.settings[FINAL_RATE]))
        train(model.answers, model.final_weights[256 + final_row_2], error)
        if model.settings[WIDE]:
            error = rated_error(bit, int(model.answers_p1[first + 2]), int(model.settings[FINAL_RATE]))
            train(model.answers, model.final_weights[512 + final_row_3], error)

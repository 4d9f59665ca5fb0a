"""The following of least squares against the same steps in plain Python integers, and against its purpose."""

from __future__ import annotations

import numpy as np

from predzip.jit import kernel
from predzip.predictors.mixing.pixels_least_squares import (
    NORMALISERS,
    SAMPLE_LIMIT,
    LeastSquares,
    enter_tile,
    learn_linear,
    leave_tile,
    new_least_squares,
    predict_linear,
)


class Reference:
    """One channel and two tiles, with lists of Python integers."""

    def __init__(self, order: int, tiles: int, blend: tuple[int, int, int], ridge: int) -> None:
        self.n, self.blend, self.ridge = order, blend, ridge
        self.r = [[ridge * (i == j) for j in range(order)] for i in range(order)]
        self.b = [0] * order
        self.w = [1 << 15, 1 << 15] + [0] * (order - 2)
        self.residual = [0] * order
        self.tiles = [([row[:] for row in self.r], self.b[:]) for _ in range(tiles)]

    def enter(self, tile: int, first: bool, prior: list[int]) -> None:
        left, above, right = self.blend
        if first:
            left, above = 0, above + left
        (r1, b1), (r2, b2) = self.tiles[tile], self.tiles[min(tile + 1, len(self.tiles) - 1)]
        span = range(self.n)
        self.r = [[(left * self.r[i][j] + above * r1[i][j] + right * r2[i][j]) >> 8 for j in span] for i in span]
        for i in span:
            self.r[i][i] += self.ridge
        self.b = [(left * self.b[i] + above * b1[i] + right * b2[i]) >> 8 for i in span]
        for i, coefficient in enumerate(prior):
            self.b[i] += (self.ridge * coefficient) >> 16
        self.residual = [(self.b[i] << 16) - sum(self.r[i][j] * self.w[j] for j in span) for i in span]

    def leave(self, tile: int) -> None:
        self.tiles[tile] = ([row[:] for row in self.r], self.b[:])

    def learn(self, sample: list[int], target: int) -> None:
        span = range(self.n)
        for i in span:
            self.b[i] += sample[i] * target
            for j in span:
                self.r[i][j] += sample[i] * sample[j]
        error = (target << 16) - sum(sample[i] * self.w[i] for i in span)
        for i in span:
            self.residual[i] += sample[i] * error
        for i in span:
            shift = max(self.r[i][i].bit_length() - 10, 0)
            delta = ((self.residual[i] >> shift) * ((1 << 19) // (self.r[i][i] >> shift))) >> 19
            new = min(max(self.w[i] + delta, -(8 << 16)), 8 << 16)
            step, self.w[i] = new - self.w[i], new
            for j in span:
                self.residual[j] -= step * self.r[i][j]


def test_same_as_plain_integers() -> None:
    order, tiles, blend, ridge = 6, 3, (99, 75, 74), 2000
    model = new_least_squares(1, order, tiles, blend, ridge)
    reference = Reference(order, tiles, blend, ridge)
    rng = np.random.default_rng(5)
    for step in range(40 * tiles):
        tile = step % tiles
        prior = rng.integers(-65536, 65536, 4).astype(np.int32)  # shorter than the predictor
        enter_tile(model, 0, tile, tile == 0, prior)
        reference.enter(tile, tile == 0, [int(v) for v in prior])
        for _ in range(8):
            sample = rng.integers(-SAMPLE_LIMIT, SAMPLE_LIMIT + 1, order).astype(np.int32)
            sample[3] = sample[2] + rng.integers(-1, 2)  # nearly collinear: coefficients run to their limits
            target = int(rng.integers(-2047, 2048))
            learn_linear(model, 0, sample, target)
            reference.learn([int(v) for v in sample], target)
        leave_tile(model, 0, tile)
        reference.leave(tile)
        assert model.coefficients[0].tolist() == reference.w
        assert model.residual[0].tolist() == reference.residual
        assert model.covariance[0].tolist() == reference.r


@kernel
def _feed(model: LeastSquares, samples: np.ndarray, targets: np.ndarray) -> None:
    for t in range(targets.shape[0]):
        if t % 8 == 0:
            enter_tile(model, 0, 0, False, model.coefficients[0])
        learn_linear(model, 0, samples[t], targets[t])


def test_finds_the_coefficients() -> None:
    rng = np.random.default_rng(6)
    truth = np.array([0.9, 0.7, -0.6, 0.1, -0.25, 0.05])
    common = rng.normal(0, 80, 2000)
    samples = np.clip(common[:, None] + rng.normal(0, 40, (2000, 6)), -511, 511).astype(np.int32)
    targets = np.rint(samples @ truth + rng.normal(0, 2, 2000)).astype(np.int64)
    model = new_least_squares(1, 6, 1, (255, 0, 0), 700)
    _feed(model, samples, targets)
    assert np.abs(model.coefficients[0] / 65536 - truth).max() < 0.02
    sample = samples[7]
    assert predict_linear(sample, model.coefficients[0]) == sum(
        int(s) * int(w) for s, w in zip(sample, model.coefficients[0], strict=True)
    )


def test_sums_stay_in_their_words() -> None:
    """The longest memory there is, fed with the largest samples for long."""
    model = new_least_squares(1, 4, 1, (255, 0, 0), 2000)
    samples = np.full((40_000, 4), SAMPLE_LIMIT, np.int32)
    samples[:, 1::2] *= -1
    _feed(model, samples, np.full(40_000, 2047, np.int64))
    assert model.covariance[0, 0, 0] > 1 << 28
    assert (np.abs(model.covariance[0].astype(np.int64)) < 1 << 30).all()
    assert (np.sign(model.covariance[0]) == np.array([[1, -1, 1, -1], [-1, 1, -1, 1]] * 2)).all()


def test_normalisers_fall_as_the_activity_rises() -> None:
    activity = np.arange(len(NORMALISERS)) + 8
    np.testing.assert_allclose(NORMALISERS, 40 * 65536 / activity**0.75, rtol=1e-3)

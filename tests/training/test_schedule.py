from __future__ import annotations

import pytest

from predzip.errors import UsageError
from predzip.training.schedule import Budget, Schedule


def test_budget_by_steps_and_by_minutes() -> None:
    assert Budget(steps=40).fraction(10, 99.0) == 0.25
    assert Budget(minutes=2).fraction(10, 30.0) == 0.25
    assert Budget(steps=40).seconds_left(10, 30.0) == 90.0
    assert Budget(minutes=2).seconds_left(10, 30.0) == 90.0


@pytest.mark.parametrize("wrong", [{}, {"minutes": 1.0, "steps": 1}, {"steps": 0}, {"minutes": -1.0}])
def test_budget_is_one_of_two(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Budget(**wrong)  # type: ignore[arg-type]


def test_warm_up_constant_decay() -> None:
    schedule = Schedule(warm_up_steps=10, decay=0.2, floor=0.01)
    assert schedule.factor(0, 0.0) == pytest.approx(0.1)
    assert schedule.factor(9, 0.1) == 1.0
    assert schedule.factor(500, 0.79) == 1.0
    assert schedule.factor(500, 0.9) == pytest.approx(0.5)
    assert schedule.factor(500, 1.0) == 0.01

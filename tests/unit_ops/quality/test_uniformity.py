"""Acceptance value of USP <905>: every branch by hand, and the share of batches that pass."""

from __future__ import annotations

import numpy as np
import pytest

from unit_ops.quality.uniformity import judge, reference_value


def units(mean: float, s: float, count: int) -> np.ndarray:
    """Contents with exactly this mean and standard deviation."""
    spread = np.linspace(-1.0, 1.0, count)
    return mean + s * spread / np.std(spread, ddof=1)


@pytest.mark.parametrize(
    ("mean", "target", "M"),
    [
        (95.0, 100.0, 98.5),
        (98.5, 100.0, 98.5),
        (100.2, 100.0, 100.2),
        (103.0, 100.0, 101.5),
        (103.0, 105.0, 103.0),
        (107.0, 105.0, 105.0),
        (95.0, 105.0, 98.5),
    ],
)
def test_the_reference_value(mean: float, target: float, M: float) -> None:
    assert reference_value(mean, target) == M


@pytest.mark.parametrize(
    ("mean", "s", "count", "value"),
    [(100.0, 2.0, 10, 4.8), (95.0, 2.0, 10, 8.3), (104.0, 3.0, 10, 9.7), (100.0, 2.0, 30, 4.0), (95.0, 4.0, 30, 11.5)],
)
def test_the_acceptance_value_by_hand(mean: float, s: float, count: int, value: float) -> None:
    found = judge(units(mean, s, count))
    assert (found.mean, found.s, found.value) == pytest.approx((mean, s, value), abs=1e-10)
    assert found.passed


def test_a_wide_batch_fails_stage_one_and_may_pass_stage_two() -> None:
    assert not judge(units(100.0, 6.5, 10)).passed  # 2.4 x 6.5 = 15.6
    assert judge(units(100.0, 6.5, 30)).passed  # 2.0 x 6.5 = 13


def test_one_tablet_far_out_fails_stage_two_only() -> None:
    """A quarter off the reference value of 100.0 or more is not allowed, though the acceptance value is met."""
    contents = np.full(30, 100.0)
    contents[:2] = 74.0, 126.0
    found = judge(contents)
    assert found.value < 15.0
    assert (found.outside, found.passed) == (2, False)
    contents[:2] = 75.0, 125.0
    assert judge(contents).passed


def test_limits_of_single_tablets_are_about_the_reference_value() -> None:
    """Mean 95, so M = 98.5: a quarter below it is 73.875, whatever the mean."""
    for content, outside in ((73.8, 1), (74.0, 0)):
        contents = np.full(30, (30.0 * 95.0 - content) / 29.0)
        contents[0] = content
        found = judge(contents)
        assert found.mean == pytest.approx(95.0, rel=1e-12)
        assert found.value < 15.0
        assert (found.outside, found.passed) == (outside, outside == 0)


@pytest.mark.parametrize("contents", [np.full(12, 100.0), [*[100.0] * 9, float("nan")], np.full((2, 5), 100.0)])
def test_what_cannot_be_judged_is_refused(contents: object) -> None:
    with pytest.raises(ValueError, match=r"10 or 30|no number"):
        judge(contents)  # type: ignore[arg-type]

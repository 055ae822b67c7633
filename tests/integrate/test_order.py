"""Observed order of the methods: slope of error against step and against tolerance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.integrate.problems import problem
from twin.integrate.allocate import Event, Kind
from twin.integrate.integrator import Integrator
from twin.integrate.tableaux import METHODS

pytestmark = pytest.mark.parametrize("method", METHODS)
ORDER = {"rodas4p": 4, "rodas4p2": 4, "rodas5p": 5}


def pendulum(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -math.sin(y[0])


def prothero(t, y, p, dy):
    """Stiff, non-autonomous, with exact solution sin t."""
    dy[0] = -1e4 * (y[0] - math.sin(t)) + math.cos(t)


def forced(t, y, p, dy):
    """The forcing p[0] enters nonlinearly: its ramp is felt through the time derivative of the rates alone."""
    dy[0] = -y[0] + p[0] * p[0]


def forced_total(t, y, p, rate):
    rate[0] = p[0] * p[0] * y[0]


def end_with_steps(plant, method, h, until, events=()):
    """Integrate with steps of h: the tolerance rejects none, the largest step is h."""
    run = Integrator(plant, method=method, rtol=1e3, max_step=h, events=events)
    run._memory.resume[1] = h
    assert not run.advance(until).outcome.failed
    assert run.statistics["rejected"] == 0
    assert run.statistics["steps"] <= round(until / h) + 2
    return run


def slope(errors: list[float]) -> float:
    """Mean slope over halvings of the step."""
    return float(np.mean(np.diff(-np.log2(errors))))


def test_order_on_smooth_problems(method):
    plant = problem(pendulum, [1.0, 0.0])
    reference = Integrator(plant, method=method, rtol=1e-12)
    reference.advance(8.0)
    errors = [np.abs(end_with_steps(plant, method, h, 8.0).y - reference.y).max() for h in (0.2, 0.1, 0.05, 0.025)]
    # the coarsest step is not yet where only the leading term counts
    assert ORDER[method] - 0.3 < slope(errors) < ORDER[method] + 0.6


def test_time_dependence_keeps_the_order(method):
    """A Rosenbrock method without the time derivative of f falls to order 1 here."""
    plant = problem(prothero, [0.0], time_dependent=True)
    errors = [abs(end_with_steps(plant, method, h, 2.0).y[0] - math.sin(2.0)) for h in (0.2, 0.1, 0.05)]
    # the order of all methods is 4 or more on this stiff problem, up to terms of 1/stiffness
    assert slope(errors) > 2.8
    assert errors[-1] < 1e-6


def test_ramps_keep_the_order(method):
    """p = t over [0, 1], then 1: y and its quadrature are known exactly."""
    plant = problem(forced, [0.0], p=[0.0], quadratures=forced_total, n_q=1)
    events = [Event(0.0, Kind.RAMP, 0, 1.0, duration=1.0)]
    # y = t^2 - 2 t + 2 - 2 exp(-t) up to 1, then 1 + (y(1) - 1) exp(1 - t)
    at_1 = 1.0 - 2.0 * math.exp(-1.0)
    exact = 1.0 + (at_1 - 1.0) * math.exp(-1.0)
    # integral of t^2 y over [0, 1], then of y over [1, 2]
    before = 1 / 5 - 2 / 4 + 2 / 3 - 2.0 * (2.0 - 5.0 * math.exp(-1.0))
    total = before + 1.0 + (at_1 - 1.0) * (1.0 - math.exp(-1.0))
    errors, totals = [], []
    for h in (0.25, 0.125, 0.0625):
        run = end_with_steps(plant, method, h, 2.0, events)
        errors.append(abs(run.y[0] - exact))
        totals.append(abs(run.q[0] - total))
        assert run.p[0] == 1.0
    assert slope(errors) > 3.6
    assert slope(totals) > 3.4


def test_error_follows_the_tolerance(method):
    """Smaller tolerances give smaller errors, roughly in proportion (the embedded order is one less)."""
    plant = problem(pendulum, [1.0, 0.0])
    reference = Integrator(plant, method=method, rtol=1e-12)
    reference.advance(20.0)
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        run = Integrator(plant, method=method, rtol=rtol)
        run.advance(20.0)
        errors.append(np.abs(run.y - reference.y).max())
        assert errors[-1] < 100 * rtol
    assert 0.7 < np.mean(np.diff(np.log10(errors))) / -2.0 < 1.4


def test_dense_output_has_one_order_less(method):
    """Samples between steps, against those of steps so short that it does not count."""
    plant = problem(pendulum, [1.0, 0.0])
    exact, got = {}, []
    for h, keep in ((1e-3, exact), (0.2, None), (0.1, None), (0.05, None)):
        blocks = []
        run = Integrator(plant, method=method, rtol=1e3, max_step=h, every=0.13, samples=blocks.append)
        run._memory.resume[1] = h
        run.advance(4.0)
        y = np.concatenate([b.y for b in blocks])
        if keep is not None:
            exact["y"] = y
        else:
            got.append(np.abs(y - exact["y"]).max())
    assert slope(got) > ORDER[method] - 1.3

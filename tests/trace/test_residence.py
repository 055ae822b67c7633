"""Virtual tracer through the engine: analytic residence times (verification 3.1), and particles where flow changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trace.plants import TAU, F, M, blender
from tests.unit_ops.powder.test_blender import TANKS_IN_SERIES
from tests.unit_ops.powder.test_dispersion_blender import DISPERSION, THETA
from tests.verification.record import record
from tests.verification.test_attenuation import PULSES, WIDTHS
from twin.trace import analytic
from twin.trace.replay import replay
from twin.trace.rtd import residence, step_response

STEADY = "duration: 20 min\nrecord: 60 s\nsolver: {method: rodas4p, rtol: 1e-8}\n"


@pytest.mark.parametrize("row", TANKS_IN_SERIES, ids=lambda row: f"n={row[0]}")
def test_tanks_in_series(row: tuple[float, ...], tmp_path: Path) -> None:
    """E and F at θ = 0.5, 1, 2; mean and variance; the funnel: all by a pulse into the running plant."""
    n = int(row[0])
    _, found = replay(blender(tmp_path, n, STEADY))
    curve = residence(found["total"], "powder", "blend", 0.0, steady=True, tolerance=1e-11)
    E = [float((curve.share(TAU * t + 0.01) - curve.share(TAU * t - 0.01))[0]) / 0.02 * TAU for t in (0.5, 1.0, 2.0)]
    shares = [float(curve.share(TAU * t)[0]) for t in (0.5, 1.0, 2.0)]
    assert [*E, *shares] == pytest.approx(row[1:], abs=1e-6)
    assert curve.mean == pytest.approx(TAU, rel=1e-7)
    assert curve.variance == pytest.approx(TAU**2 / n, rel=1e-6)
    assert curve.tanks == pytest.approx(n, rel=1e-6)
    # what is left in the plant when the curve ends
    assert curve.arrived == pytest.approx(1.0, abs=1e-7)
    for name, wanted, got in zip(("0.5", "1", "2"), row[4:], shares, strict=True):
        record("Tracer on the plant, tanks in series", "closed form", f"F({name}), n = {n}", wanted, got)
    if n in PULSES:
        assert curve.attenuation(np.array(WIDTHS) * TAU) == pytest.approx(PULSES[n], abs=1e-6)
    median = curve.percentile(50.0) / TAU
    assert analytic.tanks_step(np.array([median]), n)[0] == pytest.approx(0.5, abs=1e-6)


def test_axial_dispersion_is_of_second_order_and_extrapolates_to_the_closed_form(tmp_path: Path) -> None:
    """Pe = 10: F and the variance on three grids; order at least 1.9, Richardson's value to 1e-5."""
    variance, steps, _ = DISPERSION[10.0]
    wanted = np.array([variance, *steps])
    values = []
    for n in (40, 80, 160):
        _, found = replay(blender(tmp_path / str(n), n, STEADY, Pe=10.0))
        curve = residence(found["total"], "powder", "blend", 0.0, steady=True, tolerance=1e-9)
        assert curve.mean == pytest.approx(TAU, rel=1e-6)
        values.append(np.array([curve.variance / TAU**2, *curve.share(TAU * np.array(THETA))]))
    errors = [float(np.sum(np.abs(value - wanted))) for value in values]
    order = float(np.log2(errors[1] / errors[2]))
    assert order >= 1.9
    extrapolated = (4.0 * values[2] - values[1]) / 3.0
    assert extrapolated == pytest.approx(wanted, abs=1e-5)
    for name, digits, got in zip(("variance", *(f"F({t:g})" for t in THETA)), wanted, extrapolated, strict=True):
        record("Tracer on the plant, axial dispersion", "Laplace inversion", f"{name}, Pe = 10", digits, got, order)


@pytest.mark.parametrize("Pe", DISPERSION)
def test_closed_forms(Pe: float) -> None:
    """The analytic dispersion curves that plants are compared with, against the table's digits."""
    variance, steps, density = DISPERSION[Pe]
    assert analytic.dispersion_variance(Pe) == pytest.approx(variance, abs=1e-10)
    assert analytic.peclet_of(variance) == pytest.approx(Pe, rel=1e-7)
    assert [analytic.dispersion_step(t, Pe) for t in THETA] == pytest.approx(steps, abs=2e-9)
    assert analytic.dispersion_density(1.0, Pe) == pytest.approx(density, abs=2e-9)


UNSTEADY = """\
duration: 10 min
record: 1 s
solver: {method: rodas4p, rtol: 1e-8}
events:
  - {at: 60 s, ramp: {powder.m_flow.mcc: 25 g/s}, over: 90 s}
  - {at: 200 s, set: {powder.m_flow.mcc: 4 g/s}}
"""


def particles(n: int, exponent: float, entered: float, until: np.ndarray, count: int) -> np.ndarray:
    """Share that has left by then: particles that hop on at the rate of their cell, from balances of our own.

    Holdups by Runge and Kutta of order 4 in small steps, hops by chance: nothing of the plant's code.
    """
    h, t = 0.02, 0.0
    held, hazard = np.full(n, M / n), []

    def feed(t: float) -> float:
        return 0.01 + 0.015 * min(max((t - 60.0) / 90.0, 0.0), 1.0) if t < 200.0 - 1e-9 else 0.004

    def leaving(m: np.ndarray) -> np.ndarray:
        return n * F / M * (m / (M / n)) ** (exponent - 1.0)

    def rate(t: float, m: np.ndarray) -> np.ndarray:
        out = leaving(m) * m
        return np.concatenate([[feed(t)], out[:-1]]) - out

    for _ in range(round(until[-1] / h)):
        hazard.append(leaving(held))
        a = rate(t, held)
        b = rate(t + 0.5 * h, held + 0.5 * h * a)
        c = rate(t + 0.5 * h, held + 0.5 * h * b)
        d = rate(t + h - 1e-12, held + h * c)
        held, t = held + h / 6.0 * (a + 2.0 * b + 2.0 * c + d), t + h
    random = np.random.default_rng(7)
    place, found, first = np.zeros(count, dtype=np.int64), [], round(entered / h)
    marks = {round(u / h) for u in until}
    for k in range(first, len(hazard)):
        middle = 0.5 * (hazard[k] + hazard[min(k + 1, len(hazard) - 1)])
        chance = np.append(-np.expm1(-middle * h), 0.0)
        place = place + (random.random(count) < chance[place])
        if k + 1 in marks:
            found.append(np.mean(place == n))
    return np.array(found)


def test_unsteady_flow_against_particles(tmp_path: Path) -> None:
    """Feed ramped up and cut, outflow not proportional to holdup: the share arrived within the sampling error."""
    n, count, exponent = 3, 20_000, 1.5
    _, found = replay(blender(tmp_path, n, UNSTEADY, exponent=exponent))
    curve = residence(found["total"], "powder", "blend", 50.0)
    until = np.array([80.0, 100.0, 120.0, 150.0, 190.0, 220.0, 300.0])
    traced = curve.share(until - 50.0)
    counted = particles(n, exponent, 50.0, until, count)
    # four standard deviations of a count; a hop at most once in 0.02 s displaces by 0.02 s at 0.02 1/s
    allowed = 4.0 * np.sqrt(traced * (1.0 - traced) / count) + 5e-4
    assert np.all(np.abs(traced - counted) < allowed), np.abs(traced - counted) / allowed
    # and the flow does matter: held as it was at the pulse, the curve is another
    held = residence(found["total"], "powder", "blend", 50.0, steady=True)
    assert np.max(np.abs(held.share(until - 50.0) - counted) / allowed) > 3.0


def test_a_step_is_the_sum_of_pulses(tmp_path: Path) -> None:
    """In steady flow the marked share of the product follows F."""
    _, found = replay(blender(tmp_path, 3, STEADY))
    time, share = step_response(found["total"], "powder", "blend", 0.0)
    assert share == pytest.approx(analytic.tanks_step(time / TAU, 3), abs=1e-6)

"""Rows left out and slopes kept make the Newton matrix cheaper, never the results wrong.

States of components that a unit never sees have no row until they come alive; a unit's slopes are
kept while nothing that it is evaluated from moves far.
"""

from __future__ import annotations

import numpy as np
import pytest

from twin import jit
from twin.config import load_plant
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind
from twin.integrate.cvode import Cvode
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant, evaluate
from twin.plant.absent import nothing


@pytest.fixture(scope="module")
def plant():
    """Two tanks of water that ethanol enters only when an event lets it."""
    return compile_plant(load_plant("two_tanks", {"spirit.m_flow.ethanol": "0 g/s"}))


def run(plant, method="rodas4p", lean=True, **options):
    place, _ = plant.parameter("spirit.m_flow.ethanol")
    kind = Cvode if method.startswith("cvode") else Integrator
    events = (Event(100.0, Kind.SET, place, 0.02),)
    made = kind(plant, method=method, rtol=1e-8, events=events, **options)
    if not lean:
        everything_present = nothing(plant.n_y, plant.n_w)
        made._memory.absent[:] = np.concatenate(everything_present)
        made._use(plant.jacobian_without(everything_present))
        if method != "rodas4p":
            made._make()
    return made


def test_ethanol_is_absent_until_it_is_fed(plant):
    names = {plant.label(i) for i in plant.jacobian.absent}
    assert names == {"first.m[ethanol]", "second.m[ethanol]"}


@pytest.mark.parametrize("method", ["rodas4p", "cvode", "cvode-gmres"])
def test_a_component_that_comes_alive_gets_its_rows(plant, method):
    if method != "rodas4p":
        pytest.importorskip("sksundae")
    lean, full = run(plant, method), run(plant, method, lean=False)
    for made in (lean, full):
        assert made.advance(2000.0).outcome is Outcome.FINISHED
    assert len(lean.jacobian.absent) == 0
    assert lean.y[plant.jacobian.absent].min() > 0.1  # kilograms of ethanol in each tank
    # the same equations at rtol 1e-8: error control may take other steps, 100 times that at most
    np.testing.assert_allclose(lean.y, full.y, rtol=1e-6)


def test_a_checkpoint_after_that_goes_on_with_the_same_bits(plant):
    whole, first = run(plant), run(plant)
    whole.advance(500.0)
    whole.advance(2000.0)
    first.advance(500.0)
    second = run(plant)
    second.restore(first.state())
    second.advance(2000.0)
    assert second.y.tobytes() == whole.y.tobytes()


def test_slopes_are_renewed_of_units_that_moved_and_of_all_when_a_parameter_changed():
    plant = compile_plant(load_plant("two_tanks", {"split.fraction": "0 %"}))  # nothing comes back to the first tank
    jit.arm(evaluate)
    T, J = plant.tables, plant.jacobian
    kept, kept_p = np.full(J.scale.shape[1], np.nan), np.full(plant.n_p, np.nan)
    buffers, p = evaluate.buffers(J), plant.p0.copy()
    values, q_values = np.zeros(len(J.column)), np.zeros(len(J.q_column))

    def renewed(y):
        w, dy = np.zeros(plant.n_w), np.zeros(plant.n_y)
        evaluate.rates(T, 0.0, y, p, w, dy)
        evaluate.renew_jacobian(T, J, 0.0, y, p, w, 1e-3, kept, kept_p, buffers, values, q_values)
        fresh, fresh_q = values.copy(), q_values.copy()
        evaluate.jacobian(T, J, 0.0, y, p, w, evaluate.buffers(J), fresh, fresh_q)
        return np.flatnonzero(values != fresh)

    rows = np.repeat(np.arange(len(J.pattern) - 1), np.diff(J.pattern))
    second = [i for i in range(plant.n_y) if plant.label(i).startswith("second.")]
    y = plant.y0 + 0.3 * plant.nominal
    assert len(renewed(y)) == 0  # the first time everything is differenced
    y = y + 1e-4 * plant.nominal  # less than the tolerance: nothing is
    before = values.copy()
    assert len(renewed(y)) > 0
    assert np.array_equal(values, before)
    y[second] *= 1.05  # more, at the same temperature
    stale = renewed(y)  # the second tank is; the first, which sees nothing of it, is not
    assert len(stale) > 0
    assert not set(rows[stale]) & set(second)
    p[plant.parameter("first.tau")[0]] *= 1.5
    assert len(renewed(y)) == 0


def test_a_checkpoint_keeps_the_slopes(plant):
    """A new integrator has no slopes yet: it must take them where the old one did, not where it stands."""
    plant = compile_plant(load_plant("two_tanks"))
    whole, first = Integrator(plant, rtol=1e-4), Integrator(plant, rtol=1e-4)
    for made in (whole, first):
        made.advance(2000.0)
    assert np.any(first._memory.kept[: plant.n_y] != first.y[plant.jacobian.gather_y[:, 1]])
    whole.advance(4000.0)
    second = Integrator(plant, rtol=1e-4)
    second.restore(first.state())
    second.advance(4000.0)
    assert second.y.tobytes() == whole.y.tobytes()
    assert second._memory.resume[at.H] == whole._memory.resume[at.H]

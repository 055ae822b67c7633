"""Rows left out make the Newton matrix cheaper, never the results wrong.

States of components that a unit never sees have no row until they come alive.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from twin.config import load_plant, load_scenario
from twin.integrate.allocate import Event, Kind
from twin.integrate.cvode import Cvode
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from twin.plant.absent import ROUNDS, find_absent, rows_of


@pytest.fixture(scope="module")
def plant():
    """Two tanks of water that ethanol enters only when an event lets it."""
    return compile_plant(load_plant("two_tanks", {"spirit.m_flow.ethanol": "0 g/s"}))


def run(plant, method="rodas4p", lean=True):
    """Water for 100 s, then ethanol is let in from Python, which no table of events had announced."""
    place, _ = plant.parameter("spirit.m_flow.ethanol")
    kind = Cvode if method.startswith("cvode") else Integrator
    made = kind(plant, method=method, rtol=1e-8)
    if not lean:
        made._memory.absent[:] = 0.0
        made._use(plant.jacobian_without(np.zeros(plant.n_y, dtype=bool)))
        if method != "rodas4p":
            made._make()
    assert made.advance(100.0).outcome is Outcome.FINISHED
    made.set(place, 0.02)
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


def test_what_events_will_bring_is_present_from_the_start(plant):
    place, _ = plant.parameter("spirit.m_flow.ethanol")
    made = Integrator(plant, rtol=1e-6, events=(Event(100.0, Kind.SET, place, 0.02),))
    assert len(made.jacobian.absent) == 0


def test_a_checkpoint_after_that_goes_on_with_the_same_bits(plant):
    whole, first = run(plant), run(plant)
    whole.advance(500.0)
    whole.advance(2000.0)
    first.advance(500.0)
    second = Integrator(plant, rtol=1e-8)
    second.restore(first.state())
    second.advance(2000.0)
    assert second.y.tobytes() == whole.y.tobytes()


@pytest.fixture(scope="module")
def valved(tmp_path_factory):
    """A vessel of ethanol to come, and of paracetamol once a valve is open: both are zero at the start."""
    file = tmp_path_factory.mktemp("valved") / "plant.yaml"
    file.write_text(VALVED, encoding="utf-8")
    return compile_plant(load_plant(file))


VALVED = """\
twin: 1
fluids: [ethanol, paracetamol, water]
units:
  vessel:
    model: tests.integrate.valved
    params: {valve: 0, k: 0.05 1/s}
    initial: {m: [0, 0, 1]}
feeds:
  supply: {T: 20 degC, m_flow: {ethanol: 10 g/s}}
connections:
  - supply -> vessel.feed
"""


@pytest.mark.parametrize("method", ["rodas4p", "cvode", "cvode-gmres"])
def test_a_slope_that_comes_with_a_valve_is_in_the_first_step_already(valved, method):
    """With the valve opened at 0 s, ethanol turns at once, at a rate that is 0 only at that very point."""
    if method != "rodas4p":
        pytest.importorskip("sksundae")
    place, _ = valved.parameter("vessel.valve")
    assert {valved.label(i) for i in valved.jacobian.absent} == {"vessel.m[paracetamol]"}
    kind = Cvode if method.startswith("cvode") else Integrator
    # loose, so that the first step is long: without the slope 1e-5 kg are lost in it
    made = kind(valved, method=method, rtol=1e-3)
    made.set(place, 1.0)  # not foreseen, as it would be in the table of events
    assert made.advance(100.0).outcome is Outcome.FINISHED
    ethanol, paracetamol, water = made.y
    # the solution is F/k (1 - exp(-k t)); rtol 1e-3 a step, ten times that over the run
    assert ethanol == pytest.approx(0.2 * (1.0 - np.exp(-5.0)), rel=1e-2)
    assert ethanol + paracetamol == pytest.approx(1.0, rel=1e-10)  # 10 g/s for 100 s, to the differences' rounding
    assert water == 1.0


def test_cvode_that_never_got_to_a_matrix_can_be_let_go():
    """Freed before its first factorisation, SUNDIALS' sparse solver takes the whole process down."""
    pytest.importorskip("sksundae")
    text = """
import gc
import numpy as np
from twin.config import load_plant, load_scenario
from twin.integrate.cvode import Cvode
from twin.plant import compile_plant
from twin.plant.absent import ROUNDS, find_absent, rows_of
made = Cvode(compile_plant(load_plant("two_tanks")))
made._solver.init_step(0.0, np.concatenate([made.y, made.q]))
del made
gc.collect()
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", ["rodas4p", "cvode", "cvode-gmres"])
def test_a_checkpoint_from_after_a_revival_brings_its_matrix(valved, method):
    if method != "rodas4p":
        pytest.importorskip("sksundae")
    place, _ = valved.parameter("vessel.valve")
    kind = Cvode if method.startswith("cvode") else Integrator
    first, second = (kind(valved, method=method, rtol=1e-8) for _ in range(2))
    first.set(place, 1.0)
    first.advance(50.0)
    assert len(first.jacobian.absent) == 0
    assert len(second.jacobian.absent) == 1
    second.restore(first.state())
    assert second.advance(100.0).outcome is Outcome.FINISHED
    assert len(second.jacobian.absent) == 0
    # the solution is F/k (1 - exp(-k t)); rtol 1e-8 a step, a hundred times that over the run
    assert second.y[0] == pytest.approx(0.2 * (1.0 - np.exp(-5.0)), rel=1e-6)
    assert second.y[:2].sum() == pytest.approx(1.0, rel=1e-10)


@pytest.mark.parametrize(
    "name", ["paracetamol_startup", "two_step_day", "pharmapy_demo_batch", "direct_compression_day"]
)
def test_going_to_the_ends_of_rows_at_once_finds_the_states_that_going_place_by_place_does(name):
    """Solids that only some cells see, classes below the seeds: no more rows than there have to be."""
    plant = compile_plant(load_scenario(name).plant)
    everywhere, row = np.ones(plant.n_y, dtype=bool), rows_of(list(plant.nodes), plant.n_y)
    p = np.where(plant.p0 == 0.0, 1e-3, plant.p0)  # whatever may flow does
    for values in (plant.p0, p):
        at_once, by_place = (
            find_absent(list(plant.nodes), plant.tables, plant.y0, values, plant.nominal, everywhere, rounds, row)
            for rounds in (ROUNDS, 10_000)
        )
        assert np.array_equal(at_once, by_place)

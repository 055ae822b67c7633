"""What is recorded costs the calls that it needs, and has the numbers that all calls give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twin.config import load_scenario
from twin.integrate.blockloop import Seen, observe_all
from twin.integrate.integrator import Integrator, Samples
from twin.integrate.outcome import Outcome
from twin.jit import call
from twin.plant import compile_plant
from twin.plant.codes import RATES
from twin.plant.handles import handed
from twin.results.layout import recording
from twin.schedule.simulation import Simulation
from twin.study.memory import Names


def asked(plant: Any, calls: np.ndarray, y: np.ndarray, w: float) -> np.ndarray:
    """What calls give in a state; all other numbers of w, lent memory too, are `w`."""
    vectors = [np.full(n, w) for n in (plant.n_w, plant.n_y)]
    seen = Seen(np.zeros(1), y.copy(), plant.p0.copy(), *vectors, calls=calls)
    call(observe_all, *handed((plant.tables, seen)))
    return vectors[0]


@pytest.mark.parametrize("name", ["paracetamol_startup", "direct_compression_day", "pharmapy_demo_batch"])
def test_every_number_is_given_by_the_calls_that_it_needs(name: str) -> None:
    scenario = load_scenario(name)
    plant = compile_plant(scenario.plant)
    run = Integrator(plant, rtol=1e-3)
    run.advance(600.0)
    whole = asked(plant, np.concatenate([plant.tables.rates, plant.tables.observe]), run.y, 0.0)
    names = Names(scenario.plant)
    columns = [c for c in names.columns.values() if c.vector == "w"]
    assert columns
    for column in columns:
        places = range(column.offset, column.offset + int(np.prod(column.shape)))
        calls = plant.giving(places)
        # nothing else was there: a call left out would leave its mark
        found = asked(plant, calls, run.y, np.nan)
        assert found[list(places)].tobytes() == whole[list(places)].tobytes(), column.path
    recorded = plant.giving(recording(plant).w_index)
    assert not (recorded[:, 1] == RATES).any()  # rates are no number that anybody records
    assert len(recorded) < len(plant.tables.rates) + len(plant.tables.observe)


def test_a_few_tags_take_fewer_calls_than_all_and_have_the_same_bits() -> None:
    plant = compile_plant(load_scenario("paracetamol_startup").plant)
    index = recording(plant).w_index
    few = np.array([next(c.offset for c in plant.columns if c.path == "crystallizer_1.T")])
    assert len(plant.giving(few)) == 2  # the temperature, and the sum that it needs
    assert len(plant.giving(index)) > 100
    assert len(plant.giving([])) == 0

    def samples(record: np.ndarray) -> Samples:
        blocks: list[Samples] = []
        run = Integrator(plant, rtol=1e-4, record=record, every=60.0, samples=blocks.append)
        run.advance(1200.0)
        return Samples(*(np.concatenate(a) for a in zip(*blocks, strict=True)))

    one, all_ = samples(few), samples(index)
    assert one.w[:, 0].tobytes() == all_.w[:, list(index).index(few[0])].tobytes()
    assert one.y.tobytes() == all_.y.tobytes()


def test_what_impulses_read_is_asked_for_whatever_is_recorded() -> None:
    """Cakes are moved by what their profiles give, which no sample asks for: the turns were once left to samples."""
    scenario = load_scenario("carousel_day", until="100 s")
    plant = compile_plant(scenario.plant)
    states = []
    for record in ([], recording(plant).w_index):
        simulation = Simulation(scenario, plant, record=record, every=0.0)
        assert simulation.run().outcome is Outcome.FINISHED
        assert simulation.statistics["events"] == 3
        states.append(simulation.integrator.y.tobytes())
    assert states[0] == states[1]

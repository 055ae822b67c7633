"""The flagship's steady state is where a long simulation ends."""

from __future__ import annotations

import numpy as np
import pytest

from twin.config import load_plant
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from twin.steady.state import steady

#: A hopper that does not run empty: its feed factor is that of a full one to the last digit, as held.
FULL = {"mcc_feeder.m_max": "2000 kg", "mcc_feeder.m_high": "1950 kg", "mcc_feeder.initial.m": "1900 kg"}
#: Time constants of the slowest mode that the simulation is given: 1e-6 is left of what was e^14.
LONG = 20.0


@pytest.mark.slow
def test_a_long_simulation_ends_in_the_steady_state() -> None:
    """To 1e-6 of each state's size, all of them: crystals class by class, controllers, traces of liquid.

    What a feeder infers while material flows in takes no part: its filter is bridged, and a month slow.
    """
    plant = compile_plant(load_plant("paracetamol_tablets", FULL))
    found = steady(plant)
    assert found.ok
    assert found.stability is not None
    assert found.stability.stable
    bridged = "api_feeder.F_inferred"
    slow = [mode for mode in found.stability.modes if mode.states[0][0] != bridged]
    run = Integrator(plant, rtol=1e-8)
    ending = run.advance(LONG * max(mode.time_constant for mode in slow))
    assert ending.outcome is Outcome.FINISHED
    ignored = found.held.places.copy()
    for column in plant.columns:
        if column.path == bridged and column.kind == "state":
            ignored[column.offset] = True
    assert int(ignored.sum()) == 2
    size = np.maximum(np.abs(found.y), plant.nominal)
    away = np.where(ignored, 0.0, np.abs(run.y - found.y) / size)
    worst = int(away.argmax())
    assert away[worst] < 1e-6, plant.label(worst)

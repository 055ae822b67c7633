"""A compiled plant with other numbers is the plant that would be compiled of them."""

import numpy as np
import pytest

from twin.config import load_scenario
from twin.plant import compile_plant
from twin.plant.nodes import build_nodes
from twin.plant.placement import Placement
from twin.study.numbers import renumbered
from twin.study.runner import _with

CASES = {
    "two_tanks": {"first.tau": 45.0, "first.initial.V": 0.005, "spirit.m_flow.water": 0.01, "spirit.T": 310.0},
    "paracetamol_startup": {
        "reagents.m_flow.p_aminophenol": 2e-4,
        "press.diameter": 0.0125,
        "TIC-202.setpoint": 280.0,
        "mcc_feeder.initial.m": 1.5,
    },
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_numbers_as_compiled_anew(name):
    scenario = load_scenario(name)
    plant = compile_plant(scenario.plant)
    values = CASES[name]
    spec = _with(scenario.plant, {path: (lambda old, new=value: new) for path, value in values.items()})
    read = load_scenario(name, values).plant
    nodes = build_nodes(read)
    anew = Placement(read, nodes, {node.name: node for node in nodes})
    found = renumbered(plant, spec)
    assert not np.array_equal(found.p0, plant.p0)
    for vector in ("p0", "y0", "nominal"):
        np.testing.assert_array_equal(getattr(found, vector), getattr(anew, vector))
    np.testing.assert_array_equal(plant.p0, compile_plant(scenario.plant).p0)  # what is shared is left alone

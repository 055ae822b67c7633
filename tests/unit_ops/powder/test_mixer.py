"""A junction of powders: what its four feeds bring leaves at once; behind it a blender takes six feeders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import unit_ops.powder.mixer as mixer
from tests.unit_ops.piping.bench import Bench
from twin.results.reader import open_run
from twin.run import run

DIMS = {"fluids": 1, "solids": 3}


def test_the_junction_adds_up() -> None:
    feeds = {f"feed_{k}": {"m_flow": [0.1 * k, 0.0, 0.2 / k], "m_flow_liquid": [1e-3 * k]} for k in (1, 2, 3, 4)}
    bench = Bench(mixer, DIMS, {}, **feeds)
    found = bench.outlet("product", None)
    assert found.m_flow == pytest.approx(sum(np.array(f["m_flow"]) for f in feeds.values()), rel=1e-14)
    assert found.m_flow_liquid == pytest.approx([10e-3], rel=1e-14)
    alone = Bench(mixer, DIMS, {}, feed_1=feeds["feed_1"]).outlet("product", None)
    assert np.array_equal(alone.m_flow, feeds["feed_1"]["m_flow"])  # feeds not connected bring nothing


SOLIDS = ("paracetamol", "mcc", "lactose", "croscarmellose", "magnesium_stearate", "hypromellose")
PLANT = """
twin: 1
title: Six feeds into one blender
fluids: [water]
solids: [{solids}]
units:
  junction: {{model: powder.mixer}}
  blender:
    model: powder.blender
    params: {{M_ss: 0.6 kg, F_ss: 12 g/s, api: paracetamol}}
    initial: {{w: {{mcc: 1}}}}
feeds:
{feeds}
connections:
  - paracetamol -> blender.first
  - junction.product -> blender.second
  - mcc -> blender.third
  - lactose -> junction.feed_1
  - croscarmellose -> junction.feed_2
  - magnesium_stearate -> junction.feed_3
  - hypromellose -> junction.feed_4
  - blender.product -> blend
products: [blend]
"""
SCENARIO = """
twin: 1
plant: plant.yaml
title: Filling from empty to a steady state
duration: 20 min
record: 1 min
"""


def test_a_blender_takes_more_feeds_through_the_junction(tmp_path: Path) -> None:
    """1 to 6 g/s of six powders, four of them through the junction: nothing is lost, and the blend is what is fed."""
    feeds = "\n".join(f"  {s}: {{m_flow: {{{s}: {k} g/s}}}}" for k, s in enumerate(SOLIDS, start=1))
    plant = PLANT.format(solids=", ".join(SOLIDS), feeds=feeds)
    (tmp_path / "plant.yaml").write_text(plant, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    made = open_run(run(tmp_path / "scenario.yaml", tmp_path / "run.h5").path)
    for balance in made.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name
    flow = np.asarray(made.get("blender.product.m_flow"))[-1]
    assert flow == pytest.approx(1e-3 * np.arange(1.0, 7.0), rel=1e-5)  # 24 residence times, rtol 1e-6

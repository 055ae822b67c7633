"""A fluctuation of the delivery: its spread and memory are those asked for, and the feeder's material is kept."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import unit_ops.powder.feeder as feeder
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.sensing.rig import told
from twin.results.reader import open_run
from twin.run import run

PLANT = """\
twin: 1
fluids: [water]
solids: [mcc]
units:
  noise: {model: powder.fluctuation, params: {period: 1 s, s: 0.02, tau: %s s}}
  feeder:
    model: powder.feeder
    params: {ff_max: 2 g, ff_min: 1 g, ff_decay: 0.5 1/kg, N_max: 10 1/s, m_max: 60 kg, m_low: 1 kg, m_high: 40 kg,
             mode: %s, setpoint: 2 g/s}
    initial: {m: 30 kg, w: {mcc: 1}, F: 2 g/s}
feeds:
  bag: {m_flow: {mcc: 0 g/s}}
connections:
  - bag -> feeder.refill
  - feeder.product -> out
products: [out]
signals:
  - noise.deviation -> feeder.deviation
"""
REFILL = "{at: 100.5 s, set: {bag.m_flow: {mcc: 200 g/s}}}, {at: 130.5 s, set: {bag.m_flow: {mcc: 0 g/s}}}"


@pytest.mark.parametrize("tau", [1e-3, 5.0])
def test_spread_and_memory(tmp_path: Path, tau: float) -> None:
    """From the loss of each second of 4000: the deviation is held from second to second."""
    n = 4000
    found = told(tmp_path, PLANT % (tau, "volumetric"), duration=float(n), every=1.0)
    z = np.diff(found["feeder.m"])  # half a second off the draws: the mean of two deviations each
    pair = 0.5 * (1.0 + math.exp(-1.0 / tau))
    kept = math.exp(-1.0 / tau)
    z = -z / np.median(-z) - 1.0
    ff = 1.0 - 0.5 * math.exp(-0.5 * 30.0)  # of a full hopper: falls by less than 1e-4 over the run's 8 kg
    assert ff == pytest.approx(1.0, abs=1e-6)
    count = n * (1.0 - kept) / (1.0 + kept)  # as many independent draws
    assert np.std(z) == pytest.approx(0.02 * math.sqrt(pair), rel=4.0 / math.sqrt(2.0 * count))
    wanted = 0.25 * (1.0 + 2.0 * kept + kept * kept) / pair  # of means of two neighbours, one apart
    assert np.corrcoef(z[:-1], z[1:])[0, 1] == pytest.approx(wanted, abs=4.0 / math.sqrt(n))


def test_a_seed_repeats_and_another_differs(tmp_path: Path) -> None:
    runs = [told(tmp_path, PLANT % (5.0, "volumetric"), seed=seed)["feeder.m"] for seed in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_material_is_kept_through_fluctuation_and_refill(tmp_path: Path) -> None:
    (tmp_path / "plant.yaml").write_text(PLANT % (5.0, "gravimetric"), encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: 10 min\nrecord: 1 s\nevents: [{REFILL}]\n", encoding="utf-8"
    )
    made = open_run(run(tmp_path / "scenario.yaml", tmp_path / "run.h5").path)
    for balance in made.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name
    assert np.std(made.get("feeder.product.m_flow").sum(axis=1)[1:]) > 1e-5  # 2 % of 2 g/s are 4e-5


def test_the_feeder_delivers_and_feels_the_deviation() -> None:
    params = {
        "ff_max": 0.01,
        "ff_min": 0.006,
        "ff_decay": 0.8,
        "N_max": 10.0,
        "m_max": 8.0,
        "m_low": 1.0,
        "m_high": 6.0,
    }
    plain, more = (Bench(feeder, {"fluids": 1, "solids": 1}, params, setpoint=0.02, deviation=z) for z in (0.0, 0.05))
    y = plain.initial(m=4.0, w=[1.0], F=0.02)
    flows = [bench.outlet("product", bench.unpack(y)).m_flow[0] for bench in (plain, more)]
    assert flows[1] == pytest.approx(1.05 * flows[0], rel=1e-12)
    assert more.dx(more.unpack(y)).m_solids[0] == pytest.approx(-flows[1], rel=1e-12)
    # settled on 0.02, the filter moves by the excess: 0.05 · 0.02 kg/s over its 10 s
    assert plain.dx(plain.unpack(y)).F_inferred == pytest.approx(0.0, abs=1e-15)
    assert more.dx(more.unpack(y)).F_inferred == pytest.approx(1e-4, rel=1e-9)

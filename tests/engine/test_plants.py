"""Whole small plants: a diverter switched by events, a law changed by an event, threads, a month, ties."""

from __future__ import annotations

import math
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schedule import refill
from twin.config import ConfigError, load_plant, load_scenario
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation

DIVERTED = """
twin: 1
title: a diverter between two tanks, one of which returns
fluids: [ethanol, water]
solids: []
units:
  mix: {model: piping.mixer}
  first:
    model: piping.tank
    params: {tau: 60 s, V_weir: 10 L}
    initial: {V: 10 L, T: 20 degC, w: {water: 1}}
  valve: {model: piping.diverter, params: {position: 0}}
  good:
    model: piping.tank
    params: {tau: 60 s, V_weir: 5 L}
    initial: {V: 5 L, T: 20 degC, w: {water: 1}}
  rework:
    model: piping.tank
    params: {tau: 60 s, V_weir: 5 L}
    initial: {V: 5 L, T: 20 degC, w: {water: 1}}
feeds:
  spirit: {T: 25 degC, m_flow: {ethanol: 20 g/s, water: 5 g/s}}
connections:
  - spirit -> mix.feed_1
  - rework.product -> mix.feed_2
  - mix.product -> first.feed
  - first.product -> valve.feed
  - valve.onward -> good.feed
  - valve.aside -> rework.feed
  - good.product -> product
products: [product]
"""

SWITCHING = """
twin: 1
plant: diverted.yaml
title: switched
duration: 20 min
record: 10 s
events:
  - {at: 2 min, set: {valve.position: 1}}
  - {at: 5 min, set: {valve.position: 0}}
  - {at: 7 min, ramp: {valve.position: 0.5}, over: 30 s}
  - {at: 12 min, hold: {valve.position: 1}, for: 2 min}
"""


#: A tank of liquid before a feeder of powder.
TANK = """units:
  tank: {model: piping.tank, params: {tau: 60 s, V_weir: 1 L}, initial: {V: 1 L, T: 20 degC, w: {water: 1}}}"""


class Kept:
    """A simulation with what it handed out."""

    def __init__(self, scenario: Any, plant: Any, **options: Any) -> None:
        self.blocks: list[Any] = []
        self.simulation = Simulation(
            scenario, plant, record=np.arange(plant.n_w), samples=self.blocks.append, **options
        )

    def run(self) -> Kept:
        ending = self.simulation.run()
        assert ending.outcome.name == "FINISHED", str(ending)
        return self

    def column(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(block, name) for block in self.blocks])


def switching(folder: Path, method: str) -> Any:
    (folder / "diverted.yaml").write_text(DIVERTED, encoding="utf-8")
    (folder / "switching.yaml").write_text(SWITCHING, encoding="utf-8")
    return replace(load_scenario(folder / "switching.yaml"), method=method, rtol=1e-8)


def place(plant: Any, path: str, i: int = 0) -> int:
    return next(int(c.offset) for c in plant.columns if c.path == path) + i


def test_a_diverter_switched_by_events_natively_and_with_cvode(tmp_path: Path) -> None:
    """The pattern is the superset: closed branches stay in it, so that both solvers see what switching opens."""
    native = switching(tmp_path, "rodas4p")
    plant = compile_plant(native.plant)
    runs = {method: Kept(switching(tmp_path, method), plant).run() for method in ("rodas4p", "cvode")}
    y, w, t = (runs["rodas4p"].column(name) for name in ("y", "w", "time"))
    ethanol = [place(plant, f"valve.{port}.m_flow") for port in ("onward", "aside")]
    assert np.all(w[(t > 120.0) & (t <= 300.0), ethanol[0]] == 0.0), "nothing goes onward while diverted"
    assert np.all(w[(t > 300.0) & (t <= 420.0), ethanol[1]] == 0.0)
    ends = w[t == 660.0][0, ethanol]
    assert ends[0] == ends[1] > 0.0, "half and half after the ramp"
    # both at rtol 1e-8: several hundred steps each
    difference = np.abs(y - runs["cvode"].column("y")) / (np.abs(y) + plant.nominal)
    assert difference.max() < 1e-5
    # what came in less what went out is in the tanks, through every switch
    stored = [i for i in range(plant.n_y) if plant.label(i).endswith("m[ethanol]")]
    q = runs["rodas4p"].column("q")
    crossed = sum(term.sign * q[-1, term.offset] for term in plant.balance.terms if term.kind == "fluids")
    assert y[-1, stored].sum() - y[0, stored].sum() == pytest.approx(crossed, rel=1e-11)


def test_two_runs_in_two_threads_give_the_bits_of_one_after_the_other(tmp_path: Path) -> None:
    scenario = switching(tmp_path, "rodas4p")
    plant = compile_plant(scenario.plant)
    alone = Kept(scenario, plant).run()
    pair = [Kept(scenario, plant) for _ in range(2)]
    threads = [threading.Thread(target=kept.run) for kept in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kept in pair:
        for name in ("time", "y", "w", "q"):
            np.testing.assert_array_equal(kept.column(name), alone.column(name))


def test_streams_of_different_types_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = refill.PLANT.replace("hopper: {m_flow: {mcc: 0 g/s}}", "hopper: {T: 20 degC, m_flow: {water: 0 g/s}}")
    text = text.replace("units:", TANK).replace(
        "hopper -> feeder.refill", "hopper -> tank.feed\n  - tank.product -> feeder.refill"
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plant(file)
    assert "Solution" in str(caught.value)
    assert "Powder" in str(caught.value)


@pytest.mark.slow
def test_a_choice_is_not_ramped_and_a_law_set_by_an_event_keeps_the_structure(root: Path, tmp_path: Path) -> None:
    """The law is part of p: its branches were all taken when the structure was found."""
    from tests.plant.test_compile import structured

    plant = compile_plant(load_plant("paracetamol_tablets"))
    laws = {path: f for path, (_, f, _, _) in plant.parameters.items() if f.kind == "enum"}
    assert laws
    y = plant.y0 + plant.nominal * np.random.default_rng(3).uniform(0.02, 0.3, plant.n_y)
    pattern = structured(plant, y)[0] != 0.0
    columns = plant.jacobian_without(np.zeros(plant.n_y, dtype=bool)).column
    for path, f in laws.items():
        at, _ = plant.parameter(path)
        before = plant.p0[at]
        for member in f.enum:
            plant.p0[at] = float(member)
            fresh = compile_plant(load_plant("paracetamol_tablets", {path: member.name}))
            np.testing.assert_array_equal(
                fresh.jacobian_without(np.zeros(fresh.n_y, dtype=bool)).column, columns, err_msg=f"{path}={member}"
            )
        plant.p0[at] = before
    assert pattern.any()
    path, f = next(iter(laws.items()))
    name = next(iter(f.enum)).name
    file = tmp_path / "ramped.yaml"
    file.write_text(
        f"twin: 1\nplant: paracetamol_tablets\ntitle: no\nduration: 1 h\nrecord: 10 s\n"
        f"events:\n  - {{at: 1 min, ramp: {{{path}: {name}}}, over: 1 min}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="choice"):
        load_scenario(file)


MONTH = """
twin: 1
plant: plant.yaml
title: a month
duration: 30 d
record: 10 min
events:
  - {at: 1 h, set: {feeder.setpoint: 6 g/s}, every: 2 h}
  - {at: 2 h, set: {feeder.setpoint: 5 g/s}, every: 2 h}
  - {when: feeder.low_level falls, set: {hopper.m_flow.mcc: 100 g/s}, name: refill}
  - {when: feeder.high_level rises, set: {hopper.m_flow.mcc: 0 g/s}, name: full}
"""


@pytest.mark.parametrize("table", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_month_takes_no_more_memory_than_it_hands_out(tmp_path: Path, table: bool) -> None:
    scenario = refill.scenario(tmp_path, MONTH)
    plant = compile_plant(scenario.plant)
    counted = {"samples": 0, "events": 0}

    def samples(block: Any) -> None:
        counted["samples"] += len(block.time)

    def events(happened: list[Any], sides: list[Any]) -> None:
        counted["events"] += len(happened)

    simulation = Simulation(scenario, plant, table=table, samples=samples, events=events, checkpoint_every=500)
    simulation.run(86400.0)  # buffers, imports and the first day are not growth
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        ending = simulation.run()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ending.outcome.name == "FINISHED"
    assert counted["samples"] == 30 * 144 + 1
    assert counted["events"] > 30 * 60
    # without the table a checkpoint's history grows by an instant (0.3 kB) an event; a leak of both
    # sides of each event, or of the samples, would take a multiple of this
    assert after - before < 4_000_000


TIE = """
twin: 1
plant: plant.yaml
title: the guard falls as the clock strikes
duration: 20 min
record: 20 s
events:
  - {at: 400 s, set: {hopper.m_flow.mcc: 30 g/s}, name: by the clock}
  - {at: 400 s, hold: {feeder.setpoint: 4 g/s}, for: 60 s}
  - {when: feeder.low_level falls, set: {hopper.m_flow.mcc: 100 g/s}, name: refill}
  - {when: feeder.high_level rises, set: {hopper.m_flow.mcc: 0 g/s}, name: full}
"""


@pytest.mark.parametrize("ulps", [-1, 0, 8])
def test_guard_and_clock_at_one_instant_agree_with_and_without_the_table(tmp_path: Path, ulps: int) -> None:
    """On arrival latches act first, then the clock; which comes last decides what the hopper does."""
    clockless = "\n".join(line for line in TIE.splitlines() if "at:" not in line)
    scenario = refill.scenario(tmp_path, clockless)
    plant = compile_plant(scenario.plant)
    alone = refill.Watched(scenario, plant)
    alone.simulation.run()
    strikes = float(alone.events[0].time)
    strikes += ulps * math.ulp(strikes)
    scenario = refill.scenario(tmp_path, TIE.replace("400 s", f"{strikes!r} s"))
    watched = [refill.Watched(scenario, plant, table=table) for table in (True, False)]
    for one in watched:
        assert one.simulation.run().outcome.name == "FINISHED"
    assert [event.time for event in watched[0].events[:3]] == [strikes] * 3
    assert {event.cause for event in watched[0].events[:2]} == {"refill", "by the clock"}
    assert watched[0].events == watched[1].events
    for name in ("time", "y", "w", "q"):
        np.testing.assert_array_equal(watched[0].column(name), watched[1].column(name))

"""PharmaPy's test flowsheets as Twin runs them: what `benchmarks.pharmapy` times, no benchmark of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pharmapy_theirs import CLASSES, COLLECTED, FLOWSHEETS, MASS, MSMPR, RAMPS, RHO

ROOT = Path(__file__).resolve().parents[1]
#: Times that each run is made: the least counts.
REPEATS = 10
PLANT, SCENARIO = "pharmapy_demo", "pharmapy_demo_batch"
#: Size at which PharmaPy's classes end; the end of the run.
WIDE, ENDS = "1500 um", "ends: filter.dewatered falls"
REACTOR = """\
  reactor:
    model: reaction.stirred_vessel
    reactions:
      - {{equation: A + B -> C, k0: 2.654e4 L/(mol s), E: 40 kJ/mol, dH: 0 kJ/mol}}
      - {{equation: A + C -> D, k0: 530 L/(mol s), E: 30 kJ/mol, dH: 0 kJ/mol}}
    params: {{discharge: valve, jacket: constant, UA: 10 kW/K, V_weir: 90 L, V_flow_max: 8 L/min,
             heel_part: 1e-4, T_limit: 60 degC, key: C, valve: 0, T_jacket: 40 degC}}
    initial: {{V: {volume}, T: 313 K, w: {w}}}

  crystallizer:
"""


def mixed(moles: dict[str, float]) -> dict[str, float]:
    """Kilograms in a cubic metre of a solution of so many mol/L, the solvent filling up the volume."""
    kg = {name: conc * MASS[name] for name, conc in moles.items()}
    kg["solvent"] = (1.0 - sum(m / RHO[name] for name, m in kg.items())) * RHO["solvent"]
    return kg


def texts(kind: str, classes: int = CLASSES, top: str = WIDE) -> tuple[str, str]:
    """Plant and scenario: those that are shipped, with the test's reactor and times, and so many classes up to a size.

    As in PharmaPy the cake is one volume, and the run ends with the filtration. Vessels are emptied with their jackets
    shut off, which PharmaPy does in no time. Classes that end where the crystals do are chosen by one who knows these;
    slopes are not limited then, since nothing here has a front.
    """
    plant = (ROOT / "plant_configs" / f"{PLANT}.yaml").read_text(encoding="utf-8")
    scenario = (ROOT / "scenarios" / f"{SCENARIO}.yaml").read_text(encoding="utf-8")
    plant = plant.replace("count: 200,", f"count: {classes},").replace("V_weir: 45 L", "V_weir: 90 L")
    plant = plant.replace("V_vessel: 45 L", "V_vessel: 90 L").replace("V: 5 mL", "V: 10 mL")
    scenario = scenario[: scenario.index("\nfigure:")].replace(f"plant: {PLANT}", "plant: plant.yaml")
    scenario = scenario.replace("record: 10 s", f"record: 5 min\n{ENDS}")
    plant = changed(plant, {"    cells: 5\n": "    cells: 1\n", "to: 1500 um": f"to: {top}"})
    if top != WIDE:
        plant = changed(plant, {"      M_typical:": "      limiter_eps: 1\n      M_typical:"})
    pumped = "crystallizer.V_flow_out: 4 L/min"
    scenario = changed(scenario, {f"set: {{{pumped}}}": f"set: {{{pumped}, crystallizer.UA: 0 W/K}}"})
    if kind == "tube":
        return plant, scenario
    if kind == MSMPR:
        return continuous(plant, scenario)
    reaction, cooling = FLOWSHEETS[kind]
    fed = kind == "fed batch reactor"
    kg = mixed({"B": 0.66} if fed else {"A": 0.33, "B": 0.33})
    total = sum(kg.values())
    w = "{" + ", ".join(f"{name}: {m / total:.9f}" for name, m in kg.items()) + "}"
    reactor = REACTOR.format(volume="30 L" if fed else "60 L", w=w)
    before, _, rest = plant.partition("  reactor:\n")
    plant = before + reactor + rest.partition("  crystallizer:\n")[2]
    flow = {name: m * 0.03 / 7200.0 if fed else 0.0 for name, m in mixed({"A": 0.66}).items()}
    plant = plant[: plant.index("feeds:\n")] + "feeds:\n  reagents: {T: 40 degC, m_flow: {"
    plant += ", ".join(f"{name}: {value:.9g} kg/s" for name, value in flow.items()) + "}}\nconnections:\n"
    plant += "".join(f"  - {line}\n" for line in CONNECTIONS) + "products: [wet_cake, mother_liquor, fines, vapour]\n"
    ramp = cooling / 3.0
    begin = reaction + 900.0
    end = begin + cooling
    events = [
        f"{{at: {reaction} s, set: {{reagents.m_flow: {{A: 0 g/s, solvent: 0 g/s}}}}}}",
        f"{{at: {reaction} s, set: {{reactor.valve: 1, reactor.UA: 0 W/K}}}}",
        "{when: reactor.empties falls, set: {reactor.valve: 0}}",
        *(
            f"{{at: {begin + k * ramp} s, ramp: {{crystallizer.T_jacket: {RAMPS[k + 1]} K}}, over: {ramp} s}}"
            for k in range(3)
        ),
        f"{{at: {end} s, set: {{crystallizer.V_flow_out: 8 L/min, crystallizer.UA: 0 W/K}}}}",
        "{when: crystallizer.empties falls, set: {crystallizer.V_flow_out: 0 L/min}}",
        f"{{at: {end + 900.0} s, set: {{filter.dP: 101325 Pa}}}}",
    ]
    head = scenario[: scenario.index("duration:")]
    head += f"duration: {end + 6.25 * 3600.0} s\nrecord: 5 min\n{ENDS}\n"
    head += "solver: {method: rodas4p, rtol: 1e-6}\nevents:\n"
    return plant, head + "".join(f"  - {event}\n" for event in events)


CONNECTIONS = (
    "reagents -> reactor.feed", "reactor.product -> crystallizer.feed", "crystallizer.product -> filter.slurry",
    "crystallizer.fines -> fines", "crystallizer.vapour -> vapour", "filter.filtrate -> mother_liquor",
    "filter.cake -> wet_cake",
)  # fmt: skip


#: What the crystallizer of the continuous flowsheet has in place of the batch's: its jacket's 500 W/(m2 K), two films
#: of 1000, on the wall of 10 L as deep as wide; the heat of crystallization that stands in PharmaPy's code.
CONTINUOUS = {
    "tau: 1 min ": "tau: 5 s ", "V_weir: 90 L": "V_weir: 10 L", "UA: 1e6 W/K": "UA: 85.65 W/K",
    "dH_cryst: 0 J/kg": "dH_cryst: -14.6 kJ/kg", "T_jacket: 40 degC": "T_jacket: 278.15 K",
    "V: 10 mL, T: 40 degC, w: {solvent: 1}": "V: 10 L, T: 40 degC, w: {solvent: 0.97799, C: 0.02201}",
}  # fmt: skip
#: And the tank behind it, which collects slurry and loses no heat.
COLLECTOR = {
    "V_weir: 90 L": "V_weir: 250 L", "V: 10 mL": "V: 30 mL", "UA: 1e6 W/K": "UA: 0 W/K",
    "dH_cryst: 0 J/kg": "dH_cryst: -14.6 kJ/kg", "position: [400, 120]": "position: [480, 240]",
    "label: CR01": "label: HOLD01",
}  # fmt: skip


def changed(text: str, changes: dict[str, str]) -> str:
    """A text with pieces exchanged, each of which stands in it once."""
    for old, new in changes.items():
        if text.count(old) != 1:
            raise ValueError(f"'{old}' stands {text.count(old)} times in the shipped plant")
        text = text.replace(old, new)
    return text


def continuous(plant: str, scenario: str) -> tuple[str, str]:
    """Tube, continuous crystallizer, tank, filter."""
    begins = [plant.index(f"  {name}:\n") for name in ("tank", "crystallizer", "filter")]
    vessel = plant[begins[1] : begins[2]]
    head = changed(plant[: begins[0]], {"    initial: {T: 40 degC, w": "    initial: {T: 298 K, w"})
    holder = changed(vessel, {"  crystallizer:\n": "  holder:\n", **COLLECTOR})
    rest = changed(plant[begins[2] : plant.index("connections:\n")], {"V_vessel: 90 L": "V_vessel: 250 L"})
    wires = (
        "reagents -> reactor.feed", "reactor.product -> crystallizer.feed", "crystallizer.product -> holder.slurry",
        "crystallizer.fines -> fines", "crystallizer.vapour -> vapour", "holder.product -> filter.slurry",
        "holder.fines -> fines_2", "holder.vapour -> vapour_2", "filter.filtrate -> mother_liquor",
        "filter.cake -> wet_cake",
    )  # fmt: skip
    text = head + changed(vessel, CONTINUOUS) + holder + rest + "connections:\n"
    text += "".join(f"  - {wire}\n" for wire in wires)
    text += "products: [wet_cake, mother_liquor, fines, vapour, fines_2, vapour_2]\n"
    events = [
        f"{{at: {COLLECTED} s, set: {{reagents.m_flow: {{A: 0 g/s, B: 0 g/s, solvent: 0 g/s}}}}}}",
        f"{{at: {COLLECTED} s, set: {{holder.V_flow_out: 40 L/min}}}}",
        "{when: holder.empties falls, set: {holder.V_flow_out: 0 L/min}}",
        f"{{at: {COLLECTED + 900.0} s, set: {{filter.dP: 101325 Pa}}}}",
    ]
    told = scenario[: scenario.index("duration:")] + f"duration: 300 h\n{ENDS}\nrecord: 10 min\n"
    told += "solver: {method: rodas4p, rtol: 1e-6}\nevents:\n"
    return text, told + "".join(f"  - {event}\n" for event in events)


def by_twin(
    kind: str, rtol: float, classes: int, folder: Path, method: str, top: str = WIDE, repeats: int = REPEATS
) -> dict[str, Any]:
    """The same flowsheet, discharge of the cake left out; least CPU time of `repeats`."""
    from twin.config import load_scenario
    from twin.plant import compile_plant
    from twin.results.reader import open_run
    from twin.run import run
    from twin.schedule.simulation import Simulation

    plant, scenario = texts(kind, classes, top)
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    spec = replace(load_scenario(folder / "scenario.yaml"), rtol=rtol, method=method)
    compiled = compile_plant(spec.plant)
    seconds, setup = [], []
    for _ in range(repeats):
        before = time.process_time()
        simulation = Simulation(spec, compiled, samples=lambda block: None)
        began = time.process_time()
        ending = simulation.run()
        seconds.append(time.process_time() - began)
        setup.append(began - before)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(str(ending))
    counts = simulation.statistics
    told: dict[str, Any] = {"cpu_s": min(seconds), "setup_s": min(setup), "steps": counts["steps"] + counts["rejected"]}
    end = COLLECTED if kind == MSMPR else FLOWSHEETS[kind][0] + 900.0 + FLOWSHEETS[kind][1]
    out = folder / "run.h5"
    found = open_run(run(replace(spec, until=end, record_every=100.0), out, checkpoint_every=float("inf")).path)
    vessel = "holder" if kind == MSMPR else "crystallizer"
    edges = spec.plant.grids["bins"]
    m = found.get(f"{vessel}.crystals")[int(np.searchsorted(found.time, end - 1.0))]
    # mean of L³ over a class, as the population balance counts; kv is 1
    n = m / (1200.0 * 0.25 * (edges[1:] + edges[:-1]) * (edges[1:] ** 2 + edges[:-1] ** 2))
    told |= {"count": float(n.sum()), "mean_m": float(n @ (0.5 * (edges[1:] + edges[:-1])) / n.sum())}
    if kind != MSMPR:
        charge = found.get("crystallizer.m")[int(np.searchsorted(found.time, FLOWSHEETS[kind][0] + 899.0))]
        told["charge"] = dict(zip(("solvent", "A", "B", "C", "D"), map(float, charge), strict=True))
    return told

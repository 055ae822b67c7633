"""PharmaPy's own test flowsheets, by PharmaPy and by Twin: how fast, and how far from exact moments of the charge?

    python -m benchmarks.pharmapy [--quick]

Three of the flowsheets of its repository's tests (tests/Flowsheet: batch reactor, fed batch reactor, tube with holding
tank; each followed by a batch cooling crystallizer of 35 classes and a pressure filter), with the numbers that stand
there. Its crystallizer runs as in its tests (`maxh` 60 s; 10 s, as its newer tests ask for), ours on the shipped plant
`pharmapy_demo`, its reactor replaced where the test has another one, 35 classes as well, and 100, since at 35 our
classes hold the nuclei less exactly than PharmaPy's.

Errors are of the number of crystals and of their mean size, against moment equations of the charge that each program's
own reactor made, integrated to rtol 1e-11, in each program's own measure of concentration (PharmaPy's per volume of
liquor, ours per solvent). So they hold what classes and integrator did, nothing of where the models differ. Both
keep some hundred points. Twin's time includes its transfers, which PharmaPy does between two runs; loading and
compiling are apart on both sides.
Needs `pip install pharmapy-org assimulo-testing`; skipped without.
"""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Skipped, quickly, show, stores, write

ROOT = Path(__file__).resolve().parents[1]
#: Densities, molar masses of solvent, A, B, C, D: the compound database of its tests.
RHO = {"A": 1230.0, "B": 864.7, "C": 1200.0, "D": 867.1, "solvent": 887.6}
CP = [63.393, 0.40257, -0.0012686, 0.0000018275, 0.0]
CP_B = [122.21339975625, 0.488130740171043, -1.26377033159788e-3, 1.71423738891454e-6, 0.0]
MASS = {"A": 100.0, "B": 50.0, "C": 150.0, "D": 250.0, "solvent": 72.107}
#: Temperatures between which the crystallizer is cooled in three ramps of one length [K].
RAMPS = (313.15, 308.0, 295.0, 278.15)
#: Flowsheet -> seconds of reaction, of cooling.
FLOWSHEETS = {"batch reactor": (3600.0, 7200.0), "fed batch reactor": (7200.0, 14400.0), "tube": (7200.0, 14400.0)}
CLASSES = 35
#: Classes with which our error is about that of PharmaPy with 35.
FINER = 100
PLANT, SCENARIO = "pharmapy_demo", "pharmapy_demo_batch"


def exact(charge: dict[str, float], cooling: float, per_solvent: bool) -> tuple[float, float]:
    """Number of crystals and number mean size [m] of a charge [kg], by moment equations."""
    from scipy.integrate import solve_ivp

    instants = np.linspace(0.0, cooling, len(RAMPS))

    def rhs(t: float, y: np.ndarray) -> list[float]:
        T = float(np.interp(t, instants, RAMPS))
        saturated = 226.9 - 1.88 * T + 3.89e-3 * T * T
        dissolved = charge["C"] - 1200.0 * y[3]
        liquor = sum(charge[k] / RHO[k] for k in RHO if k != "C") + dissolved / 1200.0
        S = (
            dissolved / charge["solvent"] / (saturated / 856.0) if per_solvent else dissolved / liquor / saturated
        ) - 1.0
        S = max(S, 0.0)
        volume = sum(charge[k] / RHO[k] for k in RHO)
        G, B = 5e-6 * S**1.32, volume * (3e8 * S**3 + 4.46e10 * S**2)
        return [B, G * y[0] + B * 1e-6, *(k * G * y[k - 1] + B * 1e-6**k for k in (2, 3))]

    scale = np.array([1e9, 1e5, 10.0, 1e-4])
    y = solve_ivp(rhs, (0.0, cooling), np.zeros(4), method="LSODA", rtol=1e-11, atol=1e-11 * scale, max_step=60.0)
    return float(y.y[0, -1]), float(y.y[1, -1] / y.y[0, -1])


def database(folder: Path) -> str:
    """The compounds as PharmaPy reads them."""
    made = {}
    for name, mw in MASS.items():
        visc = [-0.011485634166334, 0, 0, 0] if name in ("C", "solvent") else [-2.786, 476.81, 0.0049173, -6.8815e-6]
        made[name] = {
            "mw": mw, "t_crit": 540.2, "p_crit": 5190, "cp_liq": CP_B if name == "B" else CP, "cp_solid": [1600],
            "rho_liq": RHO[name], "rho_solid": RHO[name], "visc_liq": visc, "p_vap": [9.23027, 1256.68, -40.529],
            "mol_vol": 0.0811, "delta_hvap": 40600, "tref_hvap": 378, "surf_tension": 0.02014,
        }  # fmt: skip
    path = folder / "compounds.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    return str(path)


def by_pharmapy(kind: str, max_step: float, compounds: str) -> dict[str, Any]:
    """One flowsheet, its filter included."""
    from PharmaPy.Containers import DynamicCollector
    from PharmaPy.Crystallizers import BatchCryst
    from PharmaPy.Interpolation import PiecewiseLagrange
    from PharmaPy.Kinetics import CrystKinetics, RxnKinetics
    from PharmaPy.Phases import LiquidPhase, SolidPhase
    from PharmaPy.Reactors import BatchReactor, PlugFlowReactor, SemibatchReactor
    from PharmaPy.SimExec import SimulationExec
    from PharmaPy.SolidLiquidSep import Filter
    from PharmaPy.Streams import LiquidStream
    from PharmaPy.Utilities import CoolingWater

    reaction, cooling = FLOWSHEETS[kind]
    held = kind == "tube"
    sheet = SimulationExec(compounds, flowsheet=f"R01 --> {'HOLD01 --> ' if held else ''}CR01 --> F01")

    def liquid(made: Any, moles: list[float], **size: float) -> Any:
        temperature = 313.15 if "vol_flow" in size or kind == "tube" else 313.0
        return made(compounds, temp=temperature, mole_conc=np.array(moles), name_solv="solvent", **size)

    if kind == "batch reactor":
        sheet.R01 = BatchReactor(isothermal=False)
        sheet.R01.Phases = liquid(LiquidPhase, [0.33, 0.33, 0, 0, 0], vol=0.06)
    elif kind == "fed batch reactor":
        sheet.R01 = SemibatchReactor(isothermal=False, vol_tank=0.1)
        sheet.R01.Phases = liquid(LiquidPhase, [0, 0.66, 0, 0, 0], vol=0.03)
        sheet.R01.Inlet = liquid(LiquidStream, [0.66, 0, 0, 0, 0], vol_flow=0.03 / reaction)
    else:
        sheet.R01 = PlugFlowReactor(diam_in=0.5 * 0.0254, num_discr=50, isothermal=False)
        sheet.R01.Phases = LiquidPhase(compounds, temp=313.15, mass_frac=np.array([0, 0, 0, 0, 1.0]), vol=0.01)
        sheet.R01.Inlet = liquid(LiquidStream, [0.33, 0.33, 0, 0, 0], vol_flow=0.01 / 1800)
        sheet.HOLD01 = DynamicCollector()
    sheet.R01.Utility = CoolingWater(mass_flow=0.1 if held else 0.01, temp_in=313.15)
    reactions, k, ea = ["A + B --> C", "C + A --> D"], np.array([2.654e4, 530.0]), np.array([4e4, 3e4])
    sheet.R01.Kinetics = RxnKinetics(path=compounds, rxn_list=reactions, k_params=k, ea_params=ea)

    grid = np.geomspace(1, 1500, num=CLASSES)
    program = PiecewiseLagrange(cooling, np.column_stack([RAMPS[:-1], RAMPS[1:]]))
    sheet.CR01 = BatchCryst(target_comp="C", method="1D-FVM", scale=1e-9, controls={"temp": program.evaluate_poly})
    laws = {
        "nucl_prim": (3e8, 0, 3),
        "nucl_sec": (4.46e10, 0, 2, 1e-5),
        "growth": (5, 0, 1.32),
        "dissolution": (1, 0, 1),
    }
    sheet.CR01.Kinetics = CrystKinetics(np.array([226.9, -1.88, 3.89e-3]), **laws)
    sheet.CR01.Utility = CoolingWater(mass_flow=1, temp_in=283.15)
    sheet.CR01.Phases = SolidPhase(compounds, x_distrib=grid, distrib=np.zeros(CLASSES), mass_frac=[0, 0, 1, 0, 0])
    sheet.F01 = Filter(float(np.sqrt(4 / np.pi * 200) / 100), 1e11, 1e10)
    asked: dict[str, dict[str, Any]] = {"R01": {"runtime": reaction}, "F01": {"runtime": None, "deltaP": 101325}}
    asked["CR01"] = {"runtime": cooling, "sundials_opts": {"maxh": max_step}}
    if held:
        asked["HOLD01"] = {"runtime": reaction}
    asked = {name: {**told, "verbose": False} for name, told in asked.items()}
    began = time.process_time()
    sheet.SolveFlowsheet(kwargs_run=asked, verbose=False)
    seconds = time.process_time() - began
    found = sheet.CR01.result
    species = list(sheet.CR01.name_species)
    volume = float(np.ravel(found.vol)[0])
    charge = {name: float(found.mass_conc[0, species.index(name)]) * volume for name in RHO}
    mu = np.asarray(found.mu_n)[-1]
    return {"cpu_s": seconds, "charge": charge, "count": float(mu[0]), "mean_m": float(mu[1] / mu[0])}


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


def texts(kind: str, classes: int = CLASSES) -> tuple[str, str]:
    """Plant and scenario: those that are shipped, with the test's reactor and times."""
    plant = (ROOT / "plant_configs" / f"{PLANT}.yaml").read_text(encoding="utf-8")
    scenario = (ROOT / "scenarios" / f"{SCENARIO}.yaml").read_text(encoding="utf-8")
    plant = plant.replace("count: 200,", f"count: {classes},").replace("V_weir: 45 L", "V_weir: 90 L")
    plant = plant.replace("V_vessel: 45 L", "V_vessel: 90 L").replace("V: 5 mL", "V: 10 mL")
    scenario = scenario[: scenario.index("\nfigure:")].replace(f"plant: {PLANT}", "plant: plant.yaml")
    scenario = scenario.replace("record: 10 s", "record: 1 min")
    if kind == "tube":
        return plant, scenario
    reaction, cooling = FLOWSHEETS[kind]
    fed = kind == "fed batch reactor"
    kg = mixed({"B": 0.66} if fed else {"A": 0.33, "B": 0.33})
    total = sum(kg.values())
    w = "{" + ", ".join(f"{name}: {m / total:.9f}" for name, m in kg.items()) + "}"
    reactor = REACTOR.format(volume="30 L" if fed else "60 L", w=w)
    begin, end = plant.index("  reactor:\n"), plant.index("  crystallizer:\n")
    plant = plant[:begin] + reactor + plant[end + len("  crystallizer:\n") :]
    flow = {name: m * 0.03 / 7200.0 if fed else 0.0 for name, m in mixed({"A": 0.66}).items()}
    plant = plant[: plant.index("feeds:\n")] + "feeds:\n  reagents: {T: 40 degC, m_flow: {"
    plant += ", ".join(f"{name}: {value:.9g} kg/s" for name, value in flow.items()) + "}}\nconnections:\n"
    plant += "".join(f"  - {line}\n" for line in CONNECTIONS) + "products: [wet_cake, mother_liquor, fines, vapour]\n"
    ramp = cooling / 3.0
    begin = reaction + 900.0
    end = begin + cooling
    events = [
        f"{{at: {reaction} s, set: {{reagents.m_flow: {{A: 0 g/s, solvent: 0 g/s}}}}}}",
        f"{{at: {reaction} s, set: {{reactor.valve: 1}}}}",
        f"{{at: {begin} s, set: {{reactor.valve: 0}}}}",
        *(
            f"{{at: {begin + k * ramp} s, ramp: {{crystallizer.T_jacket: {RAMPS[k + 1]} K}}, over: {ramp} s}}"
            for k in range(3)
        ),
        f"{{at: {end} s, set: {{crystallizer.V_flow_out: 8 L/min}}}}",
        "{when: crystallizer.empties falls, set: {crystallizer.V_flow_out: 0 L/min}}",
        f"{{at: {end + 900.0} s, set: {{filter.dP: 101325 Pa}}}}",
    ]
    head = scenario[: scenario.index("duration:")]
    head += f"duration: {end + 6.25 * 3600.0} s\nrecord: 1 min\nsolver: {{method: rodas4p, rtol: 1e-6}}\nevents:\n"
    return plant, head + "".join(f"  - {event}\n" for event in events)


CONNECTIONS = (
    "reagents -> reactor.feed", "reactor.product -> crystallizer.feed", "crystallizer.product -> filter.slurry",
    "crystallizer.fines -> fines", "crystallizer.vapour -> vapour", "filter.filtrate -> mother_liquor",
    "filter.cake -> wet_cake",
)  # fmt: skip


def by_twin(kind: str, rtol: float, classes: int, folder: Path) -> dict[str, Any]:
    """The same flowsheet, discharge of the cake left out; least CPU time of five."""
    from dataclasses import replace

    from twin.config import load_scenario
    from twin.plant import compile_plant
    from twin.results.reader import open_run
    from twin.run import run
    from twin.schedule.simulation import Simulation

    plant, scenario = texts(kind, classes)
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    spec = replace(load_scenario(folder / "scenario.yaml"), rtol=rtol)
    compiled = compile_plant(spec.plant)
    seconds = []
    for _ in range(6):
        simulation = Simulation(spec, compiled, samples=lambda block: None)
        began = time.process_time()
        ending = simulation.run()
        seconds.append(time.process_time() - began)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(str(ending))
    reaction, cooling = FLOWSHEETS[kind]
    start, end = reaction + 900.0, reaction + 900.0 + cooling
    out = folder / f"{kind}-{rtol:g}.h5"
    found = open_run(run(replace(spec, until=end), out, checkpoint_every=float("inf")).path)
    first, last = (int(np.searchsorted(found.time, t - 1.0)) for t in (start, end))
    names = ("solvent", "A", "B", "C", "D")
    charge = dict(zip(names, map(float, found.get("crystallizer.m")[first]), strict=True))
    m = found.get("crystallizer.crystals")[last]
    edges = np.geomspace(1e-6, 1500e-6, classes + 1)
    # mean of L³ over a class, as the population balance counts; kv is 1
    n = m / (1200.0 * 0.25 * (edges[1:] + edges[:-1]) * (edges[1:] ** 2 + edges[:-1] ** 2))
    mean = float(n @ (0.5 * (edges[1:] + edges[:-1])) / n.sum())
    steps = simulation.statistics["steps"] + simulation.statistics["rejected"]
    return {"cpu_s": min(seconds), "charge": charge, "count": float(n.sum()), "mean_m": mean, "steps": steps}


def row(name: str, found: dict[str, Any], cooling: float, per_solvent: bool) -> dict[str, Any]:
    """Times and errors of one run."""
    count, mean = exact(found["charge"], cooling, per_solvent)
    values = {
        "cpu_s": found["cpu_s"],
        "error_count": abs(found["count"] / count - 1.0),
        "error_mean_size": abs(found["mean_m"] / mean - 1.0),
        "crystals": found["count"],
        "mean_um": 1e6 * found["mean_m"],
        "charge_of_C_kg": found["charge"]["C"],
        **({"steps": found["steps"]} if "steps" in found else {}),
    }
    return {"name": name, "values": values}


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "the batch reactor alone")
    for package, name in (("PharmaPy.SimExec", "pharmapy-org"), ("assimulo", "assimulo-testing")):
        if importlib.util.find_spec(package.split(".")[0]) is None:
            raise Skipped(f"needs {package.split('.')[0]}: pip install {name}")
    os.environ.setdefault("MPLBACKEND", "agg")
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        compounds = database(place)
        for kind, (_, cooling) in list(FLOWSHEETS.items())[: 1 if quick else None]:
            ours = []
            for rtol, classes in ((1e-4, CLASSES), (1e-6, CLASSES), (1e-4, FINER)):
                inner = place / f"{kind} {rtol:g} {classes}"
                inner.mkdir()
                name = f"{kind}: Twin, rtol {rtol:g}, {classes} classes"
                ours.append(row(name, by_twin(kind, rtol, classes, inner), cooling, True))
            rows += ours
            show(ours)
            for step in (60.0, 10.0):
                theirs = row(f"{kind}: PharmaPy, maxh {step:g} s", by_pharmapy(kind, step, compounds), cooling, False)
                for own in ours:
                    key = f"over_ours_at_{own['name'].split(', rtol ')[1]}"
                    theirs["values"][key] = theirs["values"]["cpu_s"] / own["values"]["cpu_s"]
                rows.append(theirs)
                show(rows[-1:])
    if stores(quick):
        notes = [
            "Errors: against moment equations of the charge that each program's own reactor made.",
            "The fourth flowsheet of its tests (tube, MSMPR, holding tank, filter) is not among these.",
        ]
        write("pharmapy", "PharmaPy's own test flowsheets, by PharmaPy and by Twin", rows, notes)


if __name__ == "__main__":
    main()

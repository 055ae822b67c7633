"""PharmaPy's test flowsheets as PharmaPy runs them: what `benchmarks.pharmapy` times, no benchmark of its own.

Numbers are those of its repository's tests (tests/Flowsheet); everything is made anew here.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

#: Densities, molar masses of solvent, A, B, C, D: the compound database of its tests.
RHO = {"A": 1230.0, "B": 864.7, "C": 1200.0, "D": 867.1, "solvent": 887.6}
CP = [63.393, 0.40257, -0.0012686, 0.0000018275, 0.0]
CP_B = [122.21339975625, 0.488130740171043, -1.26377033159788e-3, 1.71423738891454e-6, 0.0]
MASS = {"A": 100.0, "B": 50.0, "C": 150.0, "D": 250.0, "solvent": 72.107}
#: Temperatures between which the crystallizer is cooled in three ramps of one length [K].
RAMPS = (313.15, 308.0, 295.0, 278.15)
#: Flowsheet -> seconds of reaction, of cooling.
FLOWSHEETS = {"batch reactor": (3600.0, 7200.0), "fed batch reactor": (7200.0, 14400.0), "tube": (7200.0, 14400.0)}
#: The fourth one: a tube, a continuous crystallizer, a tank that collects for so long [s], the filter.
MSMPR, COLLECTED = "tube and MSMPR", 35900.0
CLASSES = 35


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


def built(kind: str, max_step: float, compounds: str, classes: int) -> tuple[Any, dict[str, dict[str, Any]]]:
    """A flowsheet, and what its units are asked to do."""
    from PharmaPy.Containers import DynamicCollector
    from PharmaPy.Crystallizers import MSMPR as Continuous
    from PharmaPy.Crystallizers import BatchCryst
    from PharmaPy.Interpolation import PiecewiseLagrange
    from PharmaPy.Kinetics import CrystKinetics, RxnKinetics
    from PharmaPy.Phases import LiquidPhase, SolidPhase
    from PharmaPy.Reactors import BatchReactor, PlugFlowReactor, SemibatchReactor
    from PharmaPy.SimExec import SimulationExec
    from PharmaPy.SolidLiquidSep import Filter
    from PharmaPy.Streams import LiquidStream
    from PharmaPy.Utilities import CoolingWater

    continuous = kind == MSMPR
    held = kind == "tube" or continuous
    order = {"tube": ["R01", "HOLD01", "CR01", "F01"], MSMPR: ["R01", "CR01", "HOLD01", "F01"]}
    sheet = SimulationExec(compounds, flowsheet=" --> ".join(order.get(kind, ["R01", "CR01", "F01"])))
    reaction, cooling = FLOWSHEETS.get(kind, (36000.0, 36000.0))

    def liquid(made: Any, moles: list[float], **size: float) -> Any:
        temperature = 313.15 if "vol_flow" in size or held else 313.0
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
        first = 298.0 if continuous else 313.15
        sheet.R01.Phases = LiquidPhase(compounds, temp=first, mass_frac=np.array([0, 0, 0, 0, 1.0]), vol=0.01)
        sheet.R01.Inlet = liquid(LiquidStream, [0.33, 0.33, 0, 0, 0], vol_flow=0.01 / 1800)
        sheet.HOLD01 = DynamicCollector()
    sheet.R01.Utility = CoolingWater(mass_flow=0.1 if held else 0.01, temp_in=313.15)
    reactions, k, ea = ["A + B --> C", "C + A --> D"], np.array([2.654e4, 530.0]), np.array([4e4, 3e4])
    sheet.R01.Kinetics = RxnKinetics(path=compounds, rxn_list=reactions, k_params=k, ea_params=ea)

    laws = {
        "nucl_prim": (3e8, 0, 3),
        "nucl_sec": (4.46e10, 0, 2, 1e-5),
        "growth": (5, 0, 1.32),
        "dissolution": (1, 0, 1),
    }
    kinetics = CrystKinetics(np.array([226.9, -1.88, 3.89e-3]), **laws)
    grid = np.geomspace(1, 1500, num=classes)
    solid = SolidPhase(compounds, x_distrib=grid, distrib=np.zeros(classes), mass_frac=[0, 0, 1, 0, 0])
    if continuous:
        sheet.CR01 = Continuous(target_comp="C", method="1D-FVM", scale=1e-9)
        sheet.CR01.Kinetics = kinetics
        sheet.CR01.Utility = CoolingWater(mass_flow=1, temp_in=278.15)
        held_first = np.array([0, 0, kinetics.get_solubility(313.15), 0, 0])
        start = LiquidPhase(compounds, vol=0.01, mass_conc=held_first, temp=313.15, name_solv="solvent")
        sheet.CR01.Phases = (start, solid)
    else:
        program = PiecewiseLagrange(cooling, np.column_stack([RAMPS[:-1], RAMPS[1:]]))
        sheet.CR01 = BatchCryst(target_comp="C", method="1D-FVM", scale=1e-9, controls={"temp": program.evaluate_poly})
        sheet.CR01.Kinetics = kinetics
        sheet.CR01.Utility = CoolingWater(mass_flow=1, temp_in=283.15)
        sheet.CR01.Phases = solid
    sheet.F01 = Filter(float(np.sqrt(4 / np.pi * 200) / 100), 1e11, 1e10)
    asked: dict[str, dict[str, Any]] = {"R01": {"runtime": reaction}, "F01": {"runtime": None, "deltaP": 101325}}
    asked["CR01"] = {"runtime": cooling, "sundials_opts": {"maxh": max_step}}
    if continuous:
        asked["HOLD01"] = {"runtime": cooling, "time_grid": np.arange(10800, 36000, 100)}
    elif held:
        asked["HOLD01"] = {"runtime": reaction}
    return sheet, {name: {**told, "verbose": False} for name, told in asked.items()}


def by_pharmapy(kind: str, max_step: float, compounds: str, classes: int = CLASSES) -> dict[str, Any]:
    """One flowsheet, its filter included."""
    began = time.process_time()
    sheet, asked = built(kind, max_step, compounds, classes)
    made = time.process_time()
    sheet.SolveFlowsheet(kwargs_run=asked, verbose=False)
    told: dict[str, Any] = {"setup_s": made - began, "cpu_s": time.process_time() - made}
    vessel = sheet.HOLD01 if kind == MSMPR else sheet.CR01
    found = vessel.result
    if kind != MSMPR:
        species = list(vessel.name_species)
        volume = float(np.ravel(found.vol)[0])
        told["charge"] = {name: float(found.mass_conc[0, species.index(name)]) * volume for name in RHO}
    mu = np.asarray(found.mu_n)[-1]
    return {**told, "count": float(mu[0]), "mean_m": float(mu[1] / mu[0])}

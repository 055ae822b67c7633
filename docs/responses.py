"""The response on each model's page: `python docs/responses.py [MODEL…]` runs plants and keeps what the model measured.

A model of a shipped plant is shown there, in a scenario that makes it move; the others in the plants of their tests,
or in one written here. What is kept (docs/models/responses.json) is a few series of some sixty points, from which the
site draws; so building the site runs nothing. A test runs the plants again and compares (tests/docs/test_responses.py).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

STORED = ROOT / "docs" / "models" / "responses.json"
#: Points of a series, series and panels of a figure.
POINTS, LINES, PANELS = 60, 3, 3
#: Shipped scenarios, and how far each is run; of two that have a model the first is taken.
SHIPPED: dict[str, str] = {
    "two_tanks": "20 min",
    "cadet_tube_startup": "600 s",
    "cadet_secondary": "5 h",
    "dyssol_granulation": "3500 s",
    "paracetamol_startup": "10 h",
    "direct_compression_refill": "2 h",
    "tablet_press_force_control": "8 h",
    "dry_granulation_day": "1 h",
    "wet_granulation_day": "2 h",
    "paracetamol_batch": "31 h",
    "carousel_normal": "34 min",
    "two_step_day": "24 h",
    "paracetamol_recycle_day": "12 h",
}
LIQUIDS = """\
twin: 1
title: {title}
fluids: [water, solute]
solids: [crystal]
components:
  water: {{molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4180 J/(kg K), dH_vap: 2.44e6 J/kg,
           psat_A: 25.55, psat_B: -5218 K, psat_C: 0, psat_D: 0 1/K}}
  solute: {{molar_mass: 151 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 2 kJ/(kg K), dH_vap: 0 kJ/kg,
            psat_A: -100, psat_B: 0 K, psat_C: 0, psat_D: 0 1/K}}
  crystal: {{molar_mass: 151 g/mol, rho_solid: 1300 kg/m^3, cp_solid: 1250 J/(kg K)}}
grids:
  bins: {{edges: [10 um, 50 um, 150 um, 500 um]}}
units:
  unit: {unit}
{more}
"""
#: Plants written for this, numbers invented: model -> what stands in `LIQUIDS`, duration, events.
WRITTEN: dict[str, tuple[str, str, str, str]] = {
    "drying.tray_dryer": (
        "{model: drying.tray_dryer, params: {area: 1 m^2, alpha_wall: 50, conductivity: 0.2 W/(m K),"
        " rho_bed: 500 kg/m^3, radius: 0.5 mm, D_inside: 1e-10 m^2/s, permeance: 1e-3, X_sorption: 0.02,"
        " X_target: 0.01, tau: 60 s, crystal: crystal, solute: solute, volatile: {water: 1}, T_shelf: 60 degC,"
        " P: 20 mbar}, initial: {M: 5 kg, T: 27 degC, w: {water: 1}, X: 0.3}}",
        "connections: [unit.product -> dry, unit.vapour -> vapour]\nproducts: [dry, vapour]",
        "6 h",
        "",
    ),
    "separation.drum_filter": (
        "{model: separation.drum_filter, params: {tau: 1 s, V_weir: 5 L, area: 0.5 m^2, dP: 0.5 bar, submerged: 0.35,"
        " wash_start: 0.5, wash_end: 0.7, alpha: 1e10 m/kg, L_ref: 100 um, R_m: 5e9 1/m, epsilon: 0.4, S_inf: 0.1,"
        " mu_A: 0, crystal: crystal, film: 1 um, tau_pan: 2 s, drum_speed: 0.6 1/min},"
        " initial: {V: 5 L, T: 25 degC, w: {water: 0.8, solute: 0.2}}}",
        "feeds:\n  slurry: {T: 25 degC, m_flow: {water: 0.72 kg/s, solute: 0.18 kg/s}, m_flow_solid: 100 g/s,"
        " m_flow_crystals: [0 g/s, 100 g/s, 0 g/s]}\n  wash: {T: 25 degC, m_flow: {water: 50 g/s}}\n"
        "connections:\n  - slurry -> unit.slurry\n  - wash -> unit.wash\nOUTLETS",
        "10 min",
        "  - {at: 5 min, set: {unit.drum_speed: 1.2 1/min}}\n",
    ),
    "separation.cake_washer": (
        "{model: separation.cake_washer, cells: 40, params: {area: 0.01 m^2, M_cake: 0.5 kg, epsilon: 0.4,"
        " dispersion: length, D_mol: 0 m^2/s, crystal: crystal, key: solute},"
        " initial: {T: 25 degC, w: {water: 0.9, solute: 0.1}}}",
        "feeds:\n  wash: {T: 25 degC, m_flow: {water: 1 g/s}}\nconnections:\n  - wash -> unit.wash\nOUTLETS",
        "15 min",
        "",
    ),
    "separation.deliquoring": (
        "{model: separation.deliquoring, cells: 40, params: {area: 0.01 m^2, M_cake: 0.5 kg, epsilon: 0.4,"
        " alpha: 1e10 m/kg, R_m: 0 1/m, P_b: 0 Pa, S_inf: 0.1, mu_A: 0, crystal: crystal, dP: 0.5 bar},"
        " initial: {T: 25 degC, w: {water: 0.9, solute: 0.1}, S: 1}}",
        "connections:\nOUTLETS",
        "5 min",
        "",
    ),
    "piping.heat_exchanger": (
        "{model: piping.heat_exchanger, params: {arrangement: counter_current, UA: 800 W/K, C_wall: 20 kJ/K},"
        " initial: {T: 25 degC}}",
        "feeds:\n  hot: {T: 87 degC, m_flow: {water: 0.1 kg/s}}\n  cold: {T: 17 degC, m_flow: {water: 0.25 kg/s}}\n"
        "connections:\n  - hot -> unit.hot\n  - cold -> unit.cold\nOUTLETS",
        "10 min",
        "  - {at: 5 min, set: {hot.m_flow.water: 0.2 kg/s}}\n",
    ),
}
CLOSED = "twin: 1\nplant: plant.yaml\ntitle: CADET's closed crystallizer\nduration: 5 h\nrecord: 5 min\n"


def scenario(duration: str, record: str, events: str = "", title: str = "A response") -> str:
    told = f"twin: 1\nplant: plant.yaml\ntitle: {title}\nduration: {duration}\nrecord: {record}\nseed: 1\n"
    return told + (f"events:\n{events}" if events else "")


def of_tests() -> list[tuple[str, str]]:
    """Plants and scenarios of tests that have what no shipped plant has."""
    from tests.engine import test_plants as engine
    from tests.plant import test_dissolution_test as dissolution
    from tests.plant import test_filters as filters
    from tests.plant import test_piping_and_drying as piping
    from tests.plant import test_powder_line as powder
    from tests.plant import test_wet_granulation as wet
    from tests.unit_ops.crystallization import test_wet_mill as wet_mill
    from tests.unit_ops.powder import test_fluctuation as fluctuation
    from tests.unit_ops.sensing import rig, test_laser_diffraction, test_load_cell, test_transmitter

    step = "  - {at: 50 s, set: {powder.m_flow: {mcc: 5 g/s, paracetamol: 5 g/s}}}\n"
    at_line = rig.POWDER % (
        "at_line",
        "key: paracetamol, period: 10 s, m_sample: 1 g, m_particle: 1 mg, delay: 20 s",
        "",
    )
    heavier = "  - {at: 20 s, set: {scale.load: 6 kg}}\n"
    sizes = "  - {at: 50 s, set: {slurry.m_flow_crystals: {0: 5 g/s, 1: 4 g/s, 2: 1 g/s}}}\n"
    return [
        (engine.DIVERTED, engine.SWITCHING),
        (piping.LOOP, piping.LOOP_RUN),
        (piping.DRYERS, piping.DRYERS_RUN),
        (wet.PLANT, wet.SCENARIO),
        (powder.PLANT, powder.SCENARIO),
        (filters.PLANT, filters.SCENARIO),
        (dissolution.PLANT, dissolution.SCENARIO),
        (wet_mill.LOOP, scenario("1 h", "1 min", title="A mill in a loop with a crystallizer")),
        (fluctuation.PLANT % (5, "volumetric"), scenario("2 min", "1 s", title="A feeder that fluctuates")),
        (test_load_cell.PLANT % "tau: 3 s, noise: 1e-3", scenario("100 s", "1 s", heavier)),
        (test_laser_diffraction.PLANT % "noise: 0.01", scenario("100 s", "1 s", sizes)),
        (test_transmitter.PLANT % ", delay: 6 s, noise: 0.002", scenario("100 s", "1 s")),
        (at_line, scenario("100 s", "1 s", step)),
        *(closed(model) for model in ("moments", "agglomerating")),
        *(written(model) for model in WRITTEN),
    ]  # fmt: skip


def closed(model: str) -> tuple[str, str]:
    """CADET's closed crystallizer by another model."""
    from tests.verification import closed_crystallizer as cadet

    solvent = 1000.0 * (1.0 - 2.0 / 1200.0)
    more = {"moments": f"{cadet.BOTH}, L_nucleus: 1 um", "agglomerating": f"{cadet.BOTH}, beta_ref: 1e-14 m^3/s"}
    outlets = ("product", "fines", "vapour") if model == "agglomerating" else ("product",)
    text = cadet.TEXT.format(
        bins=40, top=1000.0, model=model, more=more[model], sol_a=1.2 / solvent, w_solvent=solvent / (solvent + 2.0),
        w_solute=2.0 / (solvent + 2.0), seed="", products=", ".join(outlets),
        connections=", ".join(f"cr.{name} -> {name}" for name in outlets),
    )  # fmt: skip
    return text, CLOSED


def written(model: str) -> tuple[str, str]:
    """One of the plants above; every outlet leaves the plant."""
    from twin.library import describe

    unit, more, duration, events = WRITTEN[model]
    outlets = [p["name"] for p in describe(model)["ports"] if p["direction"] == "out" and not p["unit"]]
    lines = "".join(f"  - unit.{name} -> {name}_out\n" for name in outlets)
    lines += f"products: [{', '.join(f'{name}_out' for name in outlets)}]"
    title = f"{model} alone, numbers invented"
    text = LIQUIDS.format(title=title, unit=unit, more=more.replace("OUTLETS", lines))
    return text, scenario(duration, "2 s", events, title)


def series(found: Any, unit: str) -> list[dict[str, Any]]:
    """What a unit measured and how it moved: of each unit of measure some, the liveliest first."""
    rows: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    for kinds in (("measurement",), ("outlet", "signal")):
        for tag in found.tags.values():
            if tag.owner != unit or tag.kind not in kinds or tag.codes or len(tag.dims) > 1:
                continue
            values = np.asarray(found.get(tag.name), dtype=float)
            if values.ndim == 2 and tag.name.endswith("m_flow"):
                values = values.sum(axis=1)
            if values.ndim != 1 or not np.all(np.isfinite(values)):
                continue
            spread = float(np.ptp(values)) / max(float(np.max(np.abs(values))), 1e-300)
            row = {
                "name": tag.name.removeprefix(f"{unit}."),
                "unit": tag.unit,
                "meaning": tag.meaning,
                "values": values,
            }
            rows.setdefault(tag.unit, []).append((spread if np.any(values) else -1.0, row))
        if rows:
            break
    lively = sorted(rows.values(), key=lambda group: -max(spread for spread, _ in group))[:PANELS]
    return [row for group in lively for _, row in sorted(group, key=lambda pair: -pair[0])[:LINES]]


def kept(found: Any, unit: str, title: str) -> dict[str, Any]:
    """What is stored of one unit in one run."""
    chosen = series(found, unit)
    instants = np.unique(np.linspace(0, len(found.time) - 1, POINTS).round().astype(int))
    return {
        "unit": unit,
        "scenario": title,
        "time": [float(f"{v:.6g}") for v in found.time[instants]],
        "series": [{**row, "values": [float(f"{v:.5g}") for v in row["values"][instants]]} for row in chosen],
    }


def models_of(found: Any) -> dict[str, str]:
    """Models of a run's plant, each with a unit that is one: the last one, which sees most."""
    from twin.config.reading import read_text

    plain = read_text(found.plant_yaml, "plant.yaml").plain()
    sections = {**plain.get("units", {}), **plain.get("controllers", {})}
    return {body["model"]: name for name, body in sections.items() if isinstance(body, dict) and "model" in body}


def todo(folder: Path) -> Iterator[tuple[str, str, str | Path, str | None]]:
    """All runs in order, what they need written to the folder: (name, text of the plant, scenario, how far)."""
    for told, until in SHIPPED.items():
        plant = re.search(r"^plant: (\w+)", (ROOT / "scenarios" / f"{told}.yaml").read_text("utf-8"), re.MULTILINE)
        assert plant is not None
        yield told, (ROOT / "plant_configs" / f"{plant[1]}.yaml").read_text(encoding="utf-8"), told, until
    for number, (plant_text, scenario_text) in enumerate(of_tests()):
        place = folder / str(number)
        place.mkdir()
        named = re.search(r"^plant: (\S+)", scenario_text, re.MULTILINE)
        assert named is not None
        (place / named[1]).write_text(plant_text, encoding="utf-8")
        (place / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
        yield str(number), plant_text, place / "scenario.yaml", None


def ran(told: str | Path, until: str | None, path: Path) -> dict[str, dict[str, Any]]:
    """Run one into a file: what is stored of each model that it has."""
    from twin.results.reader import open_run
    from twin.run import run

    found = open_run(run(told, path, until=until, checkpoint_every=float("inf")).path)
    title = told if isinstance(told, str) else str(found.attrs.get("title", ""))
    return {model: kept(found, unit, title) for model, unit in models_of(found).items()}


def stored() -> dict[str, dict[str, Any]]:
    """What is kept, by model."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else {}


def main(wanted: list[str]) -> int:
    """Run what has the wanted models, or all, and store."""
    from twin.library import names

    known = stored()
    missing = {*(wanted or names())}
    with tempfile.TemporaryDirectory() as name:
        for number, text, told, until in todo(Path(name)):
            if not missing & {*re.findall(r"model: *([\w.]+)", text)}:
                continue
            try:
                found = ran(told, until, Path(name) / f"{number}.h5")
            except Exception as error:  # one plant that fails does not keep the others
                sys.stdout.write(f"{told}: {error}\n")
                continue
            for model in missing & set(found):
                known[model] = found[model]
                missing.discard(model)
                sys.stdout.write(f"{model}: {[row['name'] for row in known[model]['series']]}\n")
            sys.stdout.flush()
    lines = ",\n".join(
        f" {json.dumps(model)}: {json.dumps(known[model], ensure_ascii=False)}" for model in sorted(known)
    )
    STORED.write_text("{\n" + lines + "\n}\n", encoding="utf-8", newline="\n")
    sys.stdout.write(f"without a response: {sorted(missing)}\n" if missing else "every model has a response\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

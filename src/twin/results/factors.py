"""Cost and CO2 of a run's utilities, and its E-factor, where the scenario has `factors:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from twin.results.kpi import Flows, duties_of
from twin.results.netcdf import add_dimension, add_numbers, add_texts, set_texts

if TYPE_CHECKING:
    from rich.table import Table

    from twin.config.material_spec import FactorsSpec
    from twin.config.spec import KpiSpec
    from twin.results.reader import Run


def write_factors(file: h5py.File, factors: FactorsSpec | None) -> None:
    """Write `/factors`, so that a report needs the file only."""
    if factors is None:
        return
    group = file.create_group("/factors")
    group.attrs["count"] = len(factors.utilities)
    set_texts(group, {"uncounted": ",".join(factors.uncounted)})
    scale = add_dimension(file, "utility", len(factors.utilities))
    items = factors.utilities
    add_texts(group, "duty", [item.duty for item in items], scale, "heat that is served")
    add_texts(group, "utility", [item.utility for item in items], scale, "what serves it")
    add_texts(group, "source", [item.source for item in items], scale, "where the factors are from")
    add_numbers(group, "heating", [float(x.heating) for x in items], [scale], "1", "1 gives heat, 0 takes it")
    add_numbers(group, "price", [item.price for item in items], [scale], "EUR/GJ", "price of the heat")
    add_numbers(group, "co2", [item.co2 for item in items], [scale], "kg/GJ", "CO2 of the heat")


def factors_of(run: Run, kpi: KpiSpec, flows: Flows) -> dict[str, Any] | None:
    """Work out cost, CO2 and E-factor; None where the scenario does not ask.

    A utility that gives heat pays for what a duty adds, one that takes heat for what it removes. The
    E-factor is all mass fed that did not become product, over the product, without the components
    that it leaves out.
    """
    from twin.results.schedule import rows

    with run.opened() as file:
        if "/factors" not in file:
            return None
        uncounted = [name for name in str(file["/factors"].attrs["uncounted"]).split(",") if name]
    return worked_out(run, kpi, flows, rows(run, "/factors"), uncounted)


def worked_out(
    run: Run, kpi: KpiSpec, flows: Flows, rows: list[dict[str, Any]], uncounted: list[str]
) -> dict[str, Any]:
    """Work out what :func:`factors_of` gives, from the utilities that serve the duties of a run."""
    duties = duties_of(run)
    served = []
    for row in rows:
        unit, _, label = row["duty"].partition(".")
        duty = duties.get(unit, {}).get(label)
        energy = 0.0 if duty is None else duty["added" if row["heating"] else "removed"] * 1e-9
        cost, co2 = energy * row["price"], energy * row["co2"]
        served.append({"duty": row["duty"], "utility": row["utility"], "GJ": energy, "cost_EUR": cost, "co2_kg": co2})
    made = _counted(flows, [kpi.product], uncounted) if kpi.product else 0.0
    fed = _counted(flows, [name for name, role in flows.owners.items() if role == "feed"], uncounted)
    co2 = sum(row["co2_kg"] for row in served)
    return {
        "utilities": served,
        "cost_EUR": sum(row["cost_EUR"] for row in served),
        "co2_kg": co2,
        "co2_kg_per_kg": co2 / made if made > 0.0 else None,
        "e_factor": (fed - made) / made if made > 0.0 else None,
        "uncounted": uncounted,
    }


def _counted(flows: Flows, owners: list[str], uncounted: list[str]) -> float:
    masses = [flows.components[owner] for owner in owners if owner in flows.components]
    return sum(mass for table in masses for name, mass in table.items() if name not in uncounted)


def factor_lines(found: dict[str, Any], table: Table) -> str:
    """Fill a table of utilities, and give the sentence below it."""
    for row in found["utilities"]:
        numbers = (f"{row[key]:.4g}" for key in ("GJ", "cost_EUR", "co2_kg"))
        table.add_row(row["duty"], row["utility"], *numbers)
    text = f"utilities {found['cost_EUR']:.4g} EUR and {found['co2_kg']:.4g} kg CO2"
    if found["co2_kg_per_kg"] is not None:
        text += f", {found['co2_kg_per_kg']:.4g} kg CO2 per kg of product"
    if found["e_factor"] is not None:
        without = f" without {', '.join(found['uncounted'])}" if found["uncounted"] else ""
        text += f"; E-factor {found['e_factor']:.4g} kg of waste per kg of product{without}"
    return text

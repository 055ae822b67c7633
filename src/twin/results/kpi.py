"""Figures of merit of a run: throughput, yield, PMI, quality, holdup, duties.

What the product is stands in the plant's configuration:

    kpi: {api: paracetamol, product: tablets, limiting: p_aminophenol}

`limiting` is the reactant that the yield is judged on and `ratio` the moles of API that a mole of it
can give (1 unless written). Without the section throughput and holdups are given, yield is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.config.spec import KpiSpec
from twin.results.reader import Limits, Run
from twin.results.streams import Term

#: The rate at the end is taken over this time [s].
RECENT = 3600.0
#: Quality is judged while at least this part of the largest product flow leaves the plant.
PRODUCING = 0.01


def read_kpi(run: Run) -> KpiSpec:
    """Give the plant's `kpi:` section as the file holds it; names that the file does not have are left out.

    A plant with one product, or one that is counted in pieces, need not name it.
    """
    products = list(dict.fromkeys(term.owner for term in run.terms if term.role == "product"))
    counted = [term.owner for term in run.terms if term.role == "product" and term.kind == "utility"]
    obvious = products if len(products) == 1 else counted  # a boundary that counts pieces: tablets
    said = {"product": obvious[0] if len(obvious) == 1 else "", **run.kpi}
    api, limiting = (name if (name := said.get(key)) in run.components else "" for key in ("api", "limiting"))
    product = said["product"] if said["product"] in products else ""
    return KpiSpec(api, product, limiting, float(said.get("ratio", 1.0)))


class Flows:
    """Masses that crossed the boundary, by feed or product, component and time."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.owners = {term.owner: term.role for term in run.terms if term.role in ("feed", "product")}
        self.mass: dict[str, np.ndarray] = {owner: np.zeros(run.rows) for owner in self.owners}
        self.components: dict[str, dict[str, float]] = {owner: {} for owner in self.owners}
        labels = {dim: run.labels(dim) for dim in {t.kind for t in run.terms} & {"fluids", "solids"}}
        for term in run.terms:
            if term.owner in self.owners and term.kind in ("fluids", "solids"):
                self._add(term, list(labels[term.kind]))

    def _add(self, term: Term, names: list[Any]) -> None:
        grown = _grown(self.run, term)
        self.mass[term.owner] = self.mass[term.owner] + grown.sum(axis=1)
        into = self.components[term.owner]
        for i, name in enumerate(names):
            into[name] = into.get(name, 0.0) + (float(grown[-1, i]) if grown.size else 0.0)

    def total(self, owner: str) -> float:
        """Mass that has crossed [kg]."""
        return float(self.mass[owner][-1]) if self.run.rows else 0.0

    def fed(self, component: str) -> float:
        """Mass of a component that has been fed [kg]."""
        return sum(self.components[o].get(component, 0.0) for o, role in self.owners.items() if role == "feed")

    def table(self, role: str) -> dict[str, dict[str, Any]]:
        """Feeds or products: mass, mean rate, rate at the end, components."""
        time = self.run.time
        span = float(time[-1] - time[0]) if time.size else 0.0
        rows = {}
        for owner, its_role in self.owners.items():
            if its_role != role:
                continue
            recent = min(RECENT, span)
            late = self.total(owner) - float(np.interp(time[-1] - recent, time, self.mass[owner])) if span else 0.0
            rows[owner] = {
                "mass_kg": self.total(owner),
                "mean_kg_per_h": 3600.0 * self.total(owner) / span if span else 0.0,
                "last_kg_per_h": 3600.0 * late / recent if span else 0.0,
                "components_kg": self.components[owner],
            }
        return rows


def yield_of(run: Run, kpi: KpiSpec, flows: Flows) -> dict[str, Any] | None:
    """API in the product over what the feeds could give [mass]; None where the plant does not say."""
    if not (kpi.api and kpi.product):
        return None
    theoretical = flows.fed(kpi.api)
    if kpi.limiting:
        molar = {name: run.components[name]["molar_mass"] for name in (kpi.api, kpi.limiting)}
        theoretical += flows.fed(kpi.limiting) * kpi.ratio * molar[kpi.api] / molar[kpi.limiting]
    out = flows.components[kpi.product].get(kpi.api, 0.0)
    return {
        "api": kpi.api,
        "product": kpi.product,
        "limiting": kpi.limiting or None,
        "api_out_kg": out,
        "theoretical_kg": theoretical,
        "yield": out / theoretical if theoretical > 0.0 else None,
    }


def pmi_of(kpi: KpiSpec, flows: Flows) -> float | None:
    """Process mass intensity: all mass fed, drying gas, purge gas and water included, over the mass of product.

    The E-factor of `factors:` leaves water and nitrogen out, or what `uncounted:` lists.
    """
    made = flows.total(kpi.product) if kpi.product else 0.0
    fed = sum(flows.total(owner) for owner, role in flows.owners.items() if role == "feed")
    return fed / made if made > 0.0 else None


def quality_of(run: Run, kpi: KpiSpec, flows: Flows, limits: Limits) -> dict[str, Any]:
    """Statistics of a moving average against its limits, while product leaves the plant.

    The average is over `limits.average` seconds: never over the run, which would hide excursions.
    """
    row: dict[str, Any] = {
        "tag": limits.tag,
        "unit": run.unit(limits.tag),
        "average_s": limits.average,
        "low": _or_none(limits.low),
        "high": _or_none(limits.high),
        "judged_s": 0.0,
    }
    time, values = run.time, run.get(limits.tag)
    if time.size < 2:
        return row
    means = _moving_average(time, values, limits.average)
    judged = time >= time[0] + limits.average
    if kpi.product:
        mass = flows.mass[kpi.product]
        passed = mass - np.interp(time - max(limits.average, time[1] - time[0]), time, mass)
        judged &= passed > PRODUCING * float(passed.max(initial=0.0))
    weights = np.gradient(time) * judged
    if not weights.any():
        return row
    chosen = means[judged]
    inside = ~(means < limits.low) & ~(means > limits.high)
    mean = float(np.average(chosen, weights=weights[judged]))
    starts = judged & ~inside & ~np.concatenate([[False], (judged & ~inside)[:-1]])
    row.update(
        judged_s=float(weights.sum()),
        mean=mean,
        min=float(chosen.min()),
        max=float(chosen.max()),
        std=float(np.sqrt(np.average((chosen - mean) ** 2, weights=weights[judged]))),
        inside=float(weights[inside].sum() / weights.sum()),
        excursions=int(starts.sum()),
    )
    return row


def holdups_of(run: Run) -> dict[str, dict[str, float]]:
    """What each unit holds at the end, and the most that it has held [kg, J]."""
    table: dict[str, dict[str, float]] = {}
    masses: dict[str, np.ndarray] = {}
    for tag in run.tags.values():
        if tag.kind != "holdup" or not run.rows:
            continue
        unit, name = tag.owner, tag.name.rsplit(".", 1)[-1]
        values = run.get(tag.name)
        row = table.setdefault(unit, {"fluids_kg": 0.0, "solids_kg": 0.0, "H_J": 0.0})
        if name == "H":
            row["H_J"] = float(values[-1])
        else:
            row[f"{name}_kg"] = float(values[-1].sum())
            masses[unit] = masses.get(unit, 0.0) + values.sum(axis=1)
    for unit, mass in masses.items():
        table[unit]["most_kg"] = float(mass.max())
    return table


def duties_of(run: Run) -> dict[str, dict[str, dict[str, Any]]]:
    """Energy sources and utilities by unit: net, added and removed over the run."""
    table: dict[str, dict[str, dict[str, Any]]] = {}
    units = {tag.path: tag.unit for tag in run.tags.values()}
    for term in run.terms:
        if term.kind != "utility" and not (term.kind == "energy" and term.role == "source"):
            continue
        grown = _grown(run, term)
        steps = np.diff(grown.reshape(run.rows, max(1, grown[:1].size)).sum(axis=1))
        table.setdefault(term.owner, {})[term.label] = {
            "unit": units[term.path],
            "net": float(steps.sum()),
            "added": float(steps[steps > 0.0].sum()),
            "removed": float(-steps[steps < 0.0].sum()),
        }
    return table


def _grown(run: Run, term: Term) -> np.ndarray:
    """What a term has accumulated since the first recorded row, [time, …]."""
    with run.opened() as file:
        values = np.asarray(file[term.path][: run.rows])
    grown: np.ndarray = values - values[:1]
    return grown


def _moving_average(time: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    if width <= 0.0:
        return values
    steps = 0.5 * np.diff(time) * (values[1:] + values[:-1])
    total = np.concatenate([[0.0], np.cumsum(steps)])
    start = np.maximum(time - width, time[0])
    span = np.where(time > start, time - start, 1.0)
    means: np.ndarray = np.where(time > start, (total - np.interp(start, time, total)) / span, values)
    return means


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value

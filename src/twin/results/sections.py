"""The parts of a run file that do not grow: what was run, with what, and how it ended."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import h5py
import numpy as np

from twin.packages import version
from twin.results.balances import MEASURES, Balances
from twin.results.layout import SCHEMA_VERSION, place, safe
from twin.results.netcdf import TEXT, add_coordinate, add_dimension, add_numbers, add_texts, set_texts

#: Packages whose versions can change a number.
PACKAGES = ("continuous-twin", "numpy", "scipy", "numba", "llvmlite", "simpy", "scikit-sundae", "h5py")
#: Properties that the balances and the yield are computed from.
PROPERTIES = {
    "molar_mass": ("kg/mol", "molar mass"),
    "cp_liquid": ("J/(kg K)", "specific heat capacity as a liquid or dissolved"),
    "cp_solid": ("J/(kg K)", "specific heat capacity as a solid"),
}


def write_root(file: h5py.File, plant: Any, scenario: Any, outcome: str) -> None:
    """Attributes that say at a glance what the file is."""
    set_texts(
        file,
        {
            "Conventions": "CF-1.11",
            "title": scenario.title or scenario.name,
            "source": "twin, dynamic simulation: the numbers are computed, not measured",
            "schema_version": SCHEMA_VERSION,
            "scenario": scenario.name,
            "plant": plant.spec.name,
            "method": scenario.method,
            "outcome": outcome,
            "outcome_message": "the run has not ended, or was killed",
        },
    )
    file.attrs["duration"] = float(scenario.duration)
    file.attrs["record_every"] = float(scenario.record_every)
    file.attrs["rtol"] = float(scenario.rtol)


def write_configuration(file: h5py.File, plant: Any, scenario: Any, resolved: str) -> None:
    """The configuration word for word, and with every default made explicit."""
    group = file.create_group("/configuration")
    for name, text, meaning in (
        ("plant", plant.spec.source_text, "plant configuration, verbatim"),
        ("scenario", scenario.source_text, "scenario, verbatim"),
        ("resolved", resolved, "resolved configuration: every default explicit, in SI"),
    ):
        set_texts(group.create_dataset(name, data=text, dtype=TEXT), {"long_name": meaning})
    kpi = plant.spec.kpi
    if kpi is not None:
        section = group.create_group("kpi")
        set_texts(section, {"api": kpi.api, "product": kpi.product, "limiting": kpi.limiting})
        section.attrs["ratio"] = float(kpi.ratio)


def write_provenance(file: h5py.File, plant: Any, scenario: Any) -> None:
    """What made the numbers; the same for equal runs on one machine."""
    group = file.create_group("/provenance")
    set_texts(
        group,
        {
            "model_fingerprint": plant.fingerprint,
            "python": platform.python_version(),
            "implementation": sys.implementation.name,
            "system": platform.system(),
            "machine": platform.machine(),
            "byteorder": sys.byteorder,
            "hdf5": h5py.version.hdf5_version,
        },
    )
    set_texts(file.create_group("/provenance/versions"), versions())
    group.attrs["seed"] = int(scenario.seed)


def versions() -> dict[str, str]:
    """Versions of the packages that can change a number, where they are installed."""
    return {name: found for name in PACKAGES if (found := version(name)) is not None}


def write_fork(file: h5py.File, fork: Mapping[str, str | float]) -> None:
    """Which run was forked, from where on, and what was changed."""
    group = file.create_group("/provenance/fork")
    set_texts(group, {name: value for name, value in fork.items() if isinstance(value, str)})
    for name, value in fork.items():
        if not isinstance(value, str):
            group.attrs[name] = float(value)


def write_session(file: h5py.File, started: float, more: Mapping[str, float | str]) -> None:
    """What differs between equal runs; left out of the content hash."""
    group = file.create_group("/provenance/session")
    ended = datetime.now(UTC)
    set_texts(
        group,
        {
            "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            "ended": ended.isoformat(timespec="seconds"),
        },
    )
    group.attrs["wall_seconds"] = ended.timestamp() - started
    for name, value in more.items():
        group.attrs[name] = value


def write_statistics(file: h5py.File, stats: Mapping[str, float]) -> None:
    """Counts of the solver, as attributes."""
    group = file.create_group("/solver")
    for name, value in stats.items():
        group.attrs[name] = value


def write_components(file: h5py.File, plant: Any) -> None:
    """Properties of the components; NaN where the database has none."""
    names = plant.balance.components
    group = file.create_group("/components")
    scale = add_coordinate(file, "component", names, "", "component")
    for key, (unit, meaning) in PROPERTIES.items():
        values = [plant.spec.components.get(name, {}).get(key, np.nan) for name in names]
        add_numbers(group, key, values, [scale], unit, meaning)


def write_terms(file: h5py.File, plant: Any) -> None:
    """Which quadrature enters which balance, with which sign, and where its stream is recorded."""
    group = file.create_group("/balances")
    terms = plant.balance.terms
    if not terms:
        return
    sources = {product.name: product.source.split(".") for product in plant.spec.products}
    paths = {(c.owner, c.field.name): place(c) for c in plant.columns if c.kind == "quadrature"}
    streams = []
    for term in terms:
        unit, port = sources.get(term.owner, ("", ""))
        stream = f"/units/{safe(unit)}/outlets/{safe(port)}" if term.role == "product" and unit else ""
        streams.append(f"/feeds/{safe(term.owner)}" if term.role == "feed" else stream)
    scale = add_dimension(file, "term", len(terms))
    table = group.create_group("terms")
    for name, texts in (
        ("owner", [t.owner for t in terms]),
        ("label", [t.label for t in terms]),
        ("kind", [t.kind for t in terms]),
        ("role", [t.role for t in terms]),
        ("path", [paths.get((t.owner, t.label), "") for t in terms]),
        ("stream", streams),
    ):
        add_texts(table, name, texts, scale, f"{name} of the term")
    add_numbers(table, "sign", [t.sign for t in terms], [scale], "1", "+1 adds to the plant's holdup")


def write_quality(file: h5py.File, scenario: Any) -> None:
    """Limits of the scenario's `quality:`; NaN where there is none."""
    group = file.create_group("/quality")
    rows = scenario.quality
    if not rows:
        return
    scale = add_dimension(file, "quality_limit", len(rows))
    add_texts(group, "tag", [row.tag for row in rows], scale, "what is judged")
    for name, meaning in (("low", "lower limit"), ("high", "upper limit")):
        limits = [getattr(row, name) for row in rows]
        values = [np.nan if limit is None else limit for limit in limits]
        add_numbers(group, name, values, [scale], "1", f"{meaning}, in the tag's unit")
    add_numbers(group, "average", [row.average for row in rows], [scale], "s", "averaging interval")


def write_balances(file: h5py.File, balances: Balances) -> None:
    """Closure of every component's balance and of the energy balance."""
    group = file["/balances"]
    scale = file["component"]
    for name, meaning in MEASURES.items():
        unit = "1" if name.startswith("relative") else "kg"
        values = [balance.measures[name] for balance in balances.components]
        add_numbers(group, name, values, [scale], unit, meaning)
    energy = group.create_group("energy")
    for name, meaning in MEASURES.items():
        unit = "1" if name.startswith("relative") else "J"
        add_numbers(energy, name, balances.energy.measures[name], [], unit, meaning)

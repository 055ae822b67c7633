"""Error against time: every shipped plant by each integrator, rtol 1e-3 to 1e-9.

    python -m benchmarks.work_precision [--quick] [PLANT…]

Plants, events and horizons are those of `shortly.py`. The error is the worst state's |y - ref|/(|ref| + nominal), its
median and its greatest over the instants, against Rodas4P at rtol 1e-11 (at a looser one where that takes longer than
`REFERENCE_LIMIT`; the rows tell). Times are CPU seconds of the integration, least of three. A method that took longer
than `PATIENCE` at one tolerance is not asked for a tighter one, one that takes longer than `LIMIT` is stopped, and what
a method cannot do is a row with the reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from typing import Any

from benchmarks.harness import RESULTS, show, stores, write
from benchmarks.shortly import PLANTS, Ran, Short, Slow, errors, short, simulate, warm

METHODS = ("rodas4p", "rodas4p2", "rodas5p", "multirate", "cvode-gmres", "cvode")
TOLERANCES = tuple(10.0**-k for k in range(3, 10))
REFERENCES = (1e-11, 1e-10, 1e-9)
#: CPU seconds after which a method is not asked for more digits.
PATIENCE = 1.0
#: Seconds of the clock after which a run is stopped, and a reference.
LIMIT, REFERENCE_LIMIT = 8.0, 40.0
#: Counts kept beside the times.
COUNTS = ("steps", "rejected", "rhs", "jacobians", "lu")


def row(made: Short, method: str, rtol: float, reference: Ran, repeats: int) -> dict[str, Any]:
    """One point of the diagram, or the reason why there is none."""
    name = f"{made.name}, {method}, rtol {rtol:g}"
    where: dict[str, Any] = {"plant": made.name, "method": method, "rtol": rtol}
    try:
        ran = simulate(made, method, rtol, LIMIT)
        seconds = [ran.seconds]
        while len(seconds) < repeats and ran.seconds < PATIENCE:
            seconds.append(simulate(made, method, rtol, LIMIT).seconds)
    except RuntimeError as error:
        return {"name": name, "values": {**where, "skipped": str(error)}}
    values = {"min_s": min(seconds), **errors(made, ran, reference), **{k: ran.counts[k] for k in COUNTS}}
    return {"name": name, "values": {**where, **values}}


def closest(made: Short) -> tuple[Ran, float]:
    """The reference, at the smallest tolerance that takes no longer than it may."""
    for rtol in REFERENCES:
        try:
            return simulate(made, "rodas4p", rtol, REFERENCE_LIMIT), rtol
        except Slow:
            continue
    raise Slow(f"no reference for {made.name} within {REFERENCE_LIMIT:g} s")


def diagram(made: Short, tolerances: tuple[float, ...], repeats: int) -> list[dict[str, Any]]:
    """All points of a plant."""
    reference, its_rtol = closest(made)
    rows = []
    for method in METHODS:
        if method.startswith("cvode") and importlib.util.find_spec("sksundae") is None:
            why = {"plant": made.name, "method": method, "skipped": "needs scikit-sundae, which is not installed"}
            rows.append({"name": f"{made.name}, {method}", "values": why})
            show(rows[-1:])
            continue
        warm(made, method)
        for rtol in tolerances:
            if rtol < 100.0 * its_rtol:
                break  # the reference itself is not surer than that
            rows.append(row(made, method, rtol, reference, repeats))
            rows[-1]["values"]["reference_rtol"] = its_rtol
            show(rows[-1:])
            if rows[-1]["values"].get("min_s", 0.0) > PATIENCE or "over" in rows[-1]["values"].get("skipped", ""):
                break
    return rows


def stored() -> list[dict[str, Any]]:
    """Rows of an earlier run: those of plants that are not run now stay, and say when they were made."""
    path = RESULTS / "work_precision.json"
    if not path.is_file():
        return []
    told = json.loads(path.read_text(encoding="utf-8"))
    return [{**row, "values": {"made": told["made"], **row["values"]}} for row in told["rows"]]


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plants", nargs="*", help="which (default: all)")
    parser.add_argument("--quick", action="store_true", help="three small plants, three tolerances, nothing stored")
    given = parser.parse_args()
    names = given.plants or (["two_tanks", "cadet_crystallizer", "dyssol_granulation"] if given.quick else [*PLANTS])
    tolerances = (1e-3, 1e-5, 1e-7) if given.quick else TOLERANCES
    rows = [row for row in stored() if row["values"]["plant"] not in names and not given.quick]
    for name in names:
        rows += diagram(short(name), tolerances, 1 if given.quick else 3)
        rows.sort(key=lambda row: list(PLANTS).index(row["values"]["plant"]))
        if stores(given.quick):
            notes = [
                "Rows that say when they were made are of that day, the others of this file's.",
                "Reference: Rodas4P at reference_rtol, 1e-11 where it is not told. CPU seconds; loading, compiling and"
                " writing excluded.",
                "The greatest errors of plants with refills and guards lie where an instant moves with the tolerance.",
            ]
            write("work_precision", "Work-precision diagrams of the shipped plants", rows, notes)


if __name__ == "__main__":
    main()

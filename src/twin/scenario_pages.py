"""What the page of a plant says of a scenario: its own words, and the results of its last full run.

The results are those of `benchmarks/results/scenarios.json`, so that a page is written without running
anything; one whose files have changed since says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.config.numbers import header
from twin.config.reading import read_file
from twin.errors import TwinError
from twin.markdown import literal, prose, table
from twin.shown import clock, number, shown_unit

SCENARIOS = Path("scenarios")
RESULTS = Path("benchmarks") / "results" / "scenarios.json"
COMMAND = "python -m benchmarks.scenarios"
#: More kinds of events than this are counted, not listed.
MOST_EVENTS = 40


def scenarios_of(root: Path) -> dict[str, list[str]]:
    """Scenarios of a clone by the plant that they run."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / SCENARIOS).glob("*.yaml")):
        plant = _plain(path).get("plant")
        if isinstance(plant, str):
            found.setdefault(Path(plant).stem, []).append(path.stem)
    return found


def read_results(root: Path) -> dict[str, dict[str, Any]]:
    """Results of the full runs by scenario; empty before the first."""
    path = root / RESULTS
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return {row["name"]: row["values"] for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise TwinError(f"{RESULTS} is damaged ({error}): make it again with `{COMMAND}`") from error


def fingerprint(root: Path, scenario: str) -> str:
    """Tell one wording of a scenario and its plant from another; comments and layout do not count."""
    plain = _plain(root / SCENARIOS / f"{scenario}.yaml")
    plant = plain.get("plant")
    inner = _plain(root / "plant_configs" / f"{Path(plant).stem}.yaml") if isinstance(plant, str) else plant
    drawn = {key: value for key, value in plain.items() if key != "figure"}
    return hashlib.sha256(json.dumps([drawn, inner], sort_keys=True).encode()).hexdigest()[:16]


def scenario_section(root: Path, name: str, results: Mapping[str, dict[str, Any]], folder: Path) -> list[str]:
    """Section on one scenario.

    Parameters
    ----------
    root : Path
        Of a clone.
    name : str
    results : mapping
        As :func:`read_results` gives them.
    folder : Path
        Of the pages, beside which figures stand, seen from the root.
    """
    path = root / SCENARIOS / f"{name}.yaml"
    text = read_file(path, name).source.text
    plain = _plain(path)
    lines = [f"### {plain.get('title', name.replace('_', ' '))}", ""]
    lines += [f"Scenario [`{name}`](../../{SCENARIOS.as_posix()}/{name}.yaml)", "", *prose(header(text)), ""]
    found = results.get(name)
    if found is None:
        return [*lines, "It has not been run in full yet.", ""]
    if found["fingerprint"] != fingerprint(root, name):
        lines += [f"The results below are those of an earlier wording: `{COMMAND} --stale` makes them again.", ""]
    if (root / folder / f"{name}.png").is_file():
        lines += [f"![Course of {name}]({name}.png)", ""]
    return [*lines, *_facts(found), *_quality(found), *_faults(found), *_resources(found), *_events(found)]


def _facts(found: dict[str, Any]) -> list[str]:
    worst = max(found["balances"], key=lambda row: row["relative"])
    streams = max(found["balances"], key=lambda row: row["relative_streams"])
    rows = [
        ("outcome", f"{found['outcome']}: {literal(found['message'])}"),
        ("plant time", clock(found["plant_s"])),
        ("integration", f"{number(found['integration_s'], 3)} s, {found['steps']} steps, {found['rejected']} rejected"),
        ("size", f"{found['states']} states"),
        ("balances", f"close to {number(worst['relative'], 2)} ({worst['name']}), with the solver's integrals"),
        ("", f"and to {number(streams['relative_streams'], 2)} ({streams['name']}), with the recorded streams"),
    ]
    rows += [
        (f"{role} {name}", f"{number(mass)} kg") for role in ("feed", "product") for name, mass in found[role].items()
    ]
    if found["yield"] is not None:
        rows.append((f"yield of {found['api']}", f"{100.0 * found['yield']:.2f} %"))
    if found["pmi"] is not None:
        rows.append(("process mass intensity, gases and water included", f"{number(found['pmi'])} kg/kg"))
    rows += [("warning", literal(text)) for text in found["warnings"]]
    return table("", ("", ""), rows)


def _quality(found: dict[str, Any]) -> list[str]:
    rows = []
    for row in found["quality"]:
        meaning = row["meaning"]
        known = [row.get(key) for key in ("low", "high", "mean", "min", "max") if row.get(key) is not None]
        shown = shown_unit(row["unit"], meaning, max((abs(value) for value in known), default=0.0))
        numbers = [
            number(None if row.get(key) is None else float(shown.of(row[key])))
            for key in ("low", "mean", "high", "min", "max")
        ]
        inside = f"{100.0 * row['inside']:.4g} %" if "inside" in row else "no product"
        rows.append((f"`{row['tag']}`", shown.text, *numbers, inside))
    columns = ("quality", "unit", "low", "mean", "high", "least", "most", "time inside")
    return table("", columns, rows) if rows else []


def _faults(found: dict[str, Any]) -> list[str]:
    rows = [
        (literal(row["label"]), f"`{row['where']}`" if row["where"] else "", clock(row["first_s"]))
        + (str(row["count"]), clock(row["total_s"]))
        for row in found["faults"]
    ]
    return table("", ("fault", "where", "first at", "times", "altogether"), rows) if rows else []


def _resources(found: dict[str, Any]) -> list[str]:
    rows = []
    for row in found["resources"]:
        numbers = (str(row["requests"]), str(row["never"]) if row["never"] else "")
        times = (clock(row["waited_s"]), clock(row["longest_s"]), clock(row["held_s"]))
        rows.append((literal(row["resource"]), *numbers, *times))
    columns = ("resource", "requests", "never granted", "waited for", "longest wait", "held")
    return table("", columns, rows) if rows else []


def _events(found: dict[str, Any]) -> list[str]:
    rows = []
    for i, row in enumerate(found["happened"][:MOST_EVENTS], start=1):
        times = str(row["count"]) if row["count"] > 1 else ""
        last = clock(row["last_s"]) if row["count"] > 1 else ""
        rows.append((str(i), literal(row["cause"]), clock(row["first_s"]), times, last))
    if not rows:
        return ["No event fired.", ""]
    lines = table("", ("", "what happened", "first at", "times", "last at"), rows)
    more = len(found["happened"]) - MOST_EVENTS
    return [*lines, f"… and {more} more.", ""] if more > 0 else lines


def _plain(path: Path) -> dict[str, Any]:
    plain = read_file(path, path.name).plain()
    assert isinstance(plain, dict)  # read_file refuses anything else
    return plain

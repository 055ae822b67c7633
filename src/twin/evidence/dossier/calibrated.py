"""Section D11: what was fitted, to which data, how well they determine it, and whether the run uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twin.config.reading import read_file, read_text
from twin.errors import TwinError
from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.plan import Plan
from twin.evidence.dossier.work import Work
from twin.evidence.seal import file_hash

#: What the estimation says when there is nothing to object.
DETERMINED = "Every parameter is determined by these data."


def calibrated(w: Work, s: Section) -> None:
    """Fill D11 from the study and the result that the plan names."""
    folder = Path(str(w.plan.calibration["folder"]))
    try:
        result = json.loads((folder / str(w.plan.calibration["result"])).read_text(encoding="utf-8"))
        rows = fitted_to(w.plan)
        hashes = {str(path): file_hash(path)[0] for _, path in rows}
        parameters, count, squares = result["parameters"], int(result["n"]), float(result["squares"])
    except (TwinError, OSError, ValueError, KeyError, TypeError) as error:
        s.is_(NO, "calibration_unread", why=str(error).splitlines()[0])
        return
    s.table(("name", "file", "hash"), [[name, path.name, hashes[str(path)]] for name, path in rows], "data")
    _disjoint(w, s, set(hashes.values()))
    of = f"of twin estimate {w.plan.calibration['study']}"
    s.fact("data_count", count, f"values that the model was fitted to, {of}")
    s.fact("squares", squares, f"weighted sum of squares {of}")
    if result.get("collinearity") is not None:
        s.fact("collinearity", float(result["collinearity"]), f"collinearity index {of}")
    _parameters(w, s, parameters, of)
    notes = [str(note) for note in result.get("identifiability", [])]
    s.table(("text",), [[note] for note in notes], "identifiability")
    if notes != [DETERMINED]:
        s.is_(PARTLY, "undetermined", count=s.cell(len(notes), f"remarks on identifiability {of}"))
    if s.state == YES:
        s.is_(YES, "calibrated", count=s.cell(len(parameters), f"parameters {of}"))


def fitted_to(plan: Plan) -> list[tuple[str, Path]]:
    """Experiments of the plan's calibration, and the files of their data; in a bundle all stand in one folder."""
    folder, name = Path(str(plan.calibration["folder"])), str(plan.calibration["study"])
    plain = read_file(folder / name, name).plain()
    found = []
    for one in plain["estimate"]["experiments"]:
        path = folder / str(one["data"])
        found.append((str(one.get("name", "")), path if path.exists() else folder / path.name))
    return found


def _disjoint(w: Work, s: Section, fitted: set[str]) -> None:
    """No file may serve to fit and to validate."""
    data = w.plan.validation.get("data")
    if data and file_hash(Path(str(w.plan.validation["folder"])) / str(data))[0] in fitted:
        s.is_(NO, "fitted_and_validated", name=str(data))


def _parameters(w: Work, s: Section, parameters: list[dict[str, Any]], of: str) -> None:
    plant = read_text(w.run.resolved_yaml, "resolved").plain()
    rows, other = [], []
    for row in parameters:
        name = str(row["parameter"])
        low, high = row.get("profile 95 %") or row["95 %"]
        used = _used(plant, name)
        cells = [s.cell(_number(v), f"{what} of {name} {of}") for what, v in (
            ("estimate", row["estimate"]), ("standard error", row["standard error"]),
            ("lower end of the 95 % interval", low), ("upper end of the 95 % interval", high),
        )]  # fmt: skip
        shown = "" if used is None else s.cell(used, f"{name} in the run", "/configuration/resolved")
        within = used is not None and (low is None or used >= low) and (high is None or used <= high)
        if used is not None and not within:
            other.append(name)
        rows.append([name, str(row.get("unit", "")), *cells, shown, "" if used is None else s.cell(within)])
    s.table(("name", "unit", "estimate", "standard_error", "low", "high", "in_run", "inside"), rows, "estimates")
    if other:
        s.is_(NO, "not_used", names=other)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _used(resolved: dict[str, Any], path: str) -> float | None:
    """Value of a parameter in the resolved configuration, in SI; None where it is no number of a unit or feed."""
    owner, _, rest = path.partition(".")
    plant = resolved["plant"]
    node: Any = {
        **(plant.get("units") or {}).get(owner, {}).get("params", {}),
        **(plant.get("feeds") or {}).get(owner, {}),
    }
    for part in rest.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return float(node) if isinstance(node, int | float) and not isinstance(node, bool) else None

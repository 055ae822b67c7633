"""What `twin tune` says: tables, plain data, and a patch for a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.paths import resolve
from twin.control.tuning.process import FIRST, INTEGRATOR, Process
from twin.control.tuning.rules import Settings
from twin.control.tuning.session import Tuned
from twin.control.tuning.trial import PARAMETERS
from twin.results.files import FileProblem

if TYPE_CHECKING:
    from rich.console import Group

    from twin.config.spec import PlantSpec
    from twin.control.linear.response import Margins

#: Frequencies of a response that are told, about.
RESPONSE = 120


def as_dict(tuned: Sequence[Tuned], figures: Mapping[str, Any]) -> dict[str, Any]:
    """All of it as plain data, in SI; `figures` holds what the search and the scenarios gave."""
    loops = {}
    for one in tuned:
        process = one.fit.process
        loops[one.loop.name] = {
            "measurement": one.loop.measurement,
            "output": one.loop.output,
            "process": {
                "order": process.order,
                "K": process.K,
                "theta_s": process.theta,
                "T_s": process.T,
                "T_2_s": process.T_2,
                "left_over": one.fit.share,
                "interval_95": one.fit.interval,
            },
            "relay": None if one.relay is None else {"K_u": one.relay.K_u, "P_u_s": one.relay.P_u},
            "rules": {k: v if isinstance(v, str) else _settings(v) for k, v in one.rules.items()},
            "before": {**_settings(one.before), "margins": _margins(one.margins(one.before))},
            "after": {**_settings(one.chosen), "margins": _margins(one.margins(one.chosen))},
            "delay_s": one.opened.delay,
            "plant": _response(one),
        }
    return {"ok": True, "exit_code": 0, "loops": loops, **figures}


def _response(one: Tuned) -> dict[str, list[float]]:
    """Response of what the controller sees, the delay that is allowed for included: not reduced."""
    omega = one.opened.omega[:: max(1, len(one.opened.omega) // RESPONSE)]
    value = one.opened.plant(omega) * np.exp(-1j * omega * one.opened.delay)
    phase = np.degrees(np.unwrap(np.angle(value)))
    return {"omega": omega.tolist(), "gain": np.abs(value).tolist(), "phase_deg": phase.tolist()}


def _settings(settings: Settings) -> dict[str, float]:
    return {"K": settings.K, "T_i_s": settings.T_i, "T_d_s": settings.T_d}


def _margins(found: Margins) -> dict[str, Any]:
    values = {"gain": found.gain, "phase_deg": found.phase, "delay_s": found.delay, "Ms": found.Ms}
    return {**{k: float(v) if np.isfinite(v) else None for k, v in values.items()}, "stable": found.stable}


def render(data: dict[str, Any]) -> Group:
    """Tables for a terminal."""
    from rich.console import Group
    from rich.markup import escape

    identified = _table("Identified by a step on the twin", "loop", "process", "left over")
    rules = _table("Settings by the rules: gain, integral time [s], derivative time [s]", "loop", "rule", "settings")
    chosen = _table("Before and after", "loop", "", "K", "T_i [s]", "T_d [s]", "Ms", "gain margin", "phase [°]")
    for name, loop in data["loops"].items():
        p = loop["process"]
        process = Process(p["order"], p["K"], p["theta_s"], p["T_s"], p["T_2_s"])
        identified.add_row(escape(name), escape(said(process)), f"{100 * p['left_over']:.2g} %")
        for rule, settings in loop["rules"].items():
            if isinstance(settings, str):
                rules.add_row(escape(name), rule, escape(settings))
            else:
                rules.add_row(escape(name), rule, ", ".join(f"{v:.4g}" for v in settings.values()))
        for when in ("before", "after"):
            one, m = loop[when], loop[when]["margins"]
            numbers = [f"{one[k]:.4g}" for k in ("K", "T_i_s", "T_d_s")]
            margins = ["-" if m[k] is None else f"{m[k]:.3g}" for k in ("Ms", "gain", "phase_deg")]
            chosen.add_row(escape(name), when, *numbers, *(margins if m["stable"] else ["unstable", "", ""]))
    parts: list[Any] = [identified, rules, chosen]
    for title, rows in data.get("indices", {}).items():
        table = _table(f"{data['objective'].upper()} in {title}", "loop", "before", "by rule", "after")
        for name, values in rows.items():
            table.add_row(escape(name), *("fails" if v is None else f"{v:.4g}" for v in values.values()))
        parts.append(table)
    if "search" in data:
        s = data["search"]
        parts.append(
            f"{s['runs']} runs: the index is {s['relative']:.3g} of that of the rule, in the mean and worst case"
        )
    return Group(*parts)


def said(process: Process) -> str:
    """A process in the usual notation, times in s."""
    delay = f" e^(-{process.theta:.3g} s)" if process.theta > 1e-9 else ""
    if process.order == INTEGRATOR:
        return f"{process.K:.4g}{delay} / s"
    if process.order == FIRST:
        return f"{process.K:.4g}{delay} / ({process.T:.4g} s + 1)"
    return f"{process.K:.4g}{delay} / (({process.T:.4g} s + 1)({process.T_2:.4g} s + 1))"


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from twin.tables import title_of

    table = Table(title=title_of(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            escape(column), justify="left" if column in ("loop", "process", "rule", "settings", "") else "right"
        )
    return table


def patch(plant: PlantSpec, tuned: Sequence[Tuned]) -> str:
    """Settings as a `set:` section, to be put into a scenario; `twin run SCENARIO --set …` takes the same."""
    lines = ["# settings found by twin tune; put this into a scenario", "set:"]
    for one in tuned:
        for name in PARAMETERS:
            after, before = getattr(one.chosen, name), getattr(one.before, name)
            if after == 0.0 and before == 0.0:
                continue
            path = f"{one.loop.name}.{name}"
            unit = resolve(plant, path).field.unit
            comment = f"  # was {before:.6g}" + ("" if unit == "1" else f" {unit}")
            lines.append(f"  {path}: {after:.6g}" + ("" if unit == "1" else f" {unit}") + comment)
    return "\n".join(lines) + "\n"


def write_patch(path: Path, text: str) -> None:
    """Write a patch into a file that must not exist. Raises FileProblem."""
    if not path.parent.is_dir():
        raise FileProblem(f"there is no folder {path.parent}, so {path.name} cannot be written there. Make it first.")
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten. Give another name with --out.")
    path.write_text(text, encoding="utf-8")

"""What `twin linearise` says: for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.control.linear.response import relative_gains, steady_gain
from twin.control.linear.structure import poles, reach, zeros
from twin.control.linear.system import Linear, Singular

if TYPE_CHECKING:
    from rich.console import Group

#: Poles and zeros shown.
SHOWN = 8
#: Hankel singular values are computed unasked for up to so many states.
QUICK = 300
#: Where relative gains are taken when an output integrates an input [1/s]: slower than a day.
SLOW = 1e-6
HOUR = 3600.0


def _finite(values: Any) -> Any:
    """Nested lists, null where not finite."""
    if isinstance(values, (list, tuple)):
        return [_finite(v) for v in values]
    return float(values) if np.isfinite(values) else None


def as_dict(linear: Linear, hankel: bool = False) -> dict[str, Any]:
    """All that follows from a system, as plain data; poles and zeros in 1/h."""
    found: dict[str, Any] = {"ok": True, "exit_code": 0, "title": linear.title, "states": linear.order}
    for kind in ("input", "output"):
        names, units = getattr(linear, f"{kind}s"), getattr(linear, f"{kind}_units")
        values = linear.u_0 if kind == "input" else linear.y_0
        found[f"{kind}s"] = [
            {"tag": name, "unit": unit, "value": float(value)}
            for name, unit, value in zip(names, units, values, strict=True)
        ]
    found["gain"] = _finite(steady_gain(linear).tolist())
    square = len(linear.inputs) == len(linear.outputs)
    found["relative_gains"], found["relative_gains_at"] = None, None
    if square and len(linear.inputs) > 1:
        at = 0.0 if None not in np.ravel(np.array(found["gain"], dtype=object)).tolist() else SLOW
        try:
            found["relative_gains"], found["relative_gains_at"] = relative_gains(linear, at).tolist(), at
        except Singular as reason:
            found["relative_gains_missing"] = str(reason)
    all_poles = poles(linear)
    found["poles_per_h"] = [[v.real * HOUR, v.imag * HOUR] for v in all_poles.tolist()]
    found["zeros_per_h"] = [[v.real * HOUR, v.imag * HOUR] for v in zeros(linear).tolist()] if square else None
    reached, seen = linear.connected()
    found["reached"], found["seen"] = int(reached.sum()), int(seen.sum())
    found["between"] = int((reached & seen).sum())
    found["hankel"] = None
    if hankel or found["between"] <= QUICK:
        both = reach(linear)
        found["hankel"], found["not_decaying"] = both.hankel.tolist(), both.neutral
    found["largest_rate_per_h"] = float(np.max(np.abs(linear.rates) / linear.scale, initial=0.0)) * HOUR
    found["notes"] = list(linear.notes)
    return found


def render(data: dict[str, Any]) -> Group:
    """Tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [
        Text(f"{data['title']}: {data['states']} states."),
        f"{data['reached']} of them are reached by the inputs, {data['seen']} seen by the outputs, "
        f"{data['between']} both.",
        _matrix("Steady gain", data, data["gain"]),
    ]
    if data["relative_gains"] is not None:
        where = "" if data["relative_gains_at"] == 0.0 else f" at {data['relative_gains_at']:g} rad/s"
        parts.append(_matrix(f"Relative gains{where}", data, data["relative_gains"]))
    elif "relative_gains_missing" in data:
        parts.append(data["relative_gains_missing"])
    parts.append(_roots("Slowest poles [1/h]", data["poles_per_h"]))
    if data["zeros_per_h"] is not None:
        parts.append(_roots("Zeros nearest to instability [1/h]", data["zeros_per_h"]))
    if data["hankel"] is not None:
        parts.append("Hankel singular values: " + ", ".join(f"{v:.3g}" for v in data["hankel"][:SHOWN]))
        if data["not_decaying"]:
            parts.append(f"{data['not_decaying']} poles between inputs and outputs do not decay.")
    if data["largest_rate_per_h"] > 1e-6:
        parts.append(
            f"The plant is not at rest there: a state changes by {data['largest_rate_per_h']:.2g} sizes an hour."
        )
    return Group(*parts, *(f"note: {note}" for note in data["notes"]))


def _matrix(title: str, data: dict[str, Any], values: list[list[float | None]]) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from twin.tables import title_of

    table = Table(title=title_of(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    gain = title == "Steady gain"
    table.add_column("")
    for item in data["inputs"]:
        table.add_column(escape(f"{item['tag']} [{item['unit']}]" if gain else item["tag"]), justify="right")
    for item, row in zip(data["outputs"], values, strict=True):
        name = f"{item['tag']} [{item['unit']}]" if gain else item["tag"]
        table.add_row(escape(name), *("integrates" if v is None else f"{v + 0.0:.4g}" for v in row))
    return table


def _roots(title: str, values: list[list[float]]) -> str:
    shown = [f"{re:.4g}" + (f" ± {im:.4g}i" if im else "") for re, im in values if im >= 0.0]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return f"{title}: {', '.join(shown[:SHOWN]) or 'none'}{more}"

"""Figures of a trace: pure functions from what was found to a plotly figure (extra: dashboard).

from twin.trace.tracing import trace
density([c for c in trace("two_tanks", write=False).residences if c.steady]).show()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.trace.network import TraceError

if TYPE_CHECKING:
    from twin.trace.diversion import Case, Verdict
    from twin.trace.genealogy import Genealogy
    from twin.trace.rtd import Residence
    from twin.trace.state import Chart


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise TraceError("figures need plotly: pip install 'continuous-twin[dashboard]'") from None
    return go


def density(curves: Sequence[Residence]) -> Any:
    """E of each curve over the time since the pulse."""
    go = _plotly()
    figure = go.Figure()
    for c in curves:
        figure.add_scatter(x=c.time, y=c.E, mode="lines", name=f"{c.source} to {c.target}")
    return figure.update_layout(xaxis_title="time since the pulse / s", yaxis_title="E / (1/s)")


def funnel(curves: Sequence[Residence], widths: np.ndarray) -> Any:
    """What is left of an upset at the outlet, by its length."""
    go = _plotly()
    figure = go.Figure()
    for c in curves:
        figure.add_scatter(x=widths, y=c.attenuation(widths), mode="lines+markers", name=f"{c.source} to {c.target}")
    figure.update_xaxes(type="log", title="length of the upset / s")
    return figure.update_yaxes(range=[0.0, 1.02], title="greatest part that shows")


def lots(found: Genealogy) -> Any:
    """Fractions of lots in each container, stacked, with their standard uncertainties."""
    go = _plotly()
    figure = go.Figure()
    names = [v.name for v in found.vessels]
    for i, lot in enumerate(found.lots):
        if np.any(found.fractions[:, i] > 0.0):
            error = {"type": "data", "array": found.uncertainty[:, i], "thickness": 1}
            figure.add_bar(x=names, y=found.fractions[:, i], name=lot, error_y=error)
    return figure.update_layout(barmode="stack", yaxis_title="share by mass")


def diverted(case: Case, verdict: Verdict, low: float, high: float) -> Any:
    """Signal and true quality over time, with the times at which the gate is open."""
    go = _plotly()
    figure = go.Figure()
    figure.add_scatter(x=case.t, y=case.signal, mode="lines", name="signal")
    figure.add_scatter(x=case.t, y=case.truth, mode="lines", name="true quality at the gate")
    for limit in (low, high):
        figure.add_hline(y=limit, line_dash="dash")
    for start, end, reason in verdict.opened:
        figure.add_vrect(x0=start, x1=end, opacity=0.15, line_width=0, fillcolor="firebrick", annotation_text=reason)
    return figure.update_layout(xaxis_title="time / s")


def control_chart(found: Chart, low: float, high: float) -> Any:
    """Means of intervals with centre, three standard deviations, and limits."""
    go = _plotly()
    figure = go.Figure()
    broken = np.array([bool(hit) for hit in found.broken], dtype=bool)
    figure.add_scatter(x=found.time, y=found.mean, mode="lines+markers", name="mean")
    figure.add_scatter(
        x=found.time[broken],
        y=found.mean[broken],
        mode="markers",
        name="breaks a rule",
        marker_symbol="x",
        marker_size=10,
    )
    for level, dash in ((found.centre, "solid"), (low, "dash"), (high, "dash")):
        if np.isfinite(level):
            figure.add_hline(y=level, line_dash=dash)
    for sign in (-3.0, 3.0):
        figure.add_hline(y=found.centre + sign * found.sigma, line_dash="dot")
    return figure.update_layout(xaxis_title="time / s")

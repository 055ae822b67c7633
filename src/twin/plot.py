"""Figures of a run for notebooks: pure functions from a dataset to a plotly figure.

    from twin import plot

    data = plot.open("runs/startup.h5")
    plot.trends(data, ["reactor.T_out"]).show()
    plot.size_map(data, "crystallizer_1.crystals", normalised=True)
    plot.overlay({"base": data, "other": plot.open("runs/other.h5")}, ["reactor.T_out"])

    found = plot.open_trace("runs/startup.trace.h5")                # of twin trace
    plot.residence_figure(found.curves, shares=True)
    tuned = plot.open_tuning("runs/startup.tuning.json")            # of twin tune --json
    plot.response_figure(tuned["loops"]["TIC-101"])
    plot.linear_figure(plot.responses(plot.open_linear("x.npz"), 0, 0))  # of twin linearise --out
    plot.study.main_effects(table_of(open_study("doses.h5")), "yield")   # all that `twin analyse` draws

They are the figures of the dashboard (`pip install 'continuous-twin[dashboard]'`).
"""

from __future__ import annotations

try:
    from dashboard.data import open_dataset as open
    from dashboard.figures import overlay, trends
    from dashboard.linear_figures import linear_figure, open_linear, responses
    from dashboard.loops import loop_figure, loops
    from dashboard.quality import histogram
    from dashboard.sizes import size_curve, size_map
    from dashboard.speech import speaking
    from dashboard.trace_figures import control_chart, diversion_figure, funnel_figure, lots_figure, residence_figure
    from dashboard.traces import open_trace
    from dashboard.tuned import loop_gain_figure, open_tuning, response_figure
except ModuleNotFoundError as error:
    from twin.errors import TwinError
    from twin.packages import others

    if not others(error):
        raise

    raise TwinError(f"twin.plot needs {error.name}: pip install 'continuous-twin[dashboard]'") from None

from twin.study.analysis import plots as study

__all__ = [
    "control_chart",
    "diversion_figure",
    "funnel_figure",
    "histogram",
    "linear_figure",
    "loop_figure",
    "loop_gain_figure",
    "loops",
    "lots_figure",
    "open",
    "open_linear",
    "open_trace",
    "open_tuning",
    "overlay",
    "residence_figure",
    "response_figure",
    "responses",
    "size_curve",
    "size_map",
    "speaking",
    "study",
    "trends",
]

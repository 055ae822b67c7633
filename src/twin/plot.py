"""Figures of a run for notebooks: pure functions from a dataset to a plotly figure.

    from twin import plot

    data = plot.open("runs/startup.h5")
    plot.trends(data, ["reactor.T_out"]).show()
    plot.size_map(data, "crystallizer_1.crystals", normalised=True)
    plot.overlay({"base": data, "other": plot.open("runs/other.h5")}, ["reactor.T_out"])

They are the figures of the dashboard (`pip install 'continuous-twin[dashboard]'`).
"""

from __future__ import annotations

try:
    from dashboard.data import open_dataset as open
    from dashboard.figures import overlay, trends
    from dashboard.loops import loop_figure, loops
    from dashboard.quality import histogram
    from dashboard.sizes import size_curve, size_map
    from dashboard.speech import speaking
except ModuleNotFoundError as error:
    if error.name is None or error.name.split(".")[0] not in ("dash", "plotly", "flask"):
        raise
    from twin.errors import TwinError

    raise TwinError(f"twin.plot needs {error.name}: pip install 'continuous-twin[dashboard]'") from None

__all__ = ["histogram", "loop_figure", "loops", "open", "overlay", "size_curve", "size_map", "speaking", "trends"]

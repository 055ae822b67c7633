"""Clocks of the pages: those that ask the server wait for its answer, and one plays a slider."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State

PLAY, PAUSE = "▶", "❚❚"

Running = list[tuple[Any, Any, Any]]


def waiting(clock: str | dict[str, Any]) -> Running:
    """For callbacks that a `dcc.Interval` starts: it stands still until they have answered.

    Dash throws an answer away when the same question has been asked again meanwhile: a server that takes longer than
    from one tick to the next would never be heard. What the callback itself says of the clock comes after this.
    """
    return [(Output(clock, "disabled"), True, False)]


def drawing(what: str) -> Running:
    """For callbacks that draw what a slider, or the `revision` of a run, shows.

    Whoever moves that looks at the `dcc.Store` named after it, `…-drawn`, and does not go on meanwhile.
    """
    return [(Output(f"{what}-drawn", "data"), False, True)]


def playing(app: Dash, button: str, clock: str, slider: str, steps: int) -> None:
    """Let a button play a slider from where it stands to its end, or from its beginning when it stands there.

    Parameters
    ----------
    app : Dash
    button, clock, slider : str
        Identifiers of a button, a `dcc.Interval` and a slider. The page has a `dcc.Store` named after the slider,
        `…-drawn`, which is true but for while the callback with :func:`drawing` is under way.
    steps : int
        Steps in which the whole is played.
    """
    app.clientside_callback(
        f"""
        function (clicks, still, at, most) {{
            if (!clicks) {{
                const no = window.dash_clientside.no_update;
                return [no, no, no];
            }}
            return [!still, still ? "{PAUSE}" : "{PLAY}",
                    still && at >= most ? 0 : window.dash_clientside.no_update];
        }}
        """,
        Output(clock, "disabled"),
        Output(button, "children"),
        Output(slider, "value"),
        Input(button, "n_clicks"),
        State(clock, "disabled"),
        State(slider, "value"),
        State(slider, "max"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        f"""
        function (n, at, most, drawn) {{
            if (drawn === false) {{
                const no = window.dash_clientside.no_update;
                return [no, no, no];
            }}
            const next = Math.min(most, at + Math.max(1, Math.round(most / {steps})));
            return next >= most ? [most, true, "{PLAY}"] : [next, false, "{PAUSE}"];
        }}
        """,
        Output(slider, "value", allow_duplicate=True),
        Output(clock, "disabled", allow_duplicate=True),
        Output(button, "children", allow_duplicate=True),
        Input(clock, "n_intervals"),
        State(slider, "value"),
        State(slider, "max"),
        State(f"{slider}-drawn", "data"),
        prevent_initial_call=True,
    )

"""Plays a slider: a button starts and stops a clock that moves it, in the browser alone."""

from __future__ import annotations

from dash import Dash, Input, Output, State

PLAY, PAUSE = "▶", "❚❚"


def playing(app: Dash, button: str, clock: str, slider: str, steps: int) -> None:
    """Let a button play a slider from where it stands to its end, or from its beginning when it stands there.

    Parameters
    ----------
    app : Dash
    button, clock, slider : str
        Identifiers of a button, a `dcc.Interval` and a slider.
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
        function (n, at, most) {{
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
        prevent_initial_call=True,
    )

"""The keys of `predictive:`."""

from __future__ import annotations

from twin.config.keys import Key, Section, listed, mapped, time, whole
from twin.config.predictive_spec import STATES

PREDICTIVE = Section(
    "Predictive controller",
    "Moves several values at once by what a linear model of the plant says will come of it.",
    {
        "period": time("time between two moves", "required", "1 min"),
        "horizon": time("how far it looks", "required", "2 h"),
        "measurements": mapped(
            "what it looks at, by tag", "predicted", default="required", example="{dryer.LOD: {high: 0.01, span: 0.01}}"
        ),
        "outputs": mapped(
            "what it moves, by path",
            "moved",
            default="required",
            example="{TIC-202.setpoint: {low: 0 degC, high: 15 degC, rate: 0.5 K/min}}",
        ),
        "disturbances": listed(
            "feeds and parameters whose changes it learns of", "path", example="[reagents.m_flow.p_aminophenol]"
        ),
        "moves": whole("moves that it plans, ever further apart", "6", "4"),
        "from": time("its first move", "0 s", "1 h"),
        "relinearise": time("time after which its model is made anew", "never", "30 min"),
        "state": Key(
            "text",
            "of what it predicts from: `observer`, its own model and its sensors; `plant`, the twin's own state; "
            "or an estimator, by its name",
            "",
            STATES[0],
            "EKF-1",
        ),
        "trust": Key(
            "quantity", "part of a deviation between sensor and model taken as lasting, per period", "1", "1", "0.3"
        ),
        "failures": whole("failures one after another before values go to `safe`", "3", "1"),
        "iterations": whole("of the solver, at most", "100", "50"),
    },
)

PREDICTED = Section(
    "Predicted measurement",
    "A measurement that a predictive controller looks at: with a setpoint, limits, or both.",
    {
        "setpoint": Key("quantity", "where it belongs", "the measurement's", "none", "5 degC"),
        "low": Key("quantity", "lower limit", "the measurement's", "none", "4 degC"),
        "high": Key("quantity", "upper limit", "the measurement's", "none", "7 degC"),
        "weight": Key("quantity", "of its squared deviation from the setpoint, in spans", "1", "1", "0.5"),
        "span": Key("quantity", "by which deviations are measured", "the measurement's", "high less low", "10 K"),
        "sensor": Key("tag", "the signal that is read", "", "the measurement itself", "TT-202.output"),
        "limits": Key(
            "choice",
            "whether limits may be passed where nothing else is left",
            "",
            "soft",
            "hard",
            choices=("soft", "hard"),
        ),
    },
)

MOVED = Section(
    "Moved value",
    "A value that a predictive controller moves.",
    {
        "low": Key("quantity", "least value", "that of the path", "required", "0 degC"),
        "high": Key("quantity", "greatest value", "that of the path", "required", "15 degC"),
        "rate": Key("quantity", "greatest change per time", "that of the path per s", "none", "0.5 K/min"),
        "weight": Key("quantity", "of the squared move, in spans", "1", "1", "10"),
        "target": Key("quantity", "where it rests as far as measurements allow", "that of the path", "none", "5 degC"),
        "pull": Key("quantity", "weight of the squared distance from the target, in spans", "1", "0.01", "0.1"),
        "span": Key("quantity", "by which it is measured", "that of the path", "high less low", "10 K"),
        "cost": Key("quantity", "of a span, where it rests in the end; negative: it pays", "1", "0", "-1"),
        "safe": Key("quantity", "where it goes when the controller fails", "that of the path", "it stays", "5 degC"),
    },
)

SECTIONS = {"predictive": PREDICTIVE, "predicted": PREDICTED, "moved": MOVED}

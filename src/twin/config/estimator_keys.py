"""The keys of `estimators:`."""

from __future__ import annotations

from twin.config.estimator_spec import HOLDS, SIZES
from twin.config.keys import Key, Section, listed, mapped, time

ESTIMATOR = Section(
    "Estimator",
    "An extended Kalman filter with the plant of the scenario as its model.",
    {
        "period": time("time between two looks", "required", "1 min"),
        "measurements": mapped(
            "what it reads, by tag",
            "sensed",
            default="required",
            example="{crystallizer_1.T: {sensor: TT-201.output, sd: 0.1 K}}",
        ),
        "inputs": listed(
            "what it is told of: signal inlets (a driven one opens the loop in its model), feeds, parameters",
            "path",
            example="[crystallizer_1.T_jacket]",
        ),
        "hold": Key("choice", "what inputs do between two looks", "", HOLDS[0], "step", choices=HOLDS),
        "disturbances": mapped(
            "feeds and parameters that are uncertain and wander",
            "uncertain",
            example="{crystallizer_1.UA: {sd: 4 W/K, drift: 1 W/K}}",
        ),
        "states": mapped(
            "states that are uncertain at the start, or wander; an array means each element",
            "uncertain",
            example="{crystallizer_1.m: {sd: 5 %, of: size}}",
        ),
        "estimates": listed("what else it tells", "tag", example="[crystallizer_1.S]"),
        "units": listed("units whose states are uncertain", "text", default="all", example="[crystallizer_1]"),
        "from": time("its first look", "0 s", "1 h"),
        "gate": Key("quantity", "readings further off than so many standard deviations are not used", "1", "none", "5"),
        "window": time("over which innovations are summed for the test of all of them", "1 h", "30 min"),
        "false_alarms": time("mean time between two false alarms of each test", "30 d", "7 d"),
    },
)

SENSED = Section(
    "Sensed measurement",
    "A sensor that an estimator reads.",
    {
        "sd": Key("quantity", "standard deviation of one reading", "the measurement's", "required", "0.1 K"),
        "sensor": Key("tag", "the signal that is read", "", "the measurement itself", "TT-201.output"),
        "low": Key("quantity", "readings below are bad", "the measurement's", "none", "-20 degC"),
        "high": Key("quantity", "readings above are bad", "the measurement's", "none", "120 degC"),
        "bias": Key("quantity", "standard deviation of its bias at the start", "the measurement's", "0", "0.3 K"),
        "drift": Key(
            "quantity", "standard deviation of the bias' change within an hour", "the measurement's", "0", "0.05 K"
        ),
    },
)

UNCERTAIN = Section(
    "Uncertain value",
    "A feed, parameter or state of which an estimator is not sure.",
    {
        "sd": Key("quantity", "standard deviation at the start", "that of the path", "0", "4 W/K"),
        "drift": Key("quantity", "standard deviation of its change within an hour", "that of the path", "0", "1 W/K"),
        "of": Key(
            "choice",
            "of states: both in its unit, or parts of its size",
            "",
            SIZES[0],
            "size",
            choices=SIZES,
        ),
        "low": Key("quantity", "it is not moved below", "that of the path", "none", "0 W/K"),
        "high": Key("quantity", "it is not moved above", "that of the path", "none", "80 W/K"),
    },
)

SECTIONS = {"estimator": ESTIMATOR, "sensed": SENSED, "uncertain": UNCERTAIN}

"""The keys of a scenario."""

from __future__ import annotations

from twin.config.estimator_keys import ESTIMATOR, SENSED, UNCERTAIN
from twin.config.keys import Key, Section, listed, mapped, text, time, whole
from twin.config.monitor_keys import MONITOR
from twin.config.predictive_keys import MOVED, PREDICTED, PREDICTIVE
from twin.config.spec import METHOD_ALIASES, METHODS, SCANS
from twin.config.start import STARTS

FAULT_KEY = Key(
    "section",
    "ground truth: what is wrong from then on",
    "",
    "none",
    "{label: bridging, where: api_feeder}",
    of=("fault",),
)
_NAME = text("what it is, for the record", "", "more ethanol")

_FACTORS_EXAMPLE = "{utilities: {reactor.duty: cooling_water}}"

SCENARIO = Section(
    "Scenario",
    "A file in `scenarios/`, or one of your own.",
    {
        "twin": Key("choice", "format of the file", "", "required", "1", choices=("1",)),
        "name": text("short name: letters, digits, _ and -", "that of the file", "my_day"),
        "title": text("one line for people", "the name", "A day with refills"),
        "plant": Key(
            "section",
            "name of a plant, a file beside this one, or a whole plant",
            "",
            "required",
            "two_tanks",
            of=("text", "plant"),
        ),
        "duration": time("how long it runs", "required", "24 h"),
        "record": time("time between two samples", "60 s", "10 s"),
        "solver": Key("section", "method and tolerance", "", "", "{method: rodas4p, rtol: 1e-6}", of=("solver",)),
        "seed": whole("chooses the random numbers", "0", "7"),
        "until": time("stop earlier than `duration`", "", "8 h"),
        "ends": Key(
            "condition",
            "ends the run, finished, where it comes true",
            "",
            "",
            "filter.dewatered falls",
        ),
        "set": mapped(
            "values that replace those of the plant, by dotted path", "value", example="{reactor.UA: 500 W/K}"
        ),
        "initial": mapped(
            "initial values that replace those of the plant, by unit", "initial", example="{tank: {T: 20 degC}}"
        ),
        "start": Key(
            "choice",
            "from the initial values, or from the steady state that the plant comes to from them",
            "",
            STARTS[0],
            "steady",
            choices=STARTS,
        ),
        "events": listed(
            "what happens at a time, or when a guard is crossed",
            "event",
            example="[{at: 2 h, set: {reactor.UA: 500 W/K}}]",
        ),
        "resources": mapped("what processes share, by name", "whole", "resource", example="{operator: 2}"),
        "recipes": mapped("steps with a name, for `run:`", "steps", example="{rinse: [{wait: 10 min}]}"),
        "processes": listed(
            "sequences of steps that go on side by side",
            "process",
            example="[{name: cleaning, at: 8 h, steps: [{wait: 1 h}]}]",
        ),
        "quality": listed(
            "limits of measurements", "quality", example="[{tag: press.tablet_mass, low: 285 mg, high: 315 mg}]"
        ),
        "monitors": listed(
            "what raises alarms on the run's file, by `twin monitor`",
            "monitor",
            example="[{tag: press.tablet_mass, high: 310 mg, delay: 30 s}]",
        ),
        "predictive": mapped(
            "controllers that move several values by what a model predicts, by tag",
            "predictive",
            example="{MPC-1: {period: 1 min, horizon: 2 h, …}}",
        ),
        "estimators": mapped(
            "extended Kalman filters with the plant as their model, by tag",
            "estimator",
            example="{EKF-1: {period: 1 min, measurements: {…}, disturbances: {…}}}",
        ),
        "batches": listed("what counts as one batch", "batch", example="[{name: B, of: tablets, mass: 100 kg}]"),
        "lots": listed(
            "which lot of a material is fed when", "lot", example="[{name: API-0417, of: api_refill, from: 0 h}]"
        ),
        "containers": listed(
            "what products are filled into", "container", example="[{name: drum, of: tablets, mass: 50 kg}]"
        ),
        "factors": Key(
            "section",
            "cost, CO2 and E-factor that `twin report` works out",
            "",
            "none",
            _FACTORS_EXAMPLE,
            of=("factors",),
        ),
        "figure": listed(
            "tags that the documentation draws, panel by panel",
            "tags",
            example="[[reactor.T, crystallizer.T], press.hardness]",
        ),
    },
)

FACTORS = Section(
    "Factors",
    "Which utility of `unit_ops/properties/factors.yaml` serves which duty; prices and CO2 stand there.",
    {
        "utilities": mapped(
            "utility by duty, or a list of two: one gives heat, one takes it",
            "any",
            example="{reactor.duty: [hot_water, cooling_water]}",
        ),
        "uncounted": listed(
            "components that the E-factor leaves out", "text", default="water, nitrogen", example="[water]"
        ),
    },
)

SOLVER = Section(
    "Solver",
    "How it is integrated.",
    {
        "method": Key("choice", "method of integration", "", METHODS[0], "cvode", choices=(*METHOD_ALIASES, *METHODS)),
        "rtol": Key("quantity", "relative tolerance, 1e-14 to 0.1", "1", "1e-6", "1e-5"),
        "scans": Key(
            "choice",
            "what steps do at scans of controllers: end at each, or go over many",
            "",
            SCANS[0],
            SCANS[1],
            choices=SCANS,
        ),
    },
)

EVENT = Section(
    "Event",
    "A change at a time (`at`), or when a guard or limit is crossed (`when`): one of `set`, `ramp`, `hold`, `fire`.",
    {
        "at": time("when it happens", "this or when", "2 h"),
        "when": Key(
            "condition", "each time that a guard or a tag passes its limit", "", "this or at", "feeder.low_level falls"
        ),
        "set": mapped("values that hold from now on, by path", "value", example="{reactor.UA: 500 W/K}"),
        "ramp": mapped("values reached after `over`", "value", example="{supply.T: 60 degC}"),
        "over": time("how long a ramp takes", "required by ramp"),
        "hold": mapped(
            "values that hold for `for`, and then what was before", "value", example="{supply.m_flow: {water: 0 g/s}}"
        ),
        "for": time("how long a hold takes", "required by hold", "2 min"),
        "fire": Key("path", "an impulse of a unit", "", "", "filter.rotate"),
        "value": Key("quantity", "amount that the impulse takes", "the impulse's", "none", "300 g"),
        "every": time("repeats it", "once", "20 min"),
        "until": time("ends the repetition", "the end", "8 h"),
        "name": _NAME,
        "fault": FAULT_KEY,
    },
)

FAULT = Section(
    "Fault",
    "Ground truth for those who detect faults.",
    {
        "label": text("what is wrong", "this or clears", "bridging"),
        "where": text("unit, feed or product, or a part of it", "", "api_feeder"),
        "clears": text("label of the fault that ends here (events only)", "this or label", "bridging"),
    },
)

QUALITY = Section(
    "Quality limit",
    "A measurement with limits.",
    {
        "tag": Key("tag", "the measurement", "", "required", "press.hardness"),
        "low": Key("quantity", "least value", "the measurement's", "none", "60 N"),
        "high": Key("quantity", "greatest value", "the measurement's", "none", "120 N"),
        "average": time("time over which the measurement is averaged", "0 s"),
    },
)

LOT = Section(
    "Lot",
    "A lot of material that a feed brings from a time on, or that a unit holds at the start.",
    {
        "name": text("of the lot", "required", "API-0417"),
        "of": text("feed or unit", "required", "api_refill"),
        "from": time("from when", "0 s", "8 h"),
    },
    free="marks of your own, such as `supplier: ABC`",
)

_INTERVAL = {
    "name": text("of each of them", "required", "B-1"),
    "of": text("product", "required with mass", "tablets"),
    "from": time("when the first begins", "0 s", "0 h"),
    "to": time("when the last ends", "the end", "8 h"),
    "every": time("length of each", "", "2 h"),
    "mass": Key("quantity", "mass of the product in each", "kg", "", "50 kg"),
}
BATCH = Section("Batch", "An interval, or one after another by time or mass.", _INTERVAL, free="marks of your own")
CONTAINER = Section("Container", "Filled one after another, by time or mass.", _INTERVAL, free="marks of your own")

SECTIONS = {
    "scenario": SCENARIO,
    "factors": FACTORS,
    "solver": SOLVER,
    "event": EVENT,
    "fault": FAULT,
    "quality": QUALITY,
    "predictive": PREDICTIVE,
    "predicted": PREDICTED,
    "moved": MOVED,
    "estimator": ESTIMATOR,
    "sensed": SENSED,
    "uncertain": UNCERTAIN,
    "monitor": MONITOR,
    "lot": LOT,
    "batch": BATCH,
    "container": CONTAINER,
}

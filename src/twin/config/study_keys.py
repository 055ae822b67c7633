"""The keys of a study."""

from __future__ import annotations

from twin.config import search_keys
from twin.config.keys import Key, Section, listed, mapped, text, time, whole

#: Kinds of designs, each with its settings.
DESIGNS = {
    "full_factorial": ("levels", "center"),
    "fractional_factorial": ("resolution", "generators", "center"),
    "central_composite": ("alpha", "center", "resolution", "beyond"),
    "one_at_a_time": ("levels",),
    "latin_hypercube": ("runs",),
    "sobol": ("runs",),
    "random": ("runs",),
    "morris": ("trajectories", "levels"),
    "saltelli": ("points", "second_order"),
    "table": ("rows", "file"),
}
KPIS = ("yield", "pmi", "cost", "co2", "co2_per_kg", "e_factor")
#: What a response takes of what it is made from.
OF_TAG = ("final", "mean", "min", "max")
OF_QUALITY = ("mean", "min", "max", "std", "inside", "excursions", "judged")
OF_FLOW = ("mass", "rate", "last_rate")
OF_DUTY = ("net", "added", "removed")
#: What there is of a run as a whole.
RUN = ("length",)

STUDY = Section(
    "Study",
    "A scenario run many times over a design: `twin study FILE`.",
    {
        "twin": Key("choice", "format of the file", "", "required", "1", choices=("1",)),
        "name": text("short name: letters, digits, _ and -", "that of the file", "doses"),
        "title": text("one line for people", "the name", "Doses and residence times"),
        "scenario": text("what is run: a name in scenarios, or a file beside this one", "required", "two_tanks"),
        "set": mapped(
            "values of all runs in place of the scenario's, by dotted path", "value", example="{reactor.UA: 500 W/K}"
        ),
        "until": time("stop every run earlier", "the scenario's", "8 h"),
        "ends": Key(
            "condition",
            "ends a run where it comes true: when all is known that is asked for",
            "",
            "the scenario's",
            "filter.dewatered falls",
        ),
        "record": time("time between two samples, from which responses are made", "the scenario's", "5 min"),
        "solver": Key(
            "section", "method and tolerance", "", "the scenario's", "{method: rodas4p, rtol: 1e-4}", of=("solver",)
        ),
        "seed": whole("chooses the random numbers of design and runs", "0", "7"),
        "design": Key(
            "section",
            "which runs: a kind, or a kind with its settings",
            "",
            "required",
            "{kind: latin_hypercube, runs: 200}",
            of=("text", "design"),
        ),
        "factors": mapped(
            "what differs between runs, by name or by dotted path",
            "study factor",
            default="required",
            example="{reactor.UA: {from: 400 W/K, to: 600 W/K}}",
        ),
        "linked": listed(
            "values and event times that follow from factors",
            "link",
            example="[{event: heater off, key: at, is: start + 20 min}]",
        ),
        "correlations": listed(
            "between factors that have distributions", "correlation", example="[{between: [a, b], r: 0.6}]"
        ),
        "constraints": listed(
            "inequalities between factors that every run fulfils", "text", example='["hot - cold >= 20 K"]'
        ),
        "replicates": whole("runs of each row of the design, each with a seed of its own", "1", "5"),
        "responses": listed(
            "what is kept of each run",
            "response",
            default="figures of merit and qualities of the scenario",
            example="[{kpi: yield}]",
        ),
        "analysis": Key(
            "section", "what `twin analyse` takes without other arguments", "", "none", "{level: 0.9}", of=("analysis",)
        ),
        "optimise": Key(
            "section", "what `twin optimise` makes best", "", "none", "{maximise: yield}", of=("optimise",)
        ),
        "explore": Key(
            "section",
            "how `twin explore` looks for the design space",
            "",
            "none",
            "{evaluations: 100}",
            of=("explore",),
        ),
        "estimate": Key(
            "section", "what `twin estimate` fits the factors to", "", "none", "{experiments: []}", of=("estimate",)
        ),
        "dataset": Key(
            "section",
            "what `twin dataset` keeps of each run for machine learning",
            "",
            "none",
            "{tags: [press.hardness]}",
            of=("dataset",),
        ),
    },
)

DESIGN = Section(
    "Design",
    "Which runs a study makes.",
    {
        "kind": Key("choice", "of design", "", "required", "latin_hypercube", choices=tuple(DESIGNS)),
        "runs": whole("number of rows (latin_hypercube, sobol, random)", "required there", "200"),
        "levels": whole("levels of factors with from and to (full_factorial, one_at_a_time, morris)", "2; 5; 4", "3"),
        "trajectories": whole(
            "of one factor at a time, each of a run more than there are factors (morris)", "20", "30"
        ),
        "points": whole(
            "a power of two: runs are so many times the factors and two (saltelli)", "required there", "256"
        ),
        "second_order": Key(
            "any", "whether indices of pairs are wanted, for about twice the runs (saltelli)", "", "false", "true"
        ),
        "center": whole("rows in the middle of all ranges (factorials, central_composite)", "0; 4", "3"),
        "resolution": whole("least length of what is confounded: 3, 4 or 5", "4; full", "5"),
        "generators": mapped(
            "factors confounded with products of others (fractional_factorial)",
            "any",
            default="the fewest runs of the resolution",
            example="{d: [a, b, c]}",
        ),
        "alpha": Key("any", "distance of the axial rows: rotatable, face, or a number", "1", "rotatable", "face"),
        "beyond": Key(
            "any", "whether axial rows may go beyond from and to (true), or all are drawn inside", "", "false", "true"
        ),
        "rows": listed("values of all factors, row by row (table)", "any", example="[{tau: 60 s}, {tau: 90 s}]"),
        "file": text("CSV file beside this one: a column a factor, headed `name [unit]` (table)", "", "doses.csv"),
    },
)

FACTOR = Section(
    "Study factor",
    "One of: `from` and `to`, `levels`, `mean` and `sd`, `median` and `gsd`; or `scenarios`, or `fault`.",
    {
        "path": Key("any", "dotted path, or several that take one value", "", "the factor's name", "TIC-101.setpoint"),
        "unit": text("of a number of its own, which leads nowhere but is used under linked", "", "min"),
        "event": text("name of events of the scenario whose time or value it is", "", "more ethanol"),
        "key": Key("choice", "of the event", "", "value", "at", choices=("at", "value", "over")),
        "relative": Key(
            "any",
            "true: multiplies what plant, events and conditions set, as a miscalibration would",
            "",
            "false",
            "true",
        ),
        "from": Key("quantity", "least value", "the path's", "", "400 W/K"),
        "to": Key("quantity", "greatest value", "the path's", "", "600 W/K"),
        "mode": Key("quantity", "most likely value: a triangular distribution", "the path's", "uniform", "480 W/K"),
        "mean": Key("quantity", "of a normal distribution", "the path's", "", "500 W/K"),
        "sd": Key("quantity", "its standard deviation", "the path's", "", "20 W/K"),
        "median": Key("quantity", "of a lognormal distribution", "the path's", "", "1e-7 m/s"),
        "gsd": Key("number", "its geometric standard deviation, above 1", "1", "", "1.2"),
        "low": Key("quantity", "cuts a distribution off below", "the path's", "none", "400 W/K"),
        "high": Key("quantity", "cuts a distribution off above", "the path's", "none", "600 W/K"),
        "levels": listed("the values that there are", "value", example="[60 s, 90 s]"),
        "weights": listed("how often each level is drawn", "number", default="equally", example="[3, 1]"),
        "scenarios": listed("scenarios, one of which each run is", "text", example="[day, night]"),
        "fault": text("label of a fault of the scenario: absent, or present", "", "bridging"),
    },
)

LINK = Section(
    "Link",
    "A value that follows from factors, as times of several events from one length: a `path` or an `event`.",
    {
        "path": Key("any", "dotted path, or several that take one value", "", "", "TIC-101.setpoint"),
        "event": text("name of events of the scenario whose time or value it is", "", "more ethanol"),
        "key": Key("choice", "of the event", "", "value", "at", choices=("at", "value", "over")),
        "relative": Key("any", "true: multiplies what plant, events and conditions set", "", "false", "true"),
        "is": text(
            "of factors and quantities, with + - * / ** and functions as in `optimise`", "required", "a + 2 min"
        ),
    },
)

CORRELATION = Section(
    "Correlation",
    "Between the normal scores of two factors (a Gaussian copula).",
    {
        "between": listed("two factors", "text", default="required", example="[a, b]"),
        "r": Key("number", "between -1 and 1", "1", "required", "0.6"),
    },
)

RESPONSE = Section(
    "Response",
    "What is kept of each run: one of `kpi`, `quality`, `tag`, `product`, `feed`, `duty`, `run`.",
    {
        "name": text("of the response", "made from the rest", "purity"),
        "kpi": Key("choice", "figure of merit, as `twin report` has it", "", "", "yield", choices=KPIS),
        "quality": Key("tag", "a tag of the scenario's `quality:`", "", "", "press.hardness"),
        "tag": Key("tag", "any recorded quantity, one element of it", "", "", "reactor.product.m_flow[ethanol]"),
        "product": text("a product of the plant", "", "tablets"),
        "feed": text("a feed of the plant", "", "reagents"),
        "component": text("of product or feed", "all", "ethanol"),
        "duty": Key("path", "an energy source or utility", "", "", "crystallizer.duty"),
        "run": Key("choice", "of the run: how long it took, where `ends` is to end it", "", "", "length", choices=RUN),
        "of": Key(
            "choice",
            "what is taken of it",
            "",
            "final; mean; mass; net",
            "mean",
            choices=tuple(dict.fromkeys((*OF_TAG, *OF_QUALITY, *OF_FLOW, *OF_DUTY))),
        ),
        "at": Key("any", "a time, or several: the tag's values then", "s", "", "[1 h, 2 h]"),
        "from": time("first of the time that `of` is taken over", "the start", "2 h"),
        "to": time("last of it", "the end", "20 h"),
        "low": Key("quantity", "least value that is acceptable", "the response's", "the scenario's", "60 N"),
        "high": Key("quantity", "greatest value that is acceptable", "the response's", "the scenario's", "120 N"),
    },
)

DATASET = Section(
    "Data set",
    "Labelled runs for machine learning: `twin dataset FILE`.",
    {
        "tags": listed(
            "recorded quantities, one element each, in the order of the columns",
            "tag",
            default="required",
            example='[press.hardness, "feeder.product.m_flow[API]"]',
        ),
        "split": mapped(
            "shares of the design's rows; all replicates of a row go the same way",
            "number",
            default="{train: 0.7, validation: 0.15, test: 0.15}",
            example="{train: 0.8, test: 0.2}",
        ),
        "licence": text("under which it may be used: an SPDX name", "CC-BY-4.0", "CC0-1.0"),
        "description": text("what it is for, in a sentence or two", "", "Faults of feeders, from a line's tags."),
    },
)

ANALYSIS = Section(
    "Analysis",
    "What `twin analyse` of the study's file takes, unless its arguments say otherwise.",
    {
        "responses": listed("those that are analysed", "text", default="all", example="[yield]"),
        "uncertain": listed("factors that nobody chooses, for the design space", "text", example="[reactor.UA]"),
        "level": Key("number", "probability that the design space asks for", "1", "0.95", "0.9"),
    },
)

SECTIONS = {
    "study": STUDY,
    "analysis": ANALYSIS,
    "dataset": DATASET,
    "design": DESIGN,
    "study factor": FACTOR,
    "link": LINK,
    "correlation": CORRELATION,
    "response": RESPONSE,
    **search_keys.SECTIONS,
}

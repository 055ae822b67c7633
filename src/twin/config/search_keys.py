"""The keys of a study's sections that search: `optimise:`, `explore:`, `estimate:`."""

from __future__ import annotations

from twin.config.keys import Key, Section, listed, mapped, text, whole

METHODS = ("global", "local", "both", "multi")
ROBUST = ("mean", "quantile", "worst")
ERRORS = ("relative", "known")

OPTIMISE = Section(
    "Optimisation",
    "What is made best: `twin optimise FILE`. Such a file needs no design.",
    {
        "minimise": Key(
            "any", "an expression of factors and responses, in SI; several with method: multi", "", "", "impurity"
        ),
        "maximise": Key(
            "any", "in the place of minimise, or beside it with method: multi", "", "", "24 * cake / hours"
        ),
        "constraints": listed("expressions that stay on one side of a limit", "text", example='["purity >= 99 %"]'),
        "method": Key(
            "choice",
            "differential evolution, COBYQA, one after the other, or NSGA-II",
            "",
            "both; multi for several objectives",
            "global",
            choices=METHODS,
        ),
        "evaluations": whole("of the objectives, at most", "400", "200"),
        "start": mapped(
            "where the search begins", "value", default="the middle of the ranges", example="{reactor.tau: 30 min}"
        ),
        "uncertain": listed("factors that nobody chooses, with distributions", "text", example="[reactor.UA]"),
        "draws": whole("of the uncertain factors, the same at every point", "16", "32"),
        "robust": Key("choice", "what is made best over the draws", "", "mean", "worst", choices=ROBUST),
        "chance": Key("number", "part of the draws in which constraints hold", "1", "0.95", "0.99"),
    },
)

EXPLORE = Section(
    "Exploration",
    "Where all limits of the responses are met: `twin explore FILE`. Such a file needs no design.",
    {
        "uncertain": OPTIMISE.keys["uncertain"],
        "draws": OPTIMISE.keys["draws"],
        "level": Key("number", "probability of meeting all limits that is asked for", "1", "0.95", "0.9"),
        "evaluations": whole("runs, at most", "200", "100"),
    },
)

ESTIMATE = Section(
    "Estimation",
    "Which data the factors are fitted to: `twin estimate FILE`. Such a file needs no design.",
    {
        "experiments": listed("runs, each beside its data", "experiment", default="required"),
        "models": listed(
            "models that are fitted to the same data and compared", "rival", default="the one of this file"
        ),
        "log": listed("factors that are searched in their logarithm", "text", example="[k1, k2]"),
        "start": mapped(
            "where the first search begins", "value", default="the middle of the ranges", example="{k1: 1e-4 1/s}"
        ),
        "starts": whole("searches, the others from places spread over the ranges", "8", "20"),
        "errors": Key(
            "choice",
            "whether only ratios of uncertainties count, or they are the true errors",
            "",
            "relative",
            "known",
            choices=ERRORS,
        ),
        "profiles": Key("any", "whether each parameter's profile likelihood is made", "", "true", "false"),
        "bootstrap": whole("fits of residuals drawn again", "0", "200"),
        "missing": listed("words that stand for a missing value", "text", default="NA, nan, -", example="[ND]"),
    },
)

EXPERIMENT = Section(
    "Experiment",
    "A run beside what was measured of it.",
    {
        "name": text("of the experiment", "its number", "673 K"),
        "data": text("CSV file beside this one", "required", "673.csv"),
        "scenario": text("what is run", "the study's", "cold.yaml"),
        "set": mapped("values of this run, by dotted path", "value", example="{vessel.initial.T: 673 K}"),
        "time": Key(
            "section", "which column is the time", "", "time, in s", "{column: t, unit: min}", of=("time column",)
        ),
        "lag": Key("any", "what the data are late by; with from and to it is estimated", "s", "0 s", "5 min"),
        "tags": mapped(
            "what was measured, by tag",
            "measured column",
            default="required",
            example="{reactor.T: {column: TI, unit: degC, uncertainty: 0.5}}",
        ),
    },
)

TIME_COLUMN = Section(
    "Time column",
    "Where the data's times stand.",
    {"column": text("of the file", "time", "t"), "unit": text("in which it is", "that of its heading, else s", "min")},
)

MEASURED = Section(
    "Measured column",
    "Where the values of a tag stand.",
    {
        "column": text("of the file", "the tag", "TI-101"),
        "unit": text("in which it is", "that of the heading `name [unit]`, else the tag's", "degC"),
        "uncertainty": Key(
            "any", "standard deviation: in that unit, per cent of each value, or {column: sd}", "", "alike", "2 %"
        ),
    },
)

RIVAL = Section(
    "Rival model",
    "One of several models that `twin estimate` compares.",
    {
        "name": text("of the model", "required", "first order"),
        "scenario": text("what is run", "the study's", "first_order.yaml"),
        "set": mapped("values of this model, by dotted path", "value", example="{vessel.k0.3: 0}"),
        "factors": listed("those of the study's factors that it has", "text", default="all", example="[k1, k2]"),
        "linked": listed("what follows from its factors", "link", default="the study's"),
    },
)

SECTIONS = {
    "optimise": OPTIMISE,
    "explore": EXPLORE,
    "estimate": ESTIMATE,
    "experiment": EXPERIMENT,
    "time column": TIME_COLUMN,
    "measured column": MEASURED,
    "rival": RIVAL,
}

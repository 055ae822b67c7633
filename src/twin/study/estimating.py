"""`twin estimate FILE`: parameters of a plant from data files, and how well the data determine them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from twin.config.spec import ScenarioSpec
from twin.study.analysing import plain
from twin.study.analysis import plots
from twin.study.analysis.discriminate import Rank, discriminate
from twin.study.analysis.estimate import COLLINEAR, Fit, Fitting, fit
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.page import Page
from twin.study.analysis.regions import Bootstrap, Profile, bootstrap, profile
from twin.study.estimate_reading import EstimationSpec, Experiment
from twin.study.execute import workers_here
from twin.study.file import FINISHED
from twin.study.kept import Kept, identity
from twin.study.progress import Watch
from twin.study.runner import Row, Runner
from twin.study.spec import StudySpec

#: Samples of a run, between which values are interpolated by cubics that overshoot nowhere.
SAMPLES = 500
#: Outcome of a run that ends before the last of its data.
SHORT = "short"


@dataclass
class Estimation:
    """What was found: the fit, its profiles, numbers ready for JSON, and a page.

    Of several models these are the best one's by AICc, and `ranks` compares them all.
    """

    fit: Fit
    profiles: list[Profile]
    bootstrap: Bootstrap | None
    summary: dict[str, Any]
    page: Page = field(repr=False)
    ranks: list[Rank] = field(default_factory=list)


class Model:
    """All experiments as one function of the parameters; runs go side by side, in threads.

    `kept` finds runs that were made before, `watch` is told of those made now; `number` tells models apart.
    """

    def __init__(self, spec: EstimationSpec, workers: int = 0, number: int = 1) -> None:
        self.spec = spec
        self._runners = [Runner(e.study) for e in spec.experiments]
        for runner in self._runners:
            runner.compiled(0)
        self._pool = ThreadPoolExecutor(workers or workers_here(), thread_name_prefix="twin-estimate")
        self._factors = len(spec.experiments[0].study.factors)
        self.last = ""
        self.kept, self.watch, self._number = Kept(), Watch(), number

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """Give what would be measured at theta[rows, parameters], [rows, values]."""
        jobs = list(product(range(len(theta)), range(len(self._runners))))
        parts = []
        for row, new in self._pool.map(lambda job: self._one(theta[job[0]], job[1]), jobs):
            parts.append(row.y)
            if row.outcome != FINISHED:
                self.last = row.message
            if new:
                self.watch.one(row.outcome == FINISHED)
        count = len(self._runners)
        return np.array([np.concatenate(parts[i * count : (i + 1) * count]) for i in range(len(theta))])

    def parts(self) -> dict[str, tuple[StudySpec, list[str], Any]]:
        """Say what makes the numbers of each experiment: its study, its models, and what is asked of a run."""
        lags = [p.name for p in self.spec.parameters[self._factors :]]
        return {
            f"experiment {self._part(i)} ({e.name})": (
                e.study,
                [runner.compiled(0)[0].fingerprint],
                [e.time.tolist(), repr(e.lag), lags, [s.column.tag for s in e.series], SAMPLES],
            )
            for i, (e, runner) in enumerate(zip(self.spec.experiments, self._runners, strict=True))
        }

    def _part(self, which: int) -> str:
        return f"{self._number}.{which + 1}"

    def _one(self, theta: np.ndarray, which: int) -> tuple[Row, bool]:
        return self.kept(theta, lambda: self._run(theta, which), self._part(which))

    def _run(self, theta: np.ndarray, which: int) -> Row:
        experiment, runner = self.spec.experiments[which], self._runners[which]
        times = np.maximum(experiment.time - self.lag(experiment, theta), 0.0)
        end = float(times.max())

        def as_long_as_the_data(scenario: ScenarioSpec) -> ScenarioSpec:
            return replace(scenario, until=end, record_every=end / SAMPLES)

        found = runner.whole(theta[: self._factors], experiment.study.seed, as_long_as_the_data)
        memory, row = found.memory, found.row
        if row.outcome == FINISHED and memory.time[-1] < end * (1.0 - 1e-9):
            said = f"{experiment.name} ended at {memory.time[-1]:.6g} s, before the last of its data ({end:.6g} s)"
            row = replace(row, outcome=SHORT, message=said)
        if row.outcome != FINISHED:
            return replace(row, y=np.full(len(experiment.time) * len(experiment.series), np.nan))
        curve = need("scipy.interpolate").PchipInterpolator
        values = [curve(memory.time, memory.get(s.column.tag))(times) for s in experiment.series]
        return replace(row, y=np.concatenate(values))

    def lag(self, experiment: Experiment, theta: np.ndarray) -> float:
        """Give the lag of an experiment: as stated, or as estimated."""
        if not np.isnan(experiment.lag):
            return experiment.lag
        names = [p.name for p in self.spec.parameters]
        return float(theta[names.index(f"{experiment.name}: lag")])

    def close(self) -> None:
        """Let the threads go."""
        for runner in self._runners:
            runner.interrupt()
        self._pool.shutdown(cancel_futures=True)


def fitting_of(spec: EstimationSpec, model: Model) -> Fitting:
    """Put model and data beside each other: experiment by experiment, series by series."""
    series = [(e, s) for e in spec.experiments for s in e.series]
    return Fitting(
        parameters=spec.parameters,
        model=model,
        data=np.concatenate([s.values for _, s in series]),
        sigma=np.concatenate([s.sigma for _, s in series]),
        group=np.repeat(np.arange(len(series)), [len(s.values) for _, s in series]),
        known=spec.known,
        step=1e-3,  # well above the integrator's error
    )


def models_of(spec: EstimationSpec, workers: int = 0) -> list[Model]:
    """Make the models of an estimation ready: its own, or those that it compares."""
    return [Model(one, workers, i) for i, one in enumerate(spec.rivals, 1)] or [Model(spec, workers)]


def identity_of(spec: EstimationSpec, models: Sequence[Model]) -> dict[str, Any]:
    """Say what makes the numbers of an estimation's runs; what was measured does not."""
    parts = {part: told for model in models for part, told in model.parts().items()}
    return identity(spec.experiments[0].study.name, parts)


def run_estimation(spec: EstimationSpec, workers: int = 0, models: Sequence[Model] = ()) -> Estimation:
    """Estimate, with models that have their plants compiled already, if there are any.

    Raises
    ------
    AnalysisError
        When the model fails wherever it is started.
    """
    models = models or models_of(spec, workers)
    try:
        return _compared(spec, models) if spec.rivals else _one(spec, models[0])
    finally:
        for model in models:
            model.close()


def _one(spec: EstimationSpec, model: Model) -> Estimation:
    try:
        found = fit(fitting_of(spec, model), spec.starts, spec.seed)
        open_profiles = [profile(found, p.name) for p in spec.parameters] if spec.profiles else []
        drawn = bootstrap(found, spec.bootstrap, spec.seed) if spec.bootstrap else None
    except AnalysisError as error:
        raise AnalysisError(f"{error}. The last said: {model.last}" if model.last else str(error)) from None
    return _account(spec, model, found, open_profiles, drawn)


def _compared(spec: EstimationSpec, models: Sequence[Model]) -> Estimation:
    """Estimate several models from the same data, and rank them: they are asked again, for what is left out."""
    found = [_one(one, model) for one, model in zip(spec.rivals, models, strict=True)]
    ranks = discriminate({one.title: made.fit for one, made in zip(spec.rivals, found, strict=True)}, seed=spec.seed)
    order = [next(i for i, one in enumerate(spec.rivals) if one.title == rank.name) for rank in ranks]
    best = found[order[0]]
    rows = [
        {
            "model": rank.name,
            "parameters": rank.parameters,
            "squares": rank.squares,
            "AIC": rank.aic,
            "AICc": rank.aicc,
            "BIC": rank.bic,
            "weight": rank.weight,
            "left out": rank.cv,
        }
        for rank in ranks
    ]
    page = Page(spec.title)
    page.text(
        "Models fitted to the same data, the best by AICc first: criteria, Akaike's weights, and the root mean square "
        "of weighted residuals of series (or parts of the data) that were left out of the fit."
    )
    page.table(rows)
    for i in order:
        page.head(f"Model: {spec.rivals[i].title}")
        page.add(found[i].page)
    # the best one's numbers stand where those of one model do
    several = {"title": spec.title, "ranks": plain(rows), "models": [found[i].summary for i in order]}
    summary = {**best.summary, **several}
    return Estimation(best.fit, best.profiles, best.bootstrap, summary, page, ranks)


def _account(
    spec: EstimationSpec, model: Model, found: Fit, along: list[Profile], drawn: Bootstrap | None
) -> Estimation:
    """Say what was found, in numbers and on a page."""
    rows = []
    for i, parameter in enumerate(spec.parameters):
        row: dict[str, Any] = {
            "parameter": parameter.name,
            "unit": parameter.unit,
            "estimate": float(found.theta[i]),
            "standard error": float(found.standard_error[i]),
            "95 %": [float(v) for v in found.interval[i]],
        }
        if along:
            row["profile 95 %"] = [float(v) for v in along[i].interval]
        if drawn is not None:
            row["bootstrap 95 %"] = [float(v) for v in drawn.interval[i]]
        rows.append(row)
    notes = identifiability(found, along)
    criteria = found.criteria()
    ended = [squares for squares, _ in found.starts]
    summary = plain(
        {
            "title": spec.title,
            "parameters": rows,
            "squares": found.squares,
            "n": found.n,
            "variance": found.variance,
            "criteria": criteria,
            "correlation": found.correlation,
            "collinearity": found.collinearity,
            "blind": found.blind,
            "identifiability": notes,
            "starts": ended,
            "runs": found.evaluations * len(spec.experiments),
        }
    )
    page = Page(spec.title)
    page.text(
        f"{found.n} data, {len(rows)} parameters; weighted sum of squares {found.squares:.6g}, "
        f"variance of weighted residuals {found.variance:.4g}. "
        f"{sum(s <= 1.001 * ended[0] for s in ended)} of {len(ended)} starts ended at this minimum."
    )
    page.table(rows)
    page.head("What the data determine")
    for note in notes:
        page.text(note)
    names = [p.name for p in spec.parameters]
    page.table([{"correlation": n, **dict(zip(names, map(float, r)))} for n, r in zip(names, found.correlation)])
    page.table([criteria])
    page.head("Data and model")
    page.picture(lambda: plots.fitted(_curves(spec, found)))
    if along:
        page.head("Profiles")
        page.picture(lambda: plots.profiles(along))
    return Estimation(found, along, drawn, summary, page)


def identifiability(found: Fit, along: list[Profile]) -> list[str]:
    """Say in sentences what the data do and do not determine."""
    notes = []
    for direction in found.blind:
        told = ", ".join(f"{part:+.2f} {name}" for name, part in direction.items())
        notes.append(f"The data say nothing about this combination (in parts of the ranges): {told}.")
    if found.collinearity > COLLINEAR:
        notes.append(
            f"Collinearity index {found.collinearity:.3g}, above {COLLINEAR:g}: changes of one parameter are nearly "
            "made up for by others."
        )
    for one in along:
        if not one.identifiable:
            sides = [s for s, end in zip(("below", "above"), one.interval) if not np.isfinite(end)]
            notes.append(f"{one.name} is not bounded {' or '.join(sides)} by these data, within its range.")
    for name in found.at_bounds:
        notes.append(f"{name} ended at an end of its range: its interval there means nothing.")
    return notes or ["Every parameter is determined by these data."]


def _curves(spec: EstimationSpec, found: Fit) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    there, at, curves = found.fitting.there, 0, []
    fitted = np.full(len(there), np.nan)
    fitted[there] = found.fitting.data[there] + found.residuals * found.fitting.sigma[there]
    for experiment in spec.experiments:
        for series in experiment.series:
            end = at + len(series.values)
            keep = there[at:end]
            title = f"{experiment.name}: {series.column.tag} [{series.column.unit}]"
            model = series.column.from_si(fitted[at:end][keep])
            data = series.column.from_si(series.values[keep])
            curves.append((title, experiment.time[keep], data, model))
            at = end
    return curves

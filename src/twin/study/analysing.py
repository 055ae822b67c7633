"""What a study's file says: `twin analyse STUDY.h5` as a summary and a page.

found = analyse(open_study("doses.h5"))
found.summary["responses"]["yield"]["sobol"], found.page.write("doses.html")
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from twin.study.analysis import plots
from twin.study.analysis.capability import capability, failure_probability, outside
from twin.study.analysis.design_space import Ending, Limits, Predictor, Space, edge_map, largest_box, one_factor_ranges
from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.page import Page
from twin.study.analysis.sensitivity import SobolIndices, morris_indices, sobol_indices, sobol_of
from twin.study.analysis.surface import Surface, fit_surface
from twin.study.analysis.surrogate import Surrogate, fit_surrogate
from twin.study.analysis.table import Table
from twin.study.designs import SCHEMES
from twin.study.file import StudyFile
from twin.study.spec import Constraint, FactorSpec

#: A surrogate that explains less of the points left out than this says little about its factors.
POOR = 0.5
#: Rows of which the design space takes what nobody chooses.
DRAWS = 16
#: Points of Saltelli's scheme on a surrogate.
POINTS = 1024


@dataclass
class Analysis:
    """All that was found: numbers ready for JSON, and a page."""

    summary: dict[str, Any]
    page: Page


def table_of(study: StudyFile) -> Table:
    """Give a study's numbers; runs that did not finish have no responses."""
    y = np.where(study.finished[:, None], study.Y, np.nan)
    units = {item.name: item.unit for item in study.factors} | {item.name: item.unit for item in study.responses}
    return Table(study.X, y, tuple(f.name for f in study.factors), tuple(r.name for r in study.responses), units)


def analyse(
    study: StudyFile,
    responses: Sequence[str] = (),
    uncertain: Sequence[str] = (),
    level: float | None = None,
    seed: int = 0,
) -> Analysis:
    """Analyse a study. What is not given is taken from its `analysis:`.

    Parameters
    ----------
    study : StudyFile
    responses : sequence of str
        Those that are analysed; all unless given.
    uncertain : sequence of str
        Factors that nobody chooses: the design space is over the others, and these as they were drawn.
    level : float
        Probability of meeting all limits that the design space asks for; 0.95 unless said.

    Raises
    ------
    AnalysisError
        When a name is unknown, no factor varies or every run failed.
    """
    said = study.resolved.get("analysis") or {}
    responses = responses or said.get("responses", ())
    uncertain = uncertain or said.get("uncertain", ())
    level = float(said.get("level", 0.95)) if level is None else level
    table = table_of(study)
    names = [table.responses[table.place(name, table.responses)] for name in responses] or list(table.responses)
    varied = table.varied()
    finished = int(study.finished.sum())
    if not finished:
        raise AnalysisError(f"all {len(study.outcomes)} runs of {study.path} failed: {study.messages[0]}")
    page = Page(str(study.attrs.get("title", study.path.stem)))
    page.text(f"{len(table.x)} runs, {finished} finished; {len(varied)} factors, {len(table.responses)} responses.")
    outcomes = dict(Counter(study.outcomes))
    summary: dict[str, Any] = {"file": str(study.path), "content_hash": study.content_hash, "outcomes": outcomes}
    if len(outcomes) > 1:
        page.table([{"outcome": name, "runs": count} for name, count in outcomes.items()])
    summary["responses"] = {}
    surrogates: dict[str, Surrogate] = {}
    for name in names:
        row, surrogate = _response(table, study, name, varied, page, seed)
        summary["responses"][name] = row
        if surrogate is not None:
            surrogates[name] = surrogate
    page.head("All runs")
    with_values = [name for name in names if np.isfinite(table.response(name)).any()]
    if with_values:
        page.picture(lambda: plots.parallel_coordinates(table, with_values[0]))
    summary["limits"] = _limits(study, table, page)
    summary["design_space"] = _space(study, table, surrogates, varied, uncertain, level, page, seed)
    return Analysis(summary, page)


def _response(
    table: Table, study: StudyFile, name: str, varied: Sequence[int], page: Page, seed: int
) -> tuple[dict[str, Any], Surrogate | None]:
    """Analyse one response; what cannot be done is said, not raised."""
    page.head(plots.label(name, table.units))
    try:
        x, y = table.usable(name)
    except AnalysisError as error:
        page.text(f"{error}.")
        return {"error": str(error)}, None
    column = next(item for item in study.responses if item.name == name)
    row: dict[str, Any] = {
        "unit": column.unit,
        "runs": len(y),
        "mean": float(y.mean()),
        "std": float(y.std(ddof=1)) if len(y) > 1 else None,
        "min": float(y.min()),
        "max": float(y.max()),
    }
    page.table([{key: "" if value is None else value for key, value in row.items()}])
    page.picture(lambda: plots.histogram(y, plots.label(name, table.units), column.low, column.high))
    if np.isfinite([column.low, column.high]).any():
        low, high = (v if np.isfinite(v) else np.nan for v in (column.low, column.high))
        _attempt(row, "capability", page, lambda: plain(asdict(capability(y, low, high))))
    _scheme(study, table, name, row, page, seed)
    x = x[:, varied]
    factors = [table.factors[i] for i in varied]
    if not np.all(np.ptp(x, axis=0) > 0.0):
        page.text("Among the runs that have it some factor does not vary: no surface is fitted.")
        return row, None
    surface: Surface | None = None
    for order, crossed in ((2, True), (1, True), (1, False)):
        try:
            surface = fit_surface(x, y, factors, name, order, crossed)
            break
        except AnalysisError as error:
            row["surface"] = {"error": str(error)}
    if surface is not None:
        row["surface"] = _told(surface)
        page.text(
            f"Response surface: R² {surface.r2:.4f}, adjusted {surface.r2_adjusted:.4f}, of points left out "
            f"{surface.q2:.4f} (root mean square error {surface.rmse_cv:.4g}). Coefficients are per half range."
        )
        page.table(row["surface"]["terms"])
    page.picture(lambda: plots.main_effects(table, name))
    if 1 < len(varied) <= 5:
        page.picture(lambda: plots.interactions(table, name))
    direct = "mu" in row.get("morris", {}) or "first" in row.get("sobol", {})
    if direct and not np.isfinite([column.low, column.high]).any():
        return row, None  # indices are there, and there is no design space to judge
    try:
        fitted = fit_surrogate(x, y, factors, name, seed=seed)
    except AnalysisError as error:
        row["surrogate"] = {"error": str(error)}
        page.text(f"No surrogate: {error}.")
        return row, None
    row["surrogate"] = plain(
        {
            "q2": fitted.q2,
            "rmse_cv": fitted.rmse_cv,
            "coverage_cv": fitted.coverage_cv,
            "lengths": dict(zip(factors, fitted.lengths)),
        }
    )
    page.text(
        f"Gaussian process: {fitted.q2:.4f} of the variance of points left out, error {fitted.rmse_cv:.4g}; "
        f"its 95 % intervals hold {100.0 * fitted.coverage_cv:.0f} % of them."
    )
    if fitted.q2 < POOR:
        page.text("It explains too little for indices of sensitivity to mean much: none are given.")
        return row, fitted
    low, high = x.min(axis=0), x.max(axis=0)
    found = sobol_of(fitted, factors, low, high, POINTS, seed=seed)
    if "first" not in row.get("sobol", {}):  # of the runs themselves, where their design is made for it
        row["sobol"] = plain(
            {**asdict(found), "of": "the surrogate, factors independent and uniform over their ranges"}
        )
        _show_sobol(found, "the surrogate, with factors independent and uniform over their ranges", page)
    if len(factors) > 1:
        strongest = np.argsort(-found.total)[:2]
        pair = (factors[strongest[0]], factors[strongest[1]])
        over = Table(x, y[:, None], tuple(factors), (name,), table.units)
        page.picture(lambda: plots.contour(fitted, over, pair, name))
    return row, fitted


def _scheme(study: StudyFile, table: Table, name: str, row: dict[str, Any], page: Page, seed: int) -> None:
    """Indices of the runs themselves, where their design is a scheme for it; replicates count by their mean."""
    kind = study.design.get("kind")
    if kind not in SCHEMES:
        return
    _, first = np.unique(study.points, return_index=True)
    y = np.add.reduceat(table.response(name), first) / np.diff(np.append(first, len(study.points)))
    low, high = np.zeros(len(table.factors)), np.ones(len(table.factors))
    try:
        if kind == "morris":
            effects = morris_indices(
                table.factors, low, high, table.x[first], y, int(study.design.get("levels", 4)), seed
            )
            row["morris"] = plain(asdict(effects))
            page.text("Elementary effects of the factors over their ranges (Morris): mean of magnitudes, mean, spread.")
            page.table(morris_rows(row["morris"]))
            page.picture(lambda: plots.indices(table.factors, {"mean": (effects.mu_star, effects.mu_star_interval)}))
        else:
            second = bool(study.design.get("second_order", False))
            found = sobol_indices(table.factors, low, high, y, second, seed)
            row["sobol"] = plain({**asdict(found), "of": "the runs, factors as they were drawn"})
            _show_sobol(found, "the runs, with factors as they were drawn", page)
    except AnalysisError as error:
        row["morris" if kind == "morris" else "sobol"] = {"error": str(error)}
        page.text(f"{error}.")


def morris_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of a table of elementary effects."""
    keys = ("mu_star", "mu_star_interval", "mu", "sigma")
    heads = ("mean magnitude", "±", "mean", "spread")
    return [
        {"factor": factor, **{head: found[key][i] for head, key in zip(heads, keys)}}
        for i, factor in enumerate(found["factors"])
    ]


def _show_sobol(found: SobolIndices, of: str, page: Page) -> None:
    page.text(f"Sobol' indices of {of}:")
    bars = {"alone": (found.first, found.first_interval), "in all": (found.total, found.total_interval)}
    page.picture(lambda: plots.indices(found.factors, bars))
    page.table(pair_rows(found.factors, found.second, found.second_interval))


def pair_rows(factors: Sequence[str], second: Any, interval: Any) -> list[dict[str, Any]]:
    """Rows of a table of what pairs of factors do together beyond each alone; none where that was not asked for."""
    if second is None:
        return []
    pairs = combinations(range(len(factors)), 2)
    return [{"pair": f"{factors[i]}, {factors[j]}", "together": second[i][j], "±": interval[i][j]} for i, j in pairs]


def _attempt(row: dict[str, Any], key: str, page: Page, make: Any) -> None:
    try:
        row[key] = make()
        page.table([row[key]])
    except AnalysisError as error:
        row[key] = {"error": str(error)}
        page.text(f"{key}: {error}.")


def _told(surface: Surface) -> dict[str, Any]:
    terms = [
        {"term": name, "coefficient": float(b), "standard error": float(e), "p": float(p)}
        for name, b, e, p in zip(surface.names(), surface.coefficient, surface.standard_error, surface.p_value)
    ]
    keys = ("r2", "r2_adjusted", "q2", "rmse", "rmse_cv")
    return {**plain({key: getattr(surface, key) for key in keys}), "terms": terms}


def _limits(study: StudyFile, table: Table, page: Page) -> dict[str, Any] | None:
    """Probability of failing any limit, over the runs as they were drawn; a run that broke off fails."""
    low = np.array([r.low for r in study.responses])
    high = np.array([r.high for r in study.responses])
    judged = np.isfinite(low) | np.isfinite(high)
    if not judged.any():
        return None
    found: dict[str, Any] = plain(asdict(failure_probability(outside(table.y[:, judged], low[judged], high[judged]))))
    page.head("Limits")
    page.text("Runs that miss a limit, or broke off. A probability only if the design draws from distributions.")
    page.table([found])
    return found


def _space(
    study: StudyFile,
    table: Table,
    surrogates: dict[str, Surrogate],
    varied: Sequence[int],
    uncertain: Sequence[str],
    level: float,
    page: Page,
    seed: int,
) -> dict[str, Any] | None:
    """Find the design space over the factors that can be chosen, from the surrogates."""
    for name in uncertain:
        table.place(name)
    limited = [r for r in study.responses if np.isfinite([r.low, r.high]).any() and r.name in surrogates]
    numbers = [i for i in varied if study.factors[i].kind == "number"]
    chosen = [i for i in numbers if table.factors[i] not in uncertain]
    drawn = [i for i in numbers if table.factors[i] in uncertain]
    if not limited or not 1 <= len(chosen) <= 6 or len(numbers) < len(varied):
        return None
    order = [list(varied).index(i) for i in (*chosen, *drawn)]
    there = np.isfinite(np.column_stack([table.response(r.name) for r in limited])).all(axis=1)
    ending = Ending.of(table.x[:, varied], there)
    constraints = _constraints(study)

    def allowed(x: np.ndarray) -> np.ndarray:
        rows = np.repeat(table.x[:1], len(x), axis=0)
        rows[:, [*chosen, *drawn]] = x
        return np.asarray(np.all([constraint.met(table.factors, rows) for constraint in constraints], axis=0))

    space = Space(
        [_Reordered(surrogates[r.name], order) for r in limited],
        Limits(np.array([r.low for r in limited]), np.array([r.high for r in limited])),
        table.x[:DRAWS, drawn] if drawn else None,
        None if ending is None else _Reordered(ending, order),
        allowed if constraints else None,
    )
    names = [table.factors[i] for i in chosen]
    low, high = table.low[chosen], table.high[chosen]
    return show_space(space, [r.name for r in limited], names, table.units, low, high, level, page, seed)


def _constraints(study: StudyFile) -> list[Constraint]:
    """Constraints between the factors of a study, as its file says them."""
    from twin.config.document import Problems
    from twin.config.reading import read_text
    from twin.study.relation_reading import read_constraints

    said = {"constraints": list(study.resolved.get("constraints") or [])}
    node = read_text(json.dumps(said, ensure_ascii=False), str(study.path), Problems()).get("constraints")
    return read_constraints(Problems(), node, [FactorSpec(column) for column in study.factors])


def show_space(
    space: Space,
    responses: Sequence[str],
    names: Sequence[str],
    units: Mapping[str, str],
    low: np.ndarray,
    high: np.ndarray,
    level: float,
    page: Page,
    seed: int,
) -> dict[str, Any]:
    """Put a design space over the factors `names` on a page: box, ranges of one factor at a time, edge of failure."""
    page.head("Design space")
    page.text(
        f"Where {', '.join(responses)} keep their limits with a probability of {level:g}, "
        "judged by the surrogates and their errors. Where runs break off no limit is met."
    )
    box = largest_box(space.probability, low, high, level, seed=seed)
    if box is None:
        page.text("There is no such place within the ranges of this study.")
        return {"level": level, "factors": list(names), "box": None}
    told: dict[str, Any] = {"level": level, "factors": list(names), "box": plain(asdict(box))}
    centre = 0.5 * (box.low + box.high)
    rows = [{"factor": n, "from": float(a), "to": float(b)} for n, a, b in zip(names, box.low, box.high)]
    shapes = {"acceptable together": (box.low, box.high)}
    try:
        one = one_factor_ranges(space.probability, low, high, centre, level, seed)
        told["one_factor"] = plain(asdict(one))
        for row, a, b in zip(rows, one.low, one.high):
            row |= {"alone from": float(a), "alone to": float(b)}
        shapes["one at a time"] = (one.low, one.high)
        page.text(
            f"All factors may move together within the ranges found: {100.0 * box.volume:.1f} % of what was explored, "
            f"least probability of 2000 points in it {box.least:.3f}. Ranges of one factor at a time, taken together, "
            f"would fail in {100.0 * one.failing:.1f} % of their box."
        )
    except AnalysisError as error:
        told["one_factor"] = {"error": str(error)}
    page.table(rows)
    if len(names) > 1:
        first, second, P = edge_map(space.probability, low, high, (0, 1), centre)
        pair = (plots.label(names[0], units), plots.label(names[1], units))
        flat = {name: (tuple(a[:2]), tuple(b[:2])) for name, (a, b) in shapes.items()}
        page.picture(lambda: plots.edge(first, second, P, pair, level, flat))
    return told


class _Reordered:
    """A surrogate that takes its columns in another order."""

    def __init__(self, surrogate: Predictor, order: Sequence[int]) -> None:
        self._surrogate, self._back, self.scale = surrogate, np.argsort(order), surrogate.scale

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._surrogate.predict(x[:, self._back])


def plain(value: Any) -> Any:
    """Make arrays, tuples and numbers that JSON has not into what it has; a number that is none becomes null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list, np.ndarray)):
        return [plain(inner) for inner in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value

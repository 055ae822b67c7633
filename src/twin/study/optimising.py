"""`twin optimise FILE`: the factors of a study that are best by its responses.

scenario: pharmapy_demo_batch
factors: {…}                       # from … to: searched; with a distribution, and under `uncertain`: robust
responses: [{tag: filter.cake_mass}, {tag: crystallizer.L43}]
optimise:
  maximise: 24 * filter.cake_mass / hours           # or minimise; lists of them with method: multi
  constraints: ["crystallizer.L43 >= 60 um"]
  method: both                                      # global, local, both, multi
  evaluations: 400
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.document import Node, Problems, closest
from twin.config.plant import shown
from twin.config.reading import read_file, read_text
from twin.config.search_keys import METHODS, OPTIMISE, ROBUST
from twin.config.study_keys import STUDY
from twin.errors import ConfigError, Problem
from twin.study import designs
from twin.study.analysing import plain
from twin.study.analysis import plots
from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.optimise import Found, optimise, robust
from twin.study.analysis.optimise import Problem as Sought
from twin.study.analysis.page import Page
from twin.study.execute import workers_here, write_runs
from twin.study.expression import Made, read_expression
from twin.study.file import FINISHED
from twin.study.kept import Kept, identity
from twin.study.progress import Watch
from twin.study.reading import build_study
from twin.study.runner import Row, Runner
from twin.study.spec import StudySpec
from twin.units import UnitError, parse_quantity

#: Rows of the design that stands for the ranges while a file is checked.
ROWS = 16
_RELATION = re.compile(r"(.*?)(<=|>=|<|>)(.*)")


@dataclass(frozen=True)
class Objective:
    """What is made least; `sign` is −1 where it is to be greatest."""

    text: str
    sign: float
    made: Made


@dataclass(frozen=True)
class Bound:
    """`sign` × (expression − limit) ≤ 0, over `scale`."""

    text: str
    sign: float
    made: Made
    limit: float

    def missed(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """By how much, in parts of the limit; not above 0 where it is kept."""
        return self.sign * (self.made(values) - self.limit) / (abs(self.limit) or 1.0)


@dataclass(frozen=True)
class OptimisationSpec:
    """An optimisation, checked."""

    study: StudySpec
    objectives: tuple[Objective, ...]
    constraints: tuple[Bound, ...]
    method: str
    evaluations: int
    start: dict[str, float]
    uncertain: tuple[str, ...]
    draws: int
    robust: str
    chance: float

    @property
    def searched(self) -> list[int]:
        """Factors that are chosen, by number."""
        return [i for i, name in enumerate(self.study.names) if name not in self.uncertain]


@dataclass
class Optimisation:
    """What was found: the optimiser's account, numbers ready for JSON, and a page."""

    found: Found
    summary: dict[str, Any]
    page: Page = field(repr=False)


def load_optimisation(given: str | Path | Mapping[str, Any], beside: Path | None = None) -> OptimisationSpec:
    """Read an optimisation and check it as far as that is possible before a run.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    problems = Problems()
    spec = _read(problems, *searched(given, "optimise", problems, beside))
    problems.stop()
    return spec


def searched(
    given: str | Path | Mapping[str, Any], key: str, problems: Problems, beside: Path | None
) -> tuple[Node, StudySpec]:
    """Read a file that is a study and one section that searches its factors: the section, and the study."""
    root, section, path, folder, stem = opened(given, key, problems, beside)
    return section, build_study(problems, root, path, folder, stem, search=True)


def opened(
    given: str | Path | Mapping[str, Any], key: str, problems: Problems, beside: Path | None
) -> tuple[Node, Node, Path | None, Path | None, str]:
    """Read a file that is a study and one section more: the study's tree, with a design, and the section."""
    import json

    if isinstance(given, Mapping):
        root = read_text(json.dumps(given, indent=1, ensure_ascii=False), f"the {key}", problems)
        path, folder, stem = None, beside, key
    else:
        path = Path(given)
        if not path.is_file():
            raise ConfigError([Problem(str(given)[:200], 0, 0, 0, "no such file", "There is no file of this name.")])
        root = read_file(path, shown(path), problems)
        folder, stem = path.parent, path.stem
    section = root.get(key)
    if section is None or section.kind != "map":
        problems.add(root.pairs[0][0] if root.pairs else root, f"missing {key}", f"The file needs a section {key}:.")
        problems.stop()
    assert section is not None
    pairs = list(root.pairs)
    if root.get("design") is None:
        made = read_text(f"design: {{kind: latin_hypercube, runs: {ROWS}}}", "the design", problems)
        pairs += made.pairs
    problems.known_keys(root, STUDY.names, "unknown key", "the file")
    return replace(root, pairs=pairs), section, path, folder, stem


def _read(problems: Problems, node: Node, study: StudySpec) -> OptimisationSpec:
    problems.known_keys(node, OPTIMISE.names, "unknown key", "optimise")
    names = [*study.names, *(wanted.column.name for wanted in study.responses)]
    objectives = []
    for key, sign in (("minimise", 1.0), ("maximise", -1.0)):
        given = node.get(key)
        for item in [] if given is None else given.items if given.kind == "list" else [given]:
            made = _expression(problems, item, item.text, names)
            if made is not None:
                objectives.append(Objective(item.text, sign, made))
    if node.get("minimise") is None and node.get("maximise") is None:
        problems.add(node, "no objective", "optimise needs minimise: or maximise:, an expression of responses.")
    units = {f.column.name: f.column.unit for f in study.factors} | {
        r.column.name: r.column.unit for r in study.responses
    }
    bounds = []
    listed = node.get("constraints")
    for item in problems.sequence(listed, "constraints are a list", '["purity >= 99 %"]') if listed else []:
        bound = _bound(problems, item, names, units)
        if bound is not None:
            bounds.append(bound)
    method = read_word(problems, node, "method", METHODS, "multi" if len(objectives) > 1 else "both")
    uncertain = read_uncertain(problems, node, study)
    start = _start(problems, node.get("start"), study)
    return OptimisationSpec(
        study=study,
        objectives=tuple(objectives),
        constraints=tuple(bounds),
        method=method,
        evaluations=read_count(problems, node, "evaluations", 400),
        start=start,
        uncertain=tuple(uncertain),
        draws=read_count(problems, node, "draws", 16),
        robust=read_word(problems, node, "robust", ROBUST, "mean"),
        chance=_chance(problems, node),
    )


def read_uncertain(problems: Problems, node: Node, study: StudySpec) -> list[str]:
    """Read which factors nobody chooses; all others have to have a range."""
    given = node.get("uncertain")
    uncertain = []
    for item in problems.sequence(given, "a list", "[UA]") if given else []:
        if item.text not in study.names:
            problems.add(item, "unknown factor", f"There is no factor {item.what}.{closest(item.text, study.names)}")
        uncertain.append(item.text)
    for i, factor in enumerate(study.factors):
        ranged = factor.column.kind == "number" and np.isfinite([factor.column.low, factor.column.high]).all()
        if factor.name not in uncertain and not ranged:
            problems.add(
                node, "no range", f"{study.names[i]} has no range to search: give it from and to, or call it uncertain."
            )
    return uncertain


def _expression(problems: Problems, node: Node, text: str, names: list[str]) -> Made | None:
    try:
        return read_expression(text, names)
    except ValueError as error:
        problems.add(node, "not an expression", str(error))
        return None


def _bound(problems: Problems, node: Node, names: list[str], units: Mapping[str, str]) -> Bound | None:
    match = _RELATION.fullmatch(node.text if node.kind == "scalar" else "")
    if match is None:
        problems.add(node, "not a constraint", f"A constraint reads purity >= 99 %, but this is {node.what}.")
        return None
    left, relation, right = (part.strip() for part in match.groups())
    made = _expression(problems, node, left, names)
    if made is None:
        return None
    try:  # of a lone name the limit may have a unit; of an expression it is a number in its units
        limit = parse_quantity(right, units[left]) if left in units else float(right)
    except (UnitError, ValueError) as error:
        said = (
            error if isinstance(error, UnitError) else f"'{right}' is no number, which an expression is compared with"
        )
        problems.add(node, "not such a quantity", f"{left}: {said}.")
        return None
    return Bound(node.text, 1.0 if relation.startswith("<") else -1.0, made, limit)


def read_word(problems: Problems, node: Node, key: str, known: tuple[str, ...], default: str) -> str:
    """Read one of the known words, or give the default."""
    given = node.get(key)
    if given is None or given.is_null:
        return default
    if given.text not in known:
        problems.add(given, "unknown choice", f"{key} is one of {', '.join(known)}, not {given.what}.")
        return default
    return given.text


def read_count(problems: Problems, node: Node, key: str, default: int) -> int:
    """Read a whole number above zero, or give the default."""
    given = node.get(key)
    if given is None or given.is_null:
        return default
    if isinstance(given.value, bool) or not isinstance(given.value, int) or not 1 <= given.value <= 1_000_000:
        problems.add(given, "not a count", f"{key} is a whole number above 0, not {given.what}.")
        return default
    return given.value


def _chance(problems: Problems, node: Node) -> float:
    given = node.get("chance")
    if given is None or given.is_null:
        return 0.95
    if isinstance(given.value, bool) or not isinstance(given.value, (int, float)) or not 0.0 < given.value <= 1.0:
        problems.add(given, "not a probability", f"chance is above 0 and at most 1, not {given.what}.")
        return 0.95
    return float(given.value)


def _start(problems: Problems, node: Node | None, study: StudySpec) -> dict[str, float]:
    found = {}
    for key, value in problems.mapping(node, "start is a mapping", "{reactor.tau: 30 min}") if node else []:
        factor = next((f for f in study.factors if f.name == key.text), None)
        if factor is None:
            problems.add(key, "unknown factor", f"There is no factor {key.what}.{closest(key.text, study.names)}")
            continue
        try:
            found[key.text] = parse_quantity(value.text, factor.column.unit)
        except UnitError as error:
            problems.add(value, "not such a quantity", f"{key.text}: {error}.")
            continue
        if not factor.column.low <= found[key.text] <= factor.column.high:
            problems.add(value, "out of range", f"{key.text} is searched elsewhere than at {value.text}.")
    return found


class Batch:
    """Runs rows side by side, in threads; the same rows give the same numbers whatever their number.

    Parameters
    ----------
    study : StudySpec
    workers : int
        Threads; as many as cores unless given.
    watch : Watch, optional
        Told how things go.

    `kept` finds runs that were made before; it keeps none unless given another.
    """

    def __init__(self, study: StudySpec, workers: int = 0, watch: Watch | None = None) -> None:
        self.study, self.runner, self.watch = study, Runner(study), watch or Watch()
        self.workers = workers or workers_here()
        self.kept = Kept()
        self.made: list[tuple[np.ndarray, Row]] = []
        self.failed = 0
        self.last = ""
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="twin-search")
        self.runner.compiled(0)

    def identity(self) -> dict[str, Any]:
        """Say what makes the numbers of its runs."""
        prints = [self.runner.compiled(which)[0].fingerprint for which in range(len(self.study.scenarios))]
        return identity(self.study.name, {"": (self.study, prints, None)})

    def begin(self, total: int) -> None:
        """Report that a search begins, of so many runs at most."""
        self.watch.begin(total, self.kept.found, self.kept.failed)

    @property
    def runs(self) -> int:
        """How many have been made."""
        return len(self.made)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Give responses of rows in SI, [rows, responses]; NaN where a run failed."""
        rows = []
        for x, (row, new) in zip(X, self._pool.map(self._one, X), strict=True):
            rows.append(row.y)
            self.made.append((np.array(x), row))
            if row.outcome != FINISHED:
                self.failed += 1
                self.last = row.message
            if new:
                self.watch.one(row.outcome == FINISHED)
        return np.array(rows).reshape(len(X), len(self.study.responses))

    def _one(self, x: np.ndarray) -> tuple[Row, bool]:
        return self.kept(x, lambda: self.runner.run(x, self.study.seed))

    def write(self, path: Path, design: Mapping[str, Any]) -> None:
        """Write all runs, in the order in which they were asked for, as the file of a study."""
        prints = [self.runner.compiled(0)[0].fingerprint]
        X, rows = zip(*self.made, strict=True)
        write_runs(replace(self.study, design=design), path, X, rows, prints)

    def close(self) -> None:
        """Let the threads go; what they run stops."""
        self.runner.interrupt()
        self._pool.shutdown(cancel_futures=True)
        self.watch.end()


def run_optimisation(spec: OptimisationSpec, workers: int = 0, batch: Batch | None = None) -> Optimisation:
    """Search, with a batch that has its plant compiled already, if there is one.

    Raises
    ------
    AnalysisError
        When every run fails, or the method does not take the problem.
    """
    study, searched = spec.study, spec.searched
    names = [study.names[i] for i in searched]
    around = drawn(study, spec.uncertain, spec.draws)
    batch = batch or Batch(study, workers)

    def rows(x: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        X = np.empty((len(x), len(study.factors)))
        X[:, searched] = x
        X[:, [i for i in range(len(study.factors)) if i not in searched]] = draws
        Y = batch(X)
        values = dict(zip(study.names, X.T)) | {r.column.name: Y[:, j] for j, r in enumerate(study.responses)}
        f = np.column_stack([o.sign * o.made(values) for o in spec.objectives])
        g = (
            np.column_stack([*(b.missed(values) for b in spec.constraints), *_linear(study, X)])
            if (spec.constraints or study.constraints)
            else np.empty((len(x), 0))
        )
        return f, g

    def plainly(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rows(x, np.empty((len(x), 0)))

    low, high = (np.array([getattr(study.factors[i].column, end) for i in searched]) for end in ("low", "high"))
    limits = (*(b.text for b in spec.constraints), *(c.text for c in study.constraints))
    sought = Sought(
        factors=tuple(names),
        low=low,
        high=high,
        function=robust(rows, around, spec.robust, chance=spec.chance) if spec.uncertain else plainly,
        objectives=tuple(o.text for o in spec.objectives),
        constraints=limits,
    )
    start = np.array([spec.start.get(n, 0.5 * (a + b)) for n, a, b in zip(names, low, high)]) if spec.start else None
    batch.begin(spec.evaluations * len(around))
    try:
        found = optimise(sought, spec.method, spec.evaluations, study.seed, start)
    except AnalysisError as error:
        raise AnalysisError(
            f"{error}. The last said: {batch.last}" if batch.failed == batch.runs else str(error)
        ) from None
    finally:
        batch.close()
    return _account(spec, found, names, batch)


def _linear(study: StudySpec, X: np.ndarray) -> list[np.ndarray]:
    """Give the study's own constraints, between factors, as numbers ≤ 0 where they are kept."""
    found = []
    for constraint in study.constraints:
        left = np.full(len(X), constraint.constant)
        for name, coefficient in constraint.coefficients.items():
            left = left + coefficient * X[:, study.names.index(name)]
        found.append(-left / (abs(constraint.constant) or 1.0))
    return found


def drawn(study: StudySpec, uncertain: Sequence[str], draws: int) -> np.ndarray:
    """Draw the uncertain factors, as a Latin hypercube over their distributions, [draws, q]; one empty row of none."""
    if not uncertain:
        return np.empty((1, 0))
    place = [i for i, name in enumerate(study.names) if name in uncertain]
    several = replace(
        study,
        design={"kind": "latin_hypercube", "runs": draws},
        factors=tuple(study.factors[i] for i in place),
        correlation=study.correlation[np.ix_(place, place)],
        constraints=(),
    )
    return designs.rows(several)


def _account(spec: OptimisationSpec, found: Found, names: list[str], batch: Batch) -> Optimisation:
    """Say what was found, in numbers and on a page."""
    study, signs = spec.study, np.array([o.sign for o in spec.objectives])
    units = {f.name: f.column.unit for f in study.factors}
    best = [
        {
            **{n: float(v) for n, v in zip(names, x)},
            **{o.text: float(s * v) for o, s, v in zip(spec.objectives, signs, f)},
        }
        for x, f in zip(found.x, found.objectives)
    ]
    summary = plain(
        {
            "title": study.title,
            "method": spec.method,
            "message": found.message,
            "evaluations": len(found.runs),
            "runs": batch.runs,
            "failed": batch.failed,
            "feasible": int(found.feasible.sum()),
            "units": units,
            "best": best,
            "constraints": {
                text: [float(v) for v in found.constraints[:, i]]
                for i, text in enumerate((*(b.text for b in spec.constraints), *(c.text for c in study.constraints)))
            },
        }
    )
    page = Page(study.title)
    page.text(
        f"{len(found.runs)} evaluations, {batch.failed} of {batch.runs} runs failed, "
        f"{int(found.feasible.sum())} keep all constraints. {found.message}"
    )
    page.head("Best" if spec.method != "multi" else "Front")
    page.table([{plots.label(key, units): value for key, value in row.items()} for row in best])
    if len(spec.objectives) == 1:
        page.picture(lambda: plots.history(signs[0] * found.history(), spec.objectives[0].text))
    elif len(best):
        page.picture(
            lambda: plots.front(
                signs[:2] * found.run_objectives, signs[:2] * found.objectives, [o.text for o in spec.objectives[:2]]
            )
        )
    return Optimisation(found, summary, page)

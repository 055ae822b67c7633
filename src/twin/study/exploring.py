"""`twin explore FILE`: where all limits are met, by runs that go to where that is undecided.

scenario: pharmapy_demo_batch
factors: {…}                       # from … to: explored; with a distribution, and under `uncertain`: as they are drawn
responses: [{kpi: yield, low: 80 %}]
explore:
  uncertain: [UA]
  level: 0.95
  evaluations: 200
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.document import Problems
from twin.config.search_keys import EXPLORE
from twin.study.analysing import plain, show_space
from twin.study.analysis.design_space import Explored, Limits, explore
from twin.study.analysis.page import Page
from twin.study.designs import kept
from twin.study.optimising import Batch, drawn, read_count, read_uncertain, searched
from twin.study.reading import read_part
from twin.study.spec import StudySpec

#: More factors than this have no grid to search boxes on.
MOST = 6


@dataclass(frozen=True)
class ExplorationSpec:
    """An exploration, checked."""

    study: StudySpec
    uncertain: tuple[str, ...]
    draws: int
    level: float
    evaluations: int


@dataclass
class Exploration:
    """What was found: the runs and surrogates, numbers ready for JSON, and a page."""

    found: Explored
    summary: dict[str, Any]
    page: Page = field(repr=False)


def load_exploration(given: str | Path | Mapping[str, Any], beside: Path | None = None) -> ExplorationSpec:
    """Read an exploration and check it as far as that is possible before a run.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    problems = Problems()
    section, study = searched(given, "explore", problems, beside)
    problems.known_keys(section, EXPLORE.names, "unknown key", "explore")
    uncertain = read_uncertain(problems, section, study)
    chosen = len(study.factors) - len(uncertain)
    if not 1 <= chosen <= MOST:
        problems.add(
            section, "too many factors", f"A design space has 1 to {MOST} factors that are chosen, not {chosen}."
        )
    if not any(np.isfinite([r.column.low, r.column.high]).any() for r in study.responses):
        problems.add(section, "no limits", "No response has a limit: give one low: or high:.")
    level = section.get("level")
    spec = ExplorationSpec(
        study=study,
        uncertain=tuple(uncertain),
        draws=read_count(problems, section, "draws", 16),
        level=0.95 if level is None else read_part(problems, level, "level"),
        evaluations=read_count(problems, section, "evaluations", 200),
    )
    problems.stop()
    return spec


def run_exploration(spec: ExplorationSpec, workers: int = 0, batch: Batch | None = None) -> Exploration:
    """Explore, with a batch that has its plant compiled already, if there is one.

    Raises
    ------
    AnalysisError
        When every run fails.
    """
    study = spec.study
    order = [i for i, name in enumerate(study.names) if name not in spec.uncertain]
    chosen = [study.factors[i] for i in order]
    order += [i for i, name in enumerate(study.names) if name in spec.uncertain]
    judged = [j for j, r in enumerate(study.responses) if np.isfinite([r.column.low, r.column.high]).any()]
    limits = Limits(*(np.array([getattr(study.responses[j].column, end) for j in judged]) for end in ("low", "high")))
    low, high = (np.array([getattr(f.column, end) for f in chosen]) for end in ("low", "high"))
    batch = batch or Batch(study, workers)

    def whole(x: np.ndarray) -> np.ndarray:
        rows = np.empty_like(x)
        rows[:, order] = x
        return rows

    batch.begin(spec.evaluations)
    try:
        found = explore(
            lambda x: batch(whole(x))[:, judged],
            low,
            high,
            limits,
            budget=spec.evaluations,
            parameters=drawn(study, spec.uncertain, spec.draws) if spec.uncertain else None,
            seed=study.seed,
            allowed=(lambda x: kept(study, whole(x))) if study.constraints else None,
        )
    finally:
        batch.close()
    page = Page(study.title)
    page.text(
        f"{batch.runs} runs, {batch.failed} failed; {found.rounds} rounds after the first. Of all candidates "
        f"{100.0 * found.undecided:.1f} % are left of which it is not certain whether they keep the limits."
    )
    units = {f.name: f.column.unit for f in study.factors}
    names = [f.name for f in chosen]
    responses = [study.responses[j].column.name for j in judged]
    space = show_space(found.space, responses, names, units, low, high, spec.level, page, study.seed)
    page.head("Runs")
    heads = [*(study.names[i] for i in order), *responses]
    page.table([dict(zip(heads, map(float, (*x, *y)), strict=True)) for x, y in zip(found.x, found.y, strict=True)])
    summary = plain(
        {
            "title": study.title,
            "runs": batch.runs,
            "failed": batch.failed,
            "rounds": found.rounds,
            "undecided": found.undecided,
            "units": units,
            "design_space": space,
        }
    )
    return Exploration(found, summary, page)

"""Carries out a study: what is left of its runs, on the threads of this machine or on a Dask cluster, into one file."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import TwinError
from twin.study.engines import Engine, Plan, Threads, plan_of
from twin.study.engines import workers_here as workers_here
from twin.study.file import FINISHED, Table, write_study
from twin.study.log import StudyLog, log_path
from twin.study.runner import Row
from twin.study.spec import FactorSpec, StudySpec

if TYPE_CHECKING:
    from twin.study.progress import Watch

#: So many runs failing before the first one finishes stop a study: something is wrong with all of it.
HOPELESS = 10


class AllFail(TwinError):
    """No run of the study gets anywhere."""

    exit_code = 1


class Stopped(TwinError):
    """A study that was stopped; its log holds what is finished."""

    exit_code = 130


@dataclass
class Done:
    """How a study went.

    Attributes
    ----------
    path : Path
    content_hash : str
    outcomes : dict of str to int
        How many runs had which outcome.
    ran, resumed : int
        Runs made now, and found in the log.
    wall : float
        Seconds.
    warnings : list of str
    """

    path: Path
    content_hash: str
    outcomes: dict[str, int]
    ran: int
    resumed: int
    wall: float
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """What `twin study` exits with: failed runs are results, but a study of them alone is not."""
        return 0 if self.outcomes.get(FINISHED) else 1


def identity(study: StudySpec, plan: Plan, fingerprints: Sequence[str]) -> dict[str, Any]:
    """Say what a study is, so that only its own runs are gone on with."""
    design = hashlib.sha256(plan.X.tobytes() + plan.seeds.tobytes())
    return {"twin study": 1, "name": study.name, "design": design.hexdigest(), **makings(study, fingerprints)}


def makings(study: StudySpec, fingerprints: Sequence[str]) -> dict[str, Any]:
    """Say what makes the numbers of a study's runs, beside the values of their factors and their seeds."""
    from twin.config import resolved_yaml
    from twin.results.sections import versions

    scenarios = hashlib.sha256("\0".join(resolved_yaml(scenario) for scenario in study.scenarios).encode())
    takers = [[*_taker(f), *f.column.levels] for f in study.factors]
    links = [[*_taker(link.target), link.text, sorted(link.constants.items())] for link in study.links]
    told = json.dumps([takers, links])
    return {
        "scenario": scenarios.hexdigest(),
        "factors": hashlib.sha256(told.encode()).hexdigest(),
        "responses": [
            [r.column.name, r.how, r.what, r.of, repr(r.at), repr(r.start), repr(r.end), r.component]
            for r in study.responses
        ],
        "models": list(fingerprints),
        "versions": versions(),
    }


def _taker(factor: FactorSpec) -> list[Any]:
    """All that says what runs make of a factor's value."""
    column = factor.column
    return [column.name, *column.targets, factor.how, factor.relative, factor.event, factor.key, list(factor.values)]


def execute(
    study: StudySpec,
    path: Path,
    engine: Engine | None = None,
    *,
    resume: bool = False,
    keep_going: bool = False,
    watch: Watch | None = None,
) -> Done:
    """Run what is left of a study and write its file.

    Parameters
    ----------
    study : StudySpec
    path : Path
        The file to write, which must not exist.
    engine : Engine, optional
        Where runs are made: threads of this machine unless given.
    resume : bool
        Whether to go on with the log beside the file.
    keep_going : bool
        Whether to go on when the first runs all fail.
    watch : Watch, optional
        Told how things go.

    Raises
    ------
    AllFail
        When none of the first runs finishes: their log stays.
    Stopped
        After Ctrl-C: what is finished stays in the log.
    """
    from twin.evidence.register import study_registered

    with study_registered(path, {"study": study.name, "resumed": resume}) as ended:
        done = _carried_out(study, path, engine or Threads(study), resume, keep_going, watch)
        ended({"runs": sum(done.outcomes.values()), "outcomes": done.outcomes, "content_hash": done.content_hash})
    return done


def _carried_out(
    study: StudySpec, path: Path, engine: Engine, resume: bool, keep_going: bool, watch: Watch | None
) -> Done:
    from twin.study.progress import Watch

    watch = watch or Watch()
    plan = plan_of(study)
    prints = engine.fingerprints()
    began = time.time()
    log = StudyLog(log_path(path), identity(study, plan, prints), resume)
    if log.torn:
        watch.say(torn(log))
    resumed = len(log.rows)
    left = [number for number in range(len(plan.X)) if number not in log.rows]
    watch.begin(len(plan.X), resumed, sum(row.outcome != FINISHED for row in log.rows.values()))
    rows = engine.rows(left, plan)
    try:
        with closing(rows):  # type: ignore[type-var]
            for number, row in rows:
                log.add(number, row)
                watch.one(row.outcome == FINISHED)
                if not keep_going and resumed == 0 and len(log.rows) == min(HOPELESS, len(plan.X)):
                    _look(log)
    except KeyboardInterrupt:
        log.close()
        count = f"{len(log.rows)} of {len(plan.X)} runs"
        raise Stopped(f"stopped: {count} are kept in {log.path}. Go on with --resume.") from None
    except BaseException:
        log.close()
        raise
    finally:
        watch.end()
    table = _table(study, plan, [log.rows[number] for number in range(len(plan.X))])
    wall = time.time() - began
    done = _write(study, path, table, prints, {"wall_seconds": wall, "engine": engine.description})
    log.remove()
    counts: dict[str, int] = {}
    for outcome in table.outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
    return Done(path, done, counts, len(left), resumed, wall, _warnings(table))


def torn(log: StudyLog) -> str:
    """Say that a log ends in the middle of a line."""
    return f"{log.torn} bytes at the end of {log.path} were cut short: what they held is run again"


def _look(log: StudyLog) -> None:
    if any(row.outcome == FINISHED for row in log.rows.values()):
        return
    told = list(dict.fromkeys(row.message for row in log.rows.values()))
    more = f" (and {len(told) - 1} other reasons)" if len(told) > 1 else ""
    raise AllFail(
        f"all of the first {len(log.rows)} runs fail: {told[0]}{more}\n"
        f"They are kept in {log.path}; --resume --keep-going goes on all the same."
    )


def write_runs(
    study: StudySpec, path: Path, X: Sequence[np.ndarray], rows: Sequence[Row], prints: Sequence[str]
) -> str:
    """Write runs of one's own, such as those of a search, as the file of a study; give its content hash."""
    numbers = np.arange(len(rows))
    plan = Plan(np.array(X), np.full(len(rows), study.seed), numbers, np.zeros(len(rows), dtype=np.int64))
    return _write(study, path, _table(study, plan, rows), prints, {})


def _table(study: StudySpec, plan: Plan, rows: Sequence[Row]) -> Table:
    return Table(
        tuple(factor.column for factor in study.factors),
        tuple(wanted.column for wanted in study.responses),
        plan.X,
        np.array([row.y for row in rows]).reshape(len(rows), len(study.responses)),
        tuple(row.outcome for row in rows),
        tuple(row.message for row in rows),
        np.array([row.reached for row in rows]),
        plan.seeds,
        plan.points,
        plan.replicates,
    )


def _write(study: StudySpec, path: Path, table: Table, prints: Sequence[str], session: dict[str, Any]) -> str:
    from twin.config import resolved_yaml
    from twin.results.sections import versions

    first = study.scenarios[0]
    texts = {
        "study": (study.source_text, "study, verbatim"),
        "resolved": (json.dumps(study.plain, ensure_ascii=False), "study as JSON, without comments"),
        "plant": (first.plant.source_text, "plant configuration, verbatim"),
        "scenario": (first.source_text, "scenario, verbatim"),
    }
    for scenario in study.scenarios:
        texts[f"scenario_{scenario.name}"] = (resolved_yaml(scenario), "scenario with every default explicit, in SI")
    return write_study(
        path,
        table,
        attributes={
            "title": study.title,
            "study": study.name,
            "scenario": ", ".join(scenario.name for scenario in study.scenarios),
            "plant": first.plant.name,
            "source": "twin, dynamic simulation: the numbers are computed, not measured",
        },
        design={key: value for key, value in study.design.items() if key != "table"},
        texts=texts,
        provenance={"seed": study.seed, "model_fingerprint": ",".join(prints), **_versions(versions())},
        session=session,
    )


def _versions(found: dict[str, str]) -> dict[str, str]:
    return {f"version_{name.replace('-', '_')}": version for name, version in found.items()}


def _warnings(table: Table) -> list[str]:
    """Responses that no factor has any effect on."""
    rows = table.Y[table.finished]
    told = []
    for j, response in enumerate(table.responses):
        values = rows[:, j] if len(rows) else np.zeros(0)
        if len(values) > 1 and np.all(values == values[0]):
            told.append(f"{response.name} is the same in all runs: zero variance")
        elif len(values) and np.all(np.isnan(values)):
            told.append(f"{response.name} is not defined in any run")
    return told

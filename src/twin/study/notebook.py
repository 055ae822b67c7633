"""Studies in a notebook, said as the YAML says them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.study.engines import Plan, Threads, plan_of
from twin.study.execute import Done, execute
from twin.study.file import StudyFile, open_study
from twin.study.reading import load_study
from twin.study.runner import Row
from twin.study.spec import StudySpec

if TYPE_CHECKING:
    from twin.study.dataset import Made
    from twin.study.estimating import Estimation
    from twin.study.exploring import Exploration
    from twin.study.optimising import Optimisation


def optimise(scenario: str | Path | None = None, *, workers: int = 0, **said: Any) -> Optimisation:
    """Carry out what `twin optimise` does.

    Parameters
    ----------
    scenario : str or Path
        A name in scenarios, a file, or the YAML file of a whole optimisation (and nothing else).
    workers : int
        Threads; as many as cores unless given.
    **said
        The keys of such a file: `factors`, `responses`, `optimise` …

    Raises
    ------
    ConfigError
        With every problem that was found, before any run.
    AnalysisError
        When every run fails.
    """
    from twin.study.optimising import load_optimisation, run_optimisation

    return run_optimisation(load_optimisation(*_given(scenario, said)), workers)


def explore(scenario: str | Path | None = None, *, workers: int = 0, **said: Any) -> Exploration:
    """Carry out what `twin explore` does; as :func:`optimise`, with the key `explore`."""
    from twin.study.exploring import load_exploration, run_exploration

    return run_exploration(load_exploration(*_given(scenario, said)), workers)


def estimate(scenario: str | Path | None = None, *, workers: int = 0, **said: Any) -> Estimation:
    """Carry out what `twin estimate` does; as :func:`optimise`, with the key `estimate`."""
    from twin.study.estimate_reading import load_estimation
    from twin.study.estimating import run_estimation

    return run_estimation(load_estimation(*_given(scenario, said)), workers)


def _given(scenario: str | Path | None, said: dict[str, Any]) -> tuple[Any, Path | None]:
    """Give a file, or what it would say and the folder that its names are looked for in."""
    if scenario is not None and not said and Path(scenario).is_file():
        return scenario, None
    named = {} if scenario is None else {"scenario": str(scenario)}
    return {"twin": 1, **named, **said}, Path()


class Study:
    """A study.

    Parameters
    ----------
    scenario : str or Path
        What is run: a name in scenarios, a file, or the YAML file of a whole study (and nothing else).
    **said
        The keys of a study's YAML: `factors`, `design`, `responses`, `seed` …

    Raises
    ------
    ConfigError
        With every problem that was found, before any run.
    """

    def __init__(self, scenario: str | Path | None = None, **said: Any) -> None:
        self.spec: StudySpec = load_study(*_given(scenario, said))
        self._engine: Threads | None = None

    @property
    def plan(self) -> Plan:
        """All runs: values of the factors, seeds, replicates."""
        return plan_of(self.spec)

    def run(
        self,
        out: str | Path,
        *,
        workers: int | None = None,
        cluster: str = "",
        resume: bool = False,
        keep_going: bool = False,
    ) -> StudyFile:
        """Make all runs and give the file.

        Parameters
        ----------
        out : str or Path
            The file to write, which must not exist.
        workers : int, optional
            Threads; as many as cores unless given.
        cluster : str
            Address of a Dask scheduler, in place of threads.
        resume : bool
            Whether to go on with a study of that name that was stopped.
        keep_going : bool
            Whether to go on when the first runs all fail.
        """
        if cluster:
            from twin.study.cluster import Cluster

            engine: Any = Cluster(self.spec, cluster)
        else:
            engine = Threads(self.spec, workers)
        self.done: Done = execute(self.spec, Path(out), engine, resume=resume, keep_going=keep_going)
        return open_study(out)

    def dataset(self, folder: str | Path, *, workers: int = 0) -> Made:
        """Make the data set that `dataset` describes into a folder, which must not exist, as `twin dataset` does."""
        from twin.study.dataset import make

        return make(self.spec, Path(folder), workers)

    def evaluate(self, X: np.ndarray, seeds: Sequence[int] | None = None, workers: int | None = None) -> list[Row]:
        """Run rows of one's own, without a file: what optimisation and estimation ask for.

        Parameters
        ----------
        X : array [rows, factors]
            In SI, numbers of levels for choices.
        seeds : sequence of int, optional
            The study's own seed for all rows unless given.
        workers : int, optional

        Returns
        -------
        list of Row
            In the order of X.
        """
        X = np.atleast_2d(np.asarray(X, dtype=float))
        chosen = np.full(len(X), self.spec.seed) if seeds is None else np.asarray(seeds, dtype=np.int64)
        plan = Plan(X, chosen, np.arange(len(X)), np.zeros(len(X), dtype=np.int64))
        if self._engine is None or (workers is not None and self._engine.workers != workers):
            self._engine = Threads(self.spec, workers)
        found = dict(self._engine.rows(range(len(X)), plan))
        return [found[i] for i in range(len(X))]

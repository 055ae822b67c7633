"""What a study says, validated: frozen, in SI, with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.spec import ScenarioSpec
from twin.study.expression import Made, read_expression
from twin.study.file import Factor, Response


@dataclass(frozen=True)
class FactorSpec:
    """A factor, and how runs take its value.

    Attributes
    ----------
    column : Factor
        As the study's file describes it.
    how : str
        "path" (a value of the plant), "event", "scenario", "fault" or "free" (for links only).
    values : tuple of float
        What each level of a choice stands for: a model's code.
    relative : bool
        Whether the value multiplies what is there.
    event, key : str
        Name of the events, and which of their numbers it is.
    """

    column: Factor
    how: str = "path"
    values: tuple[float, ...] = ()
    relative: bool = False
    event: str = ""
    key: str = "value"

    @property
    def name(self) -> str:
        """Name of the factor."""
        return self.column.name


@dataclass(frozen=True)
class Link:
    """A value of runs that follows from their factors.

    Attributes
    ----------
    target : FactorSpec
        What takes the value, as if a factor of that name led there.
    text : str
        The expression, in SI.
    names : tuple of str
        What it is made of: factors, and quantities as they are written.
    constants : mapping of str to float
        The quantities.
    low, high : float
        Between which its target takes values.
    """

    target: FactorSpec
    text: str
    names: tuple[str, ...]
    constants: Mapping[str, float]
    low: float = -np.inf
    high: float = np.inf

    def of(self, factors: tuple[str, ...], X: np.ndarray) -> np.ndarray:
        """Give the values of rows X [n, factors], [n]."""
        values = dict(zip(factors, X.T, strict=True))
        values |= {name: np.full(len(X), value) for name, value in self.constants.items()}
        return _made(self.text, self.names)(values)


@lru_cache(maxsize=256)
def _made(text: str, names: tuple[str, ...]) -> Made:
    """Read once a process: a specification travels to others as text."""
    return read_expression(text, names)


@dataclass(frozen=True)
class Constraint:
    """`sum of coefficient × factor + constant >= 0`, in SI."""

    text: str
    coefficients: Mapping[str, float]
    constant: float

    def met(self, names: tuple[str, ...], X: np.ndarray) -> np.ndarray:
        """Which rows of X [n, factors] fulfil it, [n] bool."""
        left = np.full(len(X), self.constant)
        for name, coefficient in self.coefficients.items():
            left = left + coefficient * X[:, names.index(name)]
        scale = np.abs(self.constant) + sum(
            np.abs(c * X[:, names.index(name)]) for name, c in self.coefficients.items()
        )
        fulfilled: np.ndarray = left >= -1e-12 * scale  # rows on the line are meant to be in
        return fulfilled


@dataclass(frozen=True)
class Wanted:
    """A response, and what it is made from.

    Attributes
    ----------
    column : Response
    how : str
        "kpi", "quality", "tag", "product", "feed" or "duty".
    what : str
        Name or tag.
    of : str
        What is taken of it; "at" for the value at a time.
    at, start, end : float
        Times [s].
    component : str
    """

    column: Response
    how: str
    what: str
    of: str = ""
    at: float = np.nan
    start: float = 0.0
    end: float = np.inf
    component: str = ""


@dataclass(frozen=True)
class DatasetSpec:
    """What a data set keeps of each run.

    Attributes
    ----------
    tags : tuple of str
    split : mapping of str to float
        Shares of the design's rows, which add up to one.
    licence, description : str
    """

    tags: tuple[str, ...]
    split: Mapping[str, float]
    licence: str
    description: str


@dataclass(frozen=True)
class StudySpec:
    """A study.

    Attributes
    ----------
    scenarios : tuple of ScenarioSpec
        One, or those of the factor that chooses among them.
    design : mapping
        Its kind and settings; of a table, its rows in SI under `table`.
    plain : mapping
        The study as it was written, without comments: what makes it again.
    notes : tuple of str
        What to know before it runs.
    dataset : DatasetSpec, optional
    """

    name: str
    title: str
    scenarios: tuple[ScenarioSpec, ...]
    factors: tuple[FactorSpec, ...]
    responses: tuple[Wanted, ...]
    design: Mapping[str, Any]
    correlation: np.ndarray
    constraints: tuple[Constraint, ...]
    replicates: int
    seed: int
    source_text: str
    path: Path | None
    plain: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    dataset: DatasetSpec | None = None
    links: tuple[Link, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)

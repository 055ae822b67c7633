"""What a scenario says of its material: lots fed, batches made, containers filled, and what it costs.

Here they are declared and recorded; which lot is in which container is for the tracing to say.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Free fields of an entry as (name, text): a supplier, a traceability code.
Marks = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LotSpec:
    """A lot of material: what a feed brings from `start` on, or what a unit holds at the start."""

    name: str
    of: str  #: a feed, or a unit whose initial content it is
    start: float = 0.0
    marks: Marks = ()


@dataclass(frozen=True)
class BatchSpec:
    """What counts as one batch.

    From `start` to `end`; or, counted on and on, every `every` seconds or every `mass` of the product `of`.
    """

    name: str
    of: str = ""
    start: float = 0.0
    end: float | None = None
    every: float | None = None
    mass: float | None = None
    marks: Marks = ()


@dataclass(frozen=True)
class ContainerSpec:
    """Containers that a product fills one after another, each for `every` seconds or with `mass`."""

    name: str
    of: str
    start: float = 0.0
    end: float | None = None
    every: float | None = None
    mass: float | None = None
    marks: Marks = ()


@dataclass(frozen=True)
class UtilitySpec:
    """What a duty is served with: price in EUR/GJ, CO2 in kg/GJ."""

    duty: str  #: unit.quadrature, in W
    utility: str
    heating: bool
    price: float
    co2: float
    source: str


@dataclass(frozen=True)
class FactorsSpec:
    """What a report is to work out beyond masses."""

    utilities: tuple[UtilitySpec, ...]
    uncounted: tuple[str, ...]  #: components that the E-factor leaves out

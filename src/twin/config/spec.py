"""What a configuration says, validated: frozen, in SI, with every default filled in.

Everything downstream (plant, schedule, results, studies) reads these and never YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from twin.config.estimator_spec import EstimatorSpec
from twin.config.material_spec import BatchSpec, ContainerSpec, FactorsSpec, LotSpec
from twin.config.monitor_spec import MonitorSpec
from twin.config.predictive_spec import PredictiveSpec
from twin.config.process_spec import ConditionSpec, FaultSpec, ProcessSpec, RecipeSpec, ResourceSpec

#: Methods of integration that take the whole plant in one step.
WHOLE = ("rodas4p", "rodas4p2", "rodas5p")
#: Methods of integration: the native ones, the last of them block by block, and SUNDIALS.
METHODS = (*WHOLE, "multirate", "cvode", "cvode-gmres")
#: What steps do at scans of controllers, transmitters and valves.
SCANS = ("exact", "relaxed")
#: Methods that can do each of these; `--solver` may choose another for a scenario that asks for one.
SCANNING = {"exact": METHODS, "relaxed": (*WHOLE, "multirate")}
#: Short names, and the method that each stands for.
METHOD_ALIASES = {"rodas": "rodas4p"}
#: A parameter's value: a number, or a read-only array.
Value = float | int | np.ndarray


class Frozen(dict[str, Any]):
    """A dict that refuses changes, keeps its order, and can be sent to another process."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a specification is read-only; load it again with other values")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Frozen, (dict(self),)


@dataclass(frozen=True)
class UnitSpec:
    """One unit operation of a plant: its model and all numbers that the model needs, in SI."""

    name: str
    model: str
    label: str
    position: tuple[float, float] | None
    dims: dict[str, int]
    params: dict[str, Value]
    signals: dict[str, float]  #: values of the signal inlets that nothing drives
    initial: dict[str, Value]
    nominal: dict[str, float]  #: scales of states that replace the model's own
    units: dict[str, str] = field(default_factory=Frozen)  #: units of generic fields (a controller's setpoint: "K")
    settings: dict[str, Any] = field(default_factory=Frozen)  #: what `configure` read, as written


@dataclass(frozen=True)
class FeedSpec:
    """A feed of the plant: what enters one inlet."""

    name: str
    stream: str
    target: str
    values: dict[str, Value]


@dataclass(frozen=True)
class ProductSpec:
    """A product of the plant: where one outlet leaves it."""

    name: str
    source: str
    stream: str


@dataclass(frozen=True)
class Connection:
    """A pipe from "unit.outlet" to "unit.inlet", or the wire of a signal."""

    source: str
    target: str


@dataclass(frozen=True)
class KpiSpec:
    """What a plant makes: the names from which its yield and process mass intensity follow."""

    api: str  #: the component that is made; empty where there is none
    product: str
    limiting: str  #: the reactant that the yield is judged on; empty where the API itself is fed
    ratio: float  #: moles of API that a mole of the limiting reactant can give


@dataclass(frozen=True)
class PlantSpec:
    """A whole plant."""

    name: str
    title: str
    description: str
    fluids: tuple[str, ...]
    solids: tuple[str, ...]
    dims: dict[str, int]  #: plant-wide: fluids, solids and the classes of each grid
    grids: dict[str, np.ndarray]  #: edges
    components: dict[str, dict[str, float]]
    units: tuple[UnitSpec, ...]  #: equipment first, then controllers
    feeds: tuple[FeedSpec, ...]
    products: tuple[ProductSpec, ...]
    connections: tuple[Connection, ...]
    signals: tuple[Connection, ...]
    kpi: KpiSpec | None
    source_text: str
    path: Path | None

    def unit(self, name: str) -> UnitSpec:
        """Give a unit by its name. Raises KeyError."""
        return {unit.name: unit for unit in self.units}[name]

    def feed(self, name: str) -> FeedSpec:
        """Give a feed by its name. Raises KeyError."""
        return {feed.name: feed for feed in self.feeds}[name]


@dataclass(frozen=True)
class EventSpec:
    """A change of one value at a time; `every` and `until` repeat it.

    `kind` is "set" (jumps at `at`), "ramp" (reaches `value` at `at + over`), "hold" (jumps at `at` and goes back
    to what it was at `at + over`) or "fire": `path` is an impulse, given `value` (1 where it takes no amount).
    """

    at: float
    kind: str
    path: str
    value: float
    over: float = 0.0
    name: str = ""
    every: float | None = None
    until: float | None = None
    fault: FaultSpec | None = None


@dataclass(frozen=True)
class LatchSpec:
    """A change of one value, or an impulse fired, whenever a guard crosses zero or a tag its limit in a direction."""

    guard: str  #: or a tag
    direction: str  #: "falls" or "rises"; of a tag "> 353.15"
    path: str
    value: float
    name: str = ""
    kind: str = "set"  #: or "fire"
    fault: FaultSpec | None = None


@dataclass(frozen=True)
class QualitySpec:
    """Limits of a measurement, judged on its moving average over `average` seconds."""

    tag: str
    low: float | None
    high: float | None
    average: float


@dataclass(frozen=True)
class ScenarioSpec:
    """A plant, how long it runs, and what happens to it."""

    name: str
    title: str
    plant: PlantSpec
    duration: float
    record_every: float
    method: str
    rtol: float
    seed: int
    until: float | None  #: stop earlier than `duration`
    events: tuple[EventSpec, ...]
    latches: tuple[LatchSpec, ...]
    quality: tuple[QualitySpec, ...]
    batches: tuple[BatchSpec, ...]
    lots: tuple[LotSpec, ...]
    containers: tuple[ContainerSpec, ...]
    source_text: str
    path: Path | None
    resources: tuple[ResourceSpec, ...] = ()
    recipes: tuple[RecipeSpec, ...] = ()
    processes: tuple[ProcessSpec, ...] = ()
    factors: FactorsSpec | None = None  #: asked of the report
    figure: tuple[tuple[str, ...], ...] = ()  #: tags drawn in the documentation, panel by panel
    scans: str = SCANS[0]  #: what steps do at the scans of controllers
    start: str = "initial"  #: or "steady": the state that the plant comes to from its initial values
    predictive: tuple[PredictiveSpec, ...] = ()
    estimators: tuple[EstimatorSpec, ...] = ()
    ends: ConditionSpec | None = None  #: ends the run where it comes true, before `duration`
    monitors: tuple[MonitorSpec, ...] = ()  #: `twin monitor` carries them out on the run's file


def frozen_array(values: Any) -> np.ndarray:
    """Copy numbers into a read-only, contiguous float64 array."""
    array = np.array(values, dtype=np.float64, order="C")
    array.setflags(write=False)
    return array


def same(a: Any, b: Any) -> bool:
    """Whether two specifications say the same to the last bit, wherever they were written.

    The text and the path of the file are not compared.
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
    if is_dataclass(a):
        names = [f.name for f in fields(a) if f.name not in ("source_text", "path")]
        return all(same(getattr(a, name), getattr(b, name)) for name in names)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float):
        return bool(a.hex() == b.hex())
    return bool(a == b)

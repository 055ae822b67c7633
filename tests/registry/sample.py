"""A random but plausible instance of any unit operation, made from its annotations alone.

Numbers without a default are drawn around a typical value of their unit, inside their range; states
start from the model's own `initial_state` and are then disturbed element by element.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.registry.carriers import wrap
from tests.registry.library import model as load
from twin.plant.adapter import holdup_class, stream_fields
from twin.plant.layout import shape
from twin.plant.model import Model, Port
from twin.quantity import Field, fields
from unit_ops.streams import Granules, Slurry

FLUIDS = ("A", "B", "C")
SOLIDS = ("X", "Y")
SIZES = {"fluids": len(FLUIDS), "solids": len(SOLIDS), "bins": 8}

#: Component data of the sample, by property; A + B -> C balances in mass. Other properties are typical.
COMPONENTS: dict[str, dict[str, float]] = {
    "molar_mass": {"A": 0.046, "B": 0.060, "C": 0.106, "X": 0.106, "Y": 0.3},
    "rho_liquid": {"A": 790.0, "B": 1000.0, "C": 1200.0},
    "rho_solid": {"X": 1290.0, "Y": 1500.0},
    "cp_liquid": {"A": 2400.0, "B": 4180.0, "C": 1800.0},
    "cp_solid": {"X": 1300.0, "Y": 1400.0},
    "dH_vap": {"A": 9e5, "B": 2.2e6, "C": 5e5},
    # ln Psat[Pa] = A + B/T: 6 kPa, 3 kPa and next to nothing at 298 K
    "psat_A": {"A": 25.5, "B": 25.8, "C": 10.0},
    "psat_B": {"A": -5000.0, "B": -5300.0, "C": -5000.0},
    "psat_C": {"A": 0.0, "B": 0.0, "C": 0.0},
    "psat_D": {"A": 0.0, "B": 0.0, "C": 0.0},
    "mu_liquid": {"A": 1e-3, "B": 1e-3, "C": 2e-3},
    # compaction: a brittle and a ductile powder
    "kawakita_density": {"X": 0.38, "Y": 0.3},
    "kawakita_a": {"X": 0.6, "Y": 0.71},
    "kawakita_b": {"X": 6e-8, "Y": 1.2e-7},
    "heckel_A": {"X": 0.8, "Y": 0.7},
    "heckel_K": {"X": 9e-9, "Y": 1.2e-8},
    "kl_density": {"X": 0.35, "Y": 0.19},
    "kl_C": {"X": 5e-9, "Y": 7.8e-9},
}
#: Raw settings for models that read some, by their key.
SETTINGS: dict[str, Any] = {
    "reactions": [{"equation": "A + B -> C", "k0": "1e-3 m^3/(mol s)", "E": "50 kJ/mol", "dH": "-60 kJ/mol"}],
}
#: A plausible size of a quantity of each unit.
TYPICAL = {
    "1": 0.5,
    "s": 100.0,
    "1/s": 0.5,
    "m": 1e-2,
    "m^2": 0.1,
    "m^3": 1e-3,
    "kg": 0.5,
    "kg/s": 1e-3,
    "m^3/s": 1e-6,
    "m/s": 1e-7,
    "K": 310.0,
    "1/K": 1e-3,
    "1/K^2": 1e-6,
    "J": 1e4,
    "W": 100.0,
    "W/K": 50.0,
    "W/(m^2 K)": 50.0,
    "J/kg": 1e5,
    "J/mol": 4e4,
    "J/(kg K)": 2000.0,
    "kg/m^3": 1000.0,
    "kg/mol": 0.1,
    "Pa": 1e5,
    "1/Pa": 1e-8,
    "Pa s": 1e-3,
    "m/kg": 1e9,
    "1/m": 1e5,
    "m^2/s": 1e-2,
    "N": 1e4,
}
_PAIRS = (("low", "high"), ("min", "max"), ("start", "end"))


def typical(f: Field) -> float:
    """A plausible value of a field: its default, the typical one of its unit, or the middle of its range."""
    if f.has_default and isinstance(f.default, float | int):
        return float(f.default)
    if f.has_nominal:
        return f.nominal
    value = TYPICAL.get(f.unit, 1.0)
    if f.range is None or f.range.low < value < f.range.high:
        return value
    low, high = f.range.low, f.range.high
    return math.sqrt(low * high) if low > 0.0 else 0.5 * (low + high)


@dataclass
class Instance:
    """A unit operation with sizes, parameters, state and inlets."""

    model: Model
    sizes: dict[str, int]
    p: Any
    x: Any
    u: Any
    t: float = 123.0

    def shape(self, f: Field) -> tuple[int, ...]:
        return shape(f, self.sizes)

    def lent(self, cls: type, dtype: Any = float) -> Any:
        """Buffers of a table: poisoned, so that an element left unwritten is found."""
        poison = None if dtype is object else math.nan
        return cls(*(np.full(self.shape(f), poison, dtype=dtype) if f.kind == "array" else 0.0 for f in fields(cls)))

    def component(self, of: str) -> dict[str, float]:
        return COMPONENTS[of]


class Evaluation:
    """Kernels of an instance called in the engine's order, on any kind of number.

    Parameters
    ----------
    instance : Instance
        Values.
    kernels : namespace
        The model's interpreted kernels, for that kind of number.
    make : callable
        make(value, field) gives a number of that kind.
    """

    def __init__(
        self, instance: Instance, kernels: SimpleNamespace, make: Callable[[float, Field], Any] | None = None
    ) -> None:
        self.instance, self.kernels, self.make = instance, kernels, make
        self.dtype: Any = float if make is None else object
        model = instance.model
        self.env: dict[str, Any] = {
            "t": self._number(instance.t, Field("t", "float", "s", "time")),
            "x": self._table(model.State, instance.x),
            "p": self._table(model.Params, instance.p),
        }
        self.scratch = instance.lent(model.Work, self.dtype)
        self.set_inlets()
        self.set_integrals()

    def _number(self, value: Any, f: Field) -> Any:
        if self.make is None:
            return value
        make = self.make
        return wrap(value, lambda v: make(v, f))

    def _table(self, cls: type, values: Any) -> Any:
        return cls(*(self._number(v, f) for v, f in zip(values, fields(cls), strict=True)))

    def set_inlets(self) -> None:
        model = self.instance.model
        streams = []
        for port, value in zip(model.inlets.values(), self.instance.u, strict=True):
            table = stream_fields(port)
            streams.append(port.stream(*(self._number(v, f) for v, f in zip(value, table, strict=True))))
        self.env["u"] = model.Inlets(*streams)
        self.env.update(zip(model.inlets, streams, strict=True))

    def set_integrals(self) -> None:
        """Integrands in the order of the fields, each summed left to right; later ones see earlier ones."""
        cls = self.instance.model.Integrals
        self.integrands: dict[str, Any] = {}
        self.env["a"] = SimpleNamespace()
        for f in fields(cls):
            out = np.full(math.prod(self.instance.shape(f)), None if self.dtype is object else math.nan, self.dtype)
            self.call(f.name, out=out, w=self.scratch)
            total: Any = 0.0
            for value in out:
                total = total + value
            self.integrands[f.name] = out
            setattr(self.env["a"], f.name, total)
        if all(hasattr(self.env["a"], name) for name in cls._fields):  # type: ignore[attr-defined]
            self.env["a"] = cls(**vars(self.env["a"]))

    def call(self, name: str, **more: Any) -> Any:
        function = getattr(self.kernels, name)
        # integrals come first and may leave numbers in the scratch; no other kernel hands anything on
        scratch = type(self.scratch)(*(part.copy() for part in self.scratch))
        env = {**self.env, "w": scratch, **more}
        return function(*(env[argument] for argument in inspect.signature(function).parameters))

    def outlet(self, name: str) -> Any:
        port = self.instance.model.outlets[name]
        lent = port.stream(0.0) if port.is_signal else self.instance.lent(port.stream, self.dtype)
        return self.call(name, out=lent)

    def derivatives(self) -> Any:
        return self.call("derivatives", dx=self.instance.lent(self.instance.model.State, self.dtype))

    def table(self, name: str, cls: type) -> Any:
        """Result of `quadratures`, `holdup` or `transport`."""
        return self.call(name, out=self.instance.lent(cls, self.dtype))

    def holdup(self) -> Any:
        cls = holdup_class(self.instance.model)
        assert cls is not None, "no holdup kernel"
        return self.table("holdup", cls)


def instance(name: str, seed: int, plant_sizes: dict[str, int] | None = None) -> Instance:
    """Draw an instance of a unit operation."""
    rng = np.random.default_rng([seed, *name.encode()])
    m = load(name)
    sizes = {**(plant_sizes or SIZES), **m.dims}
    configured: dict[str, Any] = {}
    if m.configure is not None:
        settings = {key: SETTINGS[key] for key in m.settings}
        more, configured = m.configure(settings, FLUIDS, SOLIDS, _by_component())
        sizes.update(more)
    p = _params(m, sizes, configured, rng)
    x = _state(m, sizes, p, rng)
    u = m.Inlets(*(_stream(port, sizes, rng) for port in m.inlets.values()))
    return Instance(m, sizes, p, x, u)


def _by_component() -> dict[str, dict[str, float]]:
    names = (*FLUIDS, *SOLIDS)
    return {n: {prop: values[n] for prop, values in COMPONENTS.items() if n in values} for n in names}


def _spread(rng: np.random.Generator, f: Field, value: float, size: tuple[int, ...] | None = None) -> Any:
    """Values around `value`, inside the field's range."""
    drawn = value * rng.uniform(0.8, 1.25, size)
    if f.unit == "K" and 200.0 < value < 500.0:
        drawn = value + rng.uniform(-15.0, 15.0, size)
    if f.range is not None:
        drawn = np.minimum(np.maximum(drawn, f.range.low), f.range.high)
    return drawn if size is not None else float(drawn)


def _params(m: Model, sizes: dict[str, int], configured: dict[str, Any], rng: np.random.Generator) -> Any:
    values: dict[str, Any] = {}
    indices = {"fluids": 0, "solids": 0}
    for f in fields(m.Params):
        if f.name in configured:
            values[f.name] = configured[f.name]
        elif f.index:
            values[f.name] = indices[f.index] % sizes[f.index]
            indices[f.index] += 1
        elif f.kind == "enum":
            members = list(f.enum or ())
            values[f.name] = int(rng.choice(members))
        elif f.kind == "int":
            values[f.name] = int(f.default if f.has_default else max(1, f.range.low if f.range else 1))
        elif f.grid:
            values[f.name] = np.geomspace(1e-5, 1e-3, shape(f, sizes)[0])
        elif f.component and f.component in COMPONENTS:
            names = FLUIDS if f.dims[0] == "fluids" else SOLIDS
            values[f.name] = np.array([COMPONENTS[f.component].get(n, typical(f)) for n in names])
        elif f.kind == "array" and f.has_default:
            values[f.name] = np.broadcast_to(np.asarray(f.default, dtype=float), shape(f, sizes)).copy()
        elif f.kind == "array":
            values[f.name] = _spread(rng, f, typical(f), shape(f, sizes))
        else:
            values[f.name] = _spread(rng, f, typical(f))
    for small, large in _PAIRS:
        for name in values:
            other = name.replace(small, large)
            if other != name and other in values and isinstance(values[name], float):
                low, high = sorted((values[name], values[other]))
                values[name], values[other] = min(low, 0.6 * high) if high > 0.0 else low - 1.0, high
    return m.Params(**values)


def _state(m: Model, sizes: dict[str, int], p: Any, rng: np.random.Generator) -> Any:
    hook = getattr(m.module, "nominals", None)
    nominal = dict(hook(p)) if hook else {}
    initial = getattr(m.module, "initial_state", None)
    start = initial(m.Initial(**_initial(m, sizes, rng)), p) if initial else None
    values = []
    for number, f in enumerate(fields(m.State)):
        size = shape(f, sizes)
        scale = nominal.get(f.name, f.nominal)
        base = start[number] if start is not None else scale * np.ones(size)
        if f.kind == "array":
            disturbed = np.asarray(base, dtype=float) * rng.uniform(0.7, 1.3, size)
            values.append(np.ascontiguousarray(disturbed + 0.05 * scale * rng.uniform(0.1, 1.0, size)))
        else:
            values.append(float(base) * rng.uniform(0.9, 1.1) + (0.01 * scale if base == 0.0 else 0.0))
    return m.State(*values)


def _initial(m: Model, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for f in fields(m.Initial):
        if f.kind == "array" and f.unit == "1":
            size = shape(f, sizes)
            parts = rng.uniform(0.2, 1.0, size)
            # what is not fractions of a whole is residual liquid: a tenth of the powder
            values[f.name] = parts / parts.sum(axis=0) * (1.0 if f.fractions else 0.1)
        elif f.kind == "array":
            values[f.name] = _spread(rng, f, typical(f), shape(f, sizes))
        else:
            values[f.name] = _spread(rng, f, typical(f))
    return values


def _stream(port: Port, sizes: dict[str, int], rng: np.random.Generator) -> Any:
    values = []
    for f in stream_fields(port):
        value = _spread(rng, f, 308.0 if f.unit == "K" else typical(f), shape(f, sizes) if f.kind == "array" else None)
        values.append(value)
    stream = port.stream(*values)
    if port.stream is Slurry:
        stream = stream._replace(m_flow_solid=float(np.sum(stream.m_flow_crystals)))
    if port.stream is Granules:
        stream = stream._replace(V_flow_solid=float(np.sum(stream.V_flow_classes)))
    return stream

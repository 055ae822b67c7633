"""A unit operation alone on the bench: its kernels evaluated and integrated without a plant.

Works on interpreted and on compiled kernels alike, so that physics can be tested apart from the
engine. Sums of integrands are taken left to right, as the engine does.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, get_args, get_type_hints

import numpy as np
from scipy.integrate import solve_ivp

from twin.quantity import Field, fields
from unit_ops.streams import T_REF, Holdup


def arguments(function: Any) -> tuple[str, ...]:
    """Names of a kernel's arguments."""
    return tuple(inspect.signature(getattr(function, "py_func", function)).parameters)


def call(function: Any, **env: Any) -> Any:
    """Call a kernel by its arguments' names."""
    return function(*[env[name] for name in arguments(function)])


class Bench:
    """One instance of a unit: `params` by name, `dims` by name, inlets as keyword streams.

    Fields of `params` that are left out take their defaults; inlets left out are zero.
    """

    def __init__(self, module: ModuleType, dims: dict[str, int], params: dict[str, Any], **inlets: Any) -> None:
        self.module = module
        self.dims = dims
        self.p = None
        if hasattr(module, "Params"):
            values = {**getattr(module.Params, "_field_defaults", {}), **params}
            self.p = module.Params(**{f.name: self._param(f, values[f.name]) for f in fields(module.Params)})
        self.State = getattr(module, "State", None)
        self.state_fields = fields(self.State) if self.State else ()
        self.Integrals = getattr(module, "Integrals", None)
        self.u = self._inlets(inlets)

    def _param(self, field: Field, value: Any) -> Any:
        if field.kind == "array":
            return np.ascontiguousarray(np.broadcast_to(np.asarray(value, float), self.shape(field)))
        return int(value) if field.kind in ("int", "enum") else float(value)

    def shape(self, field: Field) -> tuple[int, ...]:
        sizes = []
        for dim in field.dims:
            name, _, more = dim.partition("+")
            sizes.append((int(name) if name.isdigit() else self.dims[name]) + int(more or 0))
        return tuple(sizes)

    def _stream(self, cls: type, values: dict[str, Any]) -> Any:
        if cls.__name__ == "Signal":
            return cls(float(values.get("value", 0.0)))
        made = []
        for field in fields(cls):
            default = T_REF if field.name == "T" else 0.0
            made.append(self._param(field, values.get(field.name, default)))
        return cls(*made)

    def _inlets(self, given: dict[str, Any]) -> Any:
        cls = self.module.Inlets
        hints = get_type_hints(cls, include_extras=True)
        unknown = set(given) - set(cls._fields)
        assert not unknown, unknown
        made = []
        for name in cls._fields:
            stream = get_args(hints[name])[0]
            value = given.get(name, {})
            made.append(self._stream(stream, value if isinstance(value, dict) else {"value": value}))
        return cls(*made)

    def set_inlets(self, **given: Any) -> None:
        """Replace the inlets."""
        self.u = self._inlets(given)

    # -- state vector

    def pack(self, state: Any) -> np.ndarray:
        return np.concatenate([np.ravel(np.asarray(value, float)) for value in state])

    def unpack(self, y: np.ndarray) -> Any:
        made, start = [], 0
        for field in self.state_fields:
            if field.kind == "array":
                shape = self.shape(field)
                size = int(np.prod(shape))
                made.append(np.ascontiguousarray(y[start : start + size]).reshape(shape))
                start += size
            else:
                made.append(float(y[start]))
                start += 1
        return self.State(*made)

    def initial(self, **values: Any) -> np.ndarray:
        """State vector of the given Initial fields."""
        filled = {**getattr(self.module.Initial, "_field_defaults", {}), **values}
        made = {f.name: self._param(f, filled[f.name]) for f in fields(self.module.Initial)}
        return self.pack(self.module.initial_state(self.module.Initial(**made), self.p))

    # -- kernels

    def lent(self, cls: type) -> Any:
        """Buffers for the arrays of a table, NaN so that what is not written shows; floats 0."""
        return cls(*[np.full(self.shape(f), np.nan) if f.kind == "array" else 0.0 for f in fields(cls)])

    def env(self, x: Any, t: float = 0.0, linear: bool = False) -> dict[str, Any]:
        """Arguments of kernels at a state, integrals included (`linear`: only those of x alone)."""
        env: dict[str, Any] = {"t": t, "x": x, "u": self.u, "p": self.p}
        env.update(self.u._asdict())
        if hasattr(self.module, "Work"):
            env["w"] = self.lent(self.module.Work)
        if self.Integrals is not None:
            a = self.Integrals(*[0.0] * len(self.Integrals._fields))
            for field in fields(self.Integrals):
                name = field.name
                if linear and "a" in arguments(getattr(self.module, name)):
                    continue
                out = np.full(int(np.prod(self.shape(field))), np.nan)
                call(getattr(self.module, name), **env, a=a, out=out)
                total = 0.0
                for value in out:
                    total += float(value)
                a = a._replace(**{name: total})
            env["a"] = a
        return env

    def dx(self, x: Any, t: float = 0.0) -> Any:
        return call(self.module.derivatives, **self.env(x, t), dx=self.lent(self.State))

    def rhs(self, t: float, y: np.ndarray) -> np.ndarray:
        return self.pack(self.dx(self.unpack(y), t))

    def outlet(self, name: str, x: Any) -> Any:
        stream = get_args(get_type_hints(self.module.Outlets, include_extras=True)[name])[0]
        return call(getattr(self.module, name), **self.env(x), out=self.lent(stream))

    def measure(self, name: str, y: np.ndarray) -> float:
        return float(call(getattr(self.module, name), **self.env(self.unpack(y))))

    def holdup(self, x: Any) -> Holdup:
        return call(self.module.holdup, **self.env(x), out=self.lent(Holdup))

    def quadratures(self, x: Any) -> Any:
        return call(self.module.quadratures, **self.env(x), out=self.lent(self.module.Quadratures))

    def solve(
        self, y0: np.ndarray, times: Any, method: str = "LSODA", rtol: float = 1e-9, atol: Any = 1e-12, **more: Any
    ) -> np.ndarray:
        """States at `times` (times[0] is the start), one row each."""
        times = np.asarray(times, float)
        # scipy's BDF differences rows of memory that it has not written yet: what overflows there is unused
        with np.errstate(over="ignore", invalid="ignore"):
            result = solve_ivp(
                self.rhs, (times[0], times[-1]), y0, method=method, t_eval=times, rtol=rtol, atol=atol, **more
            )
        assert result.success, result.message
        return result.y.T

    def steady(self, y0: np.ndarray, scale: np.ndarray, iterations: int = 30) -> np.ndarray:
        """Steady state near `y0` by damped Newton with differences of `scale`-sized states."""
        y = np.array(y0, float)
        f = self.rhs(0.0, y) / scale
        for _ in range(iterations):
            step = 1e-7
            columns = []
            for k in range(y.size):
                moved = y.copy()
                moved[k] += step * scale[k]
                columns.append((self.rhs(0.0, moved) / scale - f) / step)
            change = np.linalg.solve(np.array(columns).T, -f)
            part = 1.0
            while True:  # halve the step until the residual falls
                trial = y + part * change * scale
                f_trial = self.rhs(0.0, trial) / scale
                if np.linalg.norm(f_trial) < np.linalg.norm(f) or part < 1e-3:
                    break
                part *= 0.5
            y, f = trial, f_trial
            if np.max(np.abs(change)) < 1e-10:
                return y
        raise AssertionError(f"no steady state: residual {np.max(np.abs(f))}")

    # -- the law of every unit

    def stream_enthalpy(self, stream: Any, cp: np.ndarray, cp_crystal: float) -> float:
        crystals = float(np.sum(getattr(stream, "m_flow_crystals", 0.0)))
        return (float(stream.m_flow @ cp) + crystals * cp_crystal) * (stream.T - T_REF)

    def imbalance(
        self, x: Any, cp: np.ndarray, crystal: int = 0, cp_crystal: float = 0.0
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """d(holdup)/dt − Σ inlets + Σ outlets − Σ sources, each over the sum of its terms' sizes.

        Exact because holdups are linear in the extensive states: holdup(dx) is their rate.
        """
        rate = call(self.module.holdup, **self.env(self.dx(x), linear=True), out=self.lent(Holdup))
        H, fluids, solids = rate
        sizes = [abs(H), np.abs(fluids), np.abs(solids)]
        flows = [(-1.0, s) for s in self.u if hasattr(s, "m_flow")]
        flows += [(1.0, self.outlet(name, x)) for name in self.module.Outlets._fields]
        for sign, stream in flows:
            h = self.stream_enthalpy(stream, cp, cp_crystal)
            H, sizes[0] = H + sign * h, sizes[0] + abs(h)
            fluids, sizes[1] = fluids + sign * stream.m_flow, sizes[1] + np.abs(stream.m_flow)
            if hasattr(stream, "m_flow_crystals"):
                flow = np.zeros_like(solids)
                flow[crystal] = stream.m_flow_crystals.sum()
                solids, sizes[2] = solids + sign * flow, sizes[2] + np.abs(flow)
        if hasattr(self.module, "Quadratures"):
            sources = self.quadratures(x)
            for field, value in zip(fields(self.module.Quadratures), sources, strict=True):
                if field.utility:
                    continue
                if field.dims == ("fluids",):
                    fluids, sizes[1] = fluids - value, sizes[1] + np.abs(value)
                elif field.dims == ("solids",):
                    solids, sizes[2] = solids - value, sizes[2] + np.abs(value)
                else:
                    H, sizes[0] = H - value, sizes[0] + abs(value)
        tiny = 1e-300  # 0/0 of a component that takes no part is no imbalance
        return H / (sizes[0] + tiny), fluids / (sizes[1] + tiny), solids / (sizes[2] + tiny)

"""Any f(t, y) as a plant of one unit with a dense Jacobian, so that the integrators can be tested alone.

Place in w: the n_q quadrature rates, then the n_g guards, then one observed number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin import jit
from twin.plant import discrete
from twin.plant.codes import GUARDS, HOLDUP, LANES, RATES, SLOPES
from twin.plant.evaluate import JacobianTables, PlantTables


@dataclass
class StandIn:
    """What the integrators need of a compiled plant."""

    tables: PlantTables
    jacobian: JacobianTables
    y0: np.ndarray
    p0: np.ndarray
    nominal: np.ndarray
    time_dependent: bool
    nodes: list[Any]
    keep: Any = None
    discrete: discrete.Discrete = field(default_factory=discrete.nothing)
    scanned: tuple[str, ...] = ()

    def absent(self, changes: Any) -> np.ndarray:
        return np.zeros(len(self.y0), dtype=bool)

    def jacobian_without(self, absent: np.ndarray) -> JacobianTables:
        return self.jacobian

    def watching(self, guards: Any) -> PlantTables:
        return self.tables

    def giving(self, places: Any) -> np.ndarray:
        return np.concatenate([self.tables.rates, self.tables.observe])[: 2 if list(places) else 0]

    def label(self, state: int) -> str:
        return f"unit.y[{state}]"


def nothing(t: float, y: Any, p: Any, out: Any) -> None:
    """No guards, no quadratures."""


def observed(t: float, y: Any, p: Any, out: Any) -> None:
    out[0] = 2.0 * y[0]


def problem(
    f: Callable[..., None],
    y0: Sequence[float],
    *,
    p: Sequence[float] = (),
    quadratures: Callable[..., None] = nothing,
    n_q: int = 0,
    guards: Callable[..., None] = nothing,
    n_g: int = 0,
    nominal: Sequence[float] | None = None,
    time_dependent: bool = False,
    observe: Callable[..., None] = observed,
) -> StandIn:
    """Build the stand-in.

    Parameters
    ----------
    f, quadratures, guards, observe : callable
        Each writes its numbers: f(t, y, p, dy), quadratures(t, y, p, rates), guards(t, y, p, values), and one number
        observed.
    """
    n_y, n_p, n_w = len(y0), len(p), n_q + n_g + 1
    address, keep = _entry(f, quadratures, guards, observe)
    whole = np.array([n_y, n_w, n_p, n_q, n_g], dtype=np.int64)
    calls = {what: np.array([[0, what]], dtype=np.int64) for what in (RATES, HOLDUP, GUARDS)}
    tables = PlantTables(
        np.array([n_y, n_p, n_w, n_q, n_g, 0], dtype=np.int64),
        np.array([0, n_q, 0, 0, 0], dtype=np.int64),
        np.array([address], dtype=np.int64),
        whole,
        np.array([0, len(whole)], dtype=np.int64),
        calls[RATES],
        calls[HOLDUP],
        calls[GUARDS],
    )
    scale = np.ones(n_y) if nominal is None else np.array(nominal, dtype=float)
    return StandIn(
        tables,
        _dense(whole, n_y, n_w, n_q),
        np.array(y0, dtype=float),
        np.array(p, dtype=float),
        scale,
        time_dependent,
        [SimpleNamespace(name="unit")],
        keep,
    )


def _dense(whole: np.ndarray, n_y: int, n_w: int, n_q: int) -> JacobianTables:
    """Seven columns a pass; the quadrature rates stand first in w."""

    def table(rows: Any, width: int = 1) -> np.ndarray:
        array = np.array(rows, dtype=np.int64)
        return array.reshape(-1, width) if width > 1 else array.reshape(-1)

    entry, at, seeds, ends = [], [], [], [0]
    for first in range(0, n_y, LANES - 1):
        columns = list(enumerate(range(first, min(first + LANES - 1, n_y)), start=1))
        begin = len(entry)
        entry += [(i * LANES + lane, i * n_y + j) for lane, j in columns for i in range(n_y)]
        middle = len(entry)
        entry += [(i * LANES + lane, i * n_y + j) for lane, j in columns for i in range(n_q)]
        at.append((begin, middle, middle, len(entry)))
        seeds += [(0, j * LANES + lane) for lane, j in columns]
        ends.append(len(seeds))
    places = np.array(entry, dtype=np.uint32).reshape(-1, 2)
    return JacobianTables(
        pattern=table(np.arange(n_y + 1) * n_y),
        column=table(np.tile(np.arange(n_y), n_y)),
        q_pattern=table(np.arange(n_q + 1) * n_y),
        q_column=table(np.tile(np.arange(n_y), n_q)),
        local_offsets=whole,
        local_start=table([0, len(whole)]),
        gather_y=table([(i, i) for i in range(n_y)], 2).astype(np.uint32),
        gather_y_start=table([0, n_y]),
        gather_w=table([], 2).astype(np.uint32),
        gather_w_start=table([0, 0]),
        calls=table([RATES]),
        calls_start=table([0, 1]),
        pass_start=table([0, len(at)]),
        seed_start=table(ends),
        seeds=table(seeds, 2).astype(np.uint32),
        needed=table(np.ones(len(at))),
        entries=table(at, 4),
        result=np.ascontiguousarray(places[:, 0]),
        destination=np.ascontiguousarray(places[:, 1]),
        lengths=table([n_y, n_w]),
        absent=table([]),
    )


def _entry(f: Any, quadratures: Any, guards: Any, observe: Any) -> tuple[int, Any]:
    if jit.disabled():
        return _interpreted(f, quadratures, guards, observe)
    import numba

    from twin.plant.views import ENTRY, duals, view1

    rates, totals, crossing, seen = (numba.njit(error_model="numpy")(g) for g in (f, quadratures, guards, observe))

    def entry(what, t, y, p, w, dy, offsets):  # type: ignore[no-untyped-def]
        states = view1(y, 0, offsets[0])
        parameters = view1(p, 0, offsets[2])
        n_q = offsets[3]
        if what == RATES:
            rates(t, states, parameters, view1(dy, 0, offsets[0]))
            totals(t, states, parameters, view1(w, 0, n_q))
        elif what == SLOPES + RATES:
            moved = view1(duals(y), 0, offsets[0])
            rates(t, moved, parameters, view1(duals(dy), 0, offsets[0]))
            totals(t, moved, parameters, view1(duals(w), 0, n_q))
        elif what == GUARDS:
            crossing(t, states, parameters, view1(w, n_q, offsets[4]))
        else:
            seen(t, states, parameters, view1(w, n_q + offsets[4], 1))

    compiled = numba.cfunc(ENTRY, error_model="numpy")(entry)
    return compiled.address, compiled


def _interpreted(f: Any, quadratures: Any, guards: Any, observe: Any) -> tuple[int, Any]:
    from twin.plant.interpreted import INTERPRETED

    def entry(what, t, y, p, w, dy, offsets):  # type: ignore[no-untyped-def]
        n_y, n_p, n_q, n_g = offsets[0], offsets[2], offsets[3], offsets[4]
        if what == RATES:
            f(t, y[:n_y], p[:n_p], dy[:n_y])
            quadratures(t, y[:n_y], p[:n_p], w[:n_q])
        elif what == GUARDS:
            guards(t, y[:n_y], p[:n_p], w[n_q : n_q + n_g])
        else:
            observe(t, y[:n_y], p[:n_p], w[n_q + n_g :])

    address = 1_000_000 + len(INTERPRETED)
    INTERPRETED[address] = entry
    return address, entry

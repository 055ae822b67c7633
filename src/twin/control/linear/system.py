"""A linear system with names: dx/dt = A x + B u, y = C x + D u, all of them deviations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.control.linear.needs import library
from twin.errors import TwinError
from twin.quantity import Array


class Singular(TwinError):
    """A question that the system has no answer to."""


@dataclass(frozen=True)
class Linear:
    """A plant about one of its states, in SI.

    Attributes
    ----------
    A : sparse array [n, n]
        Of scipy, compressed rows. States that stay as they are have been left out.
    B, C, D : arrays [n, m], [r, n], [r, m]
    states, inputs, outputs : tuple of str
        Names.
    state_units, input_units, output_units : tuple of str
    x_0, u_0, y_0 : arrays [n], [m], [r]
        Values there.
    scale : array [n]
        Sizes of the states, by which the algorithms weigh them.
    rates : array [n]
        dx/dt there: zero at a steady state.
    title : str
        Of what, and where.
    notes : tuple of str
        What to know beside.
    """

    A: Any
    B: Array
    C: Array
    D: Array
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    state_units: tuple[str, ...]
    input_units: tuple[str, ...]
    output_units: tuple[str, ...]
    x_0: Array
    u_0: Array
    y_0: Array
    scale: Array
    rates: Array
    title: str
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> int:
        """Number of states."""
        return len(self.states)

    def scaled(self) -> Linear:
        """Give the same system with states measured by their sizes: transfer functions are the same."""
        sparse, s = library("scipy.sparse"), self.scale
        A = (sparse.diags_array(1.0 / s) @ self.A @ sparse.diags_array(s)).tocsr()
        return self._with(np.arange(self.order), A, self.B / s[:, None], self.C * s, self.x_0 / s, np.ones(self.order))

    def part(self, inputs: list[int] | None = None, outputs: list[int] | None = None) -> Linear:
        """Give the system between some of the inputs and outputs, with the states that lie on the way."""
        i = list(range(len(self.inputs))) if inputs is None else inputs
        o = list(range(len(self.outputs))) if outputs is None else outputs
        whole = Linear(
            self.A,
            self.B[:, i],
            self.C[o],
            self.D[np.ix_(o, i)],
            self.states,
            tuple(self.inputs[k] for k in i),
            tuple(self.outputs[k] for k in o),
            self.state_units,
            tuple(self.input_units[k] for k in i),
            tuple(self.output_units[k] for k in o),
            self.x_0,
            self.u_0[i],
            self.y_0[o],
            self.scale,
            self.rates,
            self.title,
            self.notes,
        )
        reached, seen = whole.connected()
        return whole.keeping(np.flatnonzero(reached & seen))

    def connected(self) -> tuple[Array, Array]:
        """States that any input reaches, and states that any output sees, by what depends on what: [n] bool."""
        rows, columns = self.A.nonzero()
        moved, looked = np.any(self.B != 0.0, axis=1), np.any(self.C != 0.0, axis=0)
        return spread(np.asarray(moved), columns, rows), spread(np.asarray(looked), rows, columns)

    def keeping(self, kept: Array) -> Linear:
        """Give the system of these states alone."""
        A = self.A[kept][:, kept]
        return self._with(kept, A, self.B[kept], self.C[:, kept], self.x_0[kept], self.scale[kept])

    def _with(self, kept: Array, A: Any, B: Array, C: Array, x_0: Array, scale: Array) -> Linear:
        return Linear(
            A,
            B,
            C,
            self.D,
            tuple(self.states[k] for k in kept),
            self.inputs,
            self.outputs,
            tuple(self.state_units[k] for k in kept),
            self.input_units,
            self.output_units,
            x_0,
            self.u_0,
            self.y_0,
            scale,
            self.rates[kept],
            self.title,
            self.notes,
        )


def spread(start: Array, source: Array, target: Array) -> Array:
    """What is reached from `start` along source → target."""
    n = len(start)
    begin = np.flatnonzero(start)  # from one more node, which leads to all of these
    ends = np.concatenate([source, np.full(len(begin), n)]), np.concatenate([target, begin])
    graph = library("scipy.sparse").csr_array((np.ones(len(ends[0])), ends), shape=(n + 1, n + 1))
    found = library("scipy.sparse.csgraph").breadth_first_order(graph, n, return_predecessors=False)
    reached = np.zeros(n, dtype=bool)
    reached[found[found < n]] = True
    return reached

"""A large, sparse linear system stepped over a controller's periods, with its inputs held in between.

dx/dt = A x + b with b constant over a step: Alexander's L-stable method of two stages and second order, one sparse
factorisation for all steps (SIAM J. Numer. Anal. 14 (1977) 1006, doi:10.1137/0714068). States are measured by their
sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.control.linear.needs import library
from twin.control.linear.system import Linear
from twin.quantity import Array

GAMMA = 1.0 - math.sqrt(0.5)
#: Steps within a period.
WITHIN = 4


def factorised(A: Any, h: float) -> Any:
    """The sparse factorisation that steps of h need."""
    eye = library("scipy.sparse").eye_array(A.shape[0], format="csc")
    return library("scipy.sparse.linalg").splu((eye - GAMMA * h * A).tocsc())


def advanced(lu: Any, h: float, x: Array, b: Array | float = 0.0) -> Array:
    """One step of dx/dt = A x + b, of one x or of several as columns, with the factorisation for h.

    The method's last stage is its result, so that each stage is a solve and no product with A is needed.
    """
    force = GAMMA * h * b
    first = lu.solve(x + force)
    return np.asarray(lu.solve(x + (1.0 / GAMMA - 1.0) * (first - x) + force))


class Stepper:
    """Steps a linear system.

    Parameters
    ----------
    linear : Linear
        About any state, at rest or not.
    period : float
        Over which inputs are held [s].
    within : int
        Steps of the method in a period.
    """

    def __init__(self, linear: Linear, period: float, within: int = WITHIN) -> None:
        scaled = linear.scaled()
        self.linear, self.period, self.within = linear, period, within
        self.h = period / within
        self.B, self.C, self.D = scaled.B, scaled.C, scaled.D
        self.rates = linear.rates / linear.scale
        self._lu = factorised(scaled.A.tocsr(), self.h)

    def advance(self, x: Array, b: Array) -> Array:
        """One period on, from x (in sizes, away from the point of the linearisation) with the constant rate b."""
        for _ in range(self.within):
            x = advanced(self._lu, self.h, x, b)
        return x

    def _back(self, c: Array) -> Array:
        """What rows c [n, rows] see of the state one period before: the same method with the transposed matrix."""
        for _ in range(self.within):
            first = self._lu.solve(c, trans="T")
            c = self._lu.solve(c + (1.0 / GAMMA - 1.0) * (first - c), trans="T")
        return c

    def horizon(self, steps: int) -> Horizon:
        """Work out once what a number of periods needs."""
        forces = np.column_stack([self.B, self.rates])
        x, c = np.zeros_like(forces), np.ascontiguousarray(self.C.T)
        r = len(self.D)
        forced, of_state = np.empty((steps, r, forces.shape[1])), np.empty((steps, r, len(c)))
        for k in range(steps):
            x, c = self.advance(x, forces), self._back(c)
            forced[k], of_state[k] = self.C @ x, c.T
        forced[:, :, :-1] += self.D
        return Horizon(self.linear.y_0, of_state.reshape(steps * r, -1), forced[:, :, :-1], forced[:, :, -1])

    def seen(self, x: Array, u: Array) -> Array:
        """Outputs now."""
        return np.asarray(self.linear.y_0 + self.C @ x + self.D @ u)


@dataclass(frozen=True)
class Horizon:
    """Outputs of the next periods, as linear functions of state and inputs.

    Attributes
    ----------
    y_0 : array [outputs]
    of_state : array [steps · outputs, n]
    responses : array [steps, outputs, inputs]
        After a step of 1 in each input.
    drift : array [steps, outputs]
        Of the point of the linearisation, where it is not at rest.
    """

    y_0: Array
    of_state: Array
    responses: Array
    drift: Array

    def free(self, x: Array, u: Array) -> Array:
        """Outputs if nothing is moved, array [steps, outputs]; x in sizes, both away from the point."""
        from_state = (self.of_state @ x).reshape(self.drift.shape)
        return np.asarray(self.y_0 + from_state + self.responses @ u + self.drift)

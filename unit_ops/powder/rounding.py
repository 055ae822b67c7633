"""Outflows rounded so that a hopper's balance stays exact while a refill, far larger, flows in.

The integrator keeps a balance to rounding when the Jacobian does: what a changed holdup adds to the outflow
must be what it takes from d(holdup)/dt, to the last bit. The Jacobian is differenced, and in inflow − outflow
the outflow loses its last bits to the greater inflow, the more of them the longer the step: a day of refills
closed to 2e-11. An outflow that has no such bits to lose, being a multiple of 2.2e-16 kg/s, leaves exactly what
it takes: 1e-13 and better. Inflows up to about 1 kg/s lie on the same or a finer grid.

The rounding is no part of the physics: it moves a flow by 1.1e-16 kg/s at most, 1e-9 of the smallest that a feeder
doses (0.1 mg/s), 4e-13 kg in an hour. A component that leaves with less than 1.1e-16 kg/s stays: under a steady inflow
what is held settles where the rounded flow carries it away, off by no more than that over the rate of renewal.

Reference: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, ISBN 978-0-89871-521-7
(differences that are exact; rounding by adding and taking away).
"""

from __future__ import annotations

from typing import Annotated

from twin.jit import kernel

GRID: Annotated[float, "kg/s", "flows are rounded to 2.2e-16 of it"] = 1.0


@kernel
def rounded(m_flow):
    """A flow below 1 kg/s, rounded to the grid; the compiler may not simplify this (no fastmath)."""
    return (m_flow + GRID) - GRID

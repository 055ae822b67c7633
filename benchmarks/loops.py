"""Compiled repetitions of the integrator's parts, so that unit costs hold no Python."""

from __future__ import annotations

from twin.integrate.lu import factorise, solve
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates


@kernel
def repeat_rates(n, P, y, p, w, dy):
    for _ in range(n):
        rates(P, 0.0, y, p, w, dy)


@kernel
def repeat_jacobian(n, P, J, y, p, w, B, values, q_values):
    for _ in range(n):
        jacobian(P, J, 0.0, y, p, w, B, values, q_values)


@kernel
def repeat_factorise(n, F, values, scale, lower, upper, pivot, row):
    for _ in range(n):
        factorise(F, values, scale, lower, upper, pivot, row)


@kernel
def repeat_solve(n, F, lower, upper, pivot, rhs, out, row):
    for _ in range(n):
        solve(F, lower, upper, pivot, rhs, out, row)

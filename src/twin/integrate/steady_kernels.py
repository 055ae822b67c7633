"""Kernels that the search for a steady state calls from Python, one evaluation at a time."""

from __future__ import annotations

from twin.integrate.elimination import eliminate
from twin.integrate.lu import factorise, solve
from twin.jit import kernel
from twin.plant.evaluate import jacobian, observe, rates

__all__ = ["eliminate", "factorise", "linearise", "observe_at", "rates_at", "solve"]


@kernel
def rates_at(T, y, p, w, dy):
    """Rates at the clock's zero into dy, streams and quadrature rates into w."""
    rates(T, 0.0, y, p, w, dy)


@kernel
def observe_at(T, y, p, w, dy):
    """The same, with measurements and holdups."""
    rates(T, 0.0, y, p, w, dy)
    observe(T, 0.0, y, p, w, dy)


@kernel
def linearise(T, J, y, p, w, dy, B, values, q_values):
    """Rates, and the structured Jacobian with its rows of quadratures."""
    rates(T, 0.0, y, p, w, dy)
    jacobian(T, J, 0.0, y, p, w, B, values, q_values)

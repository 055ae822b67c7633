"""Kernels that CVODE's callbacks call from Python, compiled one by one."""

from __future__ import annotations

from twin.integrate import tables as at
from twin.integrate.elimination import eliminate
from twin.integrate.firing import (
    evaluate_guards,
    finish_ramps,
    fire_event,
    fire_latches,
    guards_known,
    learn_sides,
    sign,
    watched,
)
from twin.integrate.jumps import DUE, FIRST, fire_scans, scan_due
from twin.integrate.loop import next_stop
from twin.integrate.lu import factorise, solve
from twin.integrate.sampling import next_sample, record, sample_due
from twin.integrate.stepping import move_ramps
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates

__all__ = [
    "DUE",
    "FIRST",
    "eliminate",
    "evaluate_guards",
    "factorise",
    "finish_ramps",
    "fire_event",
    "fire_latches",
    "fire_scans",
    "guards_known",
    "jacobian_at",
    "learn_sides",
    "next_sample",
    "next_stop",
    "quadrature_rows",
    "rates_at",
    "record",
    "sample_due",
    "scan_due",
    "sign",
    "solve",
    "watched",
]


@kernel
def rates_at(P, M, W, t):
    """Rates at (t, W.y_stage) into W.dy and W.w."""
    move_ramps(M.p, M.ramp, int(M.resume[at.N_RAMPS]), t)
    rates(P, t, W.y_stage, M.p, W.w, W.dy)


@kernel
def jacobian_at(P, J, M, W, t):
    """Structured Jacobian at (t, W.y_stage) into W.values and W.q_values."""
    rates_at(P, M, W, t)
    jacobian(P, J, t, W.y_stage, M.p, W.w, W.buffers, W.values, W.q_values)


@kernel
def quadrature_rows(J, q_values, u, out):
    """Product of the quadratures' rows of the Jacobian with u over z."""
    for i in range(out.shape[0]):
        total = 0.0
        for e in range(J.q_pattern[i], J.q_pattern[i + 1]):
            total += q_values[e] * u[J.q_column[e]]
        out[i] = total

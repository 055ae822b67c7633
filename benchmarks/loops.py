"""Compiled repetitions of the integrator's parts, so that unit costs hold no Python."""

from __future__ import annotations

from twin.integrate.lu import factorise, solve
from twin.jit import kernel
from twin.plant.evaluate import jacobian, rates
from twin.plant.interpreted import call_entry


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


@kernel
def repeat_plain(n, P, J, y, p, w, dy):
    """The calls that a Jacobian makes, each without slopes."""
    for _ in range(n):
        for k in range(P.address.shape[0]):
            for one in range(J.pass_start[k], J.pass_start[k + 1]):
                bit = 1
                for i in range(J.calls_start[k], J.calls_start[k + 1]):
                    if J.needed[one] & bit:
                        call_entry(P.address[k], J.calls[i], 0.0, y, p, w, dy, P.offsets, P.start[k])
                    bit <<= 1


@kernel
def repeat_axpy(n, x, y):
    """Multiply and subtract along a row, nothing else."""
    for _ in range(n):
        for i in range(x.shape[0]):
            y[i] -= 0.5 * x[i]


@kernel
def repeat_read(n, x):
    """Read a whole array; eight sums, so that the sum is not what takes long."""
    total = 0.0
    for _ in range(n):
        a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(0, x.shape[0] - 7, 8):
            a += x[i]
            b += x[i + 1]
            c += x[i + 2]
            d += x[i + 3]
            e += x[i + 4]
            f += x[i + 5]
            g += x[i + 6]
            h += x[i + 7]
        total += a + b + c + d + e + f + g + h
    return total

"""Stiff test problems against published digits (Hairer and Wanner, Solving ODEs II, Springer 1996,
doi:10.1007/978-3-642-05221-7; Mazzia and Magherini, Test Set for IVP Solvers 2.4, 2008).

Bounds are of (|value| + nominal) in multiples of rtol: the tolerance bounds the error of a step, and
these problems hand it on with a growth below 20, except VDPOL, whose jumps turn it into a shift in time.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.integrate.problems import problem
from tests.verification.record import record
from twin.integrate.integrator import Integrator
from twin.integrate.tableaux import METHODS


def robertson(t, y, p, dy):
    dy[0] = -0.04 * y[0] + 1e4 * y[1] * y[2]
    dy[2] = 3e7 * y[1] * y[1]
    dy[1] = -dy[0] - dy[2]


def hires(t, y, p, dy):
    dy[0] = -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007
    dy[1] = 1.71 * y[0] - 8.75 * y[1]
    dy[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4]
    dy[3] = 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3]
    dy[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6]
    dy[5] = -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6]
    dy[6] = 280.0 * y[5] * y[7] - 1.81 * y[6]
    dy[7] = -dy[6]


def van_der_pol(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]


ROBERTSON = {
    40.0: (0.715827068719407, 9.18553476455778e-6, 0.284163745745831),
    4e3: (0.183202257776711, 8.94237125277594e-7, 0.816796847986169),
    4e5: (4.93827452098003e-3, 1.98499408795445e-8, 0.995061705629083),
    1e11: (2.083340149701255e-8, 8.333360770334713e-14, 0.999999979166505),
}
HIRES = (
    7.37131257332567e-4,
    1.44248572631618e-4,
    5.88872974096757e-5,
    1.17565134328315e-3,
    2.38635619883133e-3,
    6.23896825274280e-3,
    2.84999839518577e-3,
    2.85000160481423e-3,
)
VDPOL = (1.706167732170483, -8.928097010247975e-4)

BOOK = "Hairer and Wanner, doi:10.1007/978-3-642-05221-7"


def note(case, name, expected, got, method, rtol):
    """Into the table: the tightest tolerance."""
    if rtol == 1e-8:
        record(f"{case}, {method}, rtol 1e-8", BOOK, name, expected, got)


native = pytest.mark.parametrize("method", METHODS)


@native
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
def test_robertson(method, rtol):
    scale = np.array([1.0, 1e-5, 1.0])
    run = Integrator(problem(robertson, [1.0, 0.0, 0.0], nominal=scale), method=method, rtol=rtol)
    for t, reference in ROBERTSON.items():
        assert not run.advance(t).outcome.failed
        for i in range(3):
            note("Robertson", f"y_{i + 1}({t:g} s)", reference[i], run.y[i], method, rtol)
        error = np.abs(run.y - reference) / (np.abs(reference) + scale)
        assert error.max() < 20 * rtol, t
        assert abs(run.y.sum() - 1.0) < 1e-12, "mass is a linear invariant: kept to rounding"


@native
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
def test_hires(method, rtol):
    scale = 1e-3 * np.ones(8)
    run = Integrator(problem(hires, [1.0, 0, 0, 0, 0, 0, 0, 0.0057], nominal=scale), method=method, rtol=rtol)
    assert not run.advance(321.8122).outcome.failed
    for i in range(8):
        note("HIRES", f"y_{i + 1}(321.8122)", HIRES[i], run.y[i], method, rtol)
    error = np.abs(run.y - HIRES) / (np.abs(HIRES) + scale)
    assert error.max() < 20 * rtol


@native
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
def test_van_der_pol(method, rtol):
    scale = np.array([1.0, 1e-3])
    run = Integrator(problem(van_der_pol, [2.0, 0.0], nominal=scale), method=method, rtol=rtol)
    assert not run.advance(2000.0).outcome.failed
    for i in range(2):
        note("Van der Pol, mu 1000", f"y_{i + 1}(2000)", VDPOL[i], run.y[i], method, rtol)
    error = np.abs(run.y - VDPOL) / (np.abs(VDPOL) + scale)
    assert error.max() < 100 * rtol
